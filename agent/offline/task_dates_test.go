package offline

import (
	"testing"
	"time"

	"partnerhub/agent/offline/period"
)

// TestDatesOfATask: plans lie ahead of the day on which they are made, Thursday, 26 November 2026.
func TestDatesOfATask(t *testing.T) {
	now := time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC)
	for text, want := range map[string][2]string{
		"from 1 Dec to 15 Dec":                {"2026-12-01", "2026-12-15"},
		"1-15 December":                       {"2026-12-01", "2026-12-15"},
		"2026-12-01 to 2026-12-15":            {"2026-12-01", "2026-12-15"},
		"start 2026-12-01 end 2026-12-15":     {"2026-12-01", "2026-12-15"},
		"starts 1 december ends 15 december":  {"2026-12-01", "2026-12-15"},
		"27 Nov to 30 Nov":                    {"2026-11-27", "2026-11-30"},
		"from tomorrow to next friday":        {"2026-11-27", "2026-12-04"},
		"from monday to friday":               {"2026-11-30", "2026-12-04"},
		"next week":                           {"2026-11-30", "2026-12-07"},
		"next month":                          {"2026-12-01", "2027-01-01"},
		"from today till sunday":              {"2026-11-26", "2026-11-29"},
		"from 1 dec for 10 days":              {"2026-12-01", "2026-12-11"},
		"starting tomorrow for two weeks":     {"2026-11-27", "2026-12-11"},
		"from 3 Jan to 9 Jan":                 {"2027-01-03", "2027-01-09"},
		"end on Friday":                       {"", "2026-11-27"},
		"until 10 december":                   {"", "2026-12-10"},
		"start on 5 december":                 {"2026-12-05", ""},
		"start on the 1st and end on the 8th": {"2026-12-01", "2026-12-08"},
	} {
		args := map[string]any{}
		dates(args, text, period.Parse(text, now, time.UTC), now)
		start, _ := args["start"].(string)
		end, _ := args["end"].(string)
		if start != want[0] || end != want[1] {
			t.Errorf("%s: %s to %s, want %s to %s", text, start, end, want[0], want[1])
		}
	}
}

// TestDatesOfATaskInItsZone: in Vietnam it is the 27th already when it is the 26th in UTC.
func TestDatesOfATaskInItsZone(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 26, 20, 0, 0, 0, time.UTC)
	args := map[string]any{}
	dates(args, "from 27 Nov to 30 Nov", period.Parse("from 27 Nov to 30 Nov", now, zone), now)
	if args["start"] != "2026-11-27" || args["end"] != "2026-11-30" {
		t.Errorf("%v", args)
	}
	args = map[string]any{}
	dates(args, "this week", period.Parse("this week", now, zone), now)
	if args["start"] != "2026-11-27" || args["end"] != "2026-11-30" {
		t.Errorf("this week: %v", args)
	}
}
