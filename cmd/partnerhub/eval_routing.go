package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/agent"
)

// evalRoutingCmd is `partnerhub eval routing`: the questions are asked in the chat, each in a conversation of its own, over the demo
// program that `eval run` plays on.
type evalRoutingCmd struct {
	File string `arg:"" placeholder:"FILE" help:"Lines of \"label: question\", as eval/routing has them: the slugs of the articles that answer, figures, or person."`
	JSON bool   `name:"json" help:"Print each question and then the figures, one JSON object a line."`
}

// Where a question can be taken to. What is none of them is "nowhere": asked back, out of scope, something proposed.
const (
	toRules   = "rules"
	toFigures = "figures"
	toPerson  = "person"
	toNowhere = "nowhere"
)

// routed is where a question went.
type routed struct {
	Text  string   `json:"text"`
	Want  string   `json:"want"`
	Got   string   `json:"got"`
	Calls []string `json:"calls"`
	Right bool     `json:"right"`           // it went where it must
	Found *bool    `json:"found,omitempty"` // of a question about rules: an article that answers is among the first three
}

// routingFigures count questions.
type routingFigures struct {
	Right  int            `json:"right"`
	Total  int            `json:"total"`
	Kinds  map[string]int `json:"rightByKind"`
	Totals map[string]int `json:"totalByKind"`
	Found  int            `json:"found"` // questions about rules that were taken to the library and have their article among the first three
}

func (cmd *evalRoutingCmd) Run(ctx ctxArg, a *app) error {
	questions, err := readLabelled(cmd.File)
	if err != nil {
		return err
	}
	return a.scratch(ctx, func(pool *pgxpool.Pool) error {
		p, _, err := a.player(ctx, pool)
		if err != nil {
			return err
		}
		figures := routingFigures{Kinds: map[string]int{}, Totals: map[string]int{}}
		for _, q := range questions {
			answer, _, err := p.Agent.AskTurn(ctx, p.Partner, "", q.text)
			if err != nil {
				return fmt.Errorf("%q: %w", q.text, err)
			}
			r := route(q, answer)
			figures.add(r)
			switch {
			case cmd.JSON:
				err = a.print(r)
			case !r.Right, r.Found != nil && !*r.Found:
				_, err = fmt.Fprintf(a.stdout, "want %s, got %s %v: %s\n", r.Want, r.Got, r.Calls, r.Text)
			}
			if err != nil {
				return err
			}
		}
		if cmd.JSON {
			return a.print(figures)
		}
		for _, kind := range []string{toRules, toFigures, toPerson} {
			fmt.Fprintf(a.stdout, "%-8s %4d of %4d\n", kind, figures.Kinds[kind], figures.Totals[kind])
		}
		_, err = fmt.Fprintf(a.stdout, "routing: %d of %d right, %.3f; the right article among the first three for %d of %d questions about rules\n", figures.Right, figures.Total,
			share(float64(figures.Right), float64(figures.Total)), figures.Found, figures.Totals[toRules])
		return err
	})
}

func (f *routingFigures) add(r routed) {
	kind := kindOf(r.Want)
	f.Total++
	f.Totals[kind]++
	if r.Right {
		f.Right++
		f.Kinds[kind]++
	}
	if r.Found != nil && *r.Found {
		f.Found++
	}
}

func kindOf(want string) string {
	if want == toFigures || want == toPerson {
		return want
	}
	return toRules
}

// route tells where an answer took its question.
func route(q labelled, answer agent.BatchAnswer) routed {
	r := routed{Text: q.text, Want: q.want, Got: toNowhere, Calls: []string{}}
	var rules json.RawMessage
	for _, c := range answer.Calls {
		r.Calls = append(r.Calls, c.Name)
		switch {
		case c.Name == "hand_off": // also when a ticket of an earlier question is open, which it joins
			r.Got = toPerson
		case r.Got == toPerson:
		case c.Name == "search_rules":
			rules, r.Got = c.Result, toRules
		case r.Got == toNowhere && !strings.HasPrefix(c.Name, "propose_"):
			r.Got = toFigures
		}
	}
	r.Right = r.Got == kindOf(q.want)
	if r.Right && r.Got == toRules {
		found := finds(rules, strings.Split(q.want, ","))
		r.Found = &found
	}
	return r
}

// finds reports whether one of the articles is among the first three sections that search_rules returned.
func finds(result json.RawMessage, slugs []string) bool {
	var found struct{ Rows []struct{ Key string } }
	if json.Unmarshal(result, &found) != nil {
		return false
	}
	return slices.ContainsFunc(found.Rows[:min(3, len(found.Rows))], func(row struct{ Key string }) bool {
		slug, _, _ := strings.Cut(row.Key, "#")
		return slices.Contains(slugs, slug)
	})
}
