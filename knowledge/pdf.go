package knowledge

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ledongthuc/pdf"
)

// Bounds of what a PDF may unfold to.
const (
	maxPDFText   = 4 << 20  // bytes of text
	maxPDFData   = 64 << 20 // bytes of its streams, unpacked
	maxPDFPages  = 2000
	maxPDFDepth  = 64     // of the tree of pages
	maxPDFNested = 10_000 // brackets within brackets
	pdfTime      = 10 * time.Second
)

// pdfText is the text of a PDF. It is held to its bounds before the library that reads it sees it, since that library has none.
func pdfText(data []byte) (string, error) {
	if len(data) > MaxPDF {
		return "", fmt.Errorf("larger than %d bytes", MaxPDF)
	}
	if !bytes.HasPrefix(data, []byte("%PDF-")) {
		return "", errors.New("it does not begin like one")
	}
	if bytes.Contains(data, []byte("ASCII85Decode")) { // what it hides cannot be weighed first
		return "", errors.New("it has streams in ASCII85, which are not read")
	}
	if err := unpacks(data, 0, new(int)); err != nil {
		return "", err
	}
	type outcome struct {
		text string
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		text, err := pdfPages(data)
		done <- outcome{text, err}
	}()
	select {
	case o := <-done:
		return o.text, o.err
	case <-time.After(pdfTime):
		return "", fmt.Errorf("it cannot be read within %s", pdfTime)
	}
}

// unpacks reports streams that unfold to too much, packed twice or not, and brackets that are nested too deeply.
func unpacks(data []byte, depth int, total *int) error {
	if nested(data) > maxPDFNested {
		return fmt.Errorf("it nests deeper than %d", maxPDFNested)
	}
	rest := data
	for {
		i := bytes.Index(rest, []byte("stream"))
		if depth == 0 && i < 0 {
			return nil
		}
		packed := rest
		if depth == 0 {
			rest = rest[i+len("stream"):]
			packed = bytes.TrimLeft(rest, "\r\n")
		}
		if len(packed) < 2 || packed[0]&0x0f != 8 { // no zlib
			if depth > 0 {
				return nil
			}
			continue
		}
		z, err := zlib.NewReader(bytes.NewReader(packed))
		if err != nil {
			if depth > 0 {
				return nil
			}
			continue
		}
		unpacked, _ := io.ReadAll(io.LimitReader(z, int64(maxPDFData-*total)+1)) // what comes before an error counts
		if *total += len(unpacked); *total > maxPDFData {
			return fmt.Errorf("it unfolds to more than %d bytes", maxPDFData)
		}
		if depth > 4 {
			return errors.New("its streams are packed in each other")
		}
		if err := unpacks(unpacked, depth+1, total); err != nil {
			return err
		}
		if depth > 0 {
			return nil
		}
	}
}

// nested is how deep brackets stand in each other.
func nested(data []byte) int {
	depth, deepest := 0, 0
	for i, b := range data {
		switch {
		case b == '[' || b == '<' && i > 0 && data[i-1] == '<':
			depth++
			deepest = max(deepest, depth)
		case b == ']' || b == '>' && i > 0 && data[i-1] == '>':
			depth = max(0, depth-1)
		}
	}
	return deepest
}

func pdfPages(data []byte) (text string, err error) {
	defer func() { // the library panics on some broken files
		if p := recover(); p != nil {
			text, err = "", fmt.Errorf("it is broken: %v", p)
		}
	}()
	doc, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", err
	}
	pages, err := leaves(doc.Trailer().Key("Root").Key("Pages"), 0, nil)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for n, v := range pages {
		page, err := pdf.Page{V: v}.GetPlainText(nil)
		if err != nil {
			return "", fmt.Errorf("page %d: %w", n+1, err)
		}
		if b.Len()+len(page) > maxPDFText {
			return "", fmt.Errorf("its text is longer than %d bytes", maxPDFText)
		}
		b.WriteString(strings.ToValidUTF8(strings.ReplaceAll(page, "\x00", ""), "") + "\n\n")
	}
	if strings.TrimSpace(b.String()) == "" {
		return "", errors.New("there is no text in it")
	}
	return b.String(), nil
}

// leaves are the pages of a tree. A tree that leads back to itself, up or down, would never end.
func leaves(v pdf.Value, depth int, pages []pdf.Value) ([]pdf.Value, error) {
	if depth > maxPDFDepth || len(pages) > maxPDFPages {
		return nil, fmt.Errorf("it has more than %d pages, or a tree of them that does not end", maxPDFPages)
	}
	if v.Key("Type").Name() == "Page" {
		up := v
		for range maxPDFDepth {
			if up = up.Key("Parent"); up.IsNull() {
				return append(pages, v), nil
			}
		}
		return nil, errors.New("its tree of pages does not end")
	}
	var err error
	kids := v.Key("Kids")
	for i := range kids.Len() {
		if pages, err = leaves(kids.Index(i), depth+1, pages); err != nil {
			return nil, err
		}
	}
	return pages, nil
}
