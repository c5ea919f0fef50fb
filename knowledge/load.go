package knowledge

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"golang.org/x/net/html"

	"partnerhub/domain"
)

// Formats are the endings of the files that are read.
var Formats = []string{".md", ".html", ".htm", ".txt", ".pdf"}

// FileError says what is wrong with a file of the library. Line is 0 where none can be told.
type FileError struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Field  string `json:"field,omitempty"`
	Reason string `json:"reason"`
}

func (e *FileError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s, line %d", at, e.Line)
	}
	if e.Field != "" {
		return at + ": " + e.Field + ": " + e.Reason
	}
	return at + ": " + e.Reason
}

// Load reads a folder. Every bad file is reported, each as a *FileError joined to the others, and then no article is returned: a
// library is published whole or not at all. README files are not articles.
func Load(folder fs.FS) ([]Article, error) {
	var articles []Article
	var bad []error
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		ext := strings.ToLower(path.Ext(name))
		if d.IsDir() || !slices.Contains(Formats, ext) || strings.EqualFold(path.Base(name), "README.md") {
			return nil
		}
		if len(articles) >= MaxArticles {
			return domain.Errorf(domain.CodeTooLarge, "folder", "holds more than %d articles", MaxArticles)
		}
		a, err := readArticle(folder, name, ext)
		if err != nil {
			bad = append(bad, err)
			return nil
		}
		articles = append(articles, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	bad = append(bad, Clashes(articles)...)
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return articles, nil
}

// Clashes reports the articles that share slug and locale with one before.
func Clashes(articles []Article) []error {
	var bad []error
	first := map[string]string{}
	for _, a := range articles {
		key := a.Slug + " in " + a.Locale
		if other, twice := first[key]; twice {
			bad = append(bad, &FileError{File: a.File, Field: "slug", Reason: key + " is already the slug of " + other})
			continue
		}
		first[key] = a.File
	}
	return bad
}

func readArticle(folder fs.FS, name, ext string) (Article, error) {
	limit := int64(MaxFile)
	if ext == ".pdf" {
		limit = MaxPDF
	}
	info, err := fs.Stat(folder, name)
	if err != nil {
		return Article{}, &FileError{File: name, Reason: err.Error()}
	}
	if info.Size() > limit {
		return Article{}, &FileError{File: name, Reason: fmt.Sprintf("is larger than %d bytes", limit)}
	}
	data, err := fs.ReadFile(folder, name)
	if err != nil {
		return Article{}, &FileError{File: name, Reason: err.Error()}
	}
	var beside []byte
	if ext == ".pdf" { // a PDF has its front matter beside it
		if beside, err = fs.ReadFile(folder, name+".yaml"); err != nil {
			return Article{}, &FileError{File: name, Reason: "has no front matter: put it into " + name + ".yaml"}
		}
	}
	return Parse(name, data, beside)
}

// Parse reads one file, by the ending of its name. beside is the front matter of a PDF, kept in a file of its own. The error is a
// *FileError.
func Parse(name string, data, beside []byte) (Article, error) {
	fail := func(line int, field, format string, args ...any) (Article, error) {
		return Article{}, &FileError{File: name, Line: line, Field: field, Reason: fmt.Sprintf(format, args...)}
	}
	if name != path.Clean(name) || path.IsAbs(name) || strings.HasPrefix(name, "..") || strings.ContainsAny(name, "\\\x00") {
		return fail(0, "", "is not a path within the library")
	}
	ext := strings.ToLower(path.Ext(name))
	front, bodyLine := beside, 1
	var body string
	if ext == ".pdf" {
		text, err := pdfText(data)
		if err != nil {
			return fail(0, "", "cannot be read as a PDF: %v", err)
		}
		body = text
	} else {
		if len(data) > MaxFile {
			return fail(0, "", "is larger than %d bytes", MaxFile)
		}
		if i := invalid(data); i >= 0 {
			return fail(1+bytes.Count(data[:i], []byte("\n")), "", "is not valid UTF-8 text")
		}
		var ok bool
		if front, body, bodyLine, ok = cutFront(string(data)); !ok {
			return fail(1, "", "has no front matter between lines of ---")
		}
	}
	a := Article{File: name}
	dec := yaml.NewDecoder(bytes.NewReader(front))
	dec.KnownFields(true)
	if err := dec.Decode(&a.Meta); err != nil {
		line, field, reason := yamlError(err, front)
		return fail(line, field, "%s", reason)
	}
	if a.Locale == "" {
		a.Locale = "en"
	}
	if err := a.check(); err != nil {
		e := domain.AsError(err)
		return fail(fieldLine(front, e.Field), e.Field, "%s", e.Message)
	}
	if ext == ".html" || ext == ".htm" {
		body = htmlText(body)
	}
	a.Body = strings.ReplaceAll(body, "\r\n", "\n")
	if strings.TrimSpace(a.Body) == "" {
		return fail(bodyLine, "", "has no text")
	}
	return a, nil
}

// invalid is where the text stops to be valid, -1 if nowhere. A NUL is valid UTF-8, and no text.
func invalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 || r == 0 {
			return i
		}
		i += size
	}
	return -1
}

// cutFront takes the front matter off a text. line is where the body begins, counted from 1.
func cutFront(text string) (front []byte, body string, line int, ok bool) {
	text = strings.TrimPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "\ufeff")
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return nil, "", 0, false
	}
	head, body, ok := strings.Cut(rest, "\n---\n")
	if !ok {
		return nil, "", 0, false
	}
	return []byte(head + "\n"), body, 4 + strings.Count(head, "\n"), true
}

var (
	yamlLine    = regexp.MustCompile(`line (\d+): `)
	yamlUnknown = regexp.MustCompile(`field (\S+) not found in type \S+`)
)

// yamlError says where the front matter is wrong, counting the --- above it. Of several errors it tells the first.
func yamlError(err error, front []byte) (line int, field, reason string) {
	reason = strings.TrimPrefix(err.Error(), "yaml: ")
	if _, first, ok := strings.Cut(reason, "unmarshal errors:\n"); ok {
		reason, _, _ = strings.Cut(strings.TrimSpace(first), "\n")
	}
	line = 1
	if m := yamlLine.FindStringSubmatchIndex(reason); m != nil {
		n, _ := strconv.Atoi(reason[m[2]:m[3]])
		line, reason = n, reason[:m[0]]+reason[m[1]:]
	}
	if m := yamlUnknown.FindStringSubmatch(reason); m != nil {
		field, reason = m[1], "is no field of the front matter"
	} else if lines := strings.Split(string(front), "\n"); line >= 1 && line <= len(lines) {
		if key, _, ok := strings.Cut(lines[line-1], ":"); ok && !strings.ContainsAny(key, " -#") {
			field = key
		}
	}
	return line + 1, field, reason
}

// fieldLine is where a field stands in the file, counting the --- above it.
func fieldLine(front []byte, field string) int {
	for i, line := range strings.Split(string(front), "\n") {
		if strings.HasPrefix(line, field+":") {
			return i + 2
		}
	}
	return 1
}

// htmlText turns a page into Markdown's headings, lists and paragraphs. Everything else of it, scripts and styles among it, is
// dropped: what is kept is text, never markup.
func htmlText(page string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	skip := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.StartTagToken, html.SelfClosingTagToken:
			switch name, _ := z.TagName(); string(name) {
			case "script", "style", "noscript", "template", "iframe", "object", "svg":
				skip++
			case "h1":
				b.WriteString("\n\n# ")
			case "h2":
				b.WriteString("\n\n## ")
			case "h3":
				b.WriteString("\n\n### ")
			case "li":
				b.WriteString("\n- ")
			case "p", "div", "section", "article", "ul", "ol", "table", "blockquote":
				b.WriteString("\n\n")
			case "br", "tr":
				b.WriteString("\n")
			case "td", "th":
				b.WriteString(" | ")
			}
		case html.EndTagToken:
			switch name, _ := z.TagName(); string(name) {
			case "script", "style", "noscript", "template", "iframe", "object", "svg":
				skip = max(skip-1, 0)
			case "h1", "h2", "h3", "p", "div":
				b.WriteString("\n\n")
			}
		case html.TextToken:
			if skip == 0 {
				if text := strings.Join(strings.Fields(string(z.Text())), " "); text != "" {
					if s := b.String(); s != "" && !strings.HasSuffix(s, " ") && !strings.HasSuffix(s, "\n") {
						b.WriteByte(' ')
					}
					b.WriteString(html.UnescapeString(text))
				}
			}
		}
	}
}
