package offline

import (
	"strings"

	"github.com/tmc/langchaingo/llms"
)

// maxSuggestions is how many follow-ups an answer offers.
const maxSuggestions = 3

// Suggest proposes two or three follow-ups to the last answer of a conversation, whichever model gave it. Each is
// something that the planner understands in that place.
func (p *Planner) Suggest(messages []llms.MessageContent) []string {
	all := turns(messages)
	tool := "none"
	var last Frame
	if len(all) > 0 {
		for _, c := range all[len(all)-1].calls {
			if f, ok := frameOf(c.tool, c.args); ok && c.done && !failed(c.result) {
				tool, last = c.tool, f
			}
		}
	}
	var out []string
	for _, text := range p.prompts.Suggestions[tool] {
		if text, ok := p.fits(text, last, messages); ok {
			if out = append(out, text); len(out) == maxSuggestions {
				break
			}
		}
	}
	return out
}

// fits fills in a suggestion and says whether it would ask for anything new.
func (p *Planner) fits(text string, last Frame, messages []llms.MessageContent) (string, bool) {
	if strings.Contains(text, "{preceding}") {
		preceding := map[string]string{"today": "yesterday", "this_week": "last week", "this_month": "last month", "this_quarter": "last quarter", "this_year": "last year",
			"yesterday": "the day before", "last_week": "the week before", "last_month": "the month before"}[last.Period]
		if preceding == "" {
			preceding = "the period before"
		}
		text = strings.ReplaceAll(text, "{preceding}", preceding)
	}
	next := append(messages[:len(messages):len(messages)], llms.TextParts(llms.ChatMessageTypeHuman, text))
	frames := p.Understand(next)
	if len(frames) != 1 || !frames[0].Intent.data() || frames[0].Ask != "" {
		return "", false
	}
	f := frames[0]
	was, args := last.call()
	is, now := f.call()
	if was == is && same(args, now) {
		return "", false
	}
	// A product cannot be asked of figures that are not kept by product.
	if f.Product != last.Product && (!byProduct(f.Metrics) || last.Product != "") && f.Intent != Referee {
		return "", false
	}
	// What was cut or narrowed already would only be cut or narrowed otherwise.
	if f.Intent == last.Intent && (last.GroupBy != "" && f.GroupBy != last.GroupBy || last.Relation != "" && f.Relation != last.Relation) {
		return "", false
	}
	return text, true
}
