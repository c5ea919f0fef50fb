package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

const (
	// keptBatches is how long a batch is remembered; of each source the latest stays.
	keptBatches = 48 * time.Hour
	// countedMost bounds what is counted row by row: beyond it, how many more does not matter to anybody.
	countedMost = 1_000_000
	shownLag    = 50 // sources
	trend       = time.Hour
)

// IngestHealth is how the ingest does.
type IngestHealth struct {
	AsOf             time.Time      `json:"asOf"`
	Sources          []SourceHealth `json:"sources" doc:"whoever sends: API keys by name, files, hub, replay; the latest to send first, at most 50"`
	Unfolded         int64          `json:"unfolded" doc:"deltas that are not in the rollups yet, counted up to a million; figures have them all the same"`
	Waiting          int64          `json:"waiting" doc:"accepted events that wait for an account, a code or a trade, counted up to a million"`
	OldestWaiting    *time.Time     `json:"oldestWaiting,omitempty" doc:"when the oldest of them arrived; absent beyond a million"`
	Rejected         int64          `json:"rejected" doc:"refused lines that no replay landed, counted up to a million"`
	RejectedLastHour int64          `json:"rejectedLastHour" doc:"lines refused in the last hour"`
	Minutes          []IngestMinute `json:"minutes" doc:"the last hour, the oldest first"`
}

// SourceHealth is how far behind a sender is.
type SourceHealth struct {
	Source       string     `json:"source"`
	LastArrived  time.Time  `json:"lastArrived" doc:"of its latest batch"`
	LastEventAt  *time.Time `json:"lastEventAt,omitempty" doc:"when the latest event of its latest batch with any happened"`
	AgeSeconds   int64      `json:"ageSeconds" doc:"since its latest batch"`
	DelaySeconds *int64     `json:"delaySeconds,omitempty" doc:"from that event to its arrival"`
	Accepted     int64      `json:"accepted" doc:"in the last hour"`
	Rejected     int64      `json:"rejected" doc:"in the last hour"`
}

// IngestMinute is what came in within a minute.
type IngestMinute struct {
	At       time.Time `json:"at"`
	Accepted int64     `json:"accepted"`
	Rejected int64     `json:"rejected"`
}

// IngestHealth reads how the ingest does. CodeForbidden to all but operators.
func (s *Store) IngestHealth(ctx context.Context, c domain.Caller, now time.Time) (h IngestHealth, err error) {
	if err := c.Require(domain.RoleOperator); err != nil {
		return h, err
	}
	h.AsOf = now.UTC()
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT
				(SELECT count(*) FROM (SELECT FROM delta LIMIT $1) x) + (SELECT count(*) FROM (SELECT FROM delta_hour LIMIT $1) x),
				n, CASE WHEN n < $1 THEN oldest END,
				(SELECT count(*) FROM (SELECT FROM rejected WHERE taken_at IS NULL LIMIT $1) x),
				(SELECT count(*) FROM (SELECT FROM rejected WHERE arrived > $2 LIMIT $1) x)
			FROM (SELECT count(*) AS n, min(arrived) AS oldest FROM (SELECT arrived FROM event WHERE waits_for IS NOT NULL LIMIT $1) x) w`, countedMost, now.Add(-trend)).
			Scan(&h.Unfolded, &h.Waiting, &h.OldestWaiting, &h.Rejected, &h.RejectedLastHour); err != nil {
			return err
		}
		if h.OldestWaiting != nil {
			*h.OldestWaiting = h.OldestWaiting.UTC()
		}
		if h.Sources, err = sourceHealth(ctx, tx, now); err != nil {
			return err
		}
		h.Minutes, err = ingestMinutes(ctx, tx, now)
		return err
	})
	return h, err
}

// sourceHealth steps from one source to the next in the index: the batches of a day are many, the sources few.
func sourceHealth(ctx context.Context, tx pgx.Tx, now time.Time) ([]SourceHealth, error) {
	rows, err := tx.Query(ctx, `
		WITH RECURSIVE s (source) AS (
			(SELECT source FROM ingest_batch ORDER BY source LIMIT 1)
			UNION ALL SELECT (SELECT b.source FROM ingest_batch b WHERE b.source > s.source ORDER BY b.source LIMIT 1) FROM s WHERE s.source IS NOT NULL),
		sums AS (SELECT source, sum(accepted) AS accepted, sum(rejected) AS rejected FROM ingest_batch WHERE arrived > $1 GROUP BY source)
		SELECT s.source, l.arrived, e.arrived, e.last_at, coalesce(sums.accepted, 0), coalesce(sums.rejected, 0)
		FROM s CROSS JOIN LATERAL (SELECT arrived FROM ingest_batch b WHERE b.source = s.source ORDER BY arrived DESC LIMIT 1) l
		LEFT JOIN LATERAL (SELECT arrived, last_at FROM ingest_batch b WHERE b.source = s.source AND last_at IS NOT NULL ORDER BY arrived DESC LIMIT 1) e ON true
		LEFT JOIN sums ON sums.source = s.source
		ORDER BY l.arrived DESC, s.source LIMIT $2`, now.Add(-trend), shownLag)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (x SourceHealth, err error) {
		var arrived *time.Time // of the event
		if err = row.Scan(&x.Source, &x.LastArrived, &arrived, &x.LastEventAt, &x.Accepted, &x.Rejected); err != nil {
			return x, err
		}
		x.LastArrived = x.LastArrived.UTC()
		x.AgeSeconds = max(int64(now.Sub(x.LastArrived).Seconds()), 0)
		if x.LastEventAt != nil {
			delay := int64(arrived.Sub(*x.LastEventAt).Seconds())
			*x.LastEventAt, x.DelaySeconds = x.LastEventAt.UTC(), &delay
		}
		return x, nil
	})
}

func ingestMinutes(ctx context.Context, tx pgx.Tx, now time.Time) ([]IngestMinute, error) {
	last := now.UTC().Truncate(time.Minute)
	first := last.Add(time.Minute - trend)
	rows, err := tx.Query(ctx, `SELECT date_trunc('minute', arrived), sum(accepted), sum(rejected) FROM ingest_batch WHERE arrived >= $1 GROUP BY 1`, first)
	if err != nil {
		return nil, err
	}
	all := make([]IngestMinute, int(trend/time.Minute))
	for i := range all {
		all[i].At = first.Add(time.Duration(i) * time.Minute)
	}
	var m IngestMinute
	_, err = pgx.ForEachRow(rows, []any{&m.At, &m.Accepted, &m.Rejected}, func() error {
		if i := int(m.At.Sub(first) / time.Minute); i >= 0 && i < len(all) {
			all[i].Accepted, all[i].Rejected = m.Accepted, m.Rejected
		}
		return nil
	})
	return all, err
}

// ForgetBatches deletes what IngestHealth does not look at any more: all old batches but the latest of each source.
func (s *Store) ForgetBatches(ctx context.Context, now time.Time) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM ingest_batch b WHERE arrived < $1 AND EXISTS (SELECT FROM ingest_batch n WHERE n.source = b.source AND n.arrived > b.arrived AND (n.last_at IS NOT NULL OR b.last_at IS NULL))`, now.Add(-keptBatches))
	return err
}
