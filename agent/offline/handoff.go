package offline

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent/offline/period"
	"partnerhub/agent/offline/trigger"
	"partnerhub/prompts"
)

// handoffScore is how much must speak for a kind of trouble.
const handoffScore = 1.0

// triggerOf compiles the patterns by which messages are handed to a person.
func triggerOf(p *prompts.Prompts) (*trigger.Rules, error) {
	lines := make([]trigger.Line, len(p.Handoff))
	for i, l := range p.Handoff {
		lines[i] = trigger.Line(l)
	}
	return trigger.Compile(lines)
}

// handoff is the kind of trouble by which a message is handed to a person, and how much speaks for it; "" for none.
func (u *understanding) handoff(toks []token) (category string, score float64) {
	return decideHandoff(u.trouble(toks))
}

// trouble is what speaks for each kind of it.
func (u *understanding) trouble(toks []token) []trigger.Kind {
	var sentences [][]string
	for i, t := range toks {
		if i == 0 || t.sentence {
			sentences = append(sentences, nil)
		}
		sentences[len(sentences)-1] = append(sentences[len(sentences)-1], t.text)
	}
	return u.trigger.Score(sentences)
}

func decideHandoff(kinds []trigger.Kind) (category string, score float64) {
	// What is told of an account that was broken into comes before all else; then whatever has most to say for it.
	slices.SortStableFunc(kinds, func(a, b trigger.Kind) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	if len(kinds) == 0 || kinds[0].Score < handoffScore {
		return "", kinds[0].Score
	}
	if i := slices.IndexFunc(kinds, func(k trigger.Kind) bool { return k.Name == "account_security" }); kinds[i].Score >= handoffScore {
		return kinds[i].Name, kinds[i].Score
	}
	return kinds[0].Name, kinds[0].Score
}

// handOff is the tool by which a conversation goes to a person.
const handOff = "hand_off"

// handOver is the next call of a message that goes to a person: of a complaint about money first the one that shows what
// the data says, and then the handover, whatever it says. ok is false when both are done.
func (p *Planner) handOver(current turn, frame Frame, after int, definitions []llms.Tool) (*llms.ContentChoice, bool) {
	made := func(c call) bool { return c.done && c.tool == handOff }
	if slices.ContainsFunc(current.calls, made) {
		return nil, false
	}
	next := action{tool: handOff, args: map[string]any{"category": frame.Category, "summary": clipped(current.text)}}
	if !slices.ContainsFunc(current.calls, func(c call) bool { return c.done }) && frame.Category == "finance" {
		if read, ok := p.trained().evidence(current.text, p.now()); ok && offered(definitions)[read.tool] {
			next = read
		}
	}
	return p.do(next, frame, after, definitions), true
}

// clipped is a message as the summary of a ticket.
func clipped(text string) string {
	text = strings.TrimSpace(text)
	if r := []rune(text); len(r) > 2000 {
		return string(r[:2000])
	}
	return text
}

var (
	tradeNamed = regexp.MustCompile(`(?i)\btrades?\s*(?:id|no\.?|number|nr\.?)?\s*[:#]?\s*([A-Za-z]*-?\d[\w-]{0,63})`)
	sharedPart = regexp.MustCompile(`(?i)\bshared|\bmy own trad|\bown trading`)
	taskPart   = regexp.MustCompile(`(?i)\btasks?\b|\bcampaign|\btier\b|\breward`)
	earnedPart = regexp.MustCompile(`(?i)comm?iss?ion|rebate|settle|payout|paid|\bpay|earning|income|reward|bonus|credited|money|owe|usdt|numbers?|due`)
	elsewhere  = regexp.MustCompile(`(?i)withdr|deposit|frozen|froze|\block|wallet|balance|refund|charged|deduct|took|fund`)
)

// evidence is the call that shows what the data says about a complaint about money; ok is false where there is none, as
// of the partner's own deposits.
func (u *understanding) evidence(text string, now time.Time) (action, bool) {
	if m := tradeNamed.FindStringSubmatch(text); m != nil {
		return action{tool: "trace_commission", args: map[string]any{"tradeId": m[1]}}, true
	}
	if elsewhere.MatchString(text) && !regexp.MustCompile(`(?i)comm?iss?ion|rebate|reward`).MatchString(text) || !earnedPart.MatchString(text) {
		return action{}, false
	}
	when := "last_7_days"
	for _, m := range period.Parse(text, now, u.zone) {
		if m.From.Before(now) {
			when = m.Arg
			break
		}
	}
	kind := "rebate"
	switch {
	case sharedPart.MatchString(text):
		kind = "shared"
	case taskPart.MatchString(text) && !regexp.MustCompile(`(?i)comm?iss?ion|rebate`).MatchString(text):
		kind = "task"
	}
	return action{tool: "list_rewards", args: map[string]any{"period": when, "kind": kind}}, true
}

// handed is what hand_off returns.
type handed struct {
	Already  bool      `json:"already"`
	Queue    string    `json:"queue"`
	BD       string    `json:"bd"`
	Reason   string    `json:"reason"`
	State    string    `json:"state"`
	OpensAt  time.Time `json:"opensAt"`
	DueAt    time.Time `json:"dueAt"`
	Support  string    `json:"supportUrl"`
	Category string    `json:"category"`
	Error    *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// renderHandoff says that a person was called, who and by when, or why not.
func (p *Planner) renderHandoff(result string) string {
	var h handed
	if json.Unmarshal([]byte(result), &h) != nil {
		return p.prompts.Answer("error.internal")
	}
	if h.Error != nil {
		return p.prompts.Answer("handoff.refused", "why", h.Error.Message)
	}
	const stamp = "2 Jan 15:04 MST"
	who := p.prompts.Answer("handoff.who")
	if h.BD != "" {
		who = h.BD
	}
	name := "handoff." + h.Queue
	switch {
	case h.Already && h.State != "open" && h.State != "reopened":
		name = "handoff.held"
	case h.Already:
		name = "handoff.already"
	case h.Reason == "closed":
		name = "handoff.closed"
	}
	out := []string{p.prompts.Answer(name, "who", who, "due", h.DueAt.In(p.zone).Format(stamp), "opens", h.OpensAt.In(p.zone).Format(stamp))}
	if h.Category == "account_security" && !h.Already {
		out = append([]string{p.prompts.Answer("handoff.security")}, out...)
	}
	if h.Support != "" {
		out = append(out, p.prompts.Answer("handoff.support", "link", h.Support))
	}
	return strings.Join(out, " ")
}
