package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
)

// TestTaskProgressIsTold: a storm of trades is one webhook a minute for each participant, with the figures of when it goes out; nothing is
// written where nobody wants to hear of it.
func TestTaskProgressIsTold(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, pool := taskWorld(t)
	deposit(t, s, 100, 1000*domain.USDT)
	spec := tradingSpec()
	id, err := s.CreateTask(ctx, domain.Partner(100), spec, "", taskDay)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	storm := func(uid int64, now time.Time) {
		t.Helper()
		for range 20 {
			n++
			land(t, s, traded(n, uid, spec.Start.Add(time.Duration(n)*time.Second), referral.Spot, 10*domain.USDT))
			advance(t, s, now)
		}
	}
	told := func() (bodies []string) {
		t.Helper()
		rows, err := pool.Query(ctx, `SELECT body::json->>'data' FROM delivery WHERE type = 'task.progress' ORDER BY body::json->>'timestamp', owner`)
		if err != nil {
			t.Fatal(err)
		}
		if bodies, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
		return bodies
	}
	now := spec.Start.Add(time.Hour)
	storm(301, now)
	var moved int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM task_moved`).Scan(&moved); err != nil || moved != 0 {
		t.Fatal(moved, "noted for nobody", err)
	}
	if _, err := pool.Exec(ctx, `INSERT INTO webhook_endpoint (id, url, types, secrets, created_by) VALUES
		('00000000-0000-0000-0000-000000000001', 'https://a', '{task.progress}', '{}', 'k'), ('00000000-0000-0000-0000-000000000002', 'https://b', '{task.reward}', '{}', 'k')`); err != nil {
		t.Fatal(err)
	}
	storm(301, now)
	storm(401, now.Add(30*time.Second))
	if got := told(); len(got) != 0 {
		t.Fatal("told at once:", got)
	}
	advance(t, s, now.Add(task.ProgressEvery))
	storm(301, now.Add(task.ProgressEvery)) // begins anew
	for range 2 {
		advance(t, s, now.Add(2*task.ProgressEvery-time.Second))
	}
	want := []string{
		fmt.Sprintf(`{"taskId":%d,"from":100,"uid":201,"progress":"400","steps":0,"of":2,"paid":"0"}`, id),
		fmt.Sprintf(`{"taskId":%d,"from":100,"uid":202,"progress":"200","steps":0,"of":2,"paid":"0"}`, id),
	}
	if got := told(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	n++
	land(t, s, traded(n, 301, spec.Start, referral.Spot, 500*domain.USDT))
	advance(t, s, now.Add(3*task.ProgressEvery))
	got := told()
	if last := fmt.Sprintf(`{"taskId":%d,"from":100,"uid":201,"progress":"1100","steps":1,"of":2,"paid":"10"}`, id); len(got) != 3 || got[2] != last {
		t.Fatal(got, "want", last)
	}
	// What moves and comes back is nothing to tell.
	n++
	land(t, s, traded(n, 401, spec.Start, referral.Spot, domain.USDT), referral.Event{ID: "back", Type: referral.TradeReversed, UID: 401, At: now, Body: referral.Reversal{TradeID: fmt.Sprintf("T%d", n), Reason: "x"}})
	advance(t, s, now.Add(4*task.ProgressEvery))
	advance(t, s, now.Add(6*task.ProgressEvery))
	if got := told(); len(got) != 3 {
		t.Fatal(got)
	}
	verified(t, s)
}

// TestReviewIsTold: who created a task hears once of each reward that was paid and whose progress was taken back, also after the settlement.
func TestReviewIsTold(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _ := taskWorld(t)
	deposit(t, s, 100, 1000*domain.USDT)
	spec := tradingSpec()
	if _, err := s.CreateTask(ctx, domain.Partner(100), spec, "", taskDay); err != nil {
		t.Fatal(err)
	}
	reverse := func(n int) {
		t.Helper()
		land(t, s, referral.Event{ID: fmt.Sprint("rev", n), Type: referral.TradeReversed, UID: 301, At: spec.Start.Add(time.Hour), Body: referral.Reversal{TradeID: fmt.Sprintf("T%d", n), Reason: "x"}})
	}
	reviews := func(uid int64) (out []string) {
		t.Helper()
		list, _, err := s.Notices(ctx, domain.Partner(uid), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			if n.Kind == "task_review" {
				var d struct {
					UID, Step int64
					Amount    domain.Money
				}
				if err := json.Unmarshal(n.Data, &d); err != nil {
					t.Fatal(err)
				}
				out = append(out, fmt.Sprint(d.UID, " from step ", d.Step, ": ", d.Amount))
			}
		}
		return out
	}
	at := spec.Start
	land(t, s, traded(1, 301, at, referral.Spot, 1500*domain.USDT), traded(2, 301, at, referral.Spot, 4000*domain.USDT))
	advance(t, s, at)
	reverse(2)
	for range 3 {
		advance(t, s, at)
	}
	if got := fmt.Sprint(reviews(100)); got != "[201 from step 2: 30]" {
		t.Fatal(got)
	}
	// It comes back, and goes again: that was told.
	land(t, s, traded(3, 301, at, referral.Spot, 4000*domain.USDT))
	advance(t, s, at)
	reverse(3)
	advance(t, s, at)
	if got := len(reviews(100)); got != 1 {
		t.Fatal(got)
	}
	advance(t, s, spec.End.Add(task.DefaultGrace))
	reverse(1)
	advance(t, s, spec.End.AddDate(0, 0, 9))
	if got := fmt.Sprint(reviews(100), reviews(201)); got != "[201 from step 1: 40 201 from step 2: 30] []" {
		t.Fatal(got)
	}
	verified(t, s)
}
