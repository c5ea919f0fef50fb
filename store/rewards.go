package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Rewards lists the caller's reward records, derived from the sums by referee and day: one for each day, referee and product,
// settled by SPEC 2. The period is of whole days of the reporting zone. What arrives late for a day is within its record.
// Task rewards are none yet.
// Errors: CodeInvalid on the field at fault, "cursor" for one that is broken or of another query.
func (s *Store) Rewards(ctx context.Context, c domain.Caller, q referral.RewardQuery, now time.Time) (page referral.RewardPage, err error) {
	if q.Limit < 1 || q.Limit > referral.MaxRewards {
		return page, domain.Invalid("limit", "want 1 to %d", referral.MaxRewards)
	}
	query := fmt.Appendf(nil, "rewards %s %s %s", c, q.Kind, q.Period.Arg(s.zone))
	at := rewardCursor{From: q.Period.From.UnixMicro(), To: q.Period.To.UnixMicro(), AsOf: now.UnixMicro()}
	if q.Cursor != "" {
		if err := parsePosition(query, q.Cursor, &at); err != nil {
			return page, err
		}
	}
	page.Period = domain.Period{From: time.UnixMicro(at.From).UTC(), To: time.UnixMicro(at.To).UTC()}
	page.AsOf = time.UnixMicro(at.AsOf).UTC()
	metric := ""
	switch q.Kind {
	case referral.RewardRebate:
		metric = "commission"
	case referral.RewardShared:
		metric = "sharedReceived"
	case referral.RewardTask:
		return page, nil
	default:
		return page, domain.Invalid("kind", "unknown kind %q", q.Kind)
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		l := rewardList{metricsQuery: metricsQuery{store: s, tx: tx, partner: c.UID, now: page.AsOf, q: referral.Query{Metrics: []string{metric}, Period: page.Period}}, kind: q.Kind}
		if page.Total, err = l.sum(ctx, page.Period); err != nil {
			return err
		}
		settled := page.Period
		if until := referral.SettledBefore(page.AsOf, s.zone); until.Before(settled.To) {
			settled.To = until
		}
		if page.Settled, err = l.sum(ctx, settled); err != nil {
			return err
		}
		rows, err := l.page(ctx, at, q.Limit+1)
		if err != nil {
			return err
		}
		if len(rows) > q.Limit {
			rows = rows[:q.Limit]
			last := rows[q.Limit-1]
			at.Day, at.UID, at.Product = last.Day.UnixMicro(), last.UID, productCode(last.Product)
			page.Next = formatPosition(query, at)
		}
		page.Rows = rows
		return nil
	})
	return page, err
}

// rewardCursor is where a page of rewards ended. Times are unix microseconds.
type rewardCursor struct {
	From, To, AsOf int64
	Day            int64 // midnight in the reporting zone
	UID            int64 // 0: before the first row
	Product        int16
}

type rewardList struct {
	metricsQuery
	kind referral.RewardKind
}

// sum is the figure of a period, as everywhere.
func (l *rewardList) sum(ctx context.Context, p domain.Period) (domain.Money, error) {
	if !p.From.Before(p.To) {
		return 0, nil
	}
	m := l.metricsQuery
	m.q.Period, m.args = p, nil
	res, err := m.answer(ctx)
	if err != nil {
		return 0, err
	}
	return domain.Money(res.Total[0]), nil
}

// page reads up to n records behind the cursor, the latest days first, in spans that grow: a partner with many has a page
// full within a day, one with few has it within years.
func (l *rewardList) page(ctx context.Context, at rewardCursor, n int) (out []referral.Reward, err error) {
	first, end := l.q.Period.From, l.q.Period.To
	if at.UID != 0 {
		end = l.later(time.UnixMicro(at.Day), 1)
	}
	for days := 1; first.Before(end) && len(out) < n; days *= 4 {
		begin := l.later(end, -days)
		if begin.Before(first) {
			begin = first
		}
		if out, err = l.span(ctx, begin, end, at, n-len(out), out); err != nil {
			return nil, fmt.Errorf("rewards: %w", err)
		}
		end = begin
	}
	return out, nil
}

// later moves a midnight of the reporting zone by days.
func (l *rewardList) later(midnight time.Time, days int) time.Time {
	y, m, d := midnight.In(l.store.zone).Date()
	return domain.Midnight(y, m, d+days, l.store.zone).UTC()
}

// span adds the records of the days in [begin, end), at most n.
func (l *rewardList) span(ctx context.Context, begin, end time.Time, at rewardCursor, n int, out []referral.Reward) ([]referral.Reward, error) {
	l.args = nil
	pieces := l.dayPieces(begin, end)
	if l.kind == referral.RewardShared { // what came back on own trades is kept under the one who referred me
		pieces = nil
		for _, table := range []string{"referee_day", "delta"} {
			pieces = append(pieces, fmt.Sprintf(`SELECT day, referee, product, rebate AS commission FROM %s WHERE referee = %s AND day >= %s AND day < %s`,
				table, l.arg(l.partner), l.date(begin), l.date(end)))
		}
	}
	behind := ""
	if at.UID != 0 {
		day := l.date(time.UnixMicro(at.Day))
		behind = fmt.Sprintf(" AND (x.day < %s OR x.day = %s AND (x.referee, x.product) > (%s, %s))", day, day, l.arg(at.UID), l.arg(at.Product))
	}
	rows, err := l.tx.Query(ctx, `SELECT x.day, x.referee, x.product, sum(x.commission)::bigint FROM (`+strings.Join(pieces, " UNION ALL ")+`) x
		WHERE x.product <> 0`+behind+` GROUP BY 1, 2, 3 HAVING sum(x.commission) <> 0 ORDER BY 1 DESC, 2, 3 LIMIT `+strconv.Itoa(n), l.args...)
	if err != nil {
		return nil, err
	}
	var date time.Time
	var product int16
	var r referral.Reward
	_, err = pgx.ForEachRow(rows, []any{&date, &r.UID, &product, &r.Amount}, func() error {
		r.Day = domain.Midnight(date.Year(), date.Month(), date.Day(), l.store.zone).UTC()
		r.SettledAt, r.Product = referral.SettlementOf(r.Day, l.store.zone), products[product]
		out = append(out, r)
		return nil
	})
	return out, err
}
