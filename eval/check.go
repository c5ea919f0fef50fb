package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"partnerhub/agent"
)

// unasked ends the findings about what a case does not name.
const unasked = ", which nobody asked for"

// forbidden ends the findings about what must not happen.
const forbidden = "which must not happen"

// Abstained reports whether an answer says that it has none: the library found no evidence, or it is out of scope.
func Abstained(got agent.BatchAnswer) bool {
	searched := false
	for _, c := range got.Calls {
		var found struct{ Answered *bool }
		if json.Unmarshal(c.Result, &found) == nil && c.Name == "search_rules" && found.Answered != nil {
			if *found.Answered {
				return false
			}
			searched = true
		}
	}
	return searched || got.Kind == "out_of_scope"
}

// repeats reports whether an answer is the one that was found bad: the same calls and the same words.
func (w *Was) repeats(got agent.BatchAnswer) bool {
	if w == nil || len(w.Calls) != len(got.Calls) || strings.Join(strings.Fields(w.Text), " ") != strings.Join(strings.Fields(got.Text), " ") {
		return false
	}
	for i, c := range w.Calls {
		if c.Tool != got.Calls[i].Name || canonical(c.Args) != canonical(got.Calls[i].Args) {
			return false
		}
	}
	return true
}

// canonical is JSON with its keys in order.
func canonical(raw json.RawMessage) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return string(raw)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return string(raw)
	}
	return string(b)
}

// Check returns what of a turn's answer is not as wanted: one sentence each.
func (w Want) Check(got agent.BatchAnswer) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if got.Error != nil {
		say("it failed: %s", got.Error.Message)
	}
	if w.Kind != "" && got.Kind != w.Kind {
		say("kind is %q, want %q", got.Kind, w.Kind)
	}
	if !w.Any {
		for _, s := range matchCalls(w.Calls, got.Calls) {
			say("%s", s)
		}
	}
	for _, n := range w.Never {
		for _, g := range got.Calls {
			if slices.Contains(strings.Split(n.Tool, "|"), g.Name) && len(n.differences(g.Args)) == 0 {
				say("%s was called with %s, %s", g.Name, g.Args, forbidden)
			}
		}
	}
	if w.Abstain && !Abstained(got) {
		say("it should say that it does not know: %s", got.Text)
	}
	if kinds := cardKinds(got.Cards); len(w.Cards) > 0 && !slices.Equal(kinds, w.Cards) {
		say("cards are %v, want %v", kinds, w.Cards)
	}
	for _, s := range strayCards(got) {
		say("%s", s)
	}
	for _, o := range w.Options {
		if !slices.Contains(got.Options, o) {
			say("no option %q among %q", o, got.Options)
		}
	}
	text := strings.ToLower(got.Text)
	for _, s := range w.Text {
		if !strings.Contains(text, strings.ToLower(s)) {
			say("the answer does not say %q: %s", s, got.Text)
		}
	}
	for _, s := range w.Not {
		if strings.Contains(text, strings.ToLower(s)) {
			say("the answer says %q: %s", s, got.Text)
		}
	}
	category := ""
	if got.Handoff != nil {
		category = got.Handoff.Category
	}
	if category != w.Handoff {
		say("handed off as %q, want %q", category, w.Handoff)
	}
	if len(w.Missing) > 0 {
		var pending struct{ Missing []string }
		_ = json.Unmarshal(got.Pending, &pending) // null, or what the schema of ask_user lets through
		if !slices.Equal(pending.Missing, w.Missing) {
			say("missing are %v, want %v", pending.Missing, w.Missing)
		}
	}
	return wrong
}

// matchCalls holds the calls made against those wanted, in any order.
func matchCalls(want []Call, got []agent.BatchCall) (wrong []string) {
	rest := slices.Clone(got)
	for _, w := range want {
		best, fewest := -1, []string(nil)
		for i, g := range rest {
			if !slices.Contains(strings.Split(w.Tool, "|"), g.Name) {
				continue
			}
			if diff := w.differences(g.Args); best < 0 || len(diff) < len(fewest) {
				best, fewest = i, diff
			}
		}
		if best < 0 {
			wrong = append(wrong, fmt.Sprintf("%s was not called", w.Tool))
			continue
		}
		wrong = append(wrong, fewest...)
		rest = slices.Delete(rest, best, best+1)
	}
	for _, g := range rest {
		wrong = append(wrong, fmt.Sprintf("%s was called with %s%s", g.Name, g.Args, unasked))
	}
	return wrong
}

// differences are the arguments of a call that are not as wanted, each as a sentence that begins with tool and argument.
func (c Call) differences(raw json.RawMessage) (wrong []string) {
	var got map[string]json.RawMessage
	if err := json.Unmarshal(raw, &got); err != nil {
		return []string{fmt.Sprintf("%s: arguments are no object: %s", c.Tool, raw)}
	}
	for name, want := range c.Args {
		if value, ok := got[name]; !matches(want, value, ok) {
			wrong = append(wrong, fmt.Sprintf("%s: %s is %s, want %s", c.Tool, name, orNone(value), want))
		}
	}
	for name, value := range got {
		if _, ok := c.Args[name]; !ok && !c.Open {
			wrong = append(wrong, fmt.Sprintf("%s: %s is %s%s", c.Tool, name, value, unasked))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// matches reports whether an argument is as a file says: "*" is anything, "a|b" one of several, "-" none; a value is
// compared in its own form, an array's elements with commas between, an object as JSON without spaces.
func matches(want string, got json.RawMessage, ok bool) bool {
	return slices.ContainsFunc(strings.Split(want, "|"), func(one string) bool {
		if one == "-" {
			return !ok
		}
		return ok && (one == "*" || plain(got) == one)
	})
}

// plain is a JSON value as the files write it.
func plain(raw json.RawMessage) string {
	var s string
	var list []json.RawMessage
	switch {
	case json.Unmarshal(raw, &s) == nil:
		return s
	case json.Unmarshal(raw, &list) == nil:
		parts := make([]string, len(list))
		for i, e := range list {
			parts[i] = plain(e)
		}
		return strings.Join(parts, ",")
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

func orNone(raw json.RawMessage) string {
	if raw == nil {
		return "left out"
	}
	return string(raw)
}

type card struct {
	Kind, Tool string
	Data       json.RawMessage
}

func cardKinds(cards []json.RawMessage) []string {
	kinds := []string{}
	for _, raw := range cards {
		var c card
		_ = json.Unmarshal(raw, &c) // our own; one that is none has no kind, and is found out
		kinds = append(kinds, c.Kind)
	}
	return kinds
}

// strayCards are the cards that show something else than what a tool of the same run returned (SPEC A16).
func strayCards(got agent.BatchAnswer) (wrong []string) {
	for _, raw := range got.Cards {
		var c card
		_ = json.Unmarshal(raw, &c)
		if c.Kind == "outcome" && c.Tool == "" { // of a decision, which no tool makes
			continue
		}
		if !slices.ContainsFunc(got.Calls, func(call agent.BatchCall) bool {
			return call.Name == c.Tool && plain(call.Result) == plain(c.Data)
		}) {
			wrong = append(wrong, fmt.Sprintf("a card shows what %s did not return: %.200s", c.Tool, c.Data))
		}
	}
	return wrong
}
