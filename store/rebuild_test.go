package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
	"partnerhub/store"
)

// damages are ways in which derived tables can be wrong, and the check that must say so. Each changes at least one row
// of a world that has such rows.
var damages = []struct{ check, sql string }{
	{"accounts", `DELETE FROM account WHERE uid = (SELECT max(uid) FROM account)`},
	{"accounts", `UPDATE account SET registered_at = registered_at - interval '1 day' WHERE uid = (SELECT min(uid) FROM account)`},
	{"accounts", `UPDATE account SET country = 'XX' WHERE uid = (SELECT min(uid) FROM account)`},
	{"accounts", `UPDATE account SET referrer = 0 WHERE uid = (SELECT min(uid) FROM account WHERE referrer <> 0)`},
	{"accounts", `UPDATE account SET main_uid = 1 WHERE uid = (SELECT min(uid) FROM account)`},
	{"kyc", `UPDATE account SET verified_at = now() WHERE uid = (SELECT min(uid) FROM account)`},
	{"rates", `DELETE FROM rate_version WHERE (uid, at, event_id) = (SELECT uid, at, event_id FROM rate_version LIMIT 1)`},
	{"rates", `UPDATE rate_version SET spot = spot + 1`},
	{"partners", `DELETE FROM partner`},
	{"partners", `UPDATE partner SET bd_uid = 99`},
	{"vip", `INSERT INTO vip_version VALUES (1000, now(), 'x', 9, 9)`},
	{"latest vip", `UPDATE account SET spot_vip = spot_vip + 1`},
	{"codes", `DELETE FROM referral_code WHERE code = (SELECT min(code) FROM referral_code)`},
	{"codes", `UPDATE referral_code SET uid = uid + 1`},
	{"code versions", `UPDATE code_version SET spot = 7`},
	{"rules", `DELETE FROM rules_version WHERE event_id = (SELECT min(event_id) FROM rules_version)`},
	{"void relations", `UPDATE account SET void = 'loop' WHERE uid = (SELECT min(uid) FROM account WHERE void = '')`},
	{"paths", `UPDATE account SET u1 = 0, u2 = 0, u3 = 0 WHERE uid = (SELECT max(uid) FROM account WHERE u2 <> 0)`},
	{"paths", `UPDATE account SET code1 = 'other' WHERE u1 <> 0`},
	{"waiting", `UPDATE event SET waits_for = NULL WHERE waits_for IS NOT NULL`},
	{"waiting", `UPDATE event SET waits_for = 'account:1' WHERE id = (SELECT min(id) FROM event WHERE type = 'kyc.completed')`},
	// A waiting trade whose account is there, as a lost wake-up would leave it.
	{"waiting", `WITH t AS (SELECT id, trade_id, account, at, product, symbol, side, volume, fee_gross, fee_paid FROM trade WHERE NOT ineligible AND reversed_at IS NULL LIMIT 1),
		gone AS (DELETE FROM trade WHERE id = (SELECT id FROM t))
		INSERT INTO event (id, type, uid, at, body, claim, waits_for) SELECT id, 'trade.executed', account, at,
			json_build_object('tradeId', trade_id, 'product', (ARRAY['spot', 'margin', 'futures'])[product], 'symbol', symbol, 'side', side,
				'volume', (volume / 1000000.0)::numeric(30, 6)::text, 'feeGross', (fee_gross / 1000000.0)::numeric(30, 6)::text, 'feePaid', (fee_paid / 1000000.0)::numeric(30, 6)::text),
			'trade:' || trade_id, 'account:' || account FROM t`},
	{"attribution", `UPDATE trade SET owner = 5, u2 = 6 WHERE id = (SELECT min(id) FROM trade)`},
	{"attribution", `UPDATE trade SET earned1 = earned1 + 1`},
	{"attribution", `UPDATE trade SET rate1 = 1 WHERE rate1 > 1`},
	{"attribution", `UPDATE trade SET counts = NOT counts, eligible = NOT eligible`},
	{"fees", `UPDATE trade SET earned3 = fee_paid + 1 WHERE id = (SELECT min(id) FROM trade)`},
	{"transfers", `DELETE FROM transfer WHERE id = (SELECT min(id) FROM transfer)`},
	{"transfers", `UPDATE transfer SET amount = amount + 1`},
	{"transfers", `UPDATE transfer SET owner = owner + 1`},
	{"transfers", `INSERT INTO transfer SELECT owner, u2, u3, referee, account, at, amount, withdrawal, counts, id || 'again' FROM transfer`},
	{"reversals", `UPDATE trade SET reversed_at = NULL WHERE reversed_at IS NOT NULL`},
	{"reversals", `UPDATE trade SET reversed_at = at WHERE reversed_at IS NULL`},
	{"dates", `UPDATE account SET first_trade_at = first_trade_at - interval '1 second'`},
	{"dates", `UPDATE account SET first_deposit_at = NULL`},
	{"dates", `UPDATE account SET last_trade_at = last_trade_at + interval '1 hour'`},
	{"referee_day", `DELETE FROM referee_day WHERE (owner, day, referee, product) = (SELECT owner, day, referee, product FROM referee_day WHERE product <> 0 LIMIT 1)`},
	{"referee_day", `UPDATE referee_day SET executed = executed + 1`},
	{"referee_day", `INSERT INTO delta SELECT 7, 0, 0, 8, now()::date, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, now()`},
	{"referee_day", `UPDATE referee_day SET day = day + 1000`},
	{"referee_day paths", `UPDATE referee_day SET u2 = u2 + 1`},
	{"partner_hour", `UPDATE partner_hour SET hour = hour + interval '1 hour 1 second'`},
	{"partner_hour", `INSERT INTO delta_hour SELECT 7, now(), 1, 1, 1, 0, 0, 0, 0, 0, 0, 0`},
	{"partner_hour", `DELETE FROM partner_hour WHERE (partner, hour, product, level) = (SELECT partner, hour, product, level FROM partner_hour LIMIT 1)`},
	{"partner_hour and referee_day", `UPDATE partner_hour SET earned = earned + 1`},
}

func mismatches(t testing.TB, s *store.Store) map[string]int64 {
	t.Helper()
	rep, err := s.Verify(context.Background(), store.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wrong := map[string]int64{}
	for _, c := range rep.Checks {
		if c.Mismatches > 0 {
			wrong[c.Name] = c.Mismatches
			if c.Example == "" {
				t.Errorf("%s: no example", c.Name)
			}
		}
	}
	if rep.OK() != (len(wrong) == 0) {
		t.Errorf("OK is %v with %v", rep.OK(), wrong)
	}
	return wrong
}

// TestVerifyAndRebuild damages derived tables in each way: Verify must notice, and Rebuild must put everything right.
func TestVerifyAndRebuild(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 3))
			zone := []*time.Location{time.UTC, mustZone(t, "America/New_York"), mustZone(t, "Asia/Kolkata")}[seed%3]
			s, pool := open(t, zone)
			events := agreeing(oracle.Random(rng, 800))
			rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] }) // so that paths change late
			ingest(t, s, rng, 2, events[:400])
			foldAll(t, s)
			ingest(t, s, rng, 2, events[400:])
			if wrong := mismatches(t, s); len(wrong) > 0 {
				t.Fatalf("with deltas that are not folded: %v", wrong)
			}
			foldAll(t, s)
			want := derived(t, pool)
			if wrong := mismatches(t, s); len(wrong) > 0 {
				t.Fatalf("folded: %v", wrong)
			}
			for i, d := range damages {
				if uint64(i)%4 != seed { // each world takes its part
					continue
				}
				tag, err := pool.Exec(context.Background(), d.sql)
				if err != nil || tag.RowsAffected() == 0 {
					t.Fatalf("%s: %d rows, %v", d.sql, tag.RowsAffected(), err)
				}
				if wrong := mismatches(t, s); wrong[d.check] == 0 {
					t.Errorf("%s: %v", d.sql, wrong)
				}
				var last, total int64
				if err := s.Rebuild(context.Background(), func(done, of int64) { last, total = done, of }); err != nil {
					t.Fatalf("%s: %v", d.sql, err)
				}
				if got := derived(t, pool); got != want {
					t.Fatalf("%s:\n%s", d.sql, diff(want, got))
				}
				if last != total || total < 100 {
					t.Errorf("progress ended at %d of %d", last, total)
				}
			}
			if wrong := mismatches(t, s); len(wrong) > 0 {
				t.Errorf("at the end: %v", wrong)
			}
		})
	}
}

// TestRebuildBesideIngest lets batches land while everything is derived again: none may be lost or counted twice.
func TestRebuildBesideIngest(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 4))
	events := agreeing(oracle.Random(rng, 900))
	s, pool := open(t, time.UTC)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := s.Rebuild(context.Background(), nil); err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Verify(context.Background(), store.VerifyOptions{Sample: 50}); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	ingest(t, s, rng, 3, events)
	close(stop)
	wg.Wait()
	foldAll(t, s)
	got := derived(t, pool)

	quiet, quietPool := open(t, time.UTC)
	ingest(t, quiet, rng, 1, events)
	foldAll(t, quiet)
	if want := derived(t, quietPool); got != want {
		t.Fatal(diff(want, got))
	}
}

// TestRebuildWithZone cuts days and hours anew; the former zone is refused from then on.
func TestRebuildWithZone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(2, 5))
	events := agreeing(oracle.Random(rng, 500))
	kolkata := mustZone(t, "Asia/Kolkata")

	there, therePool := open(t, kolkata)
	ingest(t, there, rng, 1, events)
	foldAll(t, there)

	old, pool := open(t, time.UTC)
	ingest(t, old, rng, 1, events[:300])
	if err := store.RebuildWithZone(ctx, pool, kolkata, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(ctx, pool, time.UTC); err == nil {
		t.Error("the former zone is still accepted")
	}
	for what, err := range map[string]error{
		"ingest":  func() error { _, err := old.Ingest(ctx, store.Batch{Lines: lines(events[300:])}); return err }(),
		"rebuild": old.Rebuild(ctx, nil),
		"a question": func() error {
			week := domain.Period{From: oracle.Start, To: oracle.Start.AddDate(0, 0, 7)}
			_, err := old.Metrics(ctx, domain.Partner(oracle.Partners(events)[0]), referral.Query{Metrics: []string{"volume"}, Period: week}, oracle.End)
			return err
		}(),
	} {
		if err == nil || !strings.Contains(err.Error(), "zone") {
			t.Errorf("%s by a process with the former zone: %v", what, err)
		}
	}
	now, err := store.Open(ctx, pool, kolkata)
	if err != nil {
		t.Fatal(err)
	}
	ingest(t, now, rng, 1, events[300:])
	foldAll(t, now)
	if want, got := derived(t, therePool), derived(t, pool); got != want {
		t.Fatal(diff(want, got))
	}
}

// TestRebuildWithoutRegistration refuses to derive when an event is gone, and leaves everything as it was.
func TestRebuildWithoutRegistration(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(3, 6))
	s, pool := open(t, time.UTC)
	ingest(t, s, rng, 1, agreeing(oracle.Random(rng, 400)))
	foldAll(t, s)
	if _, err := pool.Exec(ctx, `DELETE FROM event WHERE type = 'account.registered' AND uid = (SELECT min(account) FROM trade)`); err != nil {
		t.Fatal(err)
	}
	want := derived(t, pool)
	if err := s.Rebuild(ctx, nil); err == nil || !strings.Contains(err.Error(), "registration of account") {
		t.Errorf("error %v", err)
	}
	if got := derived(t, pool); got != want {
		t.Error(diff(want, got))
	}
}
