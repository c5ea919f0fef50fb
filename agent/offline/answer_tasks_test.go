package offline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is said of tasks, over what the tools really return.
func TestTaskProse(t *testing.T) {
	for _, c := range []struct{ ask, tool, golden, want string }{
		{"show my tasks", "list_tasks", "list_tasks.created", "You created 2 tasks: 10.00 USDT paid so far of 240.00 USDT funded, 230.00 USDT still reserved.\n- Task 2 (referral, pending, until 30 Nov 2026): 0 of 1 participants have started, 0.00 USDT of 200.00 USDT paid.\n- Task 1 “Spot push” (trading, active, until 30 Nov 2026): 1 of 1 participants have started, 10.00 USDT of 40.00 USDT paid."},
		{"show my tasks", "list_tasks", "list_tasks.none", "You have created no tasks."},
		{"tasks assigned to me", "list_tasks", "list_tasks.assigned", "2 tasks are assigned to you; you earned 10.00 USDT from them.\n- Task 2 (referral, pending, until 30 Nov 2026): 0 new users so far, 0.00 USDT earned; 5 new users more for the next 50.00 USDT.\n- Task 1 “Spot push” (trading, active, until 30 Nov 2026): 1,600.00 USDT so far, 10.00 USDT earned; 3,400.00 USDT more for the next 30.00 USDT, at this pace by 23 Nov 2026."},
		{"show task 1", "get_task", "get_task.created", "Task 1 “Spot push” is a trading task, active, from 16 Nov 2026 to 30 Nov 2026. 1 of 1 participants have started and 0 have earned everything; 10.00 USDT of 40.00 USDT is paid, 30.00 USDT reserved and 0.00 USDT refunded. Furthest is UID 10011: 1,600.00 USDT so far, 10.00 USDT earned; 3,400.00 USDT more for the next 30.00 USDT, at this pace by 23 Nov 2026."},
		{"show task 1", "get_task", "get_task.assigned", "Task 1 “Spot push” is a trading task, active, from 16 Nov 2026 to 30 Nov 2026. Your progress: 1,600.00 USDT so far, 10.00 USDT earned; 3,400.00 USDT more for the next 30.00 USDT, at this pace by 23 Nov 2026."},
		{"Simulate a futures trading task for 10002 over the last 30 days, 50k gets 30 USDT", "simulate_task", "simulate_task.trading", "Over the last 7 days (11–18 Nov 2026), this task would have cost 10.00 USDT, of 60.00 USDT at most: 1 of 1 participants would have earned something. UID 10011 would have earned the most: 10.00 USDT, with 1,600.00 USDT."},
	} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "tools", "testdata", c.golden+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var golden struct{ Result json.RawMessage }
		if err := json.Unmarshal(raw, &golden); err != nil {
			t.Fatal(err)
		}
		d := newDialog()
		d.tools = every
		d.results = map[string]string{c.tool: string(golden.Result)}
		calls, answer := d.say(planner(), c.ask)
		if len(calls) != 1 || calls[0].FunctionCall.Name != c.tool {
			t.Errorf("%q called %v", c.ask, calls)
		}
		if answer.Content != c.want || strings.ContainsAny(answer.Content, "{}") {
			t.Errorf("%s:\n got %q\nwant %q", c.golden, answer.Content, c.want)
		}
	}
}
