package tools

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/program"
	"partnerhub/domain/referral"
)

// Programs is who knows the programs' rules.
type Programs interface {
	Programs(ctx context.Context) (map[string][]program.Version, error)
	Enrolled(ctx context.Context, c domain.Caller) (bool, error)
}

// closedPeriods is how many periods that are over the history tells of.
const closedPeriods = 3

type programArgs struct {
	Program string `json:"program,omitempty" max:"64" jsonschema:"only this one, by name: futures_bonus, spot_evaluation, …; by default all"`
}

type programResult struct {
	span
	Rows  []programRow `json:"rows"`
	Total int          `json:"total"`
}

// programRow is a program as the caller stands in it, in the period under way.
type programRow struct {
	Key      string        `json:"key"`
	Title    string        `json:"title"`
	Doc      string        `json:"doc"`
	Link     string        `json:"link,omitempty"`
	Unit     program.Unit  `json:"unit"`
	Period   interval      `json:"period"`
	Deadline string        `json:"deadline"`
	DaysLeft int           `json:"daysLeft"`
	Enrolled bool          `json:"enrolled"`
	Eligible bool          `json:"eligible"`
	Status   string        `json:"status"`         // not_eligible, in_progress, reached (a tier), complete (the highest)
	Tier     string        `json:"tier,omitempty"` // the highest reached
	Reward   string        `json:"reward,omitempty"`
	Next     *tierRow      `json:"next,omitempty"` // the tier after it, with what is missing
	Needs    []needRow     `json:"needs"`          // the conditions of eligibility
	Tiers    []tierRow     `json:"tiers"`
	History  []closedTier  `json:"history"` // the latest first
	period   domain.Period // not on the wire
}

type tierRow struct {
	Name    string    `json:"name"`
	Reward  string    `json:"reward"`
	Reached bool      `json:"reached"`
	Needs   []needRow `json:"needs"`
}

type needRow struct {
	Metric  string           `json:"metric"`
	Product referral.Product `json:"product,omitempty"`
	Growth  string           `json:"growth,omitempty"` // percent over the period before
	Current any              `json:"current"`
	Target  any              `json:"target"`
	Missing any              `json:"missing"` // 0 when it is met
	Percent int64            `json:"percent"` // of the target, 100 at most
	Met     bool             `json:"met"`
}

type closedTier struct {
	interval
	Tier   string `json:"tier,omitempty"` // none when no tier was reached
	Reward string `json:"reward,omitempty"`
}

// ProgramProgress shows how far the caller is in the programs.
func ProgramProgress(d Deps) Tool {
	return Define("program_progress",
		"The partner's progress in the exchange's programs (Futures Bonus, Spot Evaluation): eligibility, tiers, what is missing for the next, deadline and the last periods.",
		func(ctx context.Context, c domain.Caller, in programArgs) (out programResult, err error) {
			if d.Programs == nil {
				return out, domain.Errorf(domain.CodeUnavailable, "", "programs are not set up")
			}
			now := d.now()
			all, err := d.Programs.Programs(ctx)
			if err != nil {
				return out, err
			}
			names := slices.Sorted(maps.Keys(all))
			if in.Program != "" {
				name := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(in.Program)))
				if all[name] == nil {
					return out, domain.Invalid("program", "unknown program %q: want %s", in.Program, strings.Join(names, " or "))
				}
				names = []string{name}
			}
			enrolled, err := d.Programs.Enrolled(ctx, c)
			if err != nil {
				return out, err
			}
			out.Rows, out.Total = make([]programRow, len(names)), len(names)
			asks := make([]func() error, len(names))
			for i, name := range names {
				asks[i] = func() (err error) {
					out.Rows[i], err = d.program(ctx, c, all[name], enrolled, now)
					return err
				}
			}
			if err := together(asks...); err != nil {
				return out, err
			}
			p := domain.Period{From: now, To: now}
			for _, r := range out.Rows {
				if r.period.From.Before(p.From) {
					p.From = r.period.From
				}
				if r.period.To.After(p.To) {
					p.To = r.period.To
				}
			}
			out.span = d.span(p, now)
			return out, nil
		})
}

func (d Deps) program(ctx context.Context, c domain.Caller, versions []program.Version, enrolled bool, now time.Time) (row programRow, err error) {
	latest := versions[len(versions)-1]
	period := latest.Period(now, d.Zone)
	v, _ := program.InForce(versions, period)
	row = programRow{
		Key: v.Name, Title: v.Title, Doc: v.Doc, Link: v.Link, Unit: v.Unit, Period: d.interval(period), Deadline: d.instant(period.To), period: period,
		DaysLeft: int((period.To.Sub(now) + 24*time.Hour - 1) / (24 * time.Hour)), Enrolled: enrolled, Eligible: enrolled, History: []closedTier{}, Needs: []needRow{},
	}
	s := standing{Deps: d, caller: c, now: now, figures: map[standingKey]int64{}}
	if err := s.load(ctx, &v.Program, period); err != nil {
		return row, err
	}
	for _, n := range v.Eligibility {
		need := s.need(&v.Program, n, period)
		row.Needs, row.Eligible = append(row.Needs, need), row.Eligible && need.Met
	}
	best := -1
	for i, t := range v.Tiers {
		tier := s.tier(&v.Program, t, period)
		if row.Tiers = append(row.Tiers, tier); tier.Reached {
			best = i
		}
	}
	row.Status = "in_progress"
	if best >= 0 {
		row.Status, row.Tier, row.Reward = "reached", v.Tiers[best].Name, v.Tiers[best].Reward
	}
	switch {
	case best+1 < len(v.Tiers):
		row.Next = &row.Tiers[best+1]
	default:
		row.Status = "complete"
	}
	if !row.Eligible {
		row.Status = "not_eligible"
	}
	for past := latest.Before(period, d.Zone); len(row.History) < closedPeriods; past = latest.Before(past, d.Zone) {
		then, _ := program.InForce(versions, past)
		if err := s.load(ctx, &then.Program, past); err != nil {
			return row, err
		}
		closed := closedTier{interval: d.interval(past)}
		for _, t := range then.Tiers {
			if s.tier(&then.Program, t, past).Reached {
				closed.Tier, closed.Reward = t.Name, t.Reward
			}
		}
		row.History = append(row.History, closed)
	}
	return row, nil
}

// standing holds the figures that a program asks for.
type standing struct {
	Deps
	caller  domain.Caller
	now     time.Time
	figures map[standingKey]int64
}

type standingKey struct {
	metric  string
	product referral.Product
	from    int64
}

// load asks for a period's figures, and for those of the period before where growth is asked for: one question for each product.
func (s *standing) load(ctx context.Context, p *program.Program, period domain.Period) error {
	ask := map[domain.Period]map[referral.Product][]string{}
	want := func(of domain.Period, n program.Need) {
		if _, known := s.figures[standingKey{n.Metric, n.Product, of.From.Unix()}]; known {
			return
		}
		if ask[of] == nil {
			ask[of] = map[referral.Product][]string{}
		}
		if !slices.Contains(ask[of][n.Product], n.Metric) {
			ask[of][n.Product] = append(ask[of][n.Product], n.Metric)
		}
	}
	needs := slices.Clone(p.Eligibility)
	for _, t := range p.Tiers {
		needs = append(needs, t.Needs...)
	}
	for _, n := range needs {
		if want(period, n); n.Growth != "" {
			want(p.Before(period, s.Zone), n)
		}
	}
	for of, byProduct := range ask {
		for product, metrics := range byProduct {
			res, err := s.Metrics.Metrics(ctx, s.caller, referral.Query{Metrics: metrics, Period: of, Filter: referral.Filter{Product: product}}, s.now)
			if err != nil {
				return err
			}
			for i, m := range metrics {
				s.figures[standingKey{m, product, of.From.Unix()}] = res.Total[i]
			}
		}
	}
	return nil
}

func (s *standing) tier(p *program.Program, t program.Tier, period domain.Period) tierRow {
	row := tierRow{Name: t.Name, Reward: t.Reward, Reached: true}
	for _, n := range t.Needs {
		need := s.need(p, n, period)
		row.Needs, row.Reached = append(row.Needs, need), row.Reached && need.Met
	}
	return row
}

func (s *standing) need(p *program.Program, n program.Need, period domain.Period) needRow {
	current := s.figures[standingKey{n.Metric, n.Product, period.From.Unix()}]
	target, _ := n.Target(s.figures[standingKey{n.Metric, n.Product, p.Before(period, s.Zone).From.Unix()}]) // validated when it was stored
	row := needRow{
		Metric: n.Metric, Product: n.Product, Growth: n.Growth, Met: current >= target, Current: figure(n.Metric, current), Target: figure(n.Metric, target),
		Missing: figure(n.Metric, max(target-current, 0)), Percent: 100,
	}
	if !row.Met {
		row.Percent = int64(min(99, float64(max(current, 0))/float64(cmp.Or(target, 1))*100))
	}
	return row
}
