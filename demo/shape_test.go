package demo

import (
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// books earns commission from a stream in time order, by the rules of SPEC 4 as the domain has them.
type books struct {
	parent map[int64]int64
	codeOf map[int64]string
	codes  map[string]line
	rates  map[int64]line
	vip    map[int64]line
}

// earned is what the partner earns from a trade.
func (b *books) earned(l *line, partner int64) domain.Money {
	uid := l.main
	t := referral.Trade{Product: referral.Product(l.Product), FeePaid: l.FeePaid, Ineligible: l.Eligible != nil}
	v := b.vip[uid]
	terms := referral.Terms{Rules: referral.DefaultRules, VIP: referral.VIP{SpotLevel: v.SpotLevel, FuturesLevel: v.FuturesLevel}}
	terms.RebateRate = b.codes[b.codeOf[uid]].SpotRebateRate
	if t.Product == referral.Futures {
		terms.RebateRate = b.codes[b.codeOf[uid]].FuturesRebateRate
	}
	up := uid
	for i := range terms.Upline {
		up = b.parent[up]
		r, enrolled := b.rates[up]
		rate := r.SpotRate
		if t.Product == referral.Futures {
			rate = r.FuturesRate
		}
		terms.Upline[i] = referral.Upliner{UID: up, Partner: enrolled, Rate: rate}
	}
	s := referral.Settle(&t, &terms)
	for i, u := range terms.Upline {
		if u.UID == partner {
			return s.Earned[i]
		}
	}
	return 0
}

func (b *books) apply(l *line) {
	switch l.Type {
	case "account.registered":
		if l.MasterUID == 0 {
			b.codeOf[l.UID] = l.ReferralCode
			b.parent[l.UID] = b.codes[l.ReferralCode].UID
		}
	case "partner.enrolled", "partner.rates":
		b.rates[l.UID] = *l
	case "referral_code.created", "referral_code.changed":
		b.codes[l.Code] = *l
	case "vip.changed":
		b.vip[l.UID] = *l
	}
}

// mainDaily is the main partner's commission by the day, from the first on.
func mainDaily(s *stream) []domain.Money {
	b := books{map[int64]int64{}, map[int64]string{}, map[string]line{}, map[int64]line{}, map[int64]line{}}
	var days []domain.Money
	for i := range s.lines {
		l := &s.lines[i]
		b.apply(l)
		if l.Type != "trade.executed" {
			continue
		}
		d := int(l.Time.Sub(s.truth.From) / (24 * time.Hour))
		for len(days) <= d {
			days = append(days, 0)
		}
		days[d] += b.earned(l, s.truth.People.Partner.UID)
	}
	return days
}

// The main partner is the one whom people look at first: a growing business with something to tell this week.
func TestMainPartnerHasAGrowingBusiness(t *testing.T) {
	for seed := range uint64(4) {
		s := generate(t, Config{Seed: seed, Now: friday.AddDate(0, 0, int(seed))}) // on several weekdays
		days := mainDaily(s)
		first := (8 - int(s.truth.From.Weekday())) % 7 // days before the first Monday
		var weeks []domain.Money
		for d := first; d+7 <= len(days); d += 7 {
			var sum domain.Money
			for _, v := range days[d : d+7] {
				sum += v
			}
			weeks = append(weeks, sum)
		}
		this, last := toDate(s)
		t.Logf("seed %d: weekly %.0f; this week %.0f, last week to date %.0f", seed, usdts(weeks), usdts([]domain.Money{this}), usdts([]domain.Money{last}))
		n := len(weeks)
		early, late := mean(weeks[1:5]), mean(weeks[n-4:])
		if late < 2000*domain.USDT || late > 20_000*domain.USDT {
			t.Errorf("seed %d: the last weeks bring %s USDT each, not some thousand", seed, late)
		}
		if late < early*15/10 {
			t.Errorf("seed %d: from %s to %s a week is no growth", seed, early, late)
		}
		if this == 0 || last == 0 || this*100 > last*92 && this*100 < last*108 {
			t.Errorf("seed %d: this week %s, last week to date %s: no visible change", seed, this, last)
		}
	}
}

// toDate is the main partner's commission of this week and of the same part of the one before.
func toDate(s *stream) (this, last domain.Money) {
	now := s.truth.Now
	monday := now.Truncate(24*time.Hour).AddDate(0, 0, -(int(now.Weekday())+6)%7)
	b := books{map[int64]int64{}, map[int64]string{}, map[string]line{}, map[int64]line{}, map[int64]line{}}
	for i := range s.lines {
		l := &s.lines[i]
		b.apply(l)
		if l.Type != "trade.executed" {
			continue
		}
		switch {
		case !l.Time.Before(monday):
			this += b.earned(l, s.truth.People.Partner.UID)
		case !l.Time.Before(monday.AddDate(0, 0, -7)) && l.Time.Before(now.AddDate(0, 0, -7)):
			last += b.earned(l, s.truth.People.Partner.UID)
		}
	}
	return this, last
}

func mean(v []domain.Money) domain.Money {
	var sum domain.Money
	for _, m := range v {
		sum += m
	}
	return sum / domain.Money(len(v))
}

func usdts(v []domain.Money) []float64 {
	f := make([]float64, len(v))
	for i, m := range v {
		f[i] = float64(m) / float64(domain.USDT)
	}
	return f
}
