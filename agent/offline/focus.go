package offline

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/domain"
)

// focus is what the conversation is about: the last question about data that was answered, and its result.
type focus struct {
	frame *Frame
	// earlier is the question about data before that one, which "compare both" is about too.
	earlier *Frame
	rows    []string // keys of the last result's rows
	next    string   // the cursor behind them
	asked   string   // the message that was answered by asking back, when that was the last turn
	// options are those that were asked back with.
	options []string
	rule    string // the question about rules that was answered, when that was the last turn
}

// uid is the referee that "that user" or "the first one" points at, 0 when there is none.
func (f focus) uid(s *said) int64 {
	if f.frame == nil {
		return 0
	}
	byReferee := f.frame.Intent == Referees || f.frame.Intent == Activity || f.frame.Intent == RootCause || f.frame.Intent == Anomalies || f.frame.Intent == Referee || f.frame.Intent == Leaderboard && f.frame.By == "referee" || f.frame.GroupBy == "referee"
	n := max(s.nth, 1)
	switch {
	case s.nth == 0 && f.frame.UID != 0:
		return f.frame.UID
	case !byReferee || n > len(f.rows) || s.nth == 0 && !s.pronoun:
		return 0
	}
	uid, err := strconv.ParseInt(f.rows[n-1], 10, 64)
	if err != nil {
		return 0
	}
	return uid
}

// picked is the option that a message points at by its place ("2", "the first one", "option 3"), else the message itself.
func (f focus) picked(text string) string {
	toks := split(text)
	if len(f.options) == 0 || len(toks) == 0 || len(toks) > 4 {
		return text
	}
	s := said{toks: toks}
	s.references()
	n := s.nth
	if last := toks[len(toks)-1]; n == 0 && last.number > 0 && (len(toks) == 1 || s.has("option", "number", "choice")) {
		n = int(min(last.number, 1000))
	}
	if s.has("last") && len(toks) <= 3 {
		n = len(f.options)
	}
	if n < 1 || n > len(f.options) {
		return text
	}
	return f.options[n-1]
}

// turn is a message and what was called for it.
type turn struct {
	text  string
	calls []call
	said  string // by the assistant, and what was noted behind its answer
}

type call struct {
	id, tool, args string
	result         string
	done           bool
}

// turns reads the conversation: the last one is the turn to answer.
func turns(messages []llms.MessageContent) []turn {
	var out []turn
	for _, m := range messages {
		if m.Role == llms.ChatMessageTypeHuman {
			out = append(out, turn{})
		}
		for _, part := range m.Parts {
			switch p := part.(type) {
			case llms.TextContent:
				if m.Role == llms.ChatMessageTypeHuman {
					t := &out[len(out)-1]
					t.text = strings.TrimPrefix(t.text+"\n"+p.Text, "\n")
				} else if len(out) > 0 && m.Role == llms.ChatMessageTypeAI {
					out[len(out)-1].said += p.Text + "\n"
				}
			case llms.ToolCall:
				if len(out) > 0 && p.FunctionCall != nil {
					t := &out[len(out)-1]
					t.calls = append(t.calls, call{id: p.ID, tool: p.FunctionCall.Name, args: p.FunctionCall.Arguments})
				}
			case llms.ToolCallResponse:
				for i := range out {
					for k := range out[i].calls {
						if c := &out[i].calls[k]; c.id == p.ToolCallID && !c.done {
							c.result, c.done = p.Content, true
						}
					}
				}
			}
		}
	}
	return out
}

// focusOf recovers the focus from the turns before the one to answer.
func focusOf(turns []turn) focus {
	var f focus
	if n := len(turns); n > 0 {
		if i := slices.IndexFunc(turns[n-1].calls, func(c call) bool { return c.tool == askUser }); i >= 0 {
			var asked struct{ Options []string }
			_ = json.Unmarshal([]byte(turns[n-1].calls[i].args), &asked) // a model's own, perhaps: without options then
			f.asked, f.options = turns[n-1].text, asked.Options
		}
	}
	if n := len(turns); n > 0 {
		for _, c := range turns[n-1].calls {
			var about struct{ Query string }
			if c.tool == toolOf[Rules] && json.Unmarshal([]byte(c.args), &about) == nil {
				f.rule = about.Query
			}
		}
	}
	for i := len(turns) - 1; i >= 0; i-- {
		for k := len(turns[i].calls) - 1; k >= 0; k-- {
			c := turns[i].calls[k]
			frame, ok := frameOf(c.tool, c.args)
			if !ok || !frame.Intent.data() || failed(c.result) {
				continue
			}
			if f.frame != nil {
				f.earlier = &frame
				return f
			}
			f.frame = &frame
			var r struct {
				Rows []struct {
					Key     string `json:"key"`
					Subject struct {
						UID int64 `json:"uid"`
					} `json:"subject"` // of an alert
				} `json:"rows"`
				NextCursor string `json:"nextCursor"`
			}
			if json.Unmarshal([]byte(c.result), &r) == nil {
				f.next = r.NextCursor
				for _, row := range r.Rows {
					if row.Subject.UID != 0 {
						row.Key = strconv.FormatInt(row.Subject.UID, 10)
					}
					f.rows = append(f.rows, row.Key)
				}
			}
		}
	}
	return f
}

// both answers "compare both" and "both by day", about the last two figures asked for: they are set against each other where
// they are of two periods, and put side by side where they are of one. Nil where it is about something else.
func (u *understanding) both(s *said, f focus, now time.Time) []Frame {
	two := s.sequence("the", "two") || s.sequence("those", "two") || s.sequence("these", "two") // "those two months" is no period
	if f.frame == nil || f.earlier == nil || len(s.toks) > 8 || len(s.metrics) > 0 || len(s.periods) > 0 && !(two && len(s.periods) == 1) {
		return nil
	}
	if !s.has("both") && !two && !s.sequence("compare", "them") && !s.sequence("side", "by", "side") && !s.sequence("each", "other") {
		return nil
	}
	last, first := *f.frame, *f.earlier
	if last.Intent != Metrics || first.Intent != Metrics || !same(filterArguments(last), filterArguments(first)) {
		return nil
	}
	alike := slices.Equal(last.Metrics, first.Metrics)
	switch {
	case !alike && last.Period == first.Period:
		last.Metrics = append(slices.Clone(first.Metrics), last.Metrics...)
		return []Frame{u.usual(u.name(last, s))}
	case !alike || last.Period == first.Period:
		return nil
	case s.compare || s.sequence("side", "by", "side") || s.sequence("each", "other"):
		if u.begins(last.Period, now).Before(u.begins(first.Period, now)) {
			last.Period, first.Period = first.Period, last.Period
		}
		last.Intent, last.CompareTo = Compare, first.Period
		if u.precedes(last.CompareTo, last.Period, now) {
			last.CompareTo = ""
		}
		return []Frame{u.name(last, s)}
	}
	return []Frame{u.usual(u.name(first, s)), u.usual(u.name(last, s))}
}

// filterArguments are a frame's filters alone.
func filterArguments(f Frame) arguments {
	_, args := Frame{Intent: Metrics, Product: f.Product, Relation: f.Relation, UID: f.UID, SubPartnerUID: f.SubPartnerUID, Country: f.Country, Code: f.Code}.call()
	return args
}

// failed reports whether a call came to nothing. One that found nobody is still what the conversation is about.
func failed(result string) bool {
	var r struct {
		Error *struct{ Code domain.Code } `json:"error"`
	}
	return json.Unmarshal([]byte(result), &r) == nil && r.Error != nil && r.Error.Code != domain.CodeNotFound
}

// refine changes of the question before only what the follow-up names.
func (u *understanding) refine(s *said, f focus, now time.Time) Frame {
	frame := *f.frame
	frame.Cursor = ""
	metrics := s.metricNames()
	if s.more && f.next != "" && s.limit == 0 {
		frame.Cursor = f.next
		return frame
	}
	switch frame.Intent {
	case Trace, Rewards, Codes:
		return u.refineRecords(frame, s, f)
	}
	if s.nth > 0 || len(s.uid) > 0 && (frame.Intent == Referee || frame.Intent == Leaderboard || frame.Intent == Referees || frame.Intent == Anomalies) {
		one := Frame{Intent: Referee, UID: f.uid(s), Period: or(periodOf(s), "last_30_days")}
		if len(s.uid) > 0 {
			one.UID = s.uid[0]
		}
		if frame.Intent == Referee || s.nth > 0 && (frame.Intent == Leaderboard || frame.Intent == Metrics) { // of the period in which they ranked
			one.Period = or(periodOf(s), or(frame.Period, "last_30_days"))
		}
		return one
	}
	for _, all := range s.all {
		switch all {
		case "product":
			frame.Product = ""
		case "relation":
			frame.Relation = ""
		case "filter":
			frame.setFilters(Frame{})
		}
	}
	switch frame.Intent {
	case RootCause, Review, Anomalies:
		return u.refineAnalysis(frame, s, now)
	case Referee:
		if len(metrics) > 0 { // "and their deposits?"
			frame = Frame{Intent: Metrics, Metrics: metrics, UID: frame.UID, Period: frame.Period}
		}
		frame.Period = or(periodOf(s), frame.Period)
		if frame.Intent == Metrics {
			frame = u.name(frame, s)
		}
		return frame
	case Referees:
		return u.refineList(frame, s)
	case Activity:
		frame = u.name(frame, s)
		frame.GroupBy, frame.UID, frame.SubPartnerUID, frame.Country, frame.Code, frame.Limit = "", 0, 0, "", "", 0
		frame.Period = or(periodOf(s), frame.Period)
	case Leaderboard:
		frame = u.name(frame, s)
		frame.GroupBy = ""
		for _, g := range values(s.groups) {
			if g == "country" || g == "code" || g == "sub_partner" || g == "referee" {
				frame.By = g
			}
		}
		frame.UID = 0
		if len(metrics) > 0 {
			frame.Metrics = metrics[:1]
		}
		frame.Period = or(periodOf(s), frame.Period)
		frame = frame.narrowed(s)
	case Compare:
		frame = u.name(frame, s)
		if len(metrics) > 0 {
			frame.Metrics = metrics
		}
		if s.compare || s.before {
			u.setComparison(&frame, s, *f.frame, now)
		} else if p := periodOf(s); p != "" {
			frame.Period, frame.CompareTo = p, ""
		}
	case Metrics:
		grouped := frame.GroupBy
		frame = u.name(frame, s)
		if len(metrics) > 0 {
			frame.Metrics = metrics
			if s.has("also", "add", "plus", "too") {
				frame.Metrics = slices.Compact(append(slices.Clone(f.frame.Metrics), metrics...))
			}
		}
		frame.Period = or(periodOf(s), frame.Period)
		if s.limit > 0 && grouped == "" && len(frame.Metrics) > 0 { // "show 20": of whom, but the referees
			frame.Intent, frame.By, frame.Metrics = Leaderboard, "referee", frame.Metrics[:1]
		}
	}
	if len(metrics) > 0 && len(s.products) == 0 && !byProduct(frame.Metrics) {
		frame.Product = ""
	}
	return frame
}

func (u *understanding) refineList(frame Frame, s *said) Frame {
	frame = u.name(frame, s)
	frame.GroupBy, frame.Product, frame.UID = "", "", 0
	frame.KYC, frame.Activity = or(s.kyc, frame.KYC), or(s.activity, frame.Activity)
	frame.Sort, frame.Order = or(s.sort, frame.Sort), or(s.order, frame.Order)
	if s.deposited != nil {
		frame.Deposited = s.deposited
	}
	if s.traded != nil {
		frame.Traded = s.traded
	}
	frame.VIPMin = or(s.vip, frame.VIPMin)
	if p := periodOf(s); p != "" {
		if frame.Registered != "" {
			frame.Registered = p
		} else {
			frame.Period = p
		}
	}
	return frame
}

func or[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}
