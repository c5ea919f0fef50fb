package tools

import (
	"context"
	"math"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/knowledge"
)

// Library is who answers from the rule library.
type Library interface {
	Ask(ctx context.Context, c domain.Caller, question string, audience []string, at time.Time) (knowledge.Answer, error)
	Articles(ctx context.Context, f knowledge.ArticleFilter) ([]knowledge.Stored, error)
}

type rulesArgs struct {
	Query string `json:"query" min:"1" max:"2000" jsonschema:"the question, in the partner's own words"`
}

type rulesResult struct {
	Query    string          `json:"query"`
	Answered bool            `json:"answered"` // false: the library holds no evidence; say that you do not know
	Answer   []rulesSentence `json:"answer"`
	Rows     []rulesSection  `json:"rows"`
	Total    int             `json:"total"`
	Version  int             `json:"version"` // of the library
	Locale   string          `json:"locale,omitempty"`
	Note     string          `json:"note,omitempty"`
}

// rulesSentence is quoted from the section whose key it names.
type rulesSentence struct {
	Text string `json:"text"`
	Key  string `json:"key"`
}

type rulesSection struct {
	Key     string  `json:"key"` // slug#anchor
	Title   string  `json:"title"`
	Section string  `json:"section"`
	Text    string  `json:"text"`
	Locale  string  `json:"locale"`
	Version int     `json:"version"` // of the library that brought this text
	Link    string  `json:"link,omitempty"`
	Score   float64 `json:"score"` // three decimals: the database sums in any order, and the last digits with it
}

// audiences that a partner reads for. What is meant for beginners or sub-partners is no secret, only less fitting.
var audiences = knowledge.Audiences

// SearchRules answers questions about rules from the library, with citations.
func SearchRules(d Deps) Tool {
	return Define("search_rules",
		"Answers a question about the program's rules and tools (settlement, rebates, referral relations, VIP limits, KYC, Crypto Gift, Telegram bot, inviting, codes, Task Center, programs) from the rule library, with the sections to cite. When answered is false, say that the library does not say.",
		func(ctx context.Context, c domain.Caller, in rulesArgs) (out rulesResult, err error) {
			in.Query = strings.TrimSpace(in.Query)
			if in.Query == "" {
				return out, domain.Invalid("query", "is empty")
			}
			a, err := d.Library.Ask(ctx, c, in.Query, audiences, d.Now().In(d.Zone))
			if err != nil {
				return out, err
			}
			out = rulesResult{Query: in.Query, Answered: a.Answered, Answer: []rulesSentence{}, Rows: []rulesSection{}, Version: a.Version}
			if !a.Answered {
				return out, nil
			}
			if out.Locale = a.Locale; a.OtherTongue {
				out.Note = "The library has nothing on this in the language of the question; this is English."
			}
			for _, h := range a.Evidence {
				out.Rows = append(out.Rows, rulesSection{Key: h.Key(h.Article.Slug), Title: h.Article.Title, Section: h.Heading, Text: h.Text,
					Locale: h.Article.Locale, Version: h.Since, Link: h.Article.Link, Score: math.Round(h.Score*1000) / 1000})
			}
			for _, s := range a.Sentences {
				out.Answer = append(out.Answer, rulesSentence{Text: s.Text, Key: out.Rows[s.From].Key})
			}
			out.Total = len(out.Rows)
			return out, nil
		})
}
