package ingest

import (
	"strings"
	"unsafe"
)

// plainByte are the bytes of a string that stands for itself: printable ASCII but for the quote and the backslash.
var plainByte = func() (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// splitPlain collects the fields of a line as most senders write it: a flat object of plain strings, integers and booleans, each
// name once. It reports false for every other line, good or bad, which is left to split; what it takes, split would take
// alike, in three times the time.
func (d *Decoder) splitPlain(line []byte) bool {
	text := unsafe.String(unsafe.SliceData(line), len(line)) // the line is never written to again
	i := skip(text, 0)
	if i >= len(text) || text[i] != '{' {
		return false
	}
	for sep := byte('{'); sep != '}'; {
		name := skip(text, i+1)
		if i = plainString(text, name); i < 0 {
			return false
		}
		f := field{name: text[name+1 : i-1]}
		if i = skip(text, i); i >= len(text) || text[i] != ':' {
			return false
		}
		value := skip(text, i+1)
		if i = plainValue(text, value); i < 0 {
			return false
		}
		f.value = text[value:i]
		for k := range d.fields {
			if d.fields[k].name == f.name {
				return false
			}
		}
		if len(d.fields) == maxFields {
			return false
		}
		d.fields = append(d.fields, f)
		if i = skip(text, i); i >= len(text) {
			return false
		}
		if sep = text[i]; sep != ',' && sep != '}' {
			return false
		}
	}
	return skip(text, i+1) == len(text)
}

// skip is the place of the first byte from i on that is no space.
func skip(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// plainValue is the end of the value that begins at i, or -1 if it is no plain one.
func plainValue(s string, i int) int {
	if i >= len(s) {
		return -1
	}
	switch c := s[i]; {
	case c == '"':
		return plainString(s, i)
	case c >= '1' && c <= '9':
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		if i < len(s) && (s[i] == '.' || s[i] == 'e' || s[i] == 'E') {
			return -1
		}
		return i
	case strings.HasPrefix(s[i:], "true"):
		return i + len("true")
	case strings.HasPrefix(s[i:], "false"):
		return i + len("false")
	}
	return -1
}

// plainString is the end of the string that begins at i, or -1 if it is no plain one.
func plainString(s string, i int) int {
	if i >= len(s) || s[i] != '"' {
		return -1
	}
	for i++; i < len(s) && plainByte[s[i]]; i++ {
	}
	if i >= len(s) || s[i] != '"' {
		return -1
	}
	return i + 1
}
