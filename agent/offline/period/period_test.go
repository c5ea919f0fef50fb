package period

import (
	"strings"
	"testing"
	"time"
)

// ref is a Thursday.
var ref = time.Date(2026, 11, 19, 15, 4, 5, 0, time.UTC)

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// presets
		{"how much did I earn today", "today"},
		{"what about yesterday?", "yesterday"},
		{"commission this week", "this_week"},
		{"this week's commission", "this_week"},
		{"current week", "this_week"},
		{"LAST WEEK", "last_week"},
		{"the previous week", "last_week"},
		{"this month so far", "this_month"},
		{"so far this month", "this_month"},
		{"so far today", "today"},
		{"last month", "last_month"},
		{"previous month's volume", "last_month"},
		{"this quarter vs last quarter", "this_quarter last_quarter"},
		{"the last quarter", "last_quarter"},
		{"past quarter", "last_quarter"},
		{"this year", "this_year"},
		{"last year", "last_year"},
		{"calendar year", "this_year"},
		{"this calendar month", "this_month"},
		{"volume for the month", "this_month"},
		{"trades of the week", "this_week"},
		// rolling
		{"past 7 days", "last_7_days"},
		{"the past seven days", "last_7_days"},
		{"last 30 days", "last_30_days"},
		{"last 30d", "last_30_days"},
		{"30-day volume", "last_30_days"},
		{"trailing 14 days", "last_14_days"},
		{"over the last 3 days", "last_3_days"},
		{"last three days", "last_3_days"},
		{"past month", "last_1_months"},
		{"performance for the past month", "last_1_months"},
		{"past week", "last_7_days"},
		{"past year", "last_12_months"},
		{"over the last month", "last_1_months"},
		{"in the last week", "last_7_days"},
		{"last 2 weeks", "last_2_weeks"},
		{"the last couple of weeks", "last_2_weeks"},
		{"last six months", "last_6_months"},
		{"past few days", "last_3_days"},
		{"last 24 hours", "last_2_days"},
		{"last 2 quarters", "2026-04-01..2026-10-01"},
		{"last fortnight", "2026-11-02..2026-11-16"},
		{"the most recent 10 days", "last_10_days"},
		// named days
		{"day before yesterday", "2026-11-17..2026-11-18"},
		{"yesterday vs the day before", "yesterday 2026-11-17..2026-11-18"},
		{"compare yesterday with the day before yesterday", "yesterday 2026-11-17..2026-11-18"},
		{"this week vs the week before", "this_week last_week"},
		{"last week against the week before", "last_week 2026-11-02..2026-11-09"},
		{"last month versus the previous month", "last_month 2026-09-01..2026-10-01"},
		{"the week before", "last_week"},
		{"week before last", "2026-11-02..2026-11-09"},
		{"the month before last", "2026-09-01..2026-10-01"},
		{"same day last week", "2026-11-12..2026-11-13"},
		{"today vs the same day last week", "today 2026-11-12..2026-11-13"},
		{"this month vs same period last year", "this_month 2025-11-01..2025-12-01"},
		{"3 days ago", "2026-11-16..2026-11-17"},
		{"a week ago", "2026-11-12..2026-11-13"},
		{"two days before yesterday", "2026-11-16..2026-11-17"},
		// weekdays
		{"on Monday", "2026-11-16..2026-11-17"},
		{"since Monday", "2026-11-16..2026-11-20"},
		{"last Friday", "2026-11-13..2026-11-14"},
		{"Friday last week", "2026-11-13..2026-11-14"},
		{"tuesday of last week", "2026-11-10..2026-11-11"},
		{"from Monday to Wednesday", "2026-11-16..2026-11-19"},
		{"Monday through Wednesday", "2026-11-16..2026-11-19"},
		{"last weekend", "2026-11-14..2026-11-16"},
		{"since yesterday", "2026-11-18..2026-11-20"},
		{"since last week", "2026-11-09..2026-11-20"},
		// to date
		{"week to date", "2026-11-16..2026-11-20"},
		{"MTD commission", "2026-11-01..2026-11-20"},
		{"year-to-date", "2026-01-01..2026-11-20"},
		{"quarter to date", "2026-10-01..2026-11-20"},
		// months, quarters, years
		{"in October", "last_month"},
		{"October's commission", "last_month"},
		{"in November", "this_month"},
		{"in December", "2025-12-01..2026-01-01"},
		{"commission in Sept", "2026-09-01..2026-10-01"},
		{"september 2025", "2025-09-01..2025-10-01"},
		{"Q3", "last_quarter"},
		{"Q3 volume vs Q2", "last_quarter 2026-04-01..2026-07-01"},
		{"Q4 2025", "2025-10-01..2026-01-01"},
		{"second quarter of 2026", "2026-04-01..2026-07-01"},
		{"H1 2026", "2026-01-01..2026-07-01"},
		{"first half of the year", "2026-01-01..2026-07-01"},
		{"in 2025", "last_year"},
		{"since January", "2026-01-01..2026-11-20"},
		{"in may", "2026-05-01..2026-06-01"},
		{"may I see it", ""},
		{"from August to October", "2026-08-01..2026-11-01"},
		// dates
		{"2026-11-03", "2026-11-03..2026-11-04"},
		{"2026-11-18", "yesterday"},
		{"on 3 Nov", "2026-11-03..2026-11-04"},
		{"Nov 3rd", "2026-11-03..2026-11-04"},
		{"the 3rd of November", "2026-11-03..2026-11-04"},
		{"on the 3rd", "2026-11-03..2026-11-04"},
		{"on the 25th", "2026-10-25..2026-10-26"},
		{"11/03/2026", "2026-11-03..2026-11-04"},
		{"25/10/2026", "2026-10-25..2026-10-26"},
		{"Oct 1–15", "2026-10-01..2026-10-16"},
		{"Oct 1-15", "2026-10-01..2026-10-16"},
		{"October 1 to 15", "2026-10-01..2026-10-16"},
		{"1-15 October", "2026-10-01..2026-10-16"},
		{"1 to 15 Oct", "2026-10-01..2026-10-16"},
		{"between 1 and 15 October", "2026-10-01..2026-10-16"},
		{"from 3 Nov to 9 Nov", "2026-11-03..2026-11-10"},
		{"3 Nov - 9 Nov", "2026-11-03..2026-11-10"},
		{"from the 1st to the 15th", "2026-11-01..2026-11-16"},
		{"from 2026-10-01 to 2026-10-15", "2026-10-01..2026-10-16"},
		{"2026-10-01..2026-10-15", "2026-10-01..2026-10-15"},
		{"between Dec 20 and Jan 5", "2025-12-20..2026-01-06"},
		{"since Oct 5", "2026-10-05..2026-11-20"},
		{"from October 5 onwards", "2026-10-05..2026-11-20"},
		{"October 5 until now", "2026-10-05..2026-11-20"},
		{"the week of October 5", "2026-10-05..2026-10-12"},
		{"first week of October", "2026-09-28..2026-10-05"},
		{"last week of October", "2026-10-26..2026-11-02"},
		{"first 10 days of October", "2026-10-01..2026-10-11"},
		{"last day of last month", "2026-10-31..2026-11-01"},
		{"week 45", "2026-11-02..2026-11-09"},
		{"end of October", "2026-10-21..2026-11-01"},
		{"Black Friday", "2025-11-28..2025-11-29"},
		{"next week", "2026-11-23..2026-11-30"},
		// slips
		{"yesterdya", "yesterday"},
		{"comission thsi wek", "this_week"},
		{"last mouth", "last_month"},
		{"past 7 dys", "last_7_days"},
		{"in Ocotber", "last_month"},
		{"tody", "today"},
		{"toady's deposits", "today"},
		// not periods
		{"commission by day", ""},
		{"per week", ""},
		{"daily volume", ""},
		{"uid 2016", ""},
		{"show 20", ""},
		{"top 5 referees", ""},
		{"UID 12345", ""},
		{"VIP 2-3", ""},
		{"support 24/7", ""},
		{"match the user", ""},
		{"1.5 USDT", ""},
		{"the second user", ""},
		{"give me the first one", ""},
		{"a day", ""},
		{"", ""},
	} {
		var got []string
		for _, m := range Parse(c.text, ref, time.UTC) {
			got = append(got, m.Arg)
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%q: got %q, want %q", c.text, g, c.want)
		}
	}
}

// The days are those of the zone: when it is already Friday in Tokyo, today is Friday.
func TestZone(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	m := Parse("today", ref, tokyo)
	if len(m) != 1 || m[0].From.Format(time.RFC3339) != "2026-11-20T00:00:00+09:00" || m[0].To.Format(time.RFC3339) != "2026-11-21T00:00:00+09:00" {
		t.Errorf("got %v", m)
	}
	// Clocks change on 2026-11-01 in New York: the day has 25 hours and is one day all the same.
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	m = Parse("on Nov 1", ref, ny)
	if len(m) != 1 || m[0].To.Sub(m[0].From) != 25*time.Hour || m[0].Arg != "2026-11-01..2026-11-02" {
		t.Errorf("got %v", m)
	}
}

// "The week before" is before what was spoken of last.
func TestParseAfter(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct{ from, to, text, want string }{
		{"2026-11-09", "2026-11-16", "the week before", "2026-11-02..2026-11-09"},
		{"2026-10-01", "2026-11-01", "and the month before?", "2026-09-01..2026-10-01"},
		{"2026-10-01", "2026-11-01", "the previous month", "2026-09-01..2026-10-01"},
		{"2026-11-16", "2026-11-23", "same period last month", "2026-10-16..2026-10-23"},
		{"2026-11-18", "2026-11-19", "the day before", "2026-11-17..2026-11-18"},
		{"2026-11-18", "2026-11-19", "last week", "last_week"},
	} {
		m := ParseAfter(c.text, ref, time.UTC, day(c.from), day(c.to))
		if len(m) != 1 || m[0].Arg != c.want {
			t.Errorf("%q after %s: got %v, want %s", c.text, c.from, m, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	text := "commission from 3 Nov to 9 Nov, and yesterday?"
	m := Parse(text, ref, time.UTC)
	if len(m) != 2 || text[m[0].Start:m[0].End] != "3 Nov to 9 Nov" && text[m[0].Start:m[0].End] != "from 3 Nov to 9 Nov" || text[m[1].Start:m[1].End] != "yesterday" {
		t.Errorf("got %+v", m)
	}
}

// The longest message of the most nested phrases does not explode: the bound is far above what a loaded machine needs.
func TestCost(t *testing.T) {
	for _, s := range []string{"the week before ", "3 days before ", "the first week of ", "between ", "from 1 to ", "one hundred and ", "last ", "1-", "the ", "so far "} {
		start := time.Now()
		Parse(strings.Repeat(s, 4000/len(s)), ref, time.UTC)
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%q repeated took %v", s, d)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		Parse("How does this week's commission from direct referees compare with Oct 1-15?", ref, time.UTC)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"Oct 1–15", "from 3 Nov to 9 Nov", "2016-11", "last 3 days", "first week of 2015", "twenty-first",
		"\xff\x00 31/31/31", "between 2014-2018", "3 weeks before the day before yesterday", "Feb 29 9999", "same day last year", "the week of the 31st"} {
		f.Add(s, int64(1_763_500_000))
	}
	f.Fuzz(func(t *testing.T, s string, at int64) {
		end := 0
		for _, m := range Parse(s, time.Unix(at%4_000_000_000, 0), time.UTC) {
			if !m.From.Before(m.To) {
				t.Fatalf("%q: empty period %v", s, m)
			}
			if m.Start < end || m.End <= m.Start || m.End > len(s) {
				t.Fatalf("%q: bytes %d to %d after %d", s, m.Start, m.End, end)
			}
			if m.Arg == "" {
				t.Fatalf("%q: no argument for %v", s, m)
			}
			end = m.End
		}
	})
}
