package domain

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestParsePeriod(t *testing.T) {
	now := time.Date(2026, 3, 31, 15, 4, 5, 0, time.UTC) // a Tuesday
	for in, want := range map[string]string{
		"today": "2026-03-31..2026-04-01", "yesterday": "2026-03-30..2026-03-31", "this_week": "2026-03-30..2026-04-06", "last_week": "2026-03-23..2026-03-30",
		"this_month": "2026-03-01..2026-04-01", "last_month": "2026-02-01..2026-03-01", "this_quarter": "2026-01-01..2026-04-01", "last_quarter": "2025-10-01..2026-01-01",
		"this_year": "2026-01-01..2027-01-01", "last_year": "2025-01-01..2026-01-01", "last_1_days": "2026-03-31..2026-04-01", "last_7_days": "2026-03-25..2026-04-01",
		"last_2_weeks": "2026-03-18..2026-04-01", "last_1_months": "2026-03-01..2026-04-01", "2026-01-05..2026-02-01": "2026-01-05..2026-02-01",
	} {
		p, err := ParsePeriod(in, now, time.UTC)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := p.From.Format(time.DateOnly) + ".." + p.To.Format(time.DateOnly); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
		if p.Arg(time.UTC) != in {
			t.Errorf("%s as an argument is %s", in, p.Arg(time.UTC))
		}
	}
	for _, in := range []string{"", "tomorrow", "last_0_days", "last_07_days", "last_-1_days", "last_99999_days", "last_3_quarters", "2026-02-30..2026-03-01",
		"2026-03-01..2026-03-01", "2026-03-02..2026-03-01", "1900-01-01..1900-02-01", "2026-01-01..9999-01-01", "2001-01-01..2099-01-01", "2026-01-01", "..", "THIS_WEEK"} {
		if p, err := ParsePeriod(in, now, time.UTC); err == nil {
			t.Errorf("%q was read as %v", in, p)
		} else if e := AsError(err); e.Field != "period" || e.Code != CodeInvalid {
			t.Errorf("%q: %v does not name the field", in, err)
		}
	}
}

func TestPrecedingAndToDate(t *testing.T) {
	now := time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC)
	for _, x := range []struct{ in, before, toDate string }{
		{"today", "2026-03-30 00:00..2026-03-31 00:00", "2026-03-30 15:00"},
		{"this_week", "2026-03-23 00:00..2026-03-30 00:00", "2026-03-24 15:00"},
		{"last_week", "2026-03-16 00:00..2026-03-23 00:00", "2026-03-23 00:00"},  // over: compared whole
		{"this_month", "2026-02-01 00:00..2026-03-01 00:00", "2026-03-01 00:00"}, // 30.6 days into a month of 28: clamped
		{"this_quarter", "2025-10-01 00:00..2026-01-01 00:00", "2025-12-29 15:00"},
		{"this_year", "2025-01-01 00:00..2026-01-01 00:00", "2025-03-31 15:00"}, //
		{"last_7_days", "2026-03-18 00:00..2026-03-25 00:00", "2026-03-24 15:00"},
		{"last_1_months", "2026-02-01 00:00..2026-03-01 00:00", "2026-03-01 00:00"}, //
		{"2026-03-30..2026-04-02", "2026-03-27 00:00..2026-03-30 00:00", "2026-03-28 15:00"},
	} {
		p, err := ParsePeriod(x.in, now, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		b := p.Preceding(time.UTC)
		const f = "2006-01-02 15:04"
		if got := b.From.Format(f) + ".." + b.To.Format(f); got != x.before {
			t.Errorf("before %s: %s, want %s", x.in, got, x.before)
		}
		if got := p.ToDate(b, now, time.UTC); got.To.Format(f) != x.toDate || !got.From.Equal(b.From) {
			t.Errorf("%s to date: %s, want %s", x.in, got.To.Format(f), x.toDate)
		}
	}
}

// Where the clock skips midnight, a day starts at one o'clock, and nothing of the day before is in it.
func TestSkippedMidnight(t *testing.T) {
	santiago := zone(t, "America/Santiago")
	now := time.Date(2026, 9, 6, 12, 0, 0, 0, santiago)
	p, err := ParsePeriod("today", now, santiago)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.From.In(santiago).Format("2006-01-02 15:04"); got != "2026-09-06 01:00" {
		t.Errorf("the day starts at %s", got)
	}
	if y, _ := ParsePeriod("yesterday", now, santiago); !y.To.Equal(p.From) {
		t.Errorf("yesterday ends at %v, today starts at %v", y.To, p.From)
	}
}

// Days, weeks, months of any zone follow each other without gap or overlap, and hold now.
func TestPeriodsTile(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "America/New_York"), zone(t, "Asia/Kolkata"), zone(t, "America/Santiago"), zone(t, "Pacific/Apia")}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		now := time.Unix(rapid.Int64Range(1_000_000_000, 4_000_000_000).Draw(t, "now"), 0)
		for _, x := range [][2]string{{"today", "yesterday"}, {"this_week", "last_week"}, {"this_month", "last_month"}, {"this_quarter", "last_quarter"}, {"this_year", "last_year"}} {
			p, err := ParsePeriod(x[0], now, z)
			if err != nil {
				t.Fatal(err)
			}
			b, err := ParsePeriod(x[1], now, z)
			if err != nil {
				t.Fatal(err)
			}
			if !p.Contains(now) || !b.To.Equal(p.From) || !p.Preceding(z).From.Equal(b.From) {
				t.Fatalf("%s %v, %s %v, preceding %v", x[0], p, x[1], b, p.Preceding(z))
			}
			d := p.ToDate(b, now, z)
			if d.To.After(b.To) || d.To.Before(b.From) {
				t.Fatalf("to date %v is not within %v", d, b)
			}
		}
	})
}

func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"this_week", "last_3_months", "2026-01-01..2026-02-01", "last__days", ".."} {
		f.Add(s)
	}
	now := time.Date(2026, 3, 31, 15, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePeriod(s, now, time.UTC)
		if err == nil && !p.From.Before(p.To) {
			t.Fatalf("%q is the empty period %v", s, p)
		}
	})
}
