package offline

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/prompts"
)

// TestActions holds the calls of tools that act, as they are made where such tools are offered.
func TestActions(t *testing.T) {
	t.Parallel()
	p, err := prompts.Load()
	if err != nil {
		t.Fatal(err)
	}
	planner := New(p, asked(), func() time.Time { return thursday }, time.UTC)
	for _, c := range []struct {
		dialog []string // every turn but the last is answered by what the planner calls
		tool   string   // "": none
		args   string   // those that must be so
		absent string   // one that must not be there
	}{
		{dialog: []string{"cancel task 42"}, tool: "propose_task_cancellation", args: `{"taskId":"42"}`},
		{dialog: []string{"hows task 42 going", "kill it"}, tool: "propose_task_cancellation", args: `{"taskId":"42"}`},
		{dialog: []string{"cancel my task"}, tool: "ask_user", args: `{"pending":{"tool":"propose_task_cancellation","missing":["taskId"]}}`},
		{dialog: []string{"remind the participants of task 42"}, tool: "propose_nudge", args: `{"taskId":"42"}`},
		{dialog: []string{"tasks assigned to me"}, tool: "list_tasks", args: `{"side":"assigned"}`, absent: "status"},
		{dialog: []string{"show active tasks i set up for subs"}, tool: "list_tasks", args: `{"side":"created","status":"active"}`},
		{dialog: []string{"am i eligible for the futures bonus program"}, tool: "program_progress", args: `{}`},
		{dialog: []string{"make a new code VIETVIP, 10% spot and 15% futures"}, tool: "propose_referral_code", args: `{"code":"VIETVIP","spotRebateRate":"0.1","futuresRebateRate":"0.15"}`, absent: "default"},
		{dialog: []string{"create a new referral code", "10% both"}, tool: "propose_referral_code", args: `{"spotRebateRate":"0.1","futuresRebateRate":"0.1"}`},
		{dialog: []string{"create a new referral code"}, tool: "ask_user", args: `{"pending":{"tool":"propose_referral_code","missing":["spotRebateRate","futuresRebateRate"]}}`},
		{dialog: []string{"create a referral task for all my direct partners from 2026-11-23 to 2026-11-30, every 5 new users 30 usdt, max 4 times"}, tool: "propose_task",
			args: `{"type":"referral","targets":{"directPartners":true},"start":"2026-11-23","everyX":5,"reward":"30","maxRepeats":4}`, absent: "tiers"},
		{dialog: []string{"trading task futures, uids 30001, 30002, start 2026-12-01 end 2026-12-15, tiers 10000 → 10 usdt and 50000 → 50 usdt"}, tool: "propose_task",
			args: `{"type":"trading","product":"futures","targets":{"uids":[30001,30002]},"start":"2026-12-01","end":"2026-12-15","tiers":[{"threshold":"10000","reward":"10"},{"threshold":"50000","reward":"50"}]}`, absent: "reward"},
		{dialog: []string{"create a task", "referral task", "all my direct partners", "every 10 users 100 usdt, up to 2 times", "start 2026-11-24 end 2026-12-08"}, tool: "propose_task",
			args: `{"type":"referral","targets":{"directPartners":true},"start":"2026-11-24","end":"2026-12-08","everyX":10,"reward":"100","maxRepeats":2}`},
		{dialog: []string{"create a task", "never mind"}, tool: ""},
		{dialog: []string{"simulate futures trading task tiers 10k=10 50k=30 on direct partners, last 60 days"}, tool: "simulate_task",
			args: `{"type":"trading","product":"futures","targets":{"directPartners":true},"days":60,"tiers":[{"threshold":"10000","reward":"10"},{"threshold":"50000","reward":"30"}]}`, absent: "start"},
		{dialog: []string{"what would a task paying 30 for 50k futures volume have cost over the last 30 days for 30001?"}, tool: "simulate_task",
			args: `{"type":"trading","product":"futures","targets":{"uids":[30001]},"days":30,"tiers":[{"threshold":"50000","reward":"30"}]}`},
		{dialog: []string{"my reward was not credited"}, tool: "list_rewards", args: `{"kind":"task"}`}, // hand_off comes next
		{dialog: []string{"my withdrawal is stuck"}, tool: "hand_off", args: `{"category":"finance"}`},
		{dialog: []string{"let me talk to a human"}, tool: "hand_off", args: `{"category":"human_request"}`},
		{dialog: []string{"someone logged in to my account"}, tool: "hand_off", args: `{"category":"account_security"}`},
		{dialog: []string{"this bot is useless"}, tool: "hand_off", args: `{"category":"frustration"}`},
		{dialog: []string{"when are rewards credited?"}, tool: "search_rules"},
	} {
		var messages []llms.MessageContent
		var last *llms.ContentChoice
		for _, text := range c.dialog {
			messages = append(messages, llms.TextParts(llms.ChatMessageTypeHuman, text))
			r, err := planner.GenerateContent(context.Background(), messages, llms.WithTools(every))
			if err != nil {
				t.Fatal(err)
			}
			last = r.Choices[0]
			for _, call := range last.ToolCalls {
				messages = append(messages, llms.MessageContent{Role: llms.ChatMessageTypeAI, Parts: []llms.ContentPart{call}},
					llms.MessageContent{Role: llms.ChatMessageTypeTool, Parts: []llms.ContentPart{llms.ToolCallResponse{ToolCallID: call.ID, Name: call.FunctionCall.Name, Content: `{}`}}})
			}
		}
		if c.tool == "" {
			if len(last.ToolCalls) > 0 {
				t.Errorf("%q: called %s %s", c.dialog, last.ToolCalls[0].FunctionCall.Name, last.ToolCalls[0].FunctionCall.Arguments)
			}
			continue
		}
		if len(last.ToolCalls) != 1 || last.ToolCalls[0].FunctionCall.Name != c.tool {
			t.Errorf("%q: want one call of %s, got %q %+v", c.dialog, c.tool, last.Content, last.ToolCalls)
			continue
		}
		var got, want map[string]any
		if err := json.Unmarshal([]byte(last.ToolCalls[0].FunctionCall.Arguments), &got); err != nil {
			t.Fatal(err)
		}
		if c.args != "" {
			if err := json.Unmarshal([]byte(c.args), &want); err != nil {
				t.Fatal(err)
			}
		}
		for k, v := range want {
			if !reflect.DeepEqual(got[k], v) {
				t.Errorf("%q: %s is %v, want %v", c.dialog, k, got[k], v)
			}
		}
		if _, there := got[c.absent]; there {
			t.Errorf("%q: %s was not said, got %v", c.dialog, c.absent, got[c.absent])
		}
	}
}

// every are tools by the names of all, without schemas.
var every = func() (out []llms.Tool) {
	for _, name := range []string{"query_metrics", "list_rewards", "search_rules", "recommend", "list_tasks", "get_task", "propose_task", "simulate_task", "propose_task_cancellation", "propose_nudge",
		"propose_referral_code", "program_progress", "hand_off", askUser} {
		out = append(out, llms.Tool{Type: "function", Function: &llms.FunctionDefinition{Name: name}})
	}
	return out
}()
