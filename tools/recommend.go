package tools

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/knowledge"
)

// resourceKind is a kind of article that is recommended.
type resourceKind string

// Enum is for the schema.
func (resourceKind) Enum() []string { return []string{"event", "material", "learning", "announcement"} }

type recommendArgs struct {
	Kind resourceKind `json:"kind"`
	Goal string       `json:"goal,omitempty" max:"200" jsonschema:"what it should help with, in the partner's words: acquire new users, futures, beginners …"`
}

type recommendResult struct {
	Kind  resourceKind `json:"kind"`
	Goal  string       `json:"goal,omitempty"`
	AsOf  string       `json:"asOf"`
	Needs []need       `json:"needs"` // what this partner's numbers of the last 30 days ask for, the most pressing first
	// Countries are those of most of the volume of that time.
	Countries []string      `json:"countries"`
	Rows      []resourceRow `json:"rows"`
	Total     int           `json:"total"` // that could be recommended
}

type resourceRow struct {
	Key       string        `json:"key"` // slug
	Title     string        `json:"title"`
	Summary   string        `json:"summary"`
	Reason    string        `json:"reason"`
	Access    string        `json:"access,omitempty"`
	Starts    knowledge.Day `json:"starts,omitempty"`
	Ends      knowledge.Day `json:"ends,omitempty"`
	Published knowledge.Day `json:"published,omitempty"`
	Link      string        `json:"link,omitempty"`
	JoinLink  string        `json:"joinLink,omitempty"`
	ShareLink string        `json:"shareLink,omitempty"`
	Version   int           `json:"version"`
}

// need is a goal that the numbers ask for, with how much, 0 to 1, and why.
type need struct {
	Goal   knowledge.Goal `json:"goal"`
	Weight float64        `json:"weight"`
	Why    string         `json:"why"`
}

const maxRecommended = 5

// Recommend ranks events, materials, learning and announcements by what helps this partner.
func Recommend(d Deps) Tool {
	return Define("recommend",
		"Recommends events to promote, promotional materials, learning resources or announcements, ranked by what this partner's numbers need and by the goal, each with its reason and links.",
		func(ctx context.Context, c domain.Caller, in recommendArgs) (out recommendResult, err error) {
			now := d.Now().In(d.Zone)
			out = recommendResult{Kind: in.Kind, Goal: strings.TrimSpace(in.Goal), AsOf: now.UTC().Format(time.RFC3339), Needs: []need{}, Rows: []resourceRow{}}
			if out.Needs, err = d.needs(ctx, c, now); err != nil {
				return out, err
			}
			if out.Countries, err = d.countries(ctx, c, now); err != nil {
				return out, err
			}
			articles, err := d.Library.Articles(ctx, knowledge.ArticleFilter{Kind: knowledge.Kind(in.Kind), Locale: "en", On: now})
			if err != nil {
				return out, err
			}
			ranked := rankResources(articles, out.Needs, out.Countries, knowledge.GoalsOf(out.Goal), now)
			out.Total = len(ranked)
			out.Rows = append(out.Rows, ranked[:min(len(ranked), maxRecommended)]...)
			return out, nil
		})
}

// rankResources orders what is open: what the partner asked for first, then what the numbers need, then the newest.
func rankResources(articles []knowledge.Stored, needs []need, countries []string, asked []knowledge.Goal, now time.Time) []resourceRow {
	today := knowledge.Day(now.Format(time.DateOnly))
	type scored struct {
		resourceRow
		score float64
		from  knowledge.Day
	}
	var all []scored
	for _, a := range articles {
		if a.Ends != "" && a.Ends <= today {
			continue
		}
		s := scored{from: cmp.Or(a.Starts, a.From)}
		var why []string
		for _, g := range asked {
			if slices.Contains(a.Goals, g) {
				s.score += 3
				why = append(why, "it is made for "+knowledge.GoalWords(g))
			}
		}
		for _, n := range needs {
			if slices.Contains(a.Goals, n.Goal) {
				s.score += n.Weight
				if len(why) < 2 {
					why = append(why, n.Why)
				}
			}
		}
		if len(a.Countries) > 0 {
			if i := slices.IndexFunc(a.Countries, func(c string) bool { return slices.Contains(countries, c) }); i >= 0 {
				s.score += 0.5
				why = append(why, "many of your users are in "+a.Countries[i])
			} else {
				s.score -= 1
				why = append(why, "it is for users in "+strings.Join(a.Countries, ", "))
			}
		}
		switch {
		case a.Starts > today:
			s.score -= 0.75
			why = append(why, "it starts on "+string(a.Starts))
		case a.Ends != "":
			if ends, ok := a.Ends.Time(now.Location()); ok && ends.Sub(now) < 14*24*time.Hour {
				s.score += 0.25
				why = append(why, "it ends soon")
			}
		}
		if a.Kind == knowledge.Announcement { // news are read for being new
			if from, ok := a.From.Time(now.Location()); ok {
				s.score += max(0, 2-now.Sub(from).Hours()/24/30)
			}
			if len(why) == 0 {
				why = append(why, "it is among the latest")
			}
		}
		if len(why) == 0 {
			why = append(why, "it is open to all of your users")
		}
		s.resourceRow = resourceRow{Key: a.Slug, Title: a.Title, Summary: knowledge.Summary(a.Article), Reason: sentence(strings.Join(why, "; ")), Access: a.Access,
			Starts: a.Starts, Ends: a.Ends, Link: a.Link, JoinLink: a.JoinLink, ShareLink: a.ShareLink, Version: a.Since}
		if a.Kind != knowledge.Event {
			s.Published = a.From
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.from, a.from), cmp.Compare(a.Key, b.Key))
	})
	rows := make([]resourceRow, len(all))
	for i, s := range all {
		rows[i] = s.resourceRow
	}
	return rows
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

// countries are the three with the most volume of the last 30 days.
func (d Deps) countries(ctx context.Context, c domain.Caller, now time.Time) ([]string, error) {
	p, err := domain.ParsePeriod("last_30_days", now, d.Zone)
	if err != nil {
		return nil, err
	}
	res, err := d.Metrics.Metrics(ctx, c, referral.Query{Metrics: []string{"volume"}, Period: p, GroupBy: referral.ByCountry, Limit: 3}, now)
	out := []string{}
	for _, r := range res.Rows {
		if r.Values[0] > 0 {
			out = append(out, r.Key)
		}
	}
	return out, err
}

// needs reads out of the last 30 days what would help the partner: where the funnel loses people, what referees trade, who went
// quiet.
func (d Deps) needs(ctx context.Context, c domain.Caller, now time.Time) ([]need, error) {
	p, err := domain.ParsePeriod("last_30_days", now, d.Zone)
	if err != nil {
		return nil, err
	}
	res, err := d.Metrics.Metrics(ctx, c, referral.Query{Metrics: []string{"newReferrals", "verified", "deposited", "firstTraders", "traders", "totalReferrals"}, Period: p}, now)
	if err != nil {
		return nil, err
	}
	byProduct, err := d.Metrics.Metrics(ctx, c, referral.Query{Metrics: []string{"volume"}, Period: p, GroupBy: referral.ByProduct}, now)
	if err != nil {
		return nil, err
	}
	signed, verified, deposited, first, traders, total := res.Total[0], res.Total[1], res.Total[2], res.Total[3], res.Total[4], res.Total[5]
	needs := []need{}
	add := func(g knowledge.Goal, weight float64, format string, args ...any) {
		if weight > 0 {
			needs = append(needs, need{g, min(weight, 1), fmt.Sprintf(format, args...)})
		}
	}
	// few is how far a step of the funnel stays behind what is usual, 0 to 1, where there are enough people to tell.
	few := func(got, of int64, usual float64) float64 {
		if of < 5 {
			return 0
		}
		return (usual - float64(got)/float64(of)) / usual
	}
	add("verify", few(verified, signed, 0.6), "in the last 30 days only %d passed KYC while %d signed up", verified, signed)
	add("deposit", few(deposited, verified, 0.7), "in the last 30 days only %d made a first deposit while %d passed KYC", deposited, verified)
	add("first_trade", few(first, deposited, 0.8), "in the last 30 days only %d made a first trade while %d made a first deposit", first, deposited)
	add("reactivate", few(traders, total, 0.35), "only %d of your %d referees traded in the last 30 days", traders, total)
	switch {
	case total < 10:
		add("start", 1, "you have %d referees so far", total)
		add("recruit", 0.8, "you have %d referees so far", total)
	case float64(signed) < 0.05*float64(total):
		add("recruit", 0.6, "%d new referees in the last 30 days are few for a network of %d", signed, total)
	}
	var volume, most int64
	product := ""
	for _, r := range byProduct.Rows {
		volume += r.Values[0]
		if r.Values[0] > most {
			most, product = r.Values[0], r.Key
		}
	}
	if volume > 0 && float64(most) > 0.5*float64(volume) && (product == "futures" || product == "spot") {
		add(knowledge.Goal(product), float64(most)/float64(volume)*0.6, "your referees trade mostly %s", product)
	}
	slices.SortStableFunc(needs, func(a, b need) int { return cmp.Compare(b.Weight, a.Weight) })
	return needs, nil
}
