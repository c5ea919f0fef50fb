package eval

import (
	"encoding/json"
	"strings"

	"partnerhub/agent"
	"partnerhub/domain"
)

// Fault says who failed.
type Fault string

// Who can fail.
const (
	Agent          Fault = "agent"          // it called the wrong thing, or said it wrongly
	Tool           Fault = "tool"           // a tool failed, or a card shows what none returned
	Data           Fault = "data"           // the calls were right, and brought nothing to say it with; or the database is not as it should be
	Infrastructure Fault = "infrastructure" // the model's endpoint, the database, the service itself
)

// faultOf finds who is to blame for what is wrong with a turn: the first that failed, in the order in which one needs the other.
func faultOf(want Want, got agent.BatchAnswer, err error, wrong []string) Fault {
	if err != nil || got.Error != nil {
		return Infrastructure
	}
	for _, reason := range []string{"model endpoint", "model rate limited", "unreachable", "stalled", "timed out", "time", "cut"} {
		if strings.Contains(got.Fallback, reason) {
			return Infrastructure
		}
	}
	empty := len(got.Calls) > 0
	for _, c := range got.Calls {
		var result struct {
			Error *domain.Error
			Rows  *[]json.RawMessage
		}
		_ = json.Unmarshal(c.Result, &result) // what has neither is neither
		if result.Error != nil && (result.Error.Code == domain.CodeInternal || result.Error.Code == domain.CodeUnavailable) {
			return Tool
		}
		empty = empty && result.Rows != nil && len(*result.Rows) == 0
	}
	for _, w := range wrong {
		if strings.HasPrefix(w, "a card shows what") {
			return Tool
		}
	}
	if empty && len(matchCalls(want.Calls, got.Calls)) == 0 && !want.Any {
		return Data
	}
	return Agent
}
