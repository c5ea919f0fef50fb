package offline

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"partnerhub/agent/offline/period"
)

var (
	tradeNamed = regexp.MustCompile(`(?i)\btrades?\s*(?:id|no\.?|number|nr\.?)?\s*[:#]?\s*([A-Za-z]*-?\d[\w-]{0,63})`)
	taskNamed  = regexp.MustCompile(`(?i)\b(?:task|campaign)\s*(?:id|no\.?|number|nr\.?)?\s*[:#]?\s*(\d{1,18})\b`)
	uidNamed   = regexp.MustCompile(`(?i)\b(?:uid|user|referee|trader|client|account|partner)\s*(?:id|no\.?|number|nr\.?)?\s*[:#]?\s*(\d{4,18})\b`)
	sharedPart = regexp.MustCompile(`(?i)\bshared|\bmy own trad|\bown trading`)
	taskPart   = regexp.MustCompile(`(?i)\btasks?\b|\bcampaign|\btier\b|\breward|\bprize|\bmilestone`)
	rebatePart = regexp.MustCompile(`(?i)comm?iss?ion|rebate`)
	tooLittle  = regexp.MustCompile(`(?i)\b(?:low|lower|less|short|small|smaller|wrong|incorrect|mismatch|miscalculat\w*|underpaid|calculat\w*|should (?:be|have)|instead of|only|rate|percent)\b|%`)
	earnedPart = regexp.MustCompile(`(?i)comm?iss?ion|rebate|settle|payout|paid|\bpay|earning|income|reward|bonus|credited|money|owe|usdt|numbers?|due`)
	elsewhere  = regexp.MustCompile(`(?i)withdr|deposit|frozen|froze|\block|wallet|balance|refund|charged|deduct|took|fund`)
)

// evidence is the next call that shows what the data says about a complaint about money: the trade that it names; of a task's
// reward what was credited, and the task with its progress; of a commission that is too low what was settled, and the trades
// behind the largest part of it. ok is false when all is shown, or where there is none, as of the partner's own deposits.
func (u *understanding) evidence(t turn, now time.Time) (action, bool) {
	if m := tradeNamed.FindStringSubmatch(t.text); m != nil {
		return t.unless(action{tool: "trace_commission", args: map[string]any{"tradeId": m[1]}})
	}
	rebate := rebatePart.MatchString(t.text)
	if elsewhere.MatchString(t.text) && !rebate && !taskPart.MatchString(t.text) || !earnedPart.MatchString(t.text) && !taskPart.MatchString(t.text) {
		return action{}, false
	}
	when := ""
	for _, m := range period.Parse(t.text, now, u.zone) {
		if m.From.Before(now) {
			when = m.Arg
			break
		}
	}
	if taskPart.MatchString(t.text) && !rebate {
		task := action{tool: "list_tasks", args: map[string]any{"side": "assigned"}}
		if m := taskNamed.FindStringSubmatch(t.text); m != nil {
			id, err := strconv.ParseInt(m[1], 10, 64)
			if err == nil && id > 0 {
				task = action{tool: "get_task", args: map[string]any{"taskId": id}}
			}
		}
		if a, ok := t.unless(rewards("task", or(when, "last_30_days"))); ok {
			return a, true
		}
		return t.unless(task)
	}
	when = or(when, "last_7_days")
	if m := uidNamed.FindStringSubmatch(t.text); m != nil {
		uid, err := strconv.ParseInt(m[1], 10, 64)
		if err == nil {
			return t.unless(action{tool: "trace_commission", args: map[string]any{"uid": uid, "period": when}})
		}
	}
	if sharedPart.MatchString(t.text) {
		return t.unless(rewards("shared", when))
	}
	if a, ok := t.unless(rewards("rebate", when)); ok {
		return a, true
	}
	if uid := t.largest(); rebate && tooLittle.MatchString(t.text) && uid != 0 {
		return t.unless(action{tool: "trace_commission", args: map[string]any{"uid": uid, "period": when}})
	}
	return action{}, false
}

func rewards(kind, when string) action {
	return action{tool: "list_rewards", args: map[string]any{"period": when, "kind": kind}}
}

// unless is the call, unless its tool has returned in this turn.
func (t turn) unless(a action) (action, bool) {
	_, done := t.result(a.tool)
	return a, !done
}

// largest is the referee with the largest record among those that were listed in this turn; 0 where there is none.
func (t turn) largest() (uid int64) {
	result, _ := t.result("list_rewards")
	var r struct {
		Rows []struct {
			UID    int64       `json:"uid"`
			Amount json.Number `json:"amount"`
		} `json:"rows"`
	}
	if json.Unmarshal([]byte(result), &r) != nil {
		return 0
	}
	most := "0"
	for _, row := range r.Rows {
		if compareDecimals(row.Amount.String(), most) > 0 {
			uid, most = row.UID, row.Amount.String()
		}
	}
	return uid
}
