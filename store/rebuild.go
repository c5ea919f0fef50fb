package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain/referral"
)

// Rebuild derives everything again from the accepted events, and leaves what ingest and Fold leave. progress, which may
// be nil, is told how many of the events have been read; the rollups follow the last of them.
//
// It is one transaction: a crash leaves the old state, and readers see that until the end. Batches wait meanwhile.
// Memory does not grow with the number of events; the disk needs room for a second copy of what turns out to be wrong.
func (s *Store) Rebuild(ctx context.Context, progress func(done, total int64)) error {
	return s.rebuild(ctx, func(tx pgx.Tx) error {
		var zone string
		err := tx.QueryRow(ctx, `SELECT value FROM setting WHERE name = 'zone'`).Scan(&zone)
		if err == nil && zone != s.zone.String() {
			err = errZone
		}
		return err
	}, progress)
}

// RebuildWithZone is Rebuild for a new reporting zone, by which Open accepts the database from then on. Processes that
// have it open with the former zone can ingest no more.
func RebuildWithZone(ctx context.Context, pool *pgxpool.Pool, zone *time.Location, progress func(done, total int64)) error {
	s := &Store{pool: pool, zone: zone}
	return s.rebuild(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO setting (name, value) VALUES ('zone', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, zone.String())
		return err
	}, progress)
}

// rebuild runs begin under the lock, and then derives.
func (s *Store) rebuild(ctx context.Context, begin func(pgx.Tx) error, progress func(done, total int64)) error {
	derive := func(tx pgx.Tx) error {
		// The structure lock keeps batches out, which take it before they commit; what they read before is void
		// afterwards, as the structureChange below tells them. Fold takes no structure lock, so it cannot be in the way of
		// one who waits for the other.
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, structureLock); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, foldLock); err != nil {
			return err
		}
		if err := lockTasks(ctx, tx); err != nil {
			return err
		}
		if err := begin(tx); err != nil {
			return err
		}
		b := rebuilding{store: s, tx: tx, progress: progress}
		if err := tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM event WHERE type <> 'trade.reversed') + (SELECT count(*) FROM trade)`).Scan(&b.total); err != nil {
			return err
		}
		for _, step := range []func(context.Context) error{b.clear, b.structure, b.trades, b.loggedFacts, b.reversals, b.rollups, b.tasks} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return structureChange{Rebuilt: true}.write(ctx, tx)
	}
	for try := 0; ; try++ {
		err := pgx.BeginFunc(ctx, s.pool, derive)
		if err == nil {
			return nil
		}
		// Two batches with the same lines can wait for each other until PostgreSQL ends one of those who wait, which may
		// be this one: at its beginning, when it waits for the lock.
		if !deadlocked(err) || try == maxYields {
			return fmt.Errorf("rebuild: %w", err)
		}
	}
}

// rebuilding is a rebuild under way.
type rebuilding struct {
	store       *Store
	tx          pgx.Tx
	progress    func(done, total int64)
	done, total int64
}

func (b *rebuilding) advance(n int) {
	b.done += int64(n)
	if b.progress != nil {
		b.progress(b.done, b.total)
	}
}

// clear removes what is derived, but for the trades, which hold their events. It deletes rather than truncates, so that
// readers keep what they see.
func (b *rebuilding) clear(ctx context.Context) error {
	for _, table := range []string{"account", "partner", "rate_version", "vip_version", "rules_version", "referral_code", "code_version",
		"transfer", "referee_day", "partner_hour", "referee_count", "delta", "delta_hour", "delta_count",
		"large_partner", "rank_list", "referee_rank", "rank_delta", "group_day", "trader_day", "trader_count"} {
		if _, err := b.tx.Exec(ctx, `DELETE FROM `+table); err != nil {
			return err
		}
	}
	// Ledger and records are facts, and stay. The compactor marks the days that come out of the events; these may not.
	if _, err := b.tx.Exec(ctx, `INSERT INTO settlement_due SELECT DISTINCT owner, day FROM settlement_record ON CONFLICT DO NOTHING`); err != nil {
		return err
	}
	_, err := b.tx.Exec(ctx, `UPDATE event SET waits_for = NULL WHERE waits_for IS NOT NULL`)
	return err
}

// structure applies the events of the structure once more, as if they had just arrived. The order of time is not
// needed; in it, few of them wait for another.
func (b *rebuilding) structure(ctx context.Context) error {
	return eachChunk(ctx, b.tx, "rebuild_structure", scanEvent, func(events []referral.Event) error {
		r := &run{store: b.store, tx: b.tx, alone: true}
		for _, e := range events {
			r.pending = append(r.pending, &pendingEvent{Event: e})
		}
		if err := r.rounds(ctx); err != nil {
			return err
		}
		w := waits{}
		for _, p := range r.pending {
			w.add(p.ID, p.waits)
		}
		b.advance(len(events))
		return w.write(ctx, b.tx)
	}, `SELECT id, type, uid, at, body FROM event
		WHERE type NOT IN ('deposit.completed', 'withdrawal.completed', 'trade.executed', 'trade.reversed') ORDER BY at, id`)
}

// waits are the keys that events wait for, "" for none, to be written to the log.
type waits struct {
	ids, keys []string
}

func (w *waits) add(id, key string) { w.ids, w.keys = append(w.ids, id), append(w.keys, key) }

func (w *waits) write(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE event e SET waits_for = nullif(n.key, '') FROM unnest($1::text[], $2::text[]) AS n (id, key)
		WHERE e.id = n.id AND coalesce(e.waits_for, '') <> n.key`, w.ids, w.keys)
	return err
}

// trades attributes the trades again, and writes those on which something changes.
func (b *rebuilding) trades(ctx context.Context) error {
	return eachChunk(ctx, b.tx, "rebuild_trade", scanTrade, func(facts []fact) error {
		changed, err := attributeFacts(ctx, b.tx, facts)
		if err != nil {
			return err
		}
		for _, c := range changed {
			if c.is.place.Referee == 0 {
				return fmt.Errorf("the log has no registration of account %d, which made trade %s", c.is.account, c.is.trade.TradeID)
			}
		}
		b.advance(len(facts))
		return updateFacts(ctx, b.tx, changed)
	}, `SELECT `+tradeColumns+` FROM trade`)
}

// loggedFacts applies the facts whose events are in the log: the transfers, and trades that need wait no longer.
func (b *rebuilding) loggedFacts(ctx context.Context) error {
	return eachChunk(ctx, b.tx, "rebuild_fact", scanEvent, func(events []referral.Event) error {
		uids := make([]int64, len(events))
		for i := range events {
			uids[i] = events[i].UID
		}
		s, err := loadStructure(ctx, b.tx, uids)
		if err != nil {
			return err
		}
		var facts []fact
		var moved []string
		var w waits
		for i := range events {
			f, _ := factOf(&events[i])
			if !f.attribute(&s.Structure) {
				w.add(f.id, accountKey(f.account))
				continue
			}
			facts = append(facts, f)
			if f.trade != nil {
				moved = append(moved, f.id)
			}
		}
		if err := insertFacts(ctx, b.tx, facts, nil); err != nil {
			return err
		}
		if _, err := b.tx.Exec(ctx, `DELETE FROM event WHERE id = ANY($1)`, moved); err != nil {
			return err
		}
		b.advance(len(events))
		return w.write(ctx, b.tx)
	}, `SELECT id, type, uid, at, body FROM event WHERE type IN ('deposit.completed', 'withdrawal.completed', 'trade.executed')`)
}

// reversals sets when trades were reversed. A reversal of another account's trade waits for ever.
func (b *rebuilding) reversals(ctx context.Context) error {
	for _, q := range []string{
		`UPDATE trade t SET reversed_at = NULL WHERE reversed_at IS NOT NULL
			AND NOT EXISTS (SELECT FROM event e WHERE e.claim = 'reversal:' || t.trade_id AND e.uid = t.account)`,
		`UPDATE trade t SET reversed_at = e.at FROM event e
			WHERE e.type = 'trade.reversed' AND t.trade_id = e.body->>'tradeId' AND t.account = e.uid AND t.reversed_at IS DISTINCT FROM e.at`,
		`UPDATE event e SET waits_for = 'trade:' || (e.body->>'tradeId') WHERE type = 'trade.reversed'
			AND NOT EXISTS (SELECT FROM trade t WHERE t.trade_id = e.body->>'tradeId' AND t.account = e.uid)`,
	} {
		if _, err := b.tx.Exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// tasks works out the progress of every participant again. Rewards are facts, and stay.
func (b *rebuilding) tasks(ctx context.Context) error {
	if _, err := b.tx.Exec(ctx, `DELETE FROM task_delta`); err != nil {
		return err
	}
	_, err := b.tx.Exec(ctx, `UPDATE task_participant p SET value = n.value, reached = `+stepsReached("n.value")+`
		FROM (`+taskValues(participantWindows)+`) n JOIN task t ON (t.owner, t.id) = (n.owner, n.task)
		WHERE (p.owner, p.task, p.uid) = (n.owner, n.task, n.uid)`)
	return err
}

// factSums are the facts summed by referee, hour and product, with days and hours cut by the zone, parameter $1. It is
// SQL, where ingest sums in Go: what the two agree on is right.
const factSums = `SELECT owner, u2, u3, referee, date_trunc('hour', t, $1::text) AS hour, (t AT TIME ZONE $1::text)::date AS day, product,
	sum(earned1)::bigint AS earned1, sum(earned2)::bigint AS earned2, sum(earned3)::bigint AS earned3, sum(rebate)::bigint AS rebate,
	sum(volume)::bigint AS volume, sum(eligible_volume)::bigint AS eligible_volume, sum(fees)::bigint AS fees,
	sum(trades)::bigint AS trades, sum(executed)::bigint AS executed, sum(deposits)::bigint AS deposits, sum(withdrawals)::bigint AS withdrawals, max(last_at) AS last_at
	FROM (SELECT owner, u2, u3, referee, at AS t, product, earned1, earned2, earned3, rebate, volume, CASE WHEN eligible THEN volume ELSE 0 END AS eligible_volume, fee_paid AS fees,
			1 AS trades, 1 AS executed, 0::bigint AS deposits, 0::bigint AS withdrawals, at AS last_at FROM trade WHERE counts
		UNION ALL SELECT owner, u2, u3, referee, reversed_at, product, -earned1, -earned2, -earned3, -rebate, -volume, CASE WHEN eligible THEN -volume ELSE 0 END, -fee_paid,
			-1, 0, 0, 0, NULL FROM trade WHERE counts AND reversed_at IS NOT NULL
		UNION ALL SELECT owner, u2, u3, referee, at, 0::smallint, 0, 0, 0, 0, 0, 0, 0,
			0, 0, CASE WHEN withdrawal THEN 0 ELSE amount END, CASE WHEN withdrawal THEN amount ELSE 0 END, NULL FROM transfer WHERE counts) f
	GROUP BY 1, 2, 3, 4, 5, 6, 7`

// firstDates are the first trade and the first deposit of each main account.
const firstDates = `SELECT referee, min(trade_at) AS trade_at, min(deposit_at) AS deposit_at FROM (
	SELECT referee, min(at) AS trade_at, NULL::timestamptz AS deposit_at FROM trade WHERE counts GROUP BY referee
	UNION ALL SELECT referee, NULL, min(at) FROM transfer WHERE counts AND NOT withdrawal GROUP BY referee) f GROUP BY referee`

// rollups sums the facts up, and folds the sums as if they were deltas.
func (b *rebuilding) rollups(ctx context.Context) error {
	if _, err := b.tx.Exec(ctx, `CREATE TEMPORARY TABLE rebuild_delta ON COMMIT DROP AS `+factSums, b.store.zone.String()); err != nil {
		return err
	}
	_, lasts, err := foldDays(ctx, b.tx, `SELECT * FROM rebuild_delta`)
	if err != nil {
		return err
	}
	if err := lasts.save(ctx, b.tx); err != nil {
		return err
	}
	if _, err := foldHours(ctx, b.tx, `SELECT * FROM `+fanned("rebuild_delta", "hour")); err != nil {
		return err
	}
	if _, err := b.tx.Exec(ctx, `UPDATE account a SET first_trade_at = f.trade_at, first_deposit_at = f.deposit_at FROM (`+firstDates+`) f WHERE a.uid = f.referee`); err != nil {
		return err
	}
	if _, err := b.tx.Exec(ctx, `DELETE FROM delta_count`); err != nil { // what the structure added on its way
		return err
	}
	_, err = b.tx.Exec(ctx, `INSERT INTO referee_count (`+countColumns+`) `+allCounts+countsOf("$1"), b.store.zone.String())
	return err
}
