// Package knowledge is the rule library: articles on rules, events, materials, learning and announcements, cut into sections
// that can be found and cited.
package knowledge

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/knowledge/lexical"
)

// Kind is what an article is (SPEC 7).
type Kind string

// The kinds.
const (
	Rule         Kind = "rule"
	Event        Kind = "event"
	Material     Kind = "material"
	Learning     Kind = "learning"
	Announcement Kind = "announcement"
)

// Kinds lists them.
var Kinds = []Kind{Rule, Event, Material, Learning, Announcement}

// Enum is for schemas.
func (Kind) Enum() []string {
	out := make([]string, len(Kinds))
	for i, k := range Kinds {
		out[i] = string(k)
	}
	return out
}

// Meta is the front matter of an article. Dates are days, half-open; an empty until never ends.
type Meta struct {
	Title     string   `yaml:"title" json:"title"`
	Slug      string   `yaml:"slug" json:"slug"` // names the article in its locale
	Kind      Kind     `yaml:"kind" json:"kind"`
	Category  string   `yaml:"category" json:"category,omitempty"`
	Locale    string   `yaml:"locale" json:"locale"` // a language: en, vi
	Audience  []string `yaml:"audience" json:"audience,omitempty"`
	From      Day      `yaml:"effective_from" json:"effectiveFrom,omitempty"`
	Until     Day      `yaml:"effective_until" json:"effectiveUntil,omitempty"`
	Tags      []string `yaml:"tags" json:"tags,omitempty"`
	Link      string   `yaml:"link" json:"link,omitempty"`
	Access    string   `yaml:"access" json:"access,omitempty"` // of an event: public or exclusive
	Starts    Day      `yaml:"starts" json:"starts,omitempty"`
	Ends      Day      `yaml:"ends" json:"ends,omitempty"`
	JoinLink  string   `yaml:"join_link" json:"joinLink,omitempty"`
	ShareLink string   `yaml:"share_link" json:"shareLink,omitempty"`
	Products  []string `yaml:"products" json:"products,omitempty"`
	Countries []string `yaml:"countries" json:"countries,omitempty"`
	Goals     []Goal   `yaml:"goals" json:"goals,omitempty"`
}

// Day is a date, YYYY-MM-DD, "" for none.
type Day string

// Time is its midnight in a zone; ok is false for none.
func (d Day) Time(zone *time.Location) (time.Time, bool) {
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	return t, err == nil
}

// Goal is what a resource helps with.
type Goal string

// Goals are the known ones: what a partner's numbers may need.
var Goals = []Goal{"recruit", "verify", "deposit", "first_trade", "reactivate", "volume", "futures", "spot", "sub_partners", "start", "retain", "compliance"}

// Audiences are who an article can be for.
var Audiences = []string{"all", "partner", "sub_partner", "new_partner"}

// Article is a document of the library.
type Article struct {
	Meta
	File string // where it came from, relative to the library's folder
	Body string // Markdown
	// Parts are its sections where the text comes cut already; nil: Split cuts Body.
	Parts []Section
}

// Sections of the article.
func (a Article) Sections() []Section {
	if a.Parts != nil {
		return a.Parts
	}
	return Split(a)
}

// Section is a part of an article that answers for itself.
type Section struct {
	Heading string
	Anchor  string // of the heading: kebab-case, unique within the article
	Text    string
	Asked   string // other words by which it is asked for: found by, never shown
}

// maxAsked is how many ways to ask are looked at: more teach nothing new.
const maxAsked = 4000

// Asked are the ways in which the English rules among the articles are asked for: headings, and the other words of their sections
// where there are enough of them to be a question.
func Asked(articles []Article) []string {
	var out []string
	for _, a := range articles {
		if a.Kind != Rule || a.Locale != "en" {
			continue
		}
		for _, s := range a.Sections() {
			out = append(out, s.Heading)
			for p := range strings.SplitSeq(s.Asked, ";") {
				if p = strings.TrimSpace(p); len(strings.Fields(p)) >= 3 {
					out = append(out, p)
				}
			}
			if len(out) >= maxAsked {
				return out
			}
		}
	}
	return out
}

// Key names a section of an article: "slug#anchor".
func (s Section) Key(slug string) string { return slug + "#" + s.Anchor }

// Hash is what an embedding of the section is kept by: only a section whose title, heading or text changed is embedded again.
func (s Section) Hash(title string) []byte {
	sum := sha256.Sum256([]byte(title + "\x00" + s.Heading + "\x00" + s.Text + "\x00" + s.Asked))
	return sum[:]
}

// Weights of an article's title and a section's heading beside the section's text. The title is every section's, so that it tells
// them from those of other articles, and not from each other.
const (
	titleWeight   = 0.6
	headingWeight = 2
	askedWeight   = 1.5
)

// Fields are the words by which a section is found. Tags are words that partners may use instead of the article's.
func (s Section) Fields(m Meta) []lexical.Field {
	fields := []lexical.Field{{Terms: lexical.Terms(m.Title), Weight: titleWeight}, {Terms: lexical.Terms(s.Heading), Weight: headingWeight},
		{Terms: lexical.Terms(s.Text), Weight: 1}, {Terms: lexical.Terms(s.Asked), Weight: askedWeight}, {Terms: lexical.Terms(strings.Join(m.Tags, " . ")), Weight: titleWeight / 2}}
	if s.Heading == "" || s.Heading == m.Title {
		fields[0].Weight, fields[1].Weight = 1, 0
	}
	return fields
}

// Embedded is the text whose vector stands for a section.
func (s Section) Embedded(title string) string {
	return title + "\n" + s.Heading + "\n" + s.Text + "\n" + s.Asked
}

// Fingerprint tells versions of an article apart.
func (a Article) Fingerprint() string {
	var b strings.Builder
	for _, s := range []string{a.Title, a.Slug, string(a.Kind), a.Category, a.Locale, strings.Join(a.Audience, ","), string(a.From), string(a.Until), strings.Join(a.Tags, ","),
		a.Link, a.Access, string(a.Starts), string(a.Ends), a.JoinLink, a.ShareLink, strings.Join(a.Products, ","), strings.Join(a.Countries, ","), a.Body} {
		b.WriteString(s)
		b.WriteByte(0)
	}
	for _, g := range a.Goals {
		b.WriteString(string(g) + ",")
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}

// Sizes that an article is held to.
const (
	MaxFile     = 1 << 20 // bytes of one file; of a PDF MaxPDF
	MaxPDF      = 16 << 20
	MaxArticles = 20_000
	maxTitle    = 200
	maxList     = 40
)

// check returns what is wrong with an article's front matter. The error names the field.
func (m *Meta) check() error {
	switch {
	case strings.TrimSpace(m.Title) == "":
		return domain.Invalid("title", "is missing")
	case len(m.Title) > maxTitle:
		return domain.Errorf(domain.CodeTooLarge, "title", "is longer than %d bytes", maxTitle)
	case !isSlug(m.Slug):
		return domain.Invalid("slug", "%q: want lower-case letters, digits and hyphens", m.Slug)
	case !slices.Contains(Kinds, m.Kind):
		return domain.Invalid("kind", "%q is none of rule, event, material, learning, announcement", m.Kind)
	case len(m.Locale) != 2 || strings.ToLower(m.Locale) != m.Locale:
		return domain.Invalid("locale", "%q: want a language such as en", m.Locale)
	case m.Access != "" && m.Access != "public" && m.Access != "exclusive":
		return domain.Invalid("access", "%q is neither public nor exclusive", m.Access)
	}
	for field, day := range map[string]Day{"effective_from": m.From, "effective_until": m.Until, "starts": m.Starts, "ends": m.Ends} {
		if _, ok := day.Time(time.UTC); day != "" && !ok {
			return domain.Invalid(field, "%q is no date: want YYYY-MM-DD", day)
		}
	}
	if m.From != "" && m.Until != "" && m.Until <= m.From {
		return domain.Invalid("effective_until", "is not after effective_from")
	}
	for _, a := range m.Audience {
		if !slices.Contains(Audiences, a) {
			return domain.Invalid("audience", "%q is none of %s", a, strings.Join(Audiences, ", "))
		}
	}
	for _, g := range m.Goals {
		if !slices.Contains(Goals, g) {
			return domain.Invalid("goals", "%q is not a known goal", g)
		}
	}
	for field, list := range map[string][]string{"tags": m.Tags, "products": m.Products, "countries": m.Countries} {
		if len(list) > maxList {
			return domain.Errorf(domain.CodeTooLarge, field, "has more than %d entries", maxList)
		}
	}
	for field, link := range map[string]string{"link": m.Link, "join_link": m.JoinLink, "share_link": m.ShareLink} {
		if link != "" && !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "/") || len(link) > 500 {
			return domain.Invalid(field, "%q: want an https address or a path of the hub", link)
		}
	}
	return nil
}

func isSlug(s string) bool {
	return s != "" && len(s) <= 100 && !strings.ContainsFunc(s, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// slugOf is a heading as an anchor.
func slugOf(heading string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(heading) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 127:
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			dash = false
		case r != '\'' && r != '’':
			dash = true
		}
	}
	if b.Len() == 0 {
		return "section"
	}
	return b.String()
}
