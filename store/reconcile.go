package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// ReconcileQuery asks for the days in [Since, Until) on which our figures and an exchange's differ.
type ReconcileQuery struct {
	Partner      int64
	Exchange     string
	Since, Until time.Time    // dates, midnight UTC
	Tolerance    domain.Money // differences of at most this are none
	All          bool         // the days that agree too
}

// ReconcileRow is a referee's day by our figures and by the exchange's.
type ReconcileRow struct {
	Day             string       `json:"day"`
	UID             int64        `json:"uid"`
	OurCommission   domain.Money `json:"ourCommission"`
	TheirCommission domain.Money `json:"theirCommission"`
	Commission      domain.Money `json:"commissionDifference"` // ours − theirs
	OurVolume       domain.Money `json:"ourVolume"`
	TheirVolume     domain.Money `json:"theirVolume"`
	Volume          domain.Money `json:"volumeDifference"`
	Kind            string       `json:"kind"` // equal, differs, only_ours, only_theirs, unknown_referee (theirs, of a uid that is not the partner's referee with us)
}

// ReconcileTotals sum over all days, whether they are shown or not.
type ReconcileTotals struct {
	Days            int64        `json:"days"` // referees' days that either side knows
	Differ          int64        `json:"differ"`
	OurCommission   domain.Money `json:"ourCommission"`
	TheirCommission domain.Money `json:"theirCommission"`
	OurVolume       domain.Money `json:"ourVolume"`
	TheirVolume     domain.Money `json:"theirVolume"`
	// VolumeTold is false where the exchange's source has no volume: volumes are then not compared.
	VolumeTold bool `json:"volumeTold"`
	// MissingReferees are those whom the exchange lists and we do not know as the partner's.
	MissingReferees int64 `json:"missingReferees"`
}

// Reconcile holds our figures against what was imported, by day and referee, in that order; a row is given to show as it is read. Commission is the
// partner's own, of all levels. Errors: CodeForbidden to all but operators, CodeNotFound when nothing was imported, show's.
func (s *Store) Reconcile(ctx context.Context, c domain.Caller, q ReconcileQuery, show func(ReconcileRow) error) (sum ReconcileTotals, err error) {
	if err := c.Require(domain.RoleOperator); err != nil {
		return sum, err
	}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var any bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM imported_day WHERE partner = $1 AND exchange = $2 AND day >= $3 AND day < $4),
			coalesce((SELECT bool_or(volume <> 0) FROM imported_day WHERE partner = $1 AND exchange = $2 AND day >= $3 AND day < $4), false),
			(SELECT count(*) FROM imported_referee i WHERE i.partner = $1 AND i.exchange = $2 AND NOT EXISTS (SELECT FROM account a WHERE a.uid = i.referee AND $1 IN (a.u1, a.u2, a.u3)))`,
			q.Partner, q.Exchange, q.Since, q.Until).Scan(&any, &sum.VolumeTold, &sum.MissingReferees); err != nil {
			return err
		}
		if !any {
			return domain.Errorf(domain.CodeNotFound, "exchange", "nothing of %s was imported for %d from %s to %s", q.Exchange, q.Partner, q.Since.Format(time.DateOnly), q.Until.Format(time.DateOnly))
		}
		return s.reconcile(ctx, tx, q, &sum, show)
	})
	return sum, err
}

func (s *Store) reconcile(ctx context.Context, tx pgx.Tx, q ReconcileQuery, sum *ReconcileTotals, show func(ReconcileRow) error) error {
	// The owners below the partner come from table account: the rollups have no index by u2 and u3.
	rows, err := tx.Query(ctx, `
		WITH owners AS (SELECT $1::bigint AS uid UNION SELECT uid FROM account WHERE u1 = $1 OR u2 = $1),
		facts AS (
			SELECT owner, u2, u3, day, referee, earned1, earned2, earned3, volume FROM referee_day WHERE owner IN (SELECT uid FROM owners) AND day >= $3 AND day < $4 AND product <> 0
			UNION ALL SELECT owner, u2, u3, day, referee, earned1, earned2, earned3, volume FROM delta WHERE owner IN (SELECT uid FROM owners) AND day >= $3 AND day < $4 AND product <> 0),
		ours AS (
			SELECT day, referee, sum(CASE $1 WHEN owner THEN earned1 WHEN u2 THEN earned2 ELSE earned3 END)::bigint AS commission, sum(volume)::bigint AS volume
			FROM facts WHERE $1 IN (owner, u2, u3) GROUP BY 1, 2),
		theirs AS (
			SELECT day, referee, sum(commission)::bigint AS commission, sum(volume)::bigint AS volume
			FROM imported_day WHERE partner = $1 AND exchange = $2 AND day >= $3 AND day < $4 GROUP BY 1, 2)
		SELECT to_char(day, 'YYYY-MM-DD'), referee, coalesce(o.commission, 0), coalesce(t.commission, 0), coalesce(o.volume, 0), coalesce(t.volume, 0), o.day IS NULL, t.day IS NULL,
			EXISTS (SELECT FROM account a WHERE a.uid = referee AND $1 IN (a.u1, a.u2, a.u3))
		FROM ours o FULL JOIN theirs t USING (day, referee) ORDER BY day, referee`, q.Partner, q.Exchange, q.Since, q.Until)
	if err != nil {
		return err
	}
	var r ReconcileRow
	var onlyTheirs, onlyOurs, mine bool
	_, err = pgx.ForEachRow(rows, []any{&r.Day, &r.UID, &r.OurCommission, &r.TheirCommission, &r.OurVolume, &r.TheirVolume, &onlyTheirs, &onlyOurs, &mine}, func() error {
		r.Commission, r.Volume = r.OurCommission-r.TheirCommission, 0
		if sum.VolumeTold {
			r.Volume = r.OurVolume - r.TheirVolume
		}
		within := func(m domain.Money) bool { return m <= q.Tolerance && m >= -q.Tolerance }
		equal := within(r.Commission) && within(r.Volume)
		switch {
		case equal:
			r.Kind = "equal"
		case onlyTheirs && !mine:
			r.Kind = "unknown_referee"
		case onlyTheirs:
			r.Kind = "only_theirs"
		case onlyOurs:
			r.Kind = "only_ours"
		default:
			r.Kind = "differs"
		}
		sum.Days++
		sum.OurCommission += r.OurCommission
		sum.TheirCommission += r.TheirCommission
		sum.OurVolume += r.OurVolume
		sum.TheirVolume += r.TheirVolume
		if !equal {
			sum.Differ++
		}
		if equal && !q.All {
			return nil
		}
		return show(r)
	})
	return err
}
