// Package prompts holds what a content editor edits: example phrasings, words, answer templates, recommended
// questions. The files are embedded; their fingerprint goes into the record of every answer.
package prompts

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"partnerhub/domain/referral"
)

//go:embed *.txt
var files embed.FS

// Prompts is the content of the files.
type Prompts struct {
	// Examples are phrasings by the intent that they stand for.
	Examples []Example
	// Questions about rules, and what looks like them, by "rules" and "other".
	RuleQuestions []Example
	// Words are the phrases for what can be asked about, countries among them.
	Words []Word
	// Questions are recommended on the welcome screen.
	Questions []string
	// Suggestions are follow-ups by the tool whose answer they follow.
	Suggestions map[string][]string
	// Advice are the rules of what a business review suggests, the most urgent first.
	Advice []referral.Advice
	// Synonyms are words that mean the same, a group each.
	Synonyms [][]string
	// Handoff are the lines by which a message is handed to a person, by section.
	Handoff []Pattern
	// Complaints are messages by the kind of trouble for which a person is called; "none" for those that look like one.
	Complaints []Pattern
	// Fingerprint changes with every edit of any file: 16 hexadecimal digits.
	Fingerprint string

	answers map[string]string
}

// Example is a phrasing and the intent that it stands for.
type Example struct{ Intent, Text string }

// Pattern is a line of handoff.txt and its section.
type Pattern struct{ Section, Text string }

// Word is the phrases that mean one value of a slot: slot "product", value "futures".
type Word struct {
	Slot, Value string
	Phrases     []string
}

// Load reads the embedded files. It fails on a line that cannot be read, named by file and number.
func Load() (*Prompts, error) {
	p := &Prompts{answers: map[string]string{}, Suggestions: map[string][]string{}}
	hash := sha256.New()
	for _, f := range []struct {
		name string
		line func(section, line string) error
	}{
		{"intents.txt", p.example},
		{"rule_questions.txt", p.ruleQuestion},
		{"lexicon.txt", p.word},
		{"countries.txt", p.country},
		{"answers.txt", p.answer},
		{"questions.txt", p.question},
		{"suggestions.txt", p.suggestion},
		{"advice.txt", p.advice},
		{"synonyms.txt", p.synonym},
		{"glossary.txt", p.synonym},
		{"handoff.txt", p.pattern},
		{"handoff_examples.txt", p.complaint},
	} {
		data, err := files.ReadFile(f.name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(hash, "%s %d\n%s", f.name, len(data), data)
		section := ""
		for i, line := range strings.Split(string(data), "\n") {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			if line[0] == '[' && line[len(line)-1] == ']' {
				section = line[1 : len(line)-1]
				continue
			}
			if err := f.line(section, line); err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", f.name, i+1, err)
			}
		}
	}
	fmt.Fprintf(hash, "system.md %d\n%s", len(system), system)
	p.Fingerprint = hex.EncodeToString(hash.Sum(nil))[:16]
	return p, nil
}

func (p *Prompts) example(section, line string) error {
	if section == "" {
		return fmt.Errorf("the example %q stands before the first [intent]", line)
	}
	p.Examples = append(p.Examples, Example{Intent: section, Text: line})
	return nil
}

func (p *Prompts) ruleQuestion(section, line string) error {
	if section != "rules" && section != "other" {
		return fmt.Errorf("the question %q stands under [%s], want [rules] or [other]", line, section)
	}
	p.RuleQuestions = append(p.RuleQuestions, Example{Intent: section, Text: line})
	return nil
}

func (p *Prompts) word(_, line string) error {
	head, phrases, ok := strings.Cut(line, ":")
	slot, value, ok2 := strings.Cut(strings.TrimSpace(head), " ")
	if !ok || !ok2 {
		return fmt.Errorf("want \"slot value: phrase, phrase\", got %q", line)
	}
	p.Words = append(p.Words, Word{Slot: slot, Value: strings.TrimSpace(value), Phrases: list(phrases, ",")})
	return nil
}

func (p *Prompts) country(_, line string) error {
	code, names, ok := strings.Cut(line, ":")
	if !ok {
		return fmt.Errorf("want \"CODE: name, name\", got %q", line)
	}
	p.Words = append(p.Words, Word{Slot: "country", Value: code, Phrases: list(names, ",")})
	return nil
}

func (p *Prompts) answer(_, line string) error {
	name, text, ok := strings.Cut(line, ":")
	if !ok || strings.Contains(name, " ") {
		return fmt.Errorf("want \"name: text\", got %q", line)
	}
	if _, twice := p.answers[name]; twice {
		return fmt.Errorf("%q is there twice", name)
	}
	p.answers[name] = strings.TrimSpace(text)
	return nil
}

func (p *Prompts) question(_, line string) error {
	p.Questions = append(p.Questions, line)
	return nil
}

func (p *Prompts) suggestion(section, line string) error {
	p.Suggestions[section] = append(p.Suggestions[section], line)
	return nil
}

func (p *Prompts) advice(_, line string) error {
	a, err := referral.ParseAdvice(line)
	p.Advice = append(p.Advice, a)
	return err
}

func (p *Prompts) pattern(section, line string) error {
	p.Handoff = append(p.Handoff, Pattern{Section: section, Text: line})
	return nil
}

func (p *Prompts) complaint(section, line string) error {
	p.Complaints = append(p.Complaints, Pattern{Section: section, Text: line})
	return nil
}

func (p *Prompts) synonym(_, line string) error {
	p.Synonyms = append(p.Synonyms, list(line, ","))
	return nil
}

func list(s, sep string) []string {
	var out []string
	for _, part := range strings.Split(s, sep) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// Has reports whether there is an answer template of that name.
func (p *Prompts) Has(name string) bool { _, ok := p.answers[name]; return ok }

// Answer fills in a template: the pairs are names and their values. An unknown template is an empty text.
func (p *Prompts) Answer(name string, pairs ...string) string {
	pairs = slices.Clone(pairs) // a caller may use the same ones again
	for i := 0; i < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(p.answers[name])
}

// Options are the choices of a question, as its template lists them.
func (p *Prompts) Options(name string) []string { return list(p.answers[name+".options"], "|") }
