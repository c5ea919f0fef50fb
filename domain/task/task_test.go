package task_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partnerhub/domain"
	"partnerhub/domain/task"
)

var now = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func trading() task.Spec {
	return task.Spec{Type: task.Trading, Product: task.Spot, Targets: task.Targets{DirectPartners: true}, Start: now, End: now.AddDate(0, 0, 7),
		Tiers: []task.Tier{{Threshold: 1000 * domain.USDT, Reward: 10 * domain.USDT}, {Threshold: 5000 * domain.USDT, Reward: 100 * domain.USDT}}}
}

func referral() task.Spec {
	return task.Spec{Type: task.Referral, Targets: task.Targets{UIDs: []int64{5, 3, 5}}, Start: now, End: now.AddDate(0, 0, 7), EveryX: 3, Reward: 30 * domain.USDT, MaxRepeats: 4}
}

func TestCheckNamesTheField(t *testing.T) {
	for _, s := range []task.Spec{trading(), referral()} {
		if err := s.Check(now); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		field string
		spec  func() task.Spec
		wrong func(*task.Spec)
	}{
		{"type", trading, func(s *task.Spec) { s.Type = "swap" }},
		{"targets", trading, func(s *task.Spec) { s.Targets = task.Targets{} }},
		{"targets", trading, func(s *task.Spec) { s.Targets.UIDs = []int64{1} }},
		{"targets.uids[1]", referral, func(s *task.Spec) { s.Targets.UIDs = []int64{1, -1} }},
		{"start", trading, func(s *task.Spec) { s.Start = time.Time{} }},
		{"start", trading, func(s *task.Spec) { s.Start = now.AddDate(0, 0, -2) }},
		{"start", trading, func(s *task.Spec) { s.Start, s.End = now.AddDate(2, 0, 0), now.AddDate(2, 0, 1) }},
		{"end", trading, func(s *task.Spec) { s.End = time.Time{} }},
		{"end", trading, func(s *task.Spec) { s.End = s.Start }},
		{"end", trading, func(s *task.Spec) { s.Start, s.End = now.Add(-2*time.Hour), now.Add(-time.Hour) }},
		{"end", trading, func(s *task.Spec) { s.End = now.AddDate(2, 0, 0) }},
		{"product", trading, func(s *task.Spec) { s.Product = "" }},
		{"product", referral, func(s *task.Spec) { s.Product = task.Spot }},
		{"tiers", trading, func(s *task.Spec) { s.Tiers = nil }},
		{"tiers", trading, func(s *task.Spec) { s.Tiers = make([]task.Tier, 6) }},
		{"tiers", referral, func(s *task.Spec) { s.Tiers = trading().Tiers }},
		{"tiers[0].reward", trading, func(s *task.Spec) { s.Tiers[0].Reward = 20 * domain.USDT }},
		{"tiers[0].threshold", trading, func(s *task.Spec) { s.Tiers[0].Threshold = 0 }},
		{"tiers[1].threshold", trading, func(s *task.Spec) { s.Tiers[1].Threshold = s.Tiers[0].Threshold }},
		{"everyX", trading, func(s *task.Spec) { s.EveryX = 1 }},
		{"reward", trading, func(s *task.Spec) { s.Reward = 10 * domain.USDT }},
		{"maxRepeats", trading, func(s *task.Spec) { s.MaxRepeats = 1 }},
		{"everyX", referral, func(s *task.Spec) { s.EveryX = 0 }},
		{"reward", referral, func(s *task.Spec) { s.Reward = 15 * domain.USDT }},
		{"maxRepeats", referral, func(s *task.Spec) { s.MaxRepeats = 1001 }},
	} {
		s := c.spec()
		c.wrong(&s)
		var e *domain.Error
		if err := s.Check(now); !errors.As(err, &e) || e.Field != c.field || e.Code != domain.CodeInvalid {
			t.Errorf("want %s, got %v", c.field, err)
		}
	}
}

// TestEdges are the last values that are taken, and the first that are not.
func TestEdges(t *testing.T) {
	uids := func(n int) (out []int64) {
		for i := range n {
			out = append(out, int64(i+1))
		}
		return out
	}
	tiers := func(n int) (out []task.Tier) {
		for i := range n {
			out = append(out, task.Tier{Threshold: domain.Money(i + 1), Reward: 10 * domain.USDT})
		}
		return out
	}
	for _, c := range []struct {
		field   string
		spec    func() task.Spec
		last    func(*task.Spec)
		tooMuch func(*task.Spec)
	}{
		{"title", trading, func(s *task.Spec) { s.Title = strings.Repeat("é", task.MaxTitle) }, func(s *task.Spec) { s.Title += "é" }},
		{"targets.uids", referral, func(s *task.Spec) { s.Targets.UIDs = uids(task.MaxUIDs) }, func(s *task.Spec) { s.Targets.UIDs = append(s.Targets.UIDs, 7) }},
		{"targets.uids[0]", referral, func(s *task.Spec) { s.Targets.UIDs = []int64{1} }, func(s *task.Spec) { s.Targets.UIDs[0] = 0 }},
		{"start", trading, func(s *task.Spec) { s.Start = now.Add(-task.MaxBackdate) }, func(s *task.Spec) { s.Start = s.Start.Add(-1) }},
		{"start", trading, func(s *task.Spec) { s.Start, s.End = now.Add(task.MaxAhead), now.Add(task.MaxAhead+time.Hour) }, func(s *task.Spec) { s.Start = s.Start.Add(1) }},
		{"end", trading, func(s *task.Spec) { s.End = s.Start.Add(task.MaxLength) }, func(s *task.Spec) { s.End = s.End.Add(1) }},
		{"end", trading, func(s *task.Spec) { s.Start, s.End = now.Add(-time.Hour), now.Add(1) }, func(s *task.Spec) { s.End = now }},
		{"end", trading, func(s *task.Spec) { s.End = s.Start.Add(1) }, func(s *task.Spec) { s.End = s.Start }},
		{"tiers", trading, func(s *task.Spec) { s.Tiers = tiers(task.MaxTiers) }, func(s *task.Spec) { s.Tiers = tiers(task.MaxTiers + 1) }},
		{"tiers[0].threshold", trading, func(s *task.Spec) { s.Tiers = tiers(1); s.Tiers[0].Threshold = task.MaxThreshold }, func(s *task.Spec) { s.Tiers[0].Threshold++ }},
		{"tiers[0].threshold", trading, func(s *task.Spec) { s.Tiers = tiers(1) }, func(s *task.Spec) { s.Tiers[0].Threshold-- }},
		{"everyX", referral, func(s *task.Spec) { s.EveryX = task.MaxEvery }, func(s *task.Spec) { s.EveryX++ }},
		{"everyX", referral, func(s *task.Spec) { s.EveryX = 1 }, func(s *task.Spec) { s.EveryX-- }},
		{"maxRepeats", referral, func(s *task.Spec) { s.MaxRepeats = task.MaxRepeats }, func(s *task.Spec) { s.MaxRepeats++ }},
		{"maxRepeats", referral, func(s *task.Spec) { s.MaxRepeats = 1 }, func(s *task.Spec) { s.MaxRepeats-- }},
	} {
		s := c.spec()
		c.last(&s)
		if err := s.Check(now); err != nil {
			t.Errorf("%s: %v", c.field, err)
		}
		c.tooMuch(&s)
		var e *domain.Error
		if err := s.Check(now); !errors.As(err, &e) || e.Field != c.field {
			t.Errorf("want %s, got %v", c.field, err)
		}
	}
	s := referral()
	s.Start = time.Date(2026, 11, 2, 12, 0, 0, 1999, time.FixedZone("x", 3600))
	if n := s.Normal(); !slices.Equal(n.Targets.UIDs, []int64{3, 5}) || n.Start.Nanosecond() != 1000 || n.Start.Location() != time.UTC || !slices.Equal(s.Targets.UIDs, []int64{5, 3, 5}) {
		t.Errorf("%+v of %+v", n, s)
	}
	if more, err := referral().With(task.More{MaxRepeats: task.MaxRepeats}); err != nil || more.MaxRepeats != task.MaxRepeats {
		t.Error(more, err)
	}
	if more, err := referral().With(task.More{MaxRepeats: 4}); err != nil || more.MaxRepeats != 4 {
		t.Error(more, err)
	}
	if _, err := referral().With(task.More{MaxRepeats: 5, Tiers: tiers(1)}); err == nil {
		t.Error("a referral task took tiers")
	}
	if _, err := trading().With(task.More{MaxRepeats: 1, Tiers: trading().Tiers}); err == nil {
		t.Error("a trading task took repeats")
	}
	l := task.Life{Start: now, End: now.Add(time.Hour), Settled: now, Cancelled: now}
	if l.State(now) != task.Cancelled {
		t.Error("what was cancelled is", l.State(now))
	}
	if err := task.Settled.Allow(task.Nudge); err == nil || !strings.Contains(err.Error(), "the task is settled and cannot be announced again") {
		t.Error(err)
	}
	if got := referral().Reached(-1); got != 0 {
		t.Error(got)
	}
}

// anySpec draws a valid task.
func anySpec(t *rapid.T) task.Spec {
	reward := rapid.SampledFrom(task.Rewards)
	s := referral()
	if rapid.Bool().Draw(t, "trading") {
		s = trading()
		s.Tiers = nil
		at := domain.Money(0)
		for range rapid.IntRange(1, task.MaxTiers).Draw(t, "tiers") {
			at += domain.Money(rapid.Int64Range(1, int64(1000*domain.USDT)).Draw(t, "step"))
			s.Tiers = append(s.Tiers, task.Tier{Threshold: at, Reward: reward.Draw(t, "reward")})
		}
		return s
	}
	s.EveryX, s.Reward, s.MaxRepeats = rapid.Int64Range(1, 20).Draw(t, "every"), reward.Draw(t, "reward"), rapid.Int64Range(1, 20).Draw(t, "repeats")
	return s
}

// TestSteps: what is reached never falls as the value rises, each step is reached exactly at its threshold, what the steps pay is what they pay
// one by one, and never more than the worst case.
func TestSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySpec(t)
		if err := s.Check(now); err != nil {
			t.Fatal(err)
		}
		var sum domain.Money
		var last int64
		for n := int64(1); n <= s.Steps(); n++ {
			threshold, reward := s.Step(n)
			if threshold <= last {
				t.Fatal("thresholds do not rise")
			}
			last = threshold
			if s.Reached(threshold) != n || s.Reached(threshold-1) != n-1 {
				t.Fatal("step", n, "is not reached at", threshold)
			}
			if sum += reward; s.Paying(n) != sum {
				t.Fatal(n, "steps pay", s.Paying(n), "not", sum)
			}
			next := s.NextOf(threshold-1, now.Add(time.Hour))
			if next.Step != n || next.Gap.Value != 1 {
				t.Fatalf("%+v", next)
			}
		}
		if sum != s.PerParticipant() || s.WorstCase(7) != 7*sum || s.NextOf(last, now) != nil {
			t.Fatal("the worst case is not the sum of all")
		}
		value := rapid.Int64Range(-10, last*2).Draw(t, "value")
		if a, b := s.Reached(value), s.Reached(value+1); a > b || b > a+1 {
			t.Fatal(a, b)
		}
	})
}

// TestWith: a task that is topped up keeps the steps that it has.
func TestWith(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySpec(t)
		m := task.More{MaxRepeats: s.MaxRepeats}
		if s.Type == task.Trading {
			m = task.More{Tiers: append([]task.Tier{}, s.Tiers...)}
			if len(m.Tiers) < task.MaxTiers {
				m.Tiers = append(m.Tiers, task.Tier{Threshold: m.Tiers[len(m.Tiers)-1].Threshold + 1, Reward: 100 * domain.USDT})
			}
		} else {
			m.MaxRepeats += 3
		}
		more, err := s.With(m)
		if err != nil {
			t.Fatal(err)
		}
		for n := int64(1); n <= s.Steps(); n++ {
			a, ra := s.Step(n)
			if b, rb := more.Step(n); a != b || ra != rb {
				t.Fatal("step", n, "changed")
			}
		}
		if more.PerParticipant() < s.PerParticipant() {
			t.Fatal("there is less to earn")
		}
	})
	for _, m := range []task.More{{}, {MaxRepeats: 9}, {Tiers: trading().Tiers[:1]}, {Tiers: trading().Tiers[1:]}} {
		if _, err := trading().With(m); err == nil {
			t.Error("took", m)
		}
	}
	for _, m := range []task.More{{}, {MaxRepeats: 3}, {Tiers: trading().Tiers}, {MaxRepeats: task.MaxRepeats + 1}} {
		if _, err := referral().With(m); err == nil {
			t.Error("took", m)
		}
	}
}

func TestStates(t *testing.T) {
	l := task.Life{Start: now, End: now.Add(time.Hour)}
	for _, c := range []struct {
		at   time.Time
		want task.State
	}{{now.Add(-1), task.Pending}, {now, task.Active}, {now.Add(time.Hour - 1), task.Active}, {now.Add(time.Hour), task.Closing}} {
		if got := l.State(c.at); got != c.want {
			t.Error(c.at, got)
		}
	}
	l.Settled = now
	if l.State(now) != task.Settled {
		t.Error("not settled")
	}
	for _, s := range task.States {
		for _, m := range []task.Move{task.Extend, task.TopUp, task.Cancel, task.Nudge} {
			want := s == task.Pending || s == task.Active || s == task.Closing && m == task.Cancel
			if err := s.Allow(m); (err == nil) != want {
				t.Error(s, m, err)
			}
		}
	}
}
