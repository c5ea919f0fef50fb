// Package ingest takes events in (SPEC 3): it cuts NDJSON into lines, decodes them strictly, and lands them in
// batches.
package ingest

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

const (
	maxID     = 128 // bytes of id and tradeId
	maxCode   = 32
	maxName   = 32  // bytes of type, country, symbol and asset
	maxSide   = 16  // bytes
	maxProse  = 200 // characters of note and reason
	maxFields = 32  // of a line; an event has 13 at most
)

// Decoder turns lines into events. It reuses its memory and is not for concurrent use.
type Decoder struct {
	json   *jsontext.Decoder
	in     bytes.Buffer
	fields []field
	next   int           // where to look first: fields mostly come in the order in which they are asked for
	err    *domain.Error // the first fault of the line
}

// field is one name of the object with its value, as JSON text.
type field struct {
	name, value string
	used        bool
}

// NewDecoder makes a Decoder.
func NewDecoder() *Decoder {
	d := &Decoder{fields: make([]field, 0, maxFields)}
	d.json = jsontext.NewDecoder(&d.in)
	return d
}

// Decode reads one line without its line end. The event's texts share the line's memory, which must not be written to
// any more. The error is CodeInvalid and names the field, or none where the line is no JSON object.
func (d *Decoder) Decode(line []byte) (referral.Event, *domain.Error) {
	d.fields, d.next, d.err = d.fields[:0], 0, nil
	if !d.splitPlain(line) {
		d.fields = d.fields[:0]
		d.split(line)
	}
	if d.err != nil {
		return referral.Event{}, d.err
	}
	var e referral.Event
	e.Type = referral.EventType(d.text("type", maxName))
	if d.err == nil {
		e.ID = d.id("id")
		e.At = d.time("time")
		if e.Type != referral.RulesChanged || d.has("uid") {
			e.UID = d.uid("uid")
		}
		e.Body = d.body(&e)
	}
	for i := range d.fields {
		if f := &d.fields[i]; !f.used && d.err == nil {
			d.fail(clip(f.name), "no field of %s", e.Type)
		}
	}
	if d.err != nil {
		return referral.Event{}, d.err
	}
	return e, nil
}

// fail records a fault unless there was one before.
func (d *Decoder) fail(field, format string, args ...any) {
	if d.err == nil {
		d.err = domain.Invalid(field, format, args...)
	}
}

// split collects the object's fields. The JSON decoder sees to the syntax, UTF-8 and names that come twice.
func (d *Decoder) split(line []byte) {
	d.in = *bytes.NewBuffer(line)
	d.json.Reset(&d.in)
	if k := d.json.PeekKind(); k != '{' && k != 0 {
		d.fail("", "not a JSON object but %s", kindName(k))
		return
	}
	if _, err := d.json.ReadToken(); err != nil {
		d.malformed(err)
		return
	}
	text := unsafe.String(unsafe.SliceData(line), len(line)) // the line is never written to again
	for d.json.PeekKind() == '"' {
		name, err := d.json.ReadValue()
		if err != nil {
			d.malformed(err)
			return
		}
		f := field{name: text[d.json.InputOffset()-int64(len(name))+1 : d.json.InputOffset()-1]}
		if strings.IndexByte(f.name, '\\') >= 0 {
			f.name = unquote(string(name))
		}
		value, err := d.json.ReadValue()
		if err != nil {
			d.malformed(err)
			return
		}
		f.value = text[d.json.InputOffset()-int64(len(value)) : d.json.InputOffset()]
		if len(d.fields) == maxFields {
			d.fail(clip(f.name), "more than %d fields", maxFields)
			return
		}
		d.fields = append(d.fields, f)
	}
	if _, err := d.json.ReadToken(); err != nil { // the closing brace
		d.malformed(err)
		return
	}
	if _, err := d.json.ReadToken(); err == nil || !errors.Is(err, io.EOF) {
		d.fail("", "something follows the JSON object on its line")
	}
}

// malformed puts an error of the JSON decoder in words.
func (d *Decoder) malformed(err error) {
	var s *jsontext.SyntacticError
	switch {
	case !errors.As(err, &s): // a bytes.Buffer has no other faults
		d.fail("", "malformed JSON: the line ends too early")
	case errors.Is(s.Err, jsontext.ErrDuplicateName):
		d.fail(topField(s), "comes twice")
	case errors.Is(s.Err, io.ErrUnexpectedEOF):
		d.fail(topField(s), "malformed JSON: the line ends too early")
	default:
		d.fail(topField(s), "malformed JSON at byte %d: %s", s.ByteOffset+1, clip(s.Err.Error()))
	}
}

// topField is the field of the line's object in which the fault is, "" outside all.
func topField(s *jsontext.SyntacticError) string {
	for name := range s.JSONPointer.Tokens() {
		return clip(name)
	}
	return ""
}

// clip makes a text of unknown origin fit for a reason: short, printable, valid UTF-8.
func clip(s string) string {
	const most = 100
	cut := s
	if len(cut) > most {
		cut = cut[:most]
	}
	cut = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(cut, "?"))
	if len(s) > most {
		cut += "…"
	}
	return cut
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	default:
		return "an array"
	}
}

// unquote reads a JSON string that was found valid.
func unquote(quoted string) string {
	b, _ := jsontext.AppendUnquote(nil, quoted)
	return string(b)
}

// find marks a field as known to the event's type; nil when the line has none of that name.
func (d *Decoder) find(name string) *field {
	for range d.fields {
		if d.next >= len(d.fields) {
			d.next = 0
		}
		f := &d.fields[d.next]
		if f.name == name {
			d.next++
			f.used = true
			return f
		}
		d.next++
	}
	return nil
}

// has reports whether the line has an optional field.
func (d *Decoder) has(name string) bool {
	f := d.find(name)
	if f == nil {
		return false
	}
	d.next-- // it is asked for next
	return true
}

// value is the JSON text of a required field of one of the kinds; "" after a fault.
func (d *Decoder) value(name, want string, kinds ...jsontext.Kind) string {
	if d.err != nil {
		return ""
	}
	f := d.find(name)
	if f == nil {
		d.fail(name, "missing, want %s", want)
		return ""
	}
	got := jsontext.Kind(f.value[0])
	if got == '-' || got >= '0' && got <= '9' {
		got = '0' // as jsontext calls numbers
	}
	for _, k := range kinds {
		if got == k {
			return f.value
		}
	}
	if got == 'n' {
		d.fail(name, "null, want %s or no such field", want)
	} else {
		d.fail(name, "%s, want %s", kindName(got), want)
	}
	return ""
}

// anyText is a string, empty or not, without NUL, which PostgreSQL does not take in a text.
func (d *Decoder) anyText(name, want string) string {
	v := d.value(name, want, '"')
	if d.err != nil {
		return ""
	}
	if strings.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	v = unquote(v)
	if strings.IndexByte(v, 0) >= 0 {
		d.fail(name, "has a NUL character")
	}
	return v
}

// text is a string of 1 to so many bytes.
func (d *Decoder) text(name string, most int) string {
	v := d.anyText(name, "a string")
	switch {
	case d.err != nil:
	case v == "":
		d.fail(name, "empty")
	case len(v) > most:
		d.fail(name, "%d bytes long, at most %d are allowed", len(v), most)
	}
	return v
}

// prose is a string of at most maxProse characters.
func (d *Decoder) prose(name string) string {
	v := d.anyText(name, "a string")
	if len(v) > maxProse {
		if n := utf8.RuneCountInString(v); n > maxProse {
			d.fail(name, "%d characters long, at most %d are allowed", n, maxProse)
		}
	}
	return v
}

// id is a text that can be shown and told apart: printable characters only.
func (d *Decoder) id(name string) string {
	v := d.text(name, maxID)
	for i := range len(v) {
		if c := v[i]; c >= utf8.RuneSelf || c < ' ' || c == 0x7f {
			if strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) }) {
				d.fail(name, "has a character that cannot be printed")
			}
			break
		}
	}
	return v
}

// code is a referral code.
func (d *Decoder) code(name string) string {
	v := d.text(name, maxCode)
	for i := range len(v) {
		if c := v[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' {
			d.fail(name, "has other characters than A-Z, a-z, 0-9, _ and -")
			break
		}
	}
	return v
}

// oneOf is one of a few words.
func (d *Decoder) oneOf(name string, words ...string) string {
	v := d.anyText(name, "a string")
	if d.err != nil {
		return ""
	}
	for _, w := range words {
		if v == w {
			return w
		}
	}
	d.fail(name, "%q is none of %s", clip(v), strings.Join(words, ", "))
	return ""
}

// time is an RFC 3339 instant, UTC, cut to microseconds as PostgreSQL keeps them.
func (d *Decoder) time(name string) time.Time {
	const want = "an RFC 3339 time like 2026-11-16T08:00:00Z"
	v := d.anyText(name, want)
	if d.err != nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil || !strictTime(v) {
		d.fail(name, "%q is not %s", clip(v), want)
		return time.Time{}
	}
	t = t.UTC().Truncate(time.Microsecond)
	if y := t.Year(); y < domain.MinYear || y > domain.MaxYear {
		d.fail(name, "the year %d is not between %d and %d", y, domain.MinYear, domain.MaxYear)
	}
	return t
}

// strictTime refuses what time.Parse takes beyond RFC 3339: hours of one digit, a comma before the fraction, and
// offsets of 24 hours or 60 minutes.
func strictTime(v string) bool {
	const fraction, offset = len("2006-01-02T15:04:05"), len("00:00")
	if v[fraction-len(":04:05")] != ':' || v[fraction] == ',' {
		return false
	}
	end := v[len(v)-offset:]
	return strings.HasSuffix(v, "Z") || end[:2] < "24" && end[3:] < "60"
}

// integer is a whole number from least to most, written as one.
func (d *Decoder) integer(name string, least, most int64) int64 {
	v := d.value(name, "an integer", '0')
	if d.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		d.fail(name, "%s, want an integer without point or exponent", clip(v))
	case err != nil || n < least || n > most:
		d.fail(name, "%s is not between %d and %d", clip(v), least, most)
	}
	return n
}

func (d *Decoder) uid(name string) int64 { return d.integer(name, 1, 1<<63-1) }

func (d *Decoder) boolean(name string) bool {
	return d.value(name, "true or false", 't', 'f') == "true"
}

// money is an amount in USDT: a decimal string, since a JSON number is a float to most who write one.
func (d *Decoder) money(name string) domain.Money {
	v := d.anyText(name, "a decimal string")
	if d.err != nil {
		return 0
	}
	m, err := domain.ParseMoney(v)
	if err != nil {
		d.fail(name, "%s", domain.AsError(err).Message)
	}
	return m
}

// rate is a fraction: a decimal string, or a number that is read from its very digits.
func (d *Decoder) rate(name string) domain.Rate {
	v := d.value(name, "a decimal string or number", '"', '0')
	if d.err != nil {
		return 0
	}
	if v[0] == '"' {
		v = unquote(v)
	}
	r, err := domain.ParseRate(v)
	if err != nil {
		d.fail(name, "%s", domain.AsError(err).Message)
	}
	return r
}
