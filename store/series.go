package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral/anomalies"
)

// Series are bounded: a partner of a million referees has the same number of large ones to be told about.
const (
	maxSeriesReferees    = 400 // those with the most volume, and as many with the largest transfers
	maxSeriesSubPartners = 200
	hoursOfSeries        = 21 * 24 * time.Hour
	// begun is how late the first day of a series may be for the series to be a cut of a longer life.
	begun = 7 * 24 * time.Hour
)

// Series are the caller's book, their sub-partners' books and their large referees by day of the reporting zone, from
// the day of from until now, as anomalies.Find wants them. Referees without enough volume or any large transfer are left
// out, and of the others the largest count. The book alone comes with its hours.
func (s *Store) Series(ctx context.Context, c domain.Caller, from, now time.Time) (series []anomalies.Series, err error) {
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		m := seriesQuery{metricsQuery: metricsQuery{store: s, tx: tx, partner: c.UID, now: now}, at: map[anomalies.Subject]int{}}
		m.q.Period = domain.Period{From: m.midnight(from), To: now}
		if !m.q.Period.From.Before(now) {
			return nil
		}
		for _, part := range []func(context.Context) error{m.book, m.books, m.transfers, m.largeReferees, m.lives} {
			if err := part(ctx); err != nil {
				return fmt.Errorf("series: %w", err)
			}
		}
		series = m.series
		return nil
	})
	return series, err
}

// seriesQuery is one set of series on its way.
type seriesQuery struct {
	metricsQuery
	series []anomalies.Series
	at     map[anomalies.Subject]int // where a subject's series is
	large  []int64                   // the referees that have one, for their volume or their transfers
}

// of is the subject's series, a new one where it has none.
func (m *seriesQuery) of(kind anomalies.SubjectKind, uid int64) *anomalies.Series {
	who := anomalies.Subject{Kind: kind, UID: uid}
	i, ok := m.at[who]
	if !ok {
		i = len(m.series)
		m.series, m.at[who] = append(m.series, anomalies.Series{Subject: who}), i
	}
	return &m.series[i]
}

// on is the series' day of that date; the days come in order.
func on(s *anomalies.Series, date time.Time) *anomalies.Day {
	i, found := slices.BinarySearchFunc(s.Days, date, func(d anomalies.Day, t time.Time) int { return d.Date.Compare(t) })
	if !found {
		s.Days = slices.Insert(s.Days, i, anomalies.Day{Date: date})
	}
	return &s.Days[i]
}

// date is a day of the reporting zone as it comes from PostgreSQL.
func (m *seriesQuery) dateOf(day time.Time) time.Time {
	return domain.Midnight(day.Year(), day.Month(), day.Day(), m.store.zone)
}

// book reads the whole book by hour. A reversal takes volume back on its own day, which may leave less than nothing.
func (m *seriesQuery) book(ctx context.Context) error {
	m.args = nil
	from, to := m.q.Period.From, m.q.Period.To
	end := m.store.hour(to)
	pieces := slices.Concat(m.hourPieces(from, end), m.factPieces(end, to))
	rows, err := m.tx.Query(ctx, `SELECT least(x.at, `+m.arg(end)+`) AS hour, sum(x.volume)::bigint, sum(x.trades)::bigint
		FROM (`+strings.Join(pieces, "\nUNION ALL ")+`) x WHERE x.product <> 0 GROUP BY 1 ORDER BY 1`, m.args...)
	if err != nil {
		return err
	}
	s := m.of(anomalies.Book, m.partner)
	var at time.Time
	var trades int64
	var volume domain.Money
	_, err = pgx.ForEachRow(rows, []any{&at, &volume, &trades}, func() error {
		d := on(s, m.midnight(at))
		d.Volume += volume
		d.Trades += trades
		if trades > 0 && at.After(to.Add(-hoursOfSeries)) {
			s.Hours = append(s.Hours, anomalies.Hour{At: at.UTC(), Volume: max(volume, 0), Trades: trades})
		}
		return nil
	})
	for i := range s.Days {
		s.Days[i].Volume, s.Days[i].Trades = max(s.Days[i].Volume, 0), max(s.Days[i].Trades, 0)
	}
	return err
}

// books reads the sub-partners' books by day, and finds the large referees in the same pass.
func (m *seriesQuery) books(ctx context.Context) error {
	m.args = nil
	rows, err := m.tx.Query(ctx, `
		WITH g AS MATERIALIZED (SELECT x.referee, p.uid AS sub, x.day, sum(x.volume) AS volume, sum(x.trades) AS trades
			FROM (`+strings.Join(m.refereePieces(), "\nUNION ALL ")+`) x LEFT JOIN partner p ON p.uid = CASE x.level WHEN 1 THEN x.referee WHEN 2 THEN x.owner ELSE x.u2 END
			WHERE x.product <> 0 GROUP BY GROUPING SETS ((x.referee), (p.uid, x.day))),
		subs AS (SELECT sub FROM g WHERE sub IS NOT NULL GROUP BY 1 HAVING sum(volume) >= `+m.arg(int64(anomalies.LeastVolume))+` ORDER BY sum(volume) DESC, 1 LIMIT `+m.arg(int64(maxSeriesSubPartners))+`)
		(SELECT NULL::date, g.referee, 0::bigint, 0::bigint FROM g WHERE g.referee IS NOT NULL AND g.volume >= `+m.arg(int64(anomalies.LeastVolume))+`
			ORDER BY g.volume DESC, 2 LIMIT `+m.arg(int64(maxSeriesReferees))+`)
		UNION ALL (SELECT g.day, g.sub, g.volume::bigint, g.trades::bigint FROM g JOIN subs USING (sub) ORDER BY 2, 1)`, m.args...)
	if err != nil {
		return err
	}
	var day *time.Time
	var uid, trades int64
	var volume domain.Money
	_, err = pgx.ForEachRow(rows, []any{&day, &uid, &volume, &trades}, func() error {
		if day == nil {
			m.large = append(m.large, uid)
			return nil
		}
		s := m.of(anomalies.SubPartner, uid)
		s.Days = append(s.Days, anomalies.Day{Date: m.dateOf(*day), Volume: max(volume, 0), Trades: max(trades, 0)})
		return nil
	})
	return err
}

// largeReferees adds what the large ones traded.
func (m *seriesQuery) largeReferees(ctx context.Context) error {
	m.args = nil
	pieces := m.refereePieces()
	m.args = append(m.args, m.large)
	for i := range pieces {
		pieces[i] += fmt.Sprintf(" AND referee = ANY ($%d::bigint[])", len(m.args))
	}
	rows, err := m.tx.Query(ctx, `SELECT x.day, x.referee, sum(x.volume)::bigint, sum(x.trades)::bigint FROM (`+strings.Join(pieces, "\nUNION ALL ")+`) x
		WHERE x.product <> 0 GROUP BY 1, 2 ORDER BY 2, 1`, m.args...)
	if err != nil {
		return err
	}
	var day time.Time
	var uid, trades int64
	var volume domain.Money
	_, err = pgx.ForEachRow(rows, []any{&day, &uid, &volume, &trades}, func() error {
		d := on(m.of(anomalies.Referee, uid), m.dateOf(day))
		d.Volume, d.Trades = max(volume, 0), max(trades, 0)
		return nil
	})
	return err
}

// transfers reads each day's largest deposit and withdrawal of the referees that had a large one.
func (m *seriesQuery) transfers(ctx context.Context) error {
	m.args = nil
	rows, err := m.tx.Query(ctx, `
		WITH t AS MATERIALIZED (SELECT referee, at, amount, withdrawal FROM transfer
			WHERE `+m.ours(m.arg(m.partner))+` AND at >= `+m.arg(m.q.Period.From)+` AND at < `+m.arg(m.q.Period.To)+`),
		large AS (SELECT referee FROM t GROUP BY 1 HAVING max(amount) >= `+m.arg(int64(anomalies.LeastTransfer))+` ORDER BY max(amount) DESC, 1 LIMIT `+m.arg(int64(maxSeriesReferees))+`)
		SELECT t.referee, t.at, t.amount, t.withdrawal FROM t JOIN large USING (referee) ORDER BY t.referee, t.at, t.amount DESC`, m.args...)
	if err != nil {
		return err
	}
	var uid int64
	var t anomalies.Transfer
	var withdrawal bool
	_, err = pgx.ForEachRow(rows, []any{&uid, &t.At, &t.Amount, &withdrawal}, func() error {
		if n := len(m.large); n == 0 || m.large[n-1] != uid {
			m.large = append(m.large, uid)
		}
		d := on(m.of(anomalies.Referee, uid), m.midnight(t.At))
		largest := &d.LargestDeposit
		if withdrawal {
			largest = &d.LargestWithdrawal
		}
		if t.Amount > largest.Amount {
			*largest = anomalies.Transfer{Amount: t.Amount, At: t.At.UTC()}
		}
		return nil
	})
	return err
}

// lives adds what the accounts say of the subjects: since when they live, under whom, and when they last traded.
func (m *seriesQuery) lives(ctx context.Context) error {
	m.args = nil
	var uids []int64
	for _, s := range m.series {
		uids = append(uids, s.Subject.UID)
	}
	slices.Sort(uids)
	me := m.arg(m.partner)
	unfolded := `SELECT referee, max(last_at) AS at FROM delta WHERE ` + m.ours(me) + ` GROUP BY 1`
	m.args = append(m.args, slices.Compact(uids))
	rows, err := m.tx.Query(ctx, fmt.Sprintf(`
		SELECT a.uid, a.registered_at, coalesce(p.uid, 0), greatest(a.last_trade_at, d.at)
		FROM account a LEFT JOIN (%s) d ON d.referee = a.uid
		LEFT JOIN partner p ON p.uid = CASE %s WHEN a.u2 THEN a.u1 WHEN a.u3 THEN a.u2 END
		WHERE a.uid = ANY ($%d::bigint[])`, unfolded, me, len(m.args)), m.args...)
	if err != nil {
		return err
	}
	var uid, sub int64
	var registered time.Time
	var last *time.Time
	_, err = pgx.ForEachRow(rows, []any{&uid, &registered, &sub, &last}, func() error {
		for _, kind := range []anomalies.SubjectKind{anomalies.Referee, anomalies.SubPartner, anomalies.Book} {
			i, ok := m.at[anomalies.Subject{Kind: kind, UID: uid}]
			if !ok {
				continue
			}
			s := &m.series[i]
			// Who was there before the first day, and active within days of it, has a past that is not read.
			if len(s.Days) > 0 && registered.Before(m.q.Period.From) && s.Days[0].Date.Before(m.q.Period.From.Add(begun)) {
				s.From = registered
			}
			if kind == anomalies.Referee {
				s.Under = sub
				if last != nil && last.Before(m.now) {
					s.LastTrade = last.UTC()
				}
			}
		}
		return nil
	})
	slices.SortFunc(m.series, func(a, b anomalies.Series) int {
		return cmp.Or(cmp.Compare(a.Subject.Kind, b.Subject.Kind), cmp.Compare(a.Subject.UID, b.Subject.UID))
	})
	return err
}
