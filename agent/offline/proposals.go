package offline

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
)

// proposes is what the names of the tools that propose begin with.
const proposes = "propose_"

const politely = `(?:\s+(?:please|it|that|this|now|thanks?|thank you|all|the (?:code|task|proposal|cancellation|reminder|nudge)))*`

var (
	saysYes = regexp.MustCompile(`(?i)^\W*(?:(?:yes|yep|yeah|yup|ok(?:ay)?|sure|fine|great|perfect|please)\W+)*(?:y|yes|yep|yeah|yup|ok(?:ay)?|sure|agreed?|confirm(?:ed)?|approved?|accept(?:ed)?|proceed|i (?:confirm|approve|agree|accept)|go(?: ahead| for it)?|do|submit|create|send|looks? (?:good|fine|right)|lgtm|all good|that'?s right|correct)` + politely + `\W*$`)
	saysNo  = regexp.MustCompile(`(?i)^\W*(?:(?:no|nope|ok|oh|actually|sorry)\W+)*(?:n|no|nope|nah|decline[d]?|reject(?:ed)?|refuse[d]?|cancel(?:led)?|discard|dismiss|withdraw|don'?t(?: do| create| send)?|do not(?: do| create| send)?|never ?mind|forget (?:it|that|about it)|stop|abort|drop|leave|not now)` + politely + `\W*$`)
)

// decides reports whether the message says yes or no to what was proposed and is open still: "yes", "no", or "". A person
// decides with the buttons: words are too easily meant otherwise, and a model could have put them there.
func decides(all []turn) string {
	text := all[len(all)-1].text
	if len(text) > 80 {
		return ""
	}
	var answer string
	switch {
	case saysYes.MatchString(text):
		answer = "yes"
	case saysNo.MatchString(text):
		answer = "no"
	default:
		return ""
	}
	for i := len(all) - 2; i >= 0; i-- {
		if proposal.SaidOutcome(all[i].said) {
			return ""
		}
		for _, c := range all[i].calls {
			switch {
			case strings.HasPrefix(c.tool, proposes) && c.done && !failed(c.result):
				return answer
			case c.tool == askUser: // a yes to another question
				return ""
			}
		}
	}
	return ""
}

// renderProposal says what would be done, and that it is not done yet.
func (p *Planner) renderProposal(result string) string {
	var r struct {
		Kind    proposal.Kind    `json:"kind"`
		Preview proposal.Preview `json:"preview"`
		Error   *domain.Error    `json:"error"`
	}
	if json.Unmarshal([]byte(result), &r) != nil || r.Error == nil && r.Preview.Title == "" {
		return p.prompts.Answer("error.internal")
	}
	if e := r.Error; e != nil {
		name := "error." + e.Field
		if e.Code == domain.CodeInternal || e.Code == domain.CodeUnavailable {
			name = "error." + string(e.Code)
		} else if e.Field == "" || !p.prompts.Has(name) {
			name = "error.proposal"
		}
		return p.prompts.Answer(name, "message", strings.TrimSuffix(e.Message, "."))
	}
	rows := map[string]string{}
	for _, row := range r.Preview.Rows {
		rows[row.Name] = row.Value
	}
	var out string
	switch r.Kind {
	case proposal.CreateCode:
		out = p.prompts.Answer("proposal.referral_code", "code", rows["code"], "spot", percentage(rows["spotRebateRate"]), "futures", percentage(rows["futuresRebateRate"]))
		if rows["default"] == "yes" {
			out += " " + p.prompts.Answer("proposal.default_code")
		}
	case proposal.ChangeCode:
		out = p.prompts.Answer("proposal.referral_code_change", "code", rows["code"], "changes", p.codeChanges(rows))
	default:
		out = p.prompts.Answer("proposal.any", "title", strings.TrimSuffix(lower(r.Preview.Title), "."))
	}
	if t := r.Preview.Targets; t != nil {
		name := "proposal.targets"
		if t.Count == 1 {
			name = "proposal.target"
		}
		out += " " + p.prompts.Answer(name, "count", decimal(strconv.Itoa(t.Count), 0))
	}
	if c := r.Preview.Cost; c != nil {
		out += " " + p.prompts.Answer("proposal.cost", "worst", usdt(c.WorstCase.String()), "before", usdt(c.Before.String()), "after", usdt(c.After.String()))
		if c.Missing > 0 {
			return out + " " + p.prompts.Answer("proposal.short", "missing", usdt(c.Missing.String()))
		}
	}
	return out + " " + p.prompts.Answer("proposal.confirm")
}

// codeChanges says what becomes of a code, by the rows of its preview.
func (p *Planner) codeChanges(rows map[string]string) string {
	var changes []string
	for _, product := range []string{"spot", "futures"} {
		if rate, ok := rows[product+"RebateRate"]; ok {
			changes = append(changes, p.prompts.Answer("proposal.change."+product, "rate", percentage(rate), "was", percentage(rows[product+"Was"])))
		}
	}
	if rows["default"] == "yes" {
		changes = append(changes, p.prompts.Answer("proposal.change.default"))
	}
	if note := rows["note"]; note != "" {
		changes = append(changes, p.prompts.Answer("proposal.change.note", "note", note))
	}
	return strings.Join(changes, "; ")
}

// percentage is a rate, a decimal fraction, in percent.
func percentage(rate string) string {
	r, err := domain.ParseRate(rate)
	if err != nil {
		return rate
	}
	return domain.Money(r*100).String() + " %"
}
