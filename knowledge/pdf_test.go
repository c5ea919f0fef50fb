package knowledge

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// aPDF is one of a page whose content stream is packed as given; tree is put in place of the root of its pages, "" for the right one.
func aPDF(t *testing.T, content []byte, tree string) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if tree == "" {
		tree = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	}
	var b bytes.Buffer
	var at []int
	b.WriteString("%PDF-1.4\n")
	for i, object := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>", tree,
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", packed.Len(), packed.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
	} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

var pdfFront = []byte("title: A rule\nslug: a-rule\nkind: rule\n")

func TestPDFIsRead(t *testing.T) {
	a, err := Parse("a.pdf", aPDF(t, []byte("BT /F1 12 Tf 20 200 Td (Commission is settled at 08:00.) Tj ET"), ""), pdfFront)
	if err != nil || !strings.Contains(a.Body, "Commission is settled at 08:00.") || a.Slug != "a-rule" {
		t.Fatalf("%+v, %v", a, err)
	}
}

func TestPDFBombs(t *testing.T) {
	var twice bytes.Buffer
	z := zlib.NewWriter(&twice)
	if _, err := z.Write(make([]byte, maxPDFData+1)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, reason string
		data         []byte
	}{
		{"a stream that unfolds", "unfolds to more", aPDF(t, make([]byte, maxPDFData+1), "")},
		{"a stream packed twice", "unfolds to more", aPDF(t, twice.Bytes(), "")},
		{"brackets", "nests deeper", aPDF(t, bytes.Repeat([]byte("["), 1_000_000), "")},
		{"pages that lead back", "does not end", aPDF(t, []byte("BT ET"), "<< /Type /Pages /Kids [2 0 R] /Count 9 >>")},
		{"no text", "no text", aPDF(t, []byte("BT ET"), "")},
		{"an archive", "does not begin", []byte("PK\x03\x04 and so on")},
		{"half of one", "", aPDF(t, []byte("BT ET"), "")[:200]},
	} {
		_, err := Parse("a.pdf", c.data, pdfFront)
		var bad *FileError
		if !errors.As(err, &bad) || !strings.Contains(bad.Reason, c.reason) {
			t.Errorf("%s: %v, want %q", c.what, err, c.reason)
		}
	}
}
