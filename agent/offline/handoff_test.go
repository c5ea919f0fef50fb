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

// TestHandoffTrigger measures by which messages a person is called, on messages that nothing was tuned on.
func TestHandoffTrigger(t *testing.T) {
	var right, wrong, missed, other int
	u := planner().trained()
	for _, m := range readLabelled(t, "../../eval/handoff/fresh.txt") {
		got, sure := u.handoff(m.text, u.words.tokens(m.text))
		if got != m.category {
			t.Logf("got %q (%.2f), want %q: %s", got, sure, m.category, m.text)
		}
		switch {
		case got == "" && m.category != "":
			missed++
		case got != "" && m.category == "":
			wrong++
		case got != "":
			right++
			if got != m.category {
				other++
			}
		}
	}
	precision, recall := float64(right)/float64(right+wrong), float64(right)/float64(right+missed)
	t.Logf("precision %.3f, recall %.3f, %d in another category", precision, recall, other)
	if precision < 0.88 || recall < 0.88 || other > 4 { // a little below what was measured at first sight; 0.95 of both is the aim
		t.Errorf("precision %.3f, recall %.3f, %d in another category", precision, recall, other)
	}
}

// TestHandOver has a complaint about money shown what the data says first, and handed over all the same.
func TestHandOver(t *testing.T) {
	for _, c := range []struct {
		text    string
		calls   []string
		summary []string // what it must hold
	}{
		{"I was not paid for trade T-88123", []string{`trace_commission {"tradeId":"T-88123"}`, `hand_off`}, []string{"Says: I was not paid for trade T-88123"}},
		{"my commission of yesterday is missing", []string{`list_rewards {"kind":"rebate","period":"yesterday"}`, `hand_off`}, []string{"The data shows: "}},
		{"my commission of yesterday is too low", []string{`list_rewards {"kind":"rebate","period":"yesterday"}`, `trace_commission {"period":"yesterday","uid":10023}`, `hand_off`}, nil},
		{"the commission from user 10031 is wrong, I should have got more", []string{`trace_commission {"period":"last_7_days","uid":10031}`, `hand_off`}, nil},
		{"my reward for the task was not credited", []string{`list_rewards {"kind":"task","period":"last_30_days"}`, `list_tasks {"side":"assigned"}`, `hand_off`}, nil},
		{"I have not received the 50 USDT of task 12", []string{`list_rewards {"kind":"task","period":"last_30_days"}`, `get_task {"taskId":12}`, `hand_off`}, nil},
		{"my withdrawal is frozen", []string{`hand_off`}, nil},
		{"get me a human", []string{`hand_off`}, nil},
	} {
		d := handoffDialog()
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
		for _, want := range c.summary {
			if args := calls[len(calls)-1].FunctionCall.Arguments; !strings.Contains(args, want) {
				t.Errorf("%q: %s, want %q in the summary", c.text, args, want)
			}
		}
	}
}

func handoffDialog() *dialog {
	d := newDialog()
	for _, name := range []string{handOff, "list_tasks", "get_task"} {
		d.tools = append(d.tools, llms.Tool{Type: "function", Function: &llms.FunctionDefinition{Name: name}})
	}
	d.results = map[string]string{
		handOff:        `{"ticketId":"x","state":"open","queue":"bd","bd":"Ada","dueAt":"2026-11-19T16:00:00Z"}`,
		"list_rewards": `{` + weekOfNov + `,"kind":"rebate","rows":[{"key":"2026-11-19","uid":10031,"amount":"1.5"},{"key":"2026-11-19","uid":10023,"amount":"9.25"}],"total":{"amount":"10.75","settled":"10.75","unsettled":"0"}}`,
	}
	return d
}

// TestOfferTaken has the offer of a person taken by a click or a word, and a ticket whose summary says what was asked before.
func TestOfferTaken(t *testing.T) {
	p := planner()
	options := p.prompts.Options("handoff.offer")
	for _, c := range []struct{ text, category, says string }{
		{options[0], "unanswered", "how do blorps settle"},
		{"yes please", "unanswered", "how do blorps settle"},
		{"1", "unanswered", "how do blorps settle"},
		{options[1], "", p.prompts.Answer("handoff.declined")},
		{"no", "", p.prompts.Answer("handoff.declined")},
		{"commission this week", "", ""},
	} {
		d := handoffDialog()
		d.say(p, "how do blorps settle")
		d.messages = append(d.messages,
			llms.MessageContent{Role: llms.ChatMessageTypeAI, Parts: []llms.ContentPart{llms.ToolCall{ID: "offer", Type: "function", FunctionCall: &llms.FunctionCall{Name: askUser,
				Arguments: `{"question":"` + p.prompts.Answer("handoff.offer") + `","options":["` + strings.Join(options, `","`) + `"]}`}}}},
			llms.MessageContent{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{llms.ToolCallResponse{ToolCallID: "offer", Name: askUser, Content: `{"asked":true}`}}})
		calls, answer := d.say(p, c.text)
		handed := ""
		for _, call := range calls {
			if call.FunctionCall.Name == handOff {
				handed = call.FunctionCall.Arguments
			}
		}
		switch {
		case c.category == "" && (handed != "" || !strings.Contains(answer.Content, c.says)):
			t.Errorf("%q: handed over %s, said %q", c.text, handed, answer.Content)
		case c.category != "" && (!strings.Contains(handed, `"`+c.category+`"`) || !strings.Contains(handed, c.says)):
			t.Errorf("%q: %s", c.text, handed)
		}
	}
}
