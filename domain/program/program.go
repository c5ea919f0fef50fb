// Package program holds the exchange's programs for partners: what each asks of a calendar period, as data that the operator edits.
package program

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Unit is the calendar period that a program goes by.
type Unit string

// The units.
const (
	Month   Unit = "month"
	Quarter Unit = "quarter"
)

// Program is a program's rules.
type Program struct {
	Name        string `json:"name"` // lower case with underscores
	Title       string `json:"title"`
	Doc         string `json:"doc"`
	Link        string `json:"link,omitempty"`
	Unit        Unit   `json:"unit"`
	Eligibility []Need `json:"eligibility"` // must hold at the time of asking; an enrolled partner is meant anyway
	Tiers       []Tier `json:"tiers"`       // rising
}

// Tier is a level of a program: all of its needs, for its reward.
type Tier struct {
	Name   string `json:"name"`
	Reward string `json:"reward"`
	Needs  []Need `json:"needs"`
}

// Need is a threshold: a metric of the period that is at least an amount, or grew by at least a percentage over the period before.
type Need struct {
	Metric  string           `json:"metric"`
	Product referral.Product `json:"product,omitempty"`
	AtLeast string           `json:"atLeast,omitempty"` // USDT as a decimal string, or a count
	Growth  string           `json:"growth,omitempty"`  // percent, a whole number
}

// Version is a program's rules since a time.
type Version struct {
	Since time.Time `json:"since"`
	Program
}

var nameRule = regexp.MustCompile(`^[a-z][a-z0-9_]{1,40}$`)

// limits of what an operator may enter.
const (
	maxTiers = 10
	maxNeeds = 8
	maxText  = 500
)

// Validate names the field at fault, as in tiers[1].needs[0].metric.
func (p *Program) Validate() error {
	switch {
	case !nameRule.MatchString(p.Name):
		return domain.Invalid("name", "want lower case letters, digits and underscores")
	case p.Title == "" || len(p.Title) > maxText:
		return domain.Invalid("title", "want 1 to %d bytes", maxText)
	case len(p.Doc) > maxText:
		return domain.Invalid("doc", "want at most %d bytes", maxText)
	case len(p.Link) > maxText || p.Link != "" && !strings.HasPrefix(p.Link, "https://"):
		return domain.Invalid("link", "want an https:// address")
	case p.Unit != Month && p.Unit != Quarter:
		return domain.Invalid("unit", "want month or quarter")
	case len(p.Tiers) == 0 || len(p.Tiers) > maxTiers:
		return domain.Invalid("tiers", "want 1 to %d", maxTiers)
	}
	if err := validate("eligibility", p.Eligibility, 0); err != nil {
		return err
	}
	for i, t := range p.Tiers {
		at := fmt.Sprintf("tiers[%d]", i)
		if t.Name == "" || len(t.Name) > maxText {
			return domain.Invalid(at+".name", "want 1 to %d bytes", maxText)
		}
		if t.Reward == "" || len(t.Reward) > maxText {
			return domain.Invalid(at+".reward", "want 1 to %d bytes", maxText)
		}
		if err := validate(at+".needs", t.Needs, 1); err != nil {
			return err
		}
	}
	return nil
}

func validate(field string, needs []Need, least int) error {
	if len(needs) < least || len(needs) > maxNeeds {
		return domain.Invalid(field, "want %d to %d", least, maxNeeds)
	}
	for i, n := range needs {
		at := fmt.Sprintf("%s[%d]", field, i)
		q := referral.Query{Metrics: []string{n.Metric}, Filter: referral.Filter{Product: n.Product}}
		if n.Product != "" && !slices.Contains([]referral.Product{referral.Spot, referral.Margin, referral.Futures}, n.Product) {
			return domain.Invalid(at+".product", "unknown product %q", n.Product)
		}
		if err := q.Validate(); err != nil {
			return domain.Invalid(at+".metric", "%s", domain.AsError(err).Message)
		}
		if (n.AtLeast == "") == (n.Growth == "") {
			return domain.Invalid(at+".atLeast", "want either atLeast or growth")
		}
		if _, err := n.Target(0); err != nil {
			return domain.Invalid(at+".atLeast", "%s", err)
		}
	}
	return nil
}

// Target is what the metric must come to, in its own unit, where it came to before in the period before.
func (n Need) Target(before int64) (int64, error) {
	if n.Growth != "" {
		percent, err := strconv.ParseInt(n.Growth, 10, 64)
		if err != nil || percent < 1 || percent > 1000 {
			return 0, fmt.Errorf("growth %q is no whole number of percent from 1 to 1000", n.Growth)
		}
		if before <= 0 {
			return 1, nil // from nothing, anything is growth
		}
		return before + before/100*percent + before%100*percent/100, nil
	}
	if m, _ := referral.MetricByName(n.Metric); m.Unit == referral.USDT {
		amount, err := domain.ParseMoney(n.AtLeast)
		return int64(amount), err
	}
	count, err := strconv.ParseInt(n.AtLeast, 10, 64)
	if err != nil || count < 1 || count > 1_000_000_000 {
		return 0, fmt.Errorf("%q is no count from 1 to a billion", n.AtLeast)
	}
	return count, nil
}

// Period is the calendar period of the program that a time lies in, and Before the one before it.
func (p *Program) Period(at time.Time, zone *time.Location) domain.Period {
	y, m, _ := at.In(zone).Date()
	months := 1
	if p.Unit == Quarter {
		m, months = m-(m-1)%3, 3
	}
	return domain.Period{From: domain.Midnight(y, m, 1, zone), To: domain.Midnight(y, m+time.Month(months), 1, zone)}
}

// Before is the period before one of the program's.
func (p *Program) Before(of domain.Period, zone *time.Location) domain.Period {
	return p.Period(of.From.Add(-time.Hour), zone)
}

// InForce is the version of a program's that counts for a period: the latest since before its end. Versions are in order of time; ok is false without any.
func InForce(versions []Version, period domain.Period) (v Version, ok bool) {
	for _, x := range versions {
		if !ok || x.Since.Before(period.To) {
			v, ok = x, true
		}
	}
	return v, ok
}
