package offline

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent/offline/classify"
	"partnerhub/agent/offline/trigger"
	"partnerhub/domain/handoff"
	"partnerhub/prompts"
)

// handoffSure is how sure it must be that a person is called for. At 0.3 as many calls are found, and a tenth of the questions about
// rules in eval/retrieval call a person, too.
const handoffSure = 0.4

// How sure it must be though it is like a question about rules, and though it asks for a figure, if the first reading is so sure of that.
const (
	handoffClear   = 0.5
	handoffClearer = 0.7
	figureClear    = 0.9
)

// troubleSharpness is what classify.Train found for these examples; to find it anew at each start would take four times as long.
const troubleSharpness = 1.15

// noTrouble is the label of what calls nobody.
const noTrouble = "none"

// triggerOf compiles the signs by which messages are handed to a person.
func triggerOf(p *prompts.Prompts) (*trigger.Rules, error) {
	lines := make([]trigger.Line, len(p.Handoff))
	for i, l := range p.Handoff {
		lines[i] = trigger.Line(l)
	}
	return trigger.Compile(lines)
}

// trouble tells what calls a person, by two readings that fail on different messages: one of the words, the other of the signs in them.
// How sure each is counts the same.
type trouble struct{ words, signs *classify.Model }

// learnTrouble learns what calls a person, from the complaints, and from what is asked otherwise.
func (u *understanding) learnTrouble(p *prompts.Prompts, asked []string) {
	var words, signs []classify.Example
	add := func(text, label string) {
		w, s := u.views(text, u.words.tokens(text))
		words, signs = append(words, classify.Example{Text: w, Label: label}), append(signs, classify.Example{Text: s, Label: label})
	}
	for _, e := range p.Examples {
		if Intent(e.Intent) != Handoff {
			add(e.Text, noTrouble)
		}
	}
	for _, q := range p.RuleQuestions {
		add(q.Text, noTrouble)
	}
	for _, q := range asked { // "what happens to a gift that nobody claims" is about money, and no complaint
		if strings.HasSuffix(q, "?") {
			add(q, noTrouble)
		}
	}
	for _, c := range p.Complaints {
		add(c.Text, c.Section)
	}
	var training sync.WaitGroup
	training.Go(func() { u.trouble.words = classify.Fit(words, troubleSharpness) })
	training.Go(func() { u.trouble.signs = classify.Fit(signs, troubleSharpness) })
	training.Wait()
}

// views are a message as the two readings see it: as it is, and in the classes of its words with the signs behind.
func (u *understanding) views(text string, toks []token) (words, signs string) {
	var sentences [][]string
	for i, t := range toks {
		if i == 0 || t.sentence {
			sentences = append(sentences, nil)
		}
		sentences[len(sentences)-1] = append(sentences[len(sentences)-1], t.text)
	}
	words, signs = text, strings.Join(u.trigger.Marks(sentences), " ")
	if strings.Contains(text, "?") { // which is no word
		words, signs = words+" zquestion", signs+" zquestion"
	}
	return words, signs
}

// handoff is the kind of trouble by which a message is handed to a person, "" for none, and how sure it is that one is called for.
func (u *understanding) handoff(text string, toks []token) (category string, sure float64) {
	words, signs := u.views(text, toks)
	by, most := map[string]float64{}, 0.0
	for _, s := range slices.Concat(u.trouble.words.Rank(words), u.trouble.signs.Rank(signs)) {
		if s.Label == noTrouble {
			continue
		}
		sure += s.Confidence / 2
		if by[s.Label] += s.Confidence; by[s.Label] > most {
			category, most = s.Label, by[s.Label]
		}
	}
	if sure < handoffSure {
		return "", sure
	}
	return category, sure
}

// harmless reports whether what sounds like trouble, less than clearly, is a question about rules ("tax office and my commission"), nothing but the name of
// a figure ("my commission since the 1st"), or beyond doubt a question for one.
func (u *understanding) harmless(s *said, sure float64) bool {
	if sure < handoffClear && u.likeRule(s) >= ruleOverTrouble {
		return true
	}
	if sure >= handoffClearer {
		return false
	}
	first := u.model.Rank(s.masked())
	return s.strong() && (s.bare() || len(first) > 0 && first[0].Confidence >= figureClear && slices.Contains([]Intent{Metrics, Compare, Leaderboard}, Intent(first[0].Label)))
}

// handOff is the tool by which a conversation goes to a person.
const handOff = "hand_off"

// handOver is the next call of a message that goes to a person: of a complaint about money first those that show what the
// data says, and then the handover, whatever it says. ok is false when all are done.
func (p *Planner) handOver(all []turn, frame Frame, after int, definitions []llms.Tool) (*llms.ContentChoice, bool) {
	current := all[len(all)-1]
	if _, made := current.result(handOff); made {
		return nil, false
	}
	if frame.Category == string(handoff.Finance) {
		if read, ok := p.trained().evidence(current, p.now()); ok && offered(definitions)[read.tool] {
			return p.do(read, frame, after, definitions), true
		}
	}
	next := action{tool: handOff, args: map[string]any{"category": frame.Category, "summary": p.summary(all, frame)}}
	return p.do(next, frame, after, definitions), true
}

// result is what a tool returned in this turn; ok is false when it was not called, or has not returned.
func (t turn) result(tool string) (result string, ok bool) {
	for _, c := range t.calls {
		if c.tool == tool && c.done {
			return c.result, true
		}
	}
	return "", false
}

// offerTaken reports what the message says to the offer of a person that the turn before ended with: "yes", "no", or "" where it
// says something else, or none was offered.
func (p *Planner) offerTaken(all []turn) string {
	n := len(all)
	if n < 2 {
		return ""
	}
	offered := slices.ContainsFunc(all[n-2].calls, func(c call) bool {
		var asked struct{ Question string }
		return c.tool == askUser && json.Unmarshal([]byte(c.args), &asked) == nil && asked.Question == p.prompts.Answer("handoff.offer")
	})
	options := p.prompts.Options("handoff.offer")
	if !offered || len(options) < 2 {
		return ""
	}
	text := focus{options: options}.picked(all[n-1].text)
	switch {
	case strings.EqualFold(text, options[0]), saysYes.MatchString(text):
		return "yes"
	case strings.EqualFold(text, options[1]), saysNo.MatchString(text):
		return "no"
	}
	return ""
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
