package knowledge

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goodFront = "---\ntitle: A rule\nslug: a-rule\nkind: rule\n---\n"

// A bad file is refused by name, and where it can be told by line and field.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		what, name, data string
		line             int
		field            string
	}{
		{"no front matter", "a.md", "Only text.\n", 1, ""},
		{"front matter without an end", "a.md", "---\ntitle: A\n", 1, ""},
		{"an unknown kind", "a.md", "---\ntitle: A\nslug: a\nkind: gossip\n---\nText.\n", 4, "kind"},
		{"an unknown field", "a.md", "---\ntitle: A\nslug: a\nkind: rule\nrole: operator\n---\nText.\n", 5, "role"},
		{"no text", "a.md", goodFront + " \n", 6, ""},
		{"invalid UTF-8", "a.md", goodFront + "Text\n\xff\n", 7, ""},
		{"a NUL", "a.md", goodFront + "Te\x00xt\n", 6, ""},
		{"a path that climbs out", "../a.md", goodFront + "Text.\n", 0, ""},
		{"a path that climbs out in the middle", "x/../../a.md", goodFront + "Text.\n", 0, ""},
		{"an absolute path", "/a.md", goodFront + "Text.\n", 0, ""},
		{"a PDF that is none", "a.pdf", "%PDF-1.4 nothing", 0, ""},
		{"too large", "a.txt", goodFront + strings.Repeat("x", MaxFile), 0, ""},
	} {
		a, err := Parse(c.name, []byte(c.data), []byte(strings.Trim(goodFront, "-\n")))
		var bad *FileError
		if !errors.As(err, &bad) {
			t.Errorf("%s: read as %+v, %v", c.what, a.Meta, err)
			continue
		}
		if bad.File != c.name || bad.Line != c.line || bad.Field != c.field || bad.Reason == "" {
			t.Errorf("%s: %+v, want line %d, field %q", c.what, *bad, c.line, c.field)
		}
	}
}

// One bad file and nothing of the folder is returned; a file of 100 MB is refused by its size, before it is read.
func TestLoadIsWholeOrNothing(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good.md", goodFront+"Text.\n")
	if articles, err := Load(os.DirFS(dir)); err != nil || len(articles) != 1 {
		t.Fatalf("%d articles, %v", len(articles), err)
	}
	write("huge.md", "")
	if err := os.Truncate(filepath.Join(dir, "huge.md"), 100<<20); err != nil {
		t.Fatal(err)
	}
	write("same.md", goodFront+"Other text.\n")
	articles, err := Load(os.DirFS(dir))
	if articles != nil || err == nil {
		t.Fatalf("%d articles, %v", len(articles), err)
	}
	for _, want := range []string{"huge.md: is larger than", "same.md: slug: "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

// Of a page only its text is kept.
func TestHTMLIsText(t *testing.T) {
	a, err := Parse("a.html", []byte(goodFront+`<h2>Pay <b>day</b></h2><p onclick="steal()">At 08:00.</p><script>steal()</script><style>p{}</style><ul><li>One</li></ul><iframe src="x">in</iframe>`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"steal", "onclick", "<", "p{}", "iframe"} {
		if strings.Contains(a.Body, bad) {
			t.Errorf("%q was kept: %q", bad, a.Body)
		}
	}
	if !strings.Contains(a.Body, "## Pay day") || !strings.Contains(a.Body, "At 08:00.") || !strings.Contains(a.Body, "- One") {
		t.Errorf("text was lost: %q", a.Body)
	}
}

// Each part of a table that is too long has the table's header, and no row is lost or doubled.
func TestLongTableKeepsItsHeader(t *testing.T) {
	const header = "| level | rate |\n|---|---|\n"
	body := "## Rates\n" + header
	for i := range 500 {
		body += fmt.Sprintf("| level-%03d | some rate |\n", i)
	}
	sections := Split(Article{Meta: Meta{Title: "T"}, Body: body})
	if len(sections) < 2 {
		t.Fatalf("%d sections", len(sections))
	}
	all, anchors := "", map[string]bool{}
	for _, s := range sections {
		if !strings.HasPrefix(s.Text, header) || len(s.Text) > maxSection+len(header) || anchors[s.Anchor] {
			t.Errorf("%s has %d bytes and starts with %q", s.Anchor, len(s.Text), s.Text[:40])
		}
		anchors[s.Anchor] = true
		all += s.Text + "\n"
	}
	for i := range 500 {
		if n := strings.Count(all, fmt.Sprintf("level-%03d ", i)); n != 1 {
			t.Errorf("row %d stands %d times", i, n)
		}
	}
}

// Other words by which a section is asked for are never shown; headings in a fenced block are text.
func TestSplitRemarksAndFences(t *testing.T) {
	sections := Split(Article{Meta: Meta{Title: "T"}, Body: "## One\n<!-- asked: uno; eins -->\nText.\n\n```\n## not a heading\n```\n"})
	if len(sections) != 1 || sections[0].Asked != "uno; eins" || strings.Contains(sections[0].Text, "asked") || !strings.Contains(sections[0].Text, "## not a heading") {
		t.Errorf("%+v", sections)
	}
}

// Whatever the front matter is, a file is read or refused by name.
func FuzzParse(f *testing.F) {
	f.Add([]byte(goodFront + "Text.\n"))
	f.Add([]byte("---\ntitle: [\n---\n"))
	f.Add([]byte("---\na: &a [*a]\n---\nx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Parse("a.md", data, nil)
		var bad *FileError
		if err != nil && (!errors.As(err, &bad) || bad.File != "a.md") {
			t.Fatalf("%v", err)
		}
		if err == nil && (a.Title == "" || a.Slug == "" || strings.TrimSpace(a.Body) == "") {
			t.Fatalf("read without a title, slug or text: %+v", a)
		}
	})
}
