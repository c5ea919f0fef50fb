package offline

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"
)

// labelled is a message and the category that it must be handed off under, "" for none.
type labelled struct{ category, text string }

func readLabelled(t *testing.T, file string) (out []labelled) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		category, text, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("%q: want \"category: text\"", line)
		}
		out = append(out, labelled{strings.TrimPrefix(category, "-"), text})
	}
	return out
}

// TestHandoffTrigger measures by which messages a person is called, on the half that the words are tuned on and on the
// other one.
func TestHandoffTrigger(t *testing.T) {
	for _, half := range []string{"tune", "test"} {
		var right, wrong, missed, other int
		u := planner().trained()
		for _, m := range readLabelled(t, "../../eval/handoff/"+half+".txt") {
			got, score := u.handoff(u.words.tokens(m.text))
			switch {
			case (got == "") != (m.category == ""):
				if missed += 1; got != "" {
					missed, wrong = missed-1, wrong+1
				}
				t.Logf("%s: got %q (%.1f), want %q: %s", half, got, score, m.category, m.text)
				for _, k := range u.trouble(u.words.tokens(m.text)) {
					if len(k.Matched) > 0 {
						t.Logf("    %s %.1f: %q", k.Name, k.Score, k.Matched)
					}
				}
			case got != m.category:
				other++
				t.Logf("%s: got %q (%.1f), want %q: %s", half, got, score, m.category, m.text)
				right++
			case got != "":
				right++
			}
		}
		precision, recall := float64(right)/float64(right+wrong), float64(right)/float64(right+missed)
		t.Logf("%s: precision %.3f, recall %.3f, %d in another category", half, precision, recall, other)
		if precision < 0.95 || recall < 0.95 || other > 3 {
			t.Errorf("%s: precision %.3f, recall %.3f, %d in another category; want 0.95 of both, and 3 at most", half, precision, recall, other)
		}
	}
}

// TestHandOver has a complaint about money shown what the data says first, and handed over all the same.
func TestHandOver(t *testing.T) {
	for _, c := range []struct {
		text  string
		calls []string
	}{
		{"I was not paid for trade T-88123", []string{`trace_commission {"tradeId":"T-88123"}`, `hand_off`}},
		{"my commission of yesterday is missing", []string{`list_rewards {"kind":"rebate","period":"yesterday"}`, `hand_off`}},
		{"my withdrawal is frozen", []string{`hand_off`}},
		{"get me a human", []string{`hand_off`}},
	} {
		d := newDialog()
		d.tools = append(d.tools, llms.Tool{Type: "function", Function: &llms.FunctionDefinition{Name: handOff}})
		d.results = map[string]string{handOff: `{"ticketId":"x","state":"open","queue":"bd","bd":"Ada","dueAt":"2026-11-19T16:00:00Z"}`}
		calls, answer := d.say(planner(), c.text)
		if len(calls) != len(c.calls) {
			t.Errorf("%q: %d calls, want %d", c.text, len(calls), len(c.calls))
			continue
		}
		for i, want := range c.calls {
			name, args, _ := strings.Cut(want, " ")
			if got := calls[i].FunctionCall; got.Name != name || args != "" && got.Arguments != args {
				t.Errorf("%q: call %d is %s %s, want %s", c.text, i, got.Name, got.Arguments, want)
			}
		}
		if !strings.Contains(answer.Content, "Ada") || !strings.Contains(answer.Content, "19 Nov 16:00") {
			t.Errorf("%q: said %q", c.text, answer.Content)
		}
	}
}
