package knowledge

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tmc/langchaingo/textsplitter"
)

// askedLine is a remark that readers do not see: other words by which a section is asked for, with semicolons between.
var askedLine = regexp.MustCompile(`(?m)^<!-- asked: (.*?) -->\n?`)

// maxSection is how long a section may get, in characters, before it is cut further; a table or a list stays with what
// introduces it as long as it fits.
const maxSection = 3000

// Split cuts an article at its headings of the second and third level; what stands before the first belongs to the title. A
// section that is too long is cut at paragraphs.
func Split(a Article) []Section {
	var out []Section
	seen := map[string]int{}
	add := func(heading, text string) {
		asked := ""
		text = askedLine.ReplaceAllStringFunc(text, func(line string) string {
			asked += askedLine.FindStringSubmatch(line)[1] + "; "
			return ""
		})
		text = strings.TrimSpace(text)
		if text == "" {
			return
		}
		for i, part := range shorten(text) {
			anchor := slugOf(heading)
			if i > 0 {
				anchor = fmt.Sprintf("%s-part-%d", anchor, i+1)
			}
			if seen[anchor]++; seen[anchor] > 1 {
				anchor = fmt.Sprintf("%s-%d", anchor, seen[anchor])
			}
			out = append(out, Section{Heading: heading, Anchor: anchor, Text: part, Asked: strings.TrimSuffix(asked, "; ")})
		}
	}
	heading, above := a.Title, ""
	var text strings.Builder
	fenced := false
	for line := range strings.Lines(a.Body) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		level := 0
		for level < len(line) && line[level] == '#' {
			level++
		}
		if fenced || level == 0 || level > 3 || level >= len(line) || line[level] != ' ' {
			text.WriteString(line)
			continue
		}
		add(heading, text.String())
		text.Reset()
		title := strings.TrimSpace(strings.Trim(strings.TrimSpace(line[level:]), "#"))
		switch level {
		case 1: // the title again
			heading, above = a.Title, ""
		case 2:
			heading, above = title, title
		default:
			heading = title
			if above != "" {
				heading = above + ": " + title
			}
		}
	}
	add(heading, text.String())
	return out
}

// shorten cuts a text that is too long for one section. A table's rows keep their header.
func shorten(text string) []string {
	if len(text) <= maxSection {
		return []string{text}
	}
	var parts []string
	var current strings.Builder
	flush := func() {
		if s := strings.TrimSpace(current.String()); s != "" {
			parts = append(parts, s)
		}
		current.Reset()
	}
	for _, block := range strings.Split(text, "\n\n") {
		for _, piece := range pieces(block) {
			if current.Len() > 0 && current.Len()+len(piece) > maxSection {
				flush()
			}
			current.WriteString(piece + "\n\n")
		}
	}
	flush()
	return parts
}

// pieces cuts one block that is too long by itself.
func pieces(block string) []string {
	lines := strings.Split(block, "\n")
	if len(block) <= maxSection {
		return []string{block}
	}
	if len(lines) > 2 && strings.HasPrefix(lines[0], "|") && strings.HasPrefix(strings.TrimLeft(lines[1], " |:"), "-") {
		header := lines[0] + "\n" + lines[1]
		out, current := []string{}, header
		for _, row := range lines[2:] {
			if len(current)+len(row) > maxSection {
				out, current = append(out, current), header
			}
			current += "\n" + row
		}
		return append(out, current)
	}
	split := textsplitter.NewRecursiveCharacter(textsplitter.WithChunkSize(maxSection), textsplitter.WithChunkOverlap(0),
		textsplitter.WithSeparators([]string{"\n", ". ", " ", ""}))
	out, err := split.SplitText(block)
	if err != nil { // it has no way to fail without overlap; the whole block is still right, only long
		return []string{block}
	}
	return out
}
