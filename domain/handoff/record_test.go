package handoff_test

import (
	"encoding/json"
	"testing"

	"partnerhub/domain/conversation"
	"partnerhub/domain/handoff"
	"partnerhub/domain/ledger"
)

// TestSnapshotOfComplaints has a ticket carry what its complaint is about: of a reward the task, its progress and the postings, of a
// commission the trace.
func TestSnapshotOfComplaints(t *testing.T) {
	for _, c := range []struct {
		complaint string
		calls     map[string]string // by tool, its result
		disputed  []string
		postings  int
	}{
		{"my reward was not credited", map[string]string{"list_rewards": `{"rows":[{"taskId":7,"amount":"30"}]}`, "list_tasks": `{"rows":[{"key":"7","progress":"50000","earned":"0"}]}`},
			[]string{"list_rewards", "list_tasks"}, 2},
		{"my commission is too low", map[string]string{"trace_commission": `{"trade":{"tradeId":"T-1","rate":"0.45"}}`, "query_metrics": `{"rows":[]}`}, []string{"trace_commission"}, 2},
	} {
		events := []conversation.Event{{Type: conversation.RunStarted, ThreadID: "t", RunID: "r"},
			conversation.CustomEvent(conversation.UserMessage, conversation.UserText{MessageID: "m", Text: c.complaint})}
		for _, tool := range []string{"list_rewards", "list_tasks", "trace_commission", "query_metrics"} {
			if result, made := c.calls[tool]; made {
				events = append(events,
					conversation.Event{Type: conversation.CallStart, ToolCallID: tool, ToolCallName: tool, ParentMessageID: "a"},
					conversation.Event{Type: conversation.CallArgs, ToolCallID: tool, Delta: `{}`},
					conversation.Event{Type: conversation.CallEnd, ToolCallID: tool},
					conversation.Event{Type: conversation.CallResult, ToolCallID: tool, Content: result})
			}
		}
		postings := []ledger.Entry{{ID: 2, Account: "fund", Reason: ledger.TopUp}, {ID: 1, Account: "fund", Reason: ledger.TopUp}}
		s, err := handoff.TakeSnapshot(nil, conversation.Log("r", 0, monday, events...), handoff.Request{Category: handoff.Finance, Postings: postings, At: monday})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Transcript) != 1 || s.Transcript[0].Text != c.complaint || len(s.Calls) != len(c.calls) || len(s.Postings) != c.postings {
			t.Errorf("%s: %+v", c.complaint, s)
		}
		if len(s.Disputed) != len(c.disputed) {
			t.Fatalf("%s: disputed %+v, want %v", c.complaint, s.Disputed, c.disputed)
		}
		for i, tool := range c.disputed {
			if s.Disputed[i].Name != tool || string(s.Disputed[i].Result) != c.calls[tool] {
				t.Errorf("%s: disputed %+v, want the result of %s", c.complaint, s.Disputed[i], tool)
			}
		}
		if raw, err := json.Marshal(s); err != nil || !json.Valid(raw) {
			t.Errorf("%s: %s %v", c.complaint, raw, err)
		}
	}
}
