package offline

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/agent/offline/period"
	"partnerhub/domain/proposal"
)

// The intents about tasks, codes, programs and people. Their tools are called where they are offered.
const (
	Tasks      Intent = "tasks"
	CreateTask Intent = "create_task"
	CancelTask Intent = "cancel_task"
	Nudge      Intent = "nudge"
	CreateCode Intent = "create_code"
	Programs   Intent = "programs"
	Handoff    Intent = "handoff"
)

// action is a call of a tool that is not about figures.
type action struct {
	tool    string
	args    map[string]any
	missing []string // arguments that are still to be asked for
}

// actionTools are the tools of actions whose arguments a later message may complete or change.
var actionTools = []string{"propose_task", "simulate_task", "propose_referral_code"}

// taskTools are those that name one task.
var taskTools = []string{"get_task", "propose_task_cancellation", "propose_nudge"}

var (
	taskNumber = regexp.MustCompile(`(?i)\btasks?\s*(?:no\.?|number|id|nr\.?)?\s*#?\s*(\d{1,18})\b`)
	anyNumber  = regexp.MustCompile(`(?:^|[^\w.,-])#?(\d{1,18})\b`)
	simulates  = regexp.MustCompile(`(?i)\b(?:simulat\w*|dry[ -]?run|back-?test\w*|would\b.{0,80}\b(?:cost|qualif\w*|earned?|have)|what if)\b`)
	stops      = regexp.MustCompile(`(?i)^\W*(?:(?:no|ok|oh)\W+)?(?:never ?mind|forget (?:it|that|about it)|cancel(?: (?:it|that))?|stop(?: it)?|abort|drop it|leave it|not now)\W*$`)
)

// act is the action of a message: what it says, with what the conversation collected before. ok is false when the
// message is about something else.
func (u *understanding) act(all []turn, frame Frame, now time.Time) (a action, ok bool) {
	text := all[len(all)-1].text
	if len(text) > maxAction {
		text = text[:maxAction]
	}
	texts, base := earlier(all[:len(all)-1])
	if base.tool != "" {
		next := action{tool: base.tool, args: base.args}
		for _, t := range texts {
			u.collect(&next, t, now, false)
		}
		before := len(next.args)
		said := action{tool: base.tool, args: map[string]any{}}
		u.collect(&said, text, now, true)
		fresh := frame.Intent == CreateTask && base.tool != "propose_referral_code" && len(said.args) > 3 || len(said.args) < 2 && (frame.Intent == Rules || frame.Intent == Handoff || frame.Intent == CancelTask)
		if base.missing != nil { // an answer to what was asked, unless it asks something itself
			fresh = strings.HasSuffix(strings.TrimSpace(text), "?") || taskNumber.MatchString(text)
		}
		if _, typed := said.args["type"]; len(said.args) > 0 && !fresh && !(frame.Intent.data() && len(said.args) == 1 && typed) {
			for k, v := range said.args {
				next.args[k] = v
			}
			next.settle()
			return next, before+len(said.args) > 0
		}
	}
	id := taskID(text, all, frame.Intent)
	switch frame.Intent {
	case CreateTask:
		a = action{tool: "propose_task", args: map[string]any{}}
		if simulates.MatchString(text) {
			a.tool = "simulate_task"
		}
		u.collect(&a, text, now, false)
	case CreateCode:
		a = action{tool: "propose_referral_code", args: map[string]any{}}
		u.collect(&a, text, now, false)
	case Tasks:
		if simulates.MatchString(text) && (strings.Contains(text, "cost") || strings.Contains(text, "qualif")) {
			a = action{tool: "simulate_task", args: map[string]any{}}
			u.collect(&a, text, now, false)
		} else if id != "" && !strings.Contains(strings.ToLower(text), "tasks") {
			a = action{tool: "get_task", args: map[string]any{"taskId": id}}
		} else {
			a = action{tool: "list_tasks", args: listed(text, all)}
		}
	case CancelTask, Nudge:
		a = action{tool: map[Intent]string{CancelTask: "propose_task_cancellation", Nudge: "propose_nudge"}[frame.Intent], args: map[string]any{}}
		if id != "" {
			a.args["taskId"] = id
		}
	case Programs:
		a = action{tool: "program_progress", args: map[string]any{}}
	case Handoff:
		a = action{tool: handOff, args: map[string]any{"category": or(frame.Category, "other"), "summary": text}}
	default:
		return action{}, false
	}
	a.settle()
	return a, true
}

// maxAction bounds the bytes of a message that arguments are read from.
const maxAction = 2000

// earlier is the action that is being collected, or was just proposed, and the messages that it is collected from.
func earlier(turns []turn) (texts []string, base action) {
	for i := len(turns) - 1; i >= 0; i-- {
		var found bool
		if proposal.SaidOutcome(turns[i].said) { // what was proposed before is done with
			break
		}
		for _, c := range turns[i].calls {
			if c.tool == askUser {
				var q struct {
					Pending *struct {
						Tool    string
						Missing []string
					}
				}
				if json.Unmarshal([]byte(c.args), &q) == nil && q.Pending != nil && slices.Contains(actionTools, q.Pending.Tool) {
					texts, found = append([]string{turns[i].text}, texts...), true
					if base.tool == "" {
						base = action{tool: q.Pending.Tool, args: map[string]any{}, missing: append([]string{}, q.Pending.Missing...)}
					}
				}
			} else if slices.Contains(actionTools, c.tool) && (base.tool == "" || base.tool == c.tool) {
				args := map[string]any{}
				if json.Unmarshal([]byte(c.args), &args) == nil && args != nil {
					return texts, action{tool: c.tool, args: args, missing: base.missing}
				}
			}
		}
		if !found {
			break
		}
	}
	return texts, base
}

// taskID is the task that a message names or, with "it", the one named before; "" for none.
func taskID(text string, all []turn, intent Intent) string {
	if m := taskNumber.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	if intent != CancelTask && intent != Nudge && intent != Tasks {
		return ""
	}
	if m := anyNumber.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	lower := " " + strings.ToLower(text) + " "
	if !slices.ContainsFunc([]string{" it ", " it?", " that ", " them ", " this ", " they "}, func(w string) bool { return strings.Contains(lower, w) }) {
		return ""
	}
	return lastTask(all[:len(all)-1])
}

func lastTask(turns []turn) string {
	for i := len(turns) - 1; i >= 0; i-- {
		for _, c := range turns[i].calls {
			if !slices.Contains(taskTools, c.tool) {
				continue
			}
			var args struct {
				TaskID any `json:"taskId"`
			}
			if json.Unmarshal([]byte(c.args), &args) != nil {
				continue
			}
			switch id := args.TaskID.(type) {
			case string:
				return id
			case float64:
				return strconv.FormatInt(int64(id), 10)
			}
		}
		if m := taskNumber.FindStringSubmatch(turns[i].text); m != nil {
			return m[1]
		}
	}
	return ""
}

var (
	assigned = regexp.MustCompile(`(?i)\b(?:assigned|given|for me\b|upline|do i need|i (?:have|need) to|i'?m in|i take part|i joined|(?:what|which) tasks do i have)`)
	created  = regexp.MustCompile(`(?i)\b(?:i (?:have |'ve )?(?:created|made|set up|launched|started)|i'?ve (?:created|made|set up|launched)|created by me|my own tasks|by me)\b`)
	statuses = []struct {
		is    *regexp.Regexp
		value string
	}{
		{regexp.MustCompile(`(?i)\b(?:cancell?ed|called off)\b`), "cancelled"},
		{regexp.MustCompile(`(?i)\b(?:settled|ended|finished|completed|done|over)\b`), "settled"},
		{regexp.MustCompile(`(?i)\bclosing\b`), "closing"},
		{regexp.MustCompile(`(?i)\b(?:pending|upcoming|scheduled|not (?:yet )?started)\b`), "pending"},
		{regexp.MustCompile(`(?i)\b(?:active|running|in progress|ongoing|live|open)\b`), "active"},
	}
)

// listed are the arguments of a list of tasks; what a follow-up leaves out is as it was.
func listed(text string, all []turn) map[string]any {
	args := map[string]any{"side": "created"}
	if len(all) > 1 {
		for _, c := range all[len(all)-2].calls {
			var was struct{ Side, Status string }
			if c.tool == "list_tasks" && json.Unmarshal([]byte(c.args), &was) == nil && was.Side != "" {
				if args["side"] = was.Side; was.Status != "" {
					args["status"] = was.Status
				}
			}
		}
	}
	switch {
	case created.MatchString(text):
		args["side"] = "created"
	case assigned.MatchString(text):
		args["side"] = "assigned"
	}
	for _, s := range statuses {
		if s.is.MatchString(text) {
			args["status"] = s.value
			break
		}
	}
	return args
}

// settle says what is still missing, in the order in which it is asked.
func (a *action) settle() {
	need := []string{}
	switch a.tool {
	case "propose_task", "simulate_task":
		need = []string{"type", "targets"}
		switch a.args["type"] {
		case "referral":
			need = append(need, "everyX", "reward", "maxRepeats")
			delete(a.args, "product")
			delete(a.args, "tiers")
		case "trading":
			need = append(need, "product", "tiers")
			// "Make it 50 USDT" is for the only tier; of several it is not known which is meant, and they are asked for anew.
			if reward, ok := a.args["reward"]; ok {
				if tiers, _ := a.args["tiers"].([]any); len(tiers) == 1 {
					only, _ := tiers[0].(map[string]any)
					a.args["tiers"] = []any{map[string]any{"threshold": only["threshold"], "reward": reward}}
				} else {
					delete(a.args, "tiers")
				}
			}
			for _, k := range []string{"everyX", "reward", "maxRepeats"} {
				delete(a.args, k)
			}
		}
		if a.tool == "simulate_task" {
			need = append(need, "days")
		} else {
			need = append(need, "start", "end")
		}
	case "propose_referral_code":
		need = []string{"spotRebateRate", "futuresRebateRate"}
	case "get_task", "propose_task_cancellation", "propose_nudge":
		need = []string{"taskId"}
	}
	a.missing = nil
	for _, n := range need {
		if _, ok := a.args[n]; !ok {
			a.missing = append(a.missing, n)
		}
	}
}

// collect reads the arguments of an action from a message; answering says that it answers a question about them.
func (u *understanding) collect(a *action, text string, now time.Time, answering bool) {
	if len(text) > maxAction {
		text = text[:maxAction]
	}
	if a.tool == "propose_referral_code" {
		codeArguments(a.args, text)
		return
	}
	found := period.Parse(text, now, u.zone)
	if a.tool == "simulate_task" {
		if d := daysIn(text, found, now); d > 0 {
			a.args["days"] = d
		}
	} else {
		dates(a.args, text, found, now)
	}
	rest := []byte(text)
	for _, m := range found { // the numbers of dates are none of a task's
		for i := max(m.Start, 0); i < min(m.End, len(rest)); i++ {
			rest[i] = ' '
		}
	}
	taskArguments(a.args, string(rest), answering)
}

const amount = `(\d[\d,]*(?:\.\d+)?)\s*(k|m|mio|million)?\b`

var (
	referralWords = regexp.MustCompile(`(?i)referral|sign[- ]?ups?|new (?:\w+ )?(?:users?|members?|friends?)|invit|kyc|verified|registr`)
	tradingWords  = regexp.MustCompile(`(?i)\btrad(?:ing|e)\b|\bvol(?:ume)?\b|\bspot\b|\bfutures?\b|\btiers?\b|threshold`)
	everyWords    = regexp.MustCompile(`(?i)\b(?:every|each|per|for)\s+(\d{1,6}|one|two|three|five|ten)?\s*(?:new|verified|valid|kyc(?:'?e?d)?|fresh|qualified|\s)*(?:users?|sign[- ]?ups?|refs?\b|referrals?|registrations?|invit\w+|friends?|people|person|members?)`)
	everyAlone    = regexp.MustCompile(`(?i)^\W*(?:every|each|per)\s+(\d{1,6})\W*$`)
	rewardWords   = regexp.MustCompile(`(?i)(?:\breward\w*|\bpay(?:s|ing)?|\bgives?|\bearns?|\bmake it)\s*(?:is|of|=|:|him|them|her|each)?\s*\$?(\d{1,6})\b|\$?\b(\d{1,6})\s*(?:usdt|usd|u|dollars?|\$)(?:\W|$)`)
	repeatWords   = regexp.MustCompile(`(?i)\b(?:max(?:imum|imal)?(?: repeats?)?|up to|at most|cap(?:ped)?(?: at)?|limit(?:ed)?(?: to| of)?|no more than|repeat(?:s|ed)?)\s*(?:of|=|:|is)?\s*(\d{1,6})\b|\b(\d{1,6})\s*(?:times|repeats?|repetitions|x)\b`)
	tierWords     = regexp.MustCompile(`(?i)` + amount + `\s*(?:usdt)?\s*(?:of)?\s*(?:trading|spot|futures|eligible)?\s*(?:vol(?:ume)?|task)?\s*(?:→|->|=>|=|:|gives?|for|earns?|pay(?:s|ing)?|gets?|rewards?|then|,\s*reward)\s*(?:an?\s+|the\s+)?\$?(\d{1,6})\b(?:\s*(?:usdt|u)\b)?`)
	tierBackwards = regexp.MustCompile(`(?i)\$?\b(10|30|50|100)\s*(?:usdt|usd|u|\$)?\s*(?:for|at|on|when|once|if they (?:reach|trade|do)|reward for)\s+(?:the\s+)?(?:a\s+)?(?:volume\s+of\s+)?(\d[\d,]*(?:\.\d+)?)\s*(k|m|mio|million)?\b`)
	directWords   = regexp.MustCompile(`(?i)\b(?:direct(?:ly referred)?[- ]partners?|(?:all|every) (?:of )?(?:my )?(?:direct |sub-?)?(?:partners?|subs)|my (?:sub-?|sub |direct )?partners|my subs|(?:all|every) (?:my )?sub[- ]?partners?|every(?:one|body)|all of them)\b`)
	uidWords      = regexp.MustCompile(`(?i)\b(?:uids?|users?|partners?|sub-?partners?|subs?|for|targets?|to)\s*[:#]?\s*(\d{3,18}(?:(?:\s*(?:,|&|;|and|\+)\s*|\s+)\d{3,18}\b)*)`)
	uidAlone      = regexp.MustCompile(`^\W*(\d{4,18}(?:(?:\s*(?:,|&|;|and|\+)\s*|\s+)\d{4,18}\b)*)\W*$`)
	digits        = regexp.MustCompile(`\d+`)
	inQuotes      = regexp.MustCompile(`['"“‘«]([^'"”’»]{2,100})['"”’»]`)
	bothProducts  = regexp.MustCompile(`(?i)\bboth\b|spot\s*(?:\+|and|&|/|or)\s*futures?|futures?\s*(?:\+|and|&|/|or)\s*spot`)
	oneProduct    = regexp.MustCompile(`(?i)\b(spot|futures?|perps?)\b`)
	notProduct    = regexp.MustCompile(`(?i)\bnot\s+(spot|futures?)\b`)
)

func taskArguments(args map[string]any, text string, answering bool) {
	if m := inQuotes.FindStringSubmatch(text); m != nil {
		args["title"] = m[1]
		text = strings.Replace(text, m[0], " ", 1)
	}
	text = notProduct.ReplaceAllString(text, " ")
	lower := strings.ToLower(text)
	every, tiers := everyWords.FindStringSubmatch(text), tierWords.FindAllStringSubmatch(text, 6)
	switch {
	case strings.Contains(lower, "referral task"), every != nil:
		args["type"] = "referral"
	case tradingWords.MatchString(text) && !(referralWords.MatchString(text) && !strings.Contains(lower, "trad")), len(tiers) > 0 && !answering:
		args["type"] = "trading"
	case referralWords.MatchString(text):
		args["type"] = "referral"
	}
	if bothProducts.MatchString(text) {
		args["product"] = "both"
	} else if m := oneProduct.FindStringSubmatch(text); m != nil {
		args["product"] = map[bool]string{true: "spot", false: "futures"}[strings.EqualFold(m[1], "spot")]
	}
	if list := uids(everyWords.ReplaceAllString(text, ";")); len(list) > 0 {
		args["targets"] = map[string]any{"uids": list}
	} else if directWords.MatchString(text) {
		args["targets"] = map[string]any{"directPartners": true}
	}
	if every == nil && answering {
		every = everyAlone.FindStringSubmatch(text)
	}
	if every != nil {
		args["everyX"] = 1
		if n, err := strconv.Atoi(every[1]); err == nil {
			args["everyX"] = n
		} else if n, ok := numberWords[every[1]]; ok {
			args["everyX"] = int(n)
		}
	}
	if args["type"] != "referral" && every == nil {
		var list []map[string]any
		for _, m := range tiers {
			if threshold := scaled(m[1], m[2]); threshold != "" && len(threshold) > len(m[3]) {
				list = append(list, map[string]any{"threshold": threshold, "reward": m[3]})
			}
		}
		for _, m := range tierBackwards.FindAllStringSubmatch(text, 6) { // "30 for 50k"
			if threshold := scaled(m[2], m[3]); len(list) < 5 && len(tiers) == 0 && len(threshold) > len(m[1]) {
				list = append(list, map[string]any{"threshold": threshold, "reward": m[1]})
			}
		}
		if len(list) > 0 {
			args["tiers"] = list
			return
		}
	}
	if m := repeatWords.FindStringSubmatch(text); m != nil {
		args["maxRepeats"], _ = strconv.Atoi(m[1] + m[2])
		text = strings.Replace(text, m[0], " ", 1)
	}
	if m := rewardWords.FindStringSubmatch(text); m != nil {
		args["reward"] = m[1] + m[2]
	}
}

// uids are the accounts that a task is for.
func uids(text string) []int64 {
	m := uidWords.FindStringSubmatch(text)
	if m == nil {
		m = uidAlone.FindStringSubmatch(text)
	}
	if m == nil {
		return nil
	}
	var out []int64
	for _, d := range digits.FindAllString(m[1], 100) {
		if uid, err := strconv.ParseInt(d, 10, 64); err == nil && uid > 0 && !slices.Contains(out, uid) {
			out = append(out, uid)
		}
	}
	return out
}

// scaled writes "25k" out.
func scaled(number, unit string) string {
	number = strings.ReplaceAll(number, ",", "")
	zeros := map[string]int{"k": 3, "m": 6, "mio": 6, "million": 6}[strings.ToLower(unit)]
	whole, fraction, _ := strings.Cut(number, ".")
	for ; zeros > 0; zeros-- {
		if fraction == "" {
			whole += "0"
		} else {
			whole, fraction = whole+fraction[:1], fraction[1:]
		}
	}
	if whole = strings.TrimLeft(whole, "0"); fraction != "" {
		return or(whole, "0") + "." + fraction
	}
	return whole
}

var (
	percentOf  = regexp.MustCompile(`(?i)(spot|fut(?:ures?)?|perps?)\s*(?:rebate|rate|is|at|of|to|=|:|with|\s)*(\d{1,3}(?:\.\d{1,4})?)\s*(?:%|percent|pct)?|(\d{1,3}(?:\.\d{1,4})?)\s*(?:%|percent|pct)?\s*(?:rebate|of|for|on|in|back|\s)*(spot|fut(?:ures?)?|perps?)\b`)
	percentAny = regexp.MustCompile(`(?i)\b(\d{1,3}(?:\.\d{1,4})?)\s*(%|percent|pct)|\b(\d{1,3}(?:\.\d{1,4})?)\s+(both|each|for both|on both)`)
	codeNamed  = regexp.MustCompile(`(?:(?i:\bcode|\blink|\bnamed?|\bcalled|\bcall it|\bname is|\bname it))\s*[:=]?\s*['"]?([A-Z0-9][A-Z0-9_-]{2,31})\b`)
	noteNamed  = regexp.MustCompile(`(?i)\bnote[sd]?\s*(?:is|:|=|as)?\s*['"“]?([^'"”,;]{1,100})`)
	onlyBoth   = regexp.MustCompile(`(?i)\b(?:both|each|same)\b`)
)

func codeArguments(args map[string]any, text string) {
	if m := codeNamed.FindStringSubmatch(text); m != nil {
		args["code"] = m[1]
		text = strings.Replace(text, m[1], " ", 1)
	}
	if m := noteNamed.FindStringSubmatch(text); m != nil {
		args["note"] = strings.TrimSpace(m[1])
	}
	if strings.Contains(strings.ToLower(text), "default") {
		args["default"] = true
	}
	named := percentOf.FindAllStringSubmatch(text, 4)
	for _, m := range named {
		product, percent := m[1]+m[4], m[2]+m[3]
		key := "futuresRebateRate"
		if strings.EqualFold(product, "spot") {
			key = "spotRebateRate"
		}
		if rate := fraction(percent); rate != "" {
			args[key] = rate
		}
	}
	if m := percentAny.FindStringSubmatch(text); m != nil && (len(named) == 0 || onlyBoth.MatchString(text) && len(named) < 2) {
		if rate := fraction(m[1] + m[3]); rate != "" {
			args["spotRebateRate"], args["futuresRebateRate"] = rate, rate
		}
	}
}

// fraction is a percentage as the rate it stands for, a decimal string; "" over 100 %.
func fraction(percent string) string {
	p, err := strconv.ParseFloat(percent, 64)
	if err != nil || p < 0 || p > 100 {
		return ""
	}
	return strconv.FormatFloat(p/100, 'f', -1, 64)
}
