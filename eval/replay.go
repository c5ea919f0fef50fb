package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"partnerhub/domain"
	"partnerhub/domain/feedback"
	"partnerhub/tools"
)

// Replay returns the tools with the case's recorded results in the place of their own: what is tested is what the planner, or a model,
// makes of them. A call that was not recorded is answered by the tool itself, as far as its data goes.
func (k Case) Replay(all []tools.Tool) []tools.Tool {
	if len(k.Recorded) == 0 {
		return all
	}
	recorded := map[string]json.RawMessage{}
	for _, c := range k.Recorded {
		recorded[c.Tool+" "+canonical(c.Args)] = c.Result
	}
	out := make([]tools.Tool, len(all))
	for i, t := range all {
		out[i] = t
		if t.Effect == tools.Asks {
			continue
		}
		out[i].Run = func(ctx context.Context, c domain.Caller, args json.RawMessage) (json.RawMessage, error) {
			result, ok := recorded[t.Name+" "+canonical(args)]
			if !ok {
				return t.Run(ctx, c, args)
			}
			var failed struct{ Error *domain.Error }
			if json.Unmarshal(result, &failed) == nil && failed.Error != nil {
				return nil, failed.Error
			}
			return result, nil
		}
	}
	return out
}

// CaseName is the name of the case that is made of a review.
func CaseName(review string) string { return "review-" + review }

// File makes a case file of a 👎: the dialog up to it, with the results that its tools gave. The last turn must not come to the same again, or,
// when expect is not "", must come to what its lines say. The error is CodeInvalid on "expect".
func File(r feedback.Review, expect string) (name string, body []byte, err error) {
	name = CaseName(r.ID)
	s := r.Snapshot
	var b strings.Builder
	fmt.Fprintf(&b, "Made of a thumb down on %s. Reasons: %s. The partner says: %s\n\n", r.CreatedAt.UTC().Format("2006-01-02"), orNothing(strings.Join(r.Reasons, ", ")), orNothing(oneLine(r.Text)))
	fmt.Fprintf(&b, "-- dialog --\nas %d\nnow %s\n", r.UID, s.At.UTC().Format("2006-01-02T15:04:05Z07:00"))
	recorded := []feedback.Call{}
	for _, t := range s.History {
		if q := oneLine(t.Question); q != "" {
			fmt.Fprintf(&b, "> %s\nany\n", q)
			recorded = append(recorded, t.Calls...)
		}
	}
	recorded = append(recorded, s.Calls...)
	fmt.Fprintf(&b, "> %s\nany\n", oneLine(s.Question))
	if strings.TrimSpace(expect) == "" {
		b.WriteString("unlike\n")
	}
	for line := range strings.SplitSeq(expect, "\n") {
		line = strings.TrimSpace(line)
		if word, _, _ := strings.Cut(line, " "); line == "" || word == ">" || word == "as" || word == "now" || strings.HasPrefix(line, "--") {
			if line == "" {
				continue
			}
			return "", nil, domain.Invalid("expect", "%q: want lines about the last answer, such as: call query_metrics period=today ...", line)
		}
		b.WriteString(line + "\n")
	}
	fmt.Fprintf(&b, "-- dialog%s --\n", recordedSection)
	seen := map[string]bool{}
	for _, c := range recorded {
		key := c.Tool + " " + canonical(c.Args)
		if c.Tool == tools.AskUserName || seen[key] || string(c.Result) == `{"omitted":true}` {
			continue
		}
		seen[key] = true
		line, err := json.Marshal(c)
		if err != nil {
			return "", nil, err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	was := Was{Calls: []feedback.Call{}, Text: s.Answer}
	for _, c := range s.Calls {
		if c.Tool != tools.AskUserName {
			was.Calls = append(was.Calls, feedback.Call{Tool: c.Tool, Args: c.Args})
		}
	}
	line, err := json.Marshal(was)
	if err != nil {
		return "", nil, err
	}
	fmt.Fprintf(&b, "-- dialog%s --\n%s\n", wasSection, line)
	body = []byte(b.String())
	if _, err := Parse(name, body); err != nil {
		return "", nil, domain.Invalid("expect", "%v", err)
	}
	return name, body, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func orNothing(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
