package offline

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/knowledge"
	"partnerhub/library"
	"partnerhub/prompts"
)

// thursday is the now of the tests.
var thursday = time.Date(2026, 11, 19, 15, 0, 0, 0, time.UTC)

var planner = sync.OnceValue(func() *Planner {
	p, err := prompts.Load()
	if err != nil {
		panic(err)
	}
	return New(p, asked(), func() time.Time { return thursday }, time.UTC)
})

// asked are the ways to ask for the shipped library's rules.
func asked() []string {
	articles, err := knowledge.Load(library.Files)
	if err != nil {
		panic(err)
	}
	return knowledge.Asked(articles)
}

// dialog is a conversation in the making; it answers tool calls with made-up results.
type dialog struct {
	messages []llms.MessageContent
	tools    []llms.Tool
	results  map[string]string // by tool, instead of the made-up ones
	run      func(llms.ToolCall) string
}

func newDialog() *dialog {
	d := &dialog{messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeSystem, "You are an assistant.")}}
	for _, name := range []string{"query_metrics", "compare_metrics", "leaderboard", "list_referees", "get_referee", "referee_activity", "trace_commission", "list_rewards", "list_referral_codes", "explain_change", "summarize_performance", "list_anomalies", askUser} {
		d.tools = append(d.tools, llms.Tool{Type: "function", Function: &llms.FunctionDefinition{Name: name}})
	}
	return d
}

// say runs a turn to its end and returns the calls and the final text.
func (d *dialog) say(p *Planner, text string) (calls []llms.ToolCall, answer *llms.ContentChoice) {
	d.messages = append(d.messages, llms.TextParts(llms.ChatMessageTypeHuman, text))
	for range 5 {
		r, err := p.GenerateContent(context.Background(), d.messages, llms.WithTools(d.tools))
		if err != nil {
			panic(err)
		}
		answer = r.Choices[0]
		if len(answer.ToolCalls) == 0 {
			d.messages = append(d.messages, llms.TextParts(llms.ChatMessageTypeAI, answer.Content))
			return calls, answer
		}
		said := llms.MessageContent{Role: llms.ChatMessageTypeAI}
		for _, c := range answer.ToolCalls {
			said.Parts = append(said.Parts, c)
		}
		d.messages = append(d.messages, said)
		for _, c := range answer.ToolCalls {
			calls = append(calls, c)
			d.messages = append(d.messages, llms.MessageContent{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{
				llms.ToolCallResponse{ToolCallID: c.ID, Name: c.FunctionCall.Name, Content: d.result(c)}}})
		}
		if answer.ToolCalls[0].FunctionCall.Name == askUser {
			return calls, answer
		}
	}
	panic("no end to the turn")
}

func (d *dialog) result(c llms.ToolCall) string {
	if d.run != nil {
		return d.run(c)
	}
	if r, ok := d.results[c.FunctionCall.Name]; ok {
		return r
	}
	if c.FunctionCall.Name == askUser {
		return `{"asked":true}`
	}
	return `{"from":"2026-11-16T00:00:00Z","to":"2026-11-23T00:00:00Z","asOf":"2026-11-19T15:00:00Z","zone":"UTC","rows":[{"key":"10101"},{"key":"10102"},{"key":"10103"}]}`
}

type heldOut struct {
	dialog []string
	want   []map[string]string
}

func readHeldOut(t *testing.T, file string) []heldOut {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []heldOut
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line := sc.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		said, want, ok := strings.Cut(line, " => ")
		if !ok {
			t.Fatalf("%q: no =>", line)
		}
		h := heldOut{dialog: strings.Split(said, " >> ")}
		for _, q := range strings.Split(want, " & ") {
			h.want = append(h.want, slotsOf(strings.Fields(q)))
		}
		out = append(out, h)
	}
	return out
}

func slotsOf(fields []string) map[string]string {
	slots := map[string]string{"intent": fields[0]}
	for _, f := range fields[1:] {
		k, v, _ := strings.Cut(f, "=")
		slots[k] = v
	}
	return slots
}

// slotsOfFrame are the arguments that the frame calls its tool with.
func slotsOfFrame(f Frame) map[string]string {
	slots := map[string]string{"intent": string(f.Intent)}
	if f.Ask == "" && f.Intent.data() {
		_, args := f.call()
		data, _ := json.Marshal(args)
		var m map[string]any
		_ = json.Unmarshal(data, &m)
		for k, v := range m {
			switch v := v.(type) {
			case []any:
				var s []string
				for _, x := range v {
					s = append(s, fmt.Sprint(x))
				}
				slots[k] = strings.Join(s, ",")
			case float64:
				slots[k] = fmt.Sprintf("%.0f", v)
			default:
				slots[k] = fmt.Sprint(v)
			}
		}
	}
	if f.Ask != "" && f.Intent.data() {
		slots["intent"] = "vague"
	}
	if f.Intent == Unclear {
		slots["intent"] = string(OutOfScope)
	}
	return slots
}

type tally struct{ right, all int }

func (t tally) String() string {
	return fmt.Sprintf("%d of %d, %.1f %%", t.right, t.all, 100*float64(t.right)/float64(max(t.all, 1)))
}

// TestHeldOut measures what is understood of phrasings that the examples do not hold, by intent and by slot.
func TestHeldOut(t *testing.T) {
	for _, file := range []string{"testdata/heldout.txt", "testdata/later.txt", "testdata/third.txt", "testdata/records.txt", "testdata/records-later.txt", "testdata/why.txt"} {
		t.Run(file, func(t *testing.T) { testHeldOut(t, readHeldOut(t, file)) })
	}
}

func testHeldOut(t *testing.T, set []heldOut) {
	intents, slots := map[string]*tally{}, map[string]*tally{}
	count := func(m map[string]*tally, key string, right bool) {
		if m[key] == nil {
			m[key] = &tally{}
		}
		m[key].all++
		if right {
			m[key].right++
		}
	}
	var whole, allIntents tally
	for _, h := range set {
		d := newDialog()
		for _, text := range h.dialog[:len(h.dialog)-1] {
			d.say(planner(), text)
		}
		last := h.dialog[len(h.dialog)-1]
		d.messages = append(d.messages, llms.TextParts(llms.ChatMessageTypeHuman, last))
		frames := planner().Understand(d.messages)
		good := len(frames) == len(h.want)
		for i, want := range h.want {
			got := map[string]string{"intent": "none"}
			if i < len(frames) {
				got = slotsOfFrame(frames[i])
			}
			right := got["intent"] == want["intent"]
			count(intents, want["intent"], right)
			allIntents.all++
			if right {
				allIntents.right++
			}
			keys := maps.Clone(want)
			if right {
				maps.Copy(keys, got)
			}
			delete(keys, "intent")
			for k := range keys {
				count(slots, k, got[k] == want[k])
			}
			good = good && maps.Equal(got, want)
			if !maps.Equal(got, want) {
				t.Logf("%s: got %v (%.2f), want %v", strings.Join(h.dialog, " >> "), got, frames[min(i, len(frames)-1)].Confidence, want)
			}
		}
		whole.all++
		if good {
			whole.right++
		}
	}
	for _, k := range slices.Sorted(maps.Keys(intents)) {
		t.Logf("intent %-15s %v", k, *intents[k])
	}
	for _, k := range slices.Sorted(maps.Keys(slots)) {
		t.Logf("slot   %-15s %v", k, *slots[k])
	}
	t.Logf("all intents %v; whole messages %v", allIntents, whole)
	if share := float64(allIntents.right) / float64(allIntents.all); share < 0.95 {
		t.Errorf("%.3f of the intents right, want 0.95", share)
	}
	if p := slots["period"]; float64(p.right)/float64(p.all) < 0.97 {
		t.Errorf("periods right: %v, want 97 %%", *p)
	}
}
