package program

import (
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

func TestTargets(t *testing.T) {
	for _, x := range []struct {
		need   Need
		before int64
		want   int64
	}{
		{Need{Metric: "volume", AtLeast: "2.5"}, 0, 2_500_000}, {Need{Metric: "traders", AtLeast: "5"}, 9, 5},
		{Need{Metric: "volume", Growth: "10"}, 1000, 1100}, {Need{Metric: "volume", Growth: "10"}, 0, 1},
	} {
		if got, err := x.need.Target(x.before); err != nil || got != x.want {
			t.Errorf("%+v after %d: %d, %v", x.need, x.before, got, err)
		}
	}
}

func TestPeriods(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	p := Program{Unit: Quarter}
	at := time.Date(2026, 1, 1, 3, 0, 0, 0, time.UTC) // still December there
	got := p.Period(at, zone)
	if want := (domain.Period{From: domain.Midnight(2025, 10, 1, zone), To: domain.Midnight(2026, 1, 1, zone)}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	p.Unit = Month
	if got := p.Before(p.Period(at, zone), zone); !got.From.Equal(domain.Midnight(2025, 11, 1, zone)) || !got.To.Equal(domain.Midnight(2025, 12, 1, zone)) {
		t.Error(got)
	}
}

func TestValidate(t *testing.T) {
	good := func() Program {
		return Program{Name: "a_b", Title: "A", Unit: Month, Tiers: []Tier{{Name: "1", Reward: "x", Needs: []Need{{Metric: "volume", Product: referral.Futures, AtLeast: "1"}}}}}
	}
	if p := good(); p.Validate() != nil {
		t.Fatal(p.Validate())
	}
	for field, change := range map[string]func(*Program){
		"name": func(p *Program) { p.Name = "A B" }, "unit": func(p *Program) { p.Unit = "week" }, "tiers": func(p *Program) { p.Tiers = nil },
		"tiers[0].needs": func(p *Program) { p.Tiers[0].Needs = nil }, "tiers[0].needs[0].metric": func(p *Program) { p.Tiers[0].Needs[0].Metric = "luck" },
		"tiers[0].needs[0].atLeast": func(p *Program) { p.Tiers[0].Needs[0].AtLeast = "-1" }, "tiers[0].needs[0].product": func(p *Program) { p.Tiers[0].Needs[0].Product = "tea" },
		"eligibility[0].metric": func(p *Program) { p.Eligibility = []Need{{Metric: "deposits", Product: referral.Spot, AtLeast: "1"}} }, "link": func(p *Program) { p.Link = "javascript:x" },
	} {
		p := good()
		change(&p)
		if e := domain.AsError(p.Validate()); e.Field != field {
			t.Errorf("%s: %v", field, e)
		}
	}
}
