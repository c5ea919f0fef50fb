package ingest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/store"
)

// refuse lands lines as refused for a type that is not known: as a release does that came before it.
func refuse(t *testing.T, s *store.Store, raw ...string) {
	t.Helper()
	var lines []store.Line
	for i, l := range raw {
		lines = append(lines, store.Line{No: int64(i + 1), Raw: []byte(l), Err: domain.Invalid("type", "is no event type")})
	}
	if _, err := s.Ingest(t.Context(), store.Batch{Source: "old release", Lines: lines}); err != nil {
		t.Fatal(err)
	}
}

func refusedLines(t *testing.T, s *store.Store, cause *store.Cause) []store.RejectedLine {
	t.Helper()
	list, _, err := s.RejectedLines(t.Context(), cause, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var (
	anOperator = domain.Caller{UID: 90, Role: domain.RoleOperator}
	unknown    = store.RejectedQuery{Cause: &store.Cause{Code: domain.CodeInvalid, Field: "type"}}
)

// TestReplay: what was refused lands by a replay, once, however often it was sent and replayed; what is wrong stays, with its latest
// reason; each replay leaves a trace of who made it.
func TestReplay(t *testing.T) {
	s, pool := open(t)
	check(t, "before", take(t, s, Options{}, registered(1, ""), coded(1, "ONE"), registered(2, `,"referralCode":"ONE"`), registered(3, ""), traded("a", 2), reversed("x", 3, "a")), 5, 0, 1, 0)
	taken := strings.Replace(traded("d", 2), `"td"`, `"ta"`, 1)
	refuse(t, s, traded("b", 2), traded("b", 2), traded("c", 9), taken)

	for _, c := range []domain.Caller{domain.Partner(2), {UID: 70, Role: domain.RoleBD}, {UID: 80, Role: domain.RoleContent}, {Role: domain.RoleService}} {
		if _, err := Replay(t.Context(), s, c, unknown, 0, time.Now()); domain.AsError(err).Code != domain.CodeForbidden {
			t.Errorf("%s: %v", c, err)
		}
	}
	if n := query[int](t, pool, `SELECT count(*) FROM trade`) + query[int](t, pool, `SELECT count(*) FROM operator_action`); n != 1 {
		t.Fatalf("%d trades and actions after refused replays", n)
	}

	sum, err := Replay(t.Context(), s, anOperator, unknown, 0, time.Now())
	if want := (store.ReplayCounts{Accepted: 2, Duplicate: 1, Rejected: 1, Deferred: 1}); err != nil || sum != want {
		t.Fatalf("%+v %v, want %+v", sum, err, want)
	}
	if n := query[int](t, pool, `SELECT count(*) FROM trade WHERE id = 'b'`); n != 1 {
		t.Errorf("trade b is there %d times", n)
	}
	if n := query[int](t, pool, `SELECT (sum(volume) / 1000000)::int FROM (SELECT volume FROM referee_day UNION ALL SELECT volume FROM delta) x`); n != 200 {
		t.Errorf("the volume of two trades is %d", n)
	}
	if list := refusedLines(t, s, unknown.Cause); len(list) != 0 {
		t.Errorf("still refused for the type: %+v", list)
	}
	list := refusedLines(t, s, &store.Cause{Code: domain.CodeConflict, Field: "tradeId"})
	if len(list) != 1 || list[0].Tries != 2 || list[0].TriedAt == nil || list[0].Source != "old release" || !strings.Contains(list[0].Reason, "already taken") {
		t.Errorf("refused again: %+v", list)
	}
	if _, err := Replay(t.Context(), s, anOperator, unknown, 0, time.Now()); domain.AsError(err).Code != domain.CodeNotFound {
		t.Errorf("nothing is left, and yet: %v", err)
	}
	actions, _, err := s.Actions(t.Context(), "", 10)
	if err != nil || len(actions) != 1 || actions[0].By != 90 || actions[0].Subject != "invalid:type" || actions[0].Detail["accepted"] != float64(2) {
		t.Errorf("the trace: %+v %v", actions, err)
	}

	// The same line refused once more, and replayed: the event counts once.
	refuse(t, s, traded("b", 2))
	if sum, err := Replay(t.Context(), s, anOperator, unknown, 0, time.Now()); err != nil || sum != (store.ReplayCounts{Duplicate: 1}) {
		t.Errorf("%+v %v", sum, err)
	}
	if n := query[int](t, pool, `SELECT count(*) FROM trade`); n != 2 {
		t.Errorf("%d trades", n)
	}
}

// A reversal of another's trade stays refused, by its id and with all.
func TestReplayOfAnothersReversal(t *testing.T) {
	s, pool := open(t)
	take(t, s, Options{}, registered(2, ""), registered(3, ""), traded("a", 2), reversed("x", 3, "a"))
	refused := refusedLines(t, s, nil)
	for i, q := range []store.RejectedQuery{{IDs: []int64{refused[0].ID}}, {}} {
		sum, err := Replay(t.Context(), s, anOperator, q, 0, time.Now())
		if err != nil || sum != (store.ReplayCounts{Rejected: 1}) {
			t.Fatalf("%+v %v", sum, err)
		}
		list := refusedLines(t, s, nil)
		if len(list) != 1 || list[0].Tries != 2+i || list[0].Cause != "forbidden:uid" || list[0].Reason != refused[0].Reason {
			t.Errorf("%+v", list)
		}
	}
	if n := query[int](t, pool, `SELECT count(*) FROM trade WHERE reversed_at IS NOT NULL`) + query[int](t, pool, `SELECT count(*) FROM event WHERE type = 'trade.reversed'`); n != 0 {
		t.Error("the trade is reversed")
	}
}

// A line of which a part was kept is never tried, since its beginning alone may read as another event.
func TestReplayOfLinesKeptInPart(t *testing.T) {
	s, pool := open(t)
	padded := traded("a", 2) + strings.Repeat(" ", 5000)
	take(t, s, Options{}, registered(2, ""))
	refuse(t, s, padded, traded("b", 2))
	sum, err := Replay(t.Context(), s, anOperator, unknown, 0, time.Now())
	if err != nil || sum != (store.ReplayCounts{Accepted: 1, Left: 1}) {
		t.Errorf("%+v %v", sum, err)
	}
	if n := query[int](t, pool, `SELECT count(*) FROM trade WHERE id = 'a'`); n != 0 {
		t.Error("it landed")
	}
	if list := refusedLines(t, s, nil); len(list) != 1 || list[0].Whole || list[0].Tries != 1 {
		t.Errorf("%+v", list)
	}
}

// Two operators replay the same lines at once, in requests of few lines: every event counts once, and every line ends.
func TestReplaysAtOnce(t *testing.T) {
	s, pool := open(t)
	take(t, s, Options{}, registered(2, ""))
	var raw []string
	for i := range 60 {
		raw = append(raw, traded(fmt.Sprint("n", i), 2))
	}
	refuse(t, s, raw...)
	var at sync.WaitGroup
	for range 2 {
		at.Go(func() {
			for {
				_, err := Replay(t.Context(), s, anOperator, unknown, 7, time.Now())
				if domain.AsError(err).Code == domain.CodeNotFound && err != nil {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	at.Wait()
	if n := query[int](t, pool, `SELECT count(*) FROM trade`); n != 60 {
		t.Errorf("%d trades", n)
	}
	if n := query[int](t, pool, `SELECT (sum(volume) / 1000000)::int FROM (SELECT volume FROM referee_day UNION ALL SELECT volume FROM delta) x`); n != 6000 {
		t.Errorf("the volume is %d", n)
	}
	if n := query[int](t, pool, `SELECT count(*) FROM rejected WHERE taken_at IS NULL OR action IS NULL`); n != 0 {
		t.Errorf("%d lines are left", n)
	}
}
