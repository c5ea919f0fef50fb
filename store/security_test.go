package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"partnerhub/domain"
	"partnerhub/domain/referral/oracle"
)

// TestCallersSeeTheirOwn reads every table as the service reads for a caller, without any filter of its own: what
// comes is the caller's, or nothing, or a refusal.
func TestCallersSeeTheirOwn(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	events := agreeing(oracle.Random(rng, 600))
	s, pool := open(t, time.UTC)
	ingest(t, s, rng, 1, events[:400])
	foldAll(t, s)
	ctx := context.Background()
	if _, err := s.RankLarge(ctx, 1, oracle.End); err != nil {
		t.Fatal(err)
	}
	ingest(t, s, rng, 1, events[400:])
	for _, partner := range oracle.Partners(events) {
		var uid int64
		if err := pool.QueryRow(ctx, `SELECT coalesce(min(uid), 0) FROM account WHERE u1 = $1`, partner).Scan(&uid); err != nil {
			t.Fatal(err)
		}
		if uid != 0 {
			if _, err := s.SetRefereeNote(ctx, domain.Partner(partner), uid, "a note", oracle.End); err != nil {
				t.Fatal(err)
			}
		}
	}

	as := func(setting, query string, args ...any) (n int64, err error) {
		err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SET LOCAL ROLE partnerhub_app`); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, setting); err != nil {
				return err
			}
			return tx.QueryRow(ctx, query, args...).Scan(&n)
		})
		return n, err
	}
	mine := map[string]string{
		"trade": "$1 IN (owner, u2, u3, referee)", "transfer": "$1 IN (owner, u2, u3, referee)", "referee_day": "$1 IN (owner, u2, u3, referee)",
		"delta": "$1 IN (owner, u2, u3, referee)", "partner_hour": "partner = $1", "account": "$1 IN (u1, u2, u3, uid)",
		"commission": "trade_id IN (SELECT trade_id FROM trade WHERE $1 IN (owner, u2, u3, referee))", "referral_code": "uid = $1",
		"referee_note": "partner = $1", "rank_list": "partner = $1", "referee_rank": "partner = $1", "referee_count": "partner = $1", "large_partner": "partner = $1",
		"group_day": "partner = $1", "trader_day": "partner = $1", "trader_count": "partner = $1", "settlement_due": "owner = $1 OR owner = (SELECT u1 FROM account WHERE uid = $1) OR owner IN (SELECT uid FROM account WHERE $1 IN (u1, u2))",
	}
	seen := map[string]int64{}
	for _, partner := range oracle.Partners(events) {
		name := fmt.Sprintf(`SET LOCAL partnerhub.uid = '%d'`, partner)
		for table, condition := range mine {
			all, err := as(name, `SELECT count(*) FROM `+table)
			if err != nil {
				t.Fatalf("%s: %v", table, err)
			}
			own, err := as(name, `SELECT count(*) FROM `+table+` WHERE `+condition, partner)
			if err != nil {
				t.Fatalf("%s: %v", table, err)
			}
			if all != own {
				t.Errorf("partner %d sees %d rows of %s that are not theirs", partner, all-own, table)
			}
			seen[table] += all
		}
	}
	for table := range mine {
		if seen[table] == 0 {
			t.Errorf("nobody sees anything of %s: the test shows nothing", table)
		}
		if n, err := as(`SELECT 1`, `SELECT count(*) FROM `+table); err != nil || n != 0 {
			t.Errorf("a transaction that names nobody sees %d rows of %s, %v", n, table, err)
		}
	}
	for _, table := range []string{"event", "rejected", "setting", "api_key", "rate_version", "structure_change", "ingest_batch", "operator_action", "imported_day", "imported_referee", "imported_deposit", "imported_partner", "import_window"} {
		var pg *pgconn.PgError
		if n, err := as(`SELECT 1`, `SELECT count(*) FROM `+table); !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("the caller's role reads %d rows of %s, %v", n, table, err)
		}
	}
	for _, statement := range []string{`DELETE FROM trade RETURNING 1`, `UPDATE account SET u1 = 1 RETURNING 1`, `INSERT INTO partner VALUES (1, now(), 1) RETURNING 1`} {
		var pg *pgconn.PgError
		if _, err := as(`SET LOCAL partnerhub.uid = '1'`, statement); !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
}
