package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Rewards lists the caller's reward records: what was settled, record by record, and behind it what accrued and is not settled yet,
// one row for each day, referee and product. What came late for a day that was settled is a row of its own, settled later. In a database where
// settlement never ran, the clock says what is settled. The period is of whole days of the reporting zone. Task rewards are records of their own: see taskRewards.
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
		return s.taskRewards(ctx, c, q, query, at, page)
	default:
		return page, domain.Invalid("kind", "unknown kind %q", q.Kind)
	}
	if at.UID != 0 && (at.Day == "" || at.SettledOn == "") {
		return page, domain.Invalid("cursor", "names no day")
	}
	settledOn, err := settledOn(ctx, s.pool)
	if err != nil {
		return page, fmt.Errorf("rewards: %w", err)
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		l := rewardList{
			metricsQuery: metricsQuery{store: s, tx: tx, partner: c.UID, now: page.AsOf, q: referral.Query{Metrics: []string{metric}, Period: page.Period}},
			kind:         q.Kind, settledOn: settledOn, byClock: s.day(referral.SettledBefore(page.AsOf, s.zone)),
		}
		if page.Total, err = l.sum(ctx, page.Period); err != nil {
			return err
		}
		if page.Settled, err = l.settled(ctx, page.Total); err != nil {
			return err
		}
		rows, err := l.page(ctx, at, q.Limit+1)
		if err != nil {
			return err
		}
		if len(rows) > q.Limit {
			rows = rows[:q.Limit]
			last := rows[q.Limit-1]
			at.Day, at.UID, at.Product, at.SettledOn = s.day(last.Day).Format(time.DateOnly), last.UID, productCode(last.Product), last.on.Format(time.DateOnly)
			page.Next = formatPosition(query, at)
		}
		page.Rows = make([]referral.Reward, len(rows))
		for i := range rows {
			page.Rows[i] = rows[i].Reward
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("rewards: %w", err)
	}
	return page, err
}

// rewardCursor is where a page of rewards ended. Times are unix microseconds, days are dates.
type rewardCursor struct {
	From, To, AsOf int64
	Day            string
	UID            int64 // 0: before the first row
	Product        int16
	SettledOn      string // notSettled behind the records of a day, referee and product: what is settled between two pages is on neither or on one
}

func (c *rewardCursor) known() bool {
	for _, day := range []string{c.Day, c.SettledOn} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return false
		}
	}
	return knownTimes(c.From, c.To, c.AsOf) && c.From < c.To && c.UID >= 0
}

// notSettled stands for the settlement day of what has none yet: it is behind all others.
var notSettled = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// rewardRow is a record with its settlement day, as midnight UTC.
type rewardRow struct {
	referral.Reward
	on time.Time
}

type rewardList struct {
	metricsQuery
	kind      referral.RewardKind
	settledOn time.Time // the latest settlement day that is done; zero: none ever
	byClock   time.Time // the latest that is due
}

// kindCode is what the records call the kind.
func (l *rewardList) kindCode() int16 {
	if l.kind == referral.RewardShared {
		return 2
	}
	return 1
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

// settled is what of the total is settled. It is told by what is not, which is of few days.
func (l *rewardList) settled(ctx context.Context, total domain.Money) (domain.Money, error) {
	if l.settledOn.IsZero() {
		p := l.q.Period
		if until := domain.Midnight(l.byClock.Year(), l.byClock.Month(), l.byClock.Day(), l.store.zone); until.Before(p.To) {
			p.To = until
		}
		return l.sum(ctx, p)
	}
	l.args = nil
	sql := `SELECT coalesce(sum(x.amount), 0)::bigint FROM (` + strings.Join(l.unsettledPieces(), " UNION ALL ") + `) x WHERE x.product <> 0`
	var open, later domain.Money
	if err := l.tx.QueryRow(ctx, sql, l.args...).Scan(&open); err != nil {
		return 0, err
	}
	if l.settledOn.After(l.byClock) { // the clock was set back: records of its future count as open
		l.args = nil
		err := l.tx.QueryRow(ctx, `SELECT coalesce(sum(amount), 0)::bigint FROM settlement_record WHERE `+l.records()+` AND settled_on > `+l.arg(l.byClock.Format(time.DateOnly))+"::date", l.args...).Scan(&later)
		if err != nil {
			return 0, err
		}
	}
	return total - open - later, nil
}

// records is the condition on the period's records.
func (l *rewardList) records() string {
	return fmt.Sprintf("partner = %s AND kind = %s AND day >= %s AND day < %s", l.arg(l.partner), l.arg(l.kindCode()), l.date(l.q.Period.From), l.date(l.q.Period.To))
}

// unsettledPieces are what accrued beyond the records, with the records below zero. Only the days that the compactor marked can differ from
// their records, and what is not folded yet has none.
func (l *rewardList) unsettledPieces() []string {
	me, days := l.arg(l.partner), fmt.Sprintf("day >= %s AND day < %s", l.date(l.q.Period.From), l.date(l.q.Period.To))
	pieces := []string{fmt.Sprintf(`SELECT r.day, r.referee, r.product, -r.amount AS amount FROM (SELECT owner, day FROM settlement_due WHERE %s) s JOIN settlement_record r USING (owner, day)
		WHERE r.partner = %s AND r.kind = %s`, days, me, l.arg(l.kindCode()))}
	if l.kind == referral.RewardShared { // what came back on own trades is kept under the one who referred me
		return append(pieces,
			fmt.Sprintf(`SELECT day, d.referee, d.product, d.rebate FROM settlement_due JOIN referee_day d USING (owner, day) WHERE d.referee = %s AND d.owner <> 0 AND %s`, me, days),
			fmt.Sprintf(`SELECT day, referee, product, rebate FROM delta WHERE referee = %s AND owner <> 0 AND %s`, me, days))
	}
	for _, level := range l.levels() {
		pieces = append(pieces,
			fmt.Sprintf(`SELECT day, d.referee, d.product, d.earned%d FROM settlement_due JOIN referee_day d USING (owner, day) WHERE %s AND %s`, level, mine(level, me), days),
			fmt.Sprintf(`SELECT day, referee, product, earned%d FROM delta WHERE %s AND %s`, level, mine(level, me), days))
	}
	return pieces
}

// page reads up to n records behind the cursor, the latest days first; on a day by referee, product and settlement day.
func (l *rewardList) page(ctx context.Context, at rewardCursor, n int) ([]rewardRow, error) {
	open, err := l.unsettled(ctx, at, n)
	if err != nil {
		return nil, err
	}
	done, err := l.recorded(ctx, at, n)
	if err != nil {
		return nil, err
	}
	out := append(done, open...)
	slices.SortFunc(out, func(a, b rewardRow) int {
		return cmp.Or(b.Day.Compare(a.Day), cmp.Compare(a.UID, b.UID), cmp.Compare(productCode(a.Product), productCode(b.Product)), a.on.Compare(b.on))
	})
	return out[:min(n, len(out))], nil
}

// unsettled reads up to n rows of what is not settled yet.
func (l *rewardList) unsettled(ctx context.Context, at rewardCursor, n int) (out []rewardRow, err error) {
	l.args = nil
	pieces := l.unsettledPieces()
	behind := ""
	if at.UID != 0 {
		day, than := l.arg(at.Day)+"::date", ">="
		if at.SettledOn == notSettled.Format(time.DateOnly) {
			than = ">"
		}
		behind = fmt.Sprintf(" AND (x.day < %s OR x.day = %s AND (x.referee, x.product) %s (%s, %s))", day, day, than, l.arg(at.UID), l.arg(at.Product))
	}
	rows, err := l.tx.Query(ctx, `SELECT x.day, x.referee, x.product, sum(x.amount)::bigint FROM (`+strings.Join(pieces, " UNION ALL ")+`) x
		WHERE x.product <> 0`+behind+` GROUP BY 1, 2, 3 HAVING sum(x.amount) <> 0 ORDER BY 1 DESC, 2, 3 LIMIT `+strconv.Itoa(n), l.args...)
	if err != nil {
		return nil, err
	}
	var date time.Time
	var product int16
	r := rewardRow{on: notSettled}
	_, err = pgx.ForEachRow(rows, []any{&date, &r.UID, &product, &r.Amount}, func() error {
		r.Day = domain.Midnight(date.Year(), date.Month(), date.Day(), l.store.zone).UTC()
		r.SettledAt, r.Product = referral.SettlementOf(r.Day, l.store.zone), products[product]
		if next := l.settledOn.AddDate(0, 0, 1); !l.settledOn.IsZero() && next.After(date.AddDate(0, 0, 1)) { // too late for its own settlement
			r.SettledAt = l.at(next)
		}
		r.Settled = l.settledOn.IsZero() && !l.now.Before(r.SettledAt)
		out = append(out, r)
		return nil
	})
	return out, err
}

// at is the instant of a settlement day.
func (l *rewardList) at(on time.Time) time.Time {
	return referral.SettlementOf(domain.Midnight(on.Year(), on.Month(), on.Day()-1, l.store.zone), l.store.zone)
}

// recorded reads up to n records. It goes through the days one by one, each along the primary key, and stops when the page is full: the
// loop over the days keeps their order.
func (l *rewardList) recorded(ctx context.Context, at rewardCursor, n int) (out []rewardRow, err error) {
	l.args = nil
	me, kind, first, last := l.arg(l.partner), l.arg(l.kindCode()), l.date(l.q.Period.From), l.date(l.q.Period.To)+" - 1"
	behind := ""
	if at.UID != 0 {
		last = fmt.Sprintf("least(%s, %s::date)", last, l.arg(at.Day))
		behind = fmt.Sprintf(" AND (g.day < %s::date OR (referee, product, settled_on) > (%s, %s, %s::date))", l.arg(at.Day), l.arg(at.UID), l.arg(at.Product), l.arg(at.SettledOn))
	}
	rows, err := l.tx.Query(ctx, fmt.Sprintf(`
		WITH span AS MATERIALIZED (SELECT greatest(%[1]s, (SELECT min(day) FROM settlement_record WHERE partner = %[3]s)) AS first, least(%[2]s, (SELECT max(day) FROM settlement_record WHERE partner = %[3]s)) AS last)
		SELECT g.day, r.* FROM (SELECT span.last - i AS day FROM span, generate_series(0, span.last - span.first) i) g CROSS JOIN LATERAL (
			SELECT referee, product, settled_on, sum(amount)::bigint FROM settlement_record
			WHERE partner = %[3]s AND day = g.day AND kind = %[4]s%[5]s GROUP BY 1, 2, 3 HAVING sum(amount) <> 0 ORDER BY 1, 2, 3 LIMIT %[6]d) r LIMIT %[6]d`,
		first, last, me, kind, behind, n), l.args...)
	if err != nil {
		return nil, err
	}
	var date time.Time
	var product int16
	var r rewardRow
	_, err = pgx.ForEachRow(rows, []any{&date, &r.UID, &product, &r.on, &r.Amount}, func() error {
		r.Day = domain.Midnight(date.Year(), date.Month(), date.Day(), l.store.zone).UTC()
		r.SettledAt, r.Product = l.at(r.on), products[product]
		r.Settled = !r.on.After(l.byClock)
		out = append(out, r)
		return nil
	})
	return out, err
}
