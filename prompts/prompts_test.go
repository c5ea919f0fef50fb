package prompts

import (
	"regexp"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	p, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Load()
	if err != nil || again.Fingerprint != p.Fingerprint || !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(p.Fingerprint) {
		t.Errorf("fingerprints %q and %q, %v", p.Fingerprint, again.Fingerprint, err)
	}
	at := map[string]string{}
	for _, e := range p.Examples {
		text := strings.ToLower(e.Text)
		if other, twice := at[text]; twice {
			t.Errorf("%q is an example of %s and of %s", e.Text, other, e.Intent)
		}
		at[text] = e.Intent
	}
	if len(p.Questions) < 4 || len(p.Suggestions) < 5 || p.Answer("welcome") == "" {
		t.Errorf("%d questions, suggestions after %d tools, welcome %q", len(p.Questions), len(p.Suggestions), p.Answer("welcome"))
	}
}

func TestAnswer(t *testing.T) {
	p := &Prompts{answers: map[string]string{"a": "{x} and {y}", "q.options": "one | two | "}}
	if got := p.Answer("a", "x", "{y}", "y", "2"); got != "{y} and 2" { // what is filled in is not filled in again
		t.Errorf("got %q", got)
	}
	pairs := []string{"x", "1", "y", "2"}
	for range 2 {
		if got := p.Answer("a", pairs...); got != "1 and 2" {
			t.Errorf("got %q", got)
		}
	}
	if got := p.Answer("none"); got != "" || p.Has("none") {
		t.Errorf("got %q", got)
	}
	if got := p.Options("q"); len(got) != 2 || got[1] != "two" {
		t.Errorf("got %q", got)
	}
}

// A line that cannot be read is refused, not skipped.
func TestBadLines(t *testing.T) {
	p := &Prompts{answers: map[string]string{"there": "x"}}
	for name, err := range map[string]error{
		"example before a heading": p.example("", "hello"),
		"word without a colon":     p.word("", "metric commission"),
		"word without a value":     p.word("", "metric: x"),
		"country without names":    p.country("", "VN"),
		"answer without a name":    p.answer("", "no name here"),
		"answer twice":             p.answer("", "there: y"),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
