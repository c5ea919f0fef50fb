package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Trade traces one trade for the caller, who is the trader or stands at most three referrals above. CodeNotFound on tradeId for
// any other, whether it exists or not.
func (s *Store) Trade(ctx context.Context, c domain.Caller, tradeID string) (tr referral.Trace, err error) {
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		columns := prefixed("t", tradeColumns)
		found, err := collectTrades(ctx, tx, `SELECT `+columns+` FROM trade t WHERE t.trade_id = $1`, tradeID)
		if err != nil {
			return err
		}
		return asOwner(ctx, tx, func() error {
			if len(found) == 0 { // a trade from before its account's registration is kept for nobody; it shows to those above the account
				found, err = collectTrades(ctx, tx, `SELECT `+columns+` FROM trade t JOIN account a ON a.uid = t.referee
					WHERE t.trade_id = $1 AND NOT t.counts AND $2 IN (a.u1, a.u2, a.u3)`, tradeID, c.UID)
				if err != nil {
					return err
				}
			}
			traces, err := tracesFor(ctx, tx, c.UID, found)
			if err == nil && len(traces) == 0 {
				err = domain.Errorf(domain.CodeNotFound, "tradeId", "no trade %q of yours or of your referees", clipped(tradeID))
			}
			if err == nil {
				tr = traces[0]
			}
			return err
		})
	})
	return tr, err
}

// clipped is what was sent, short enough to be repeated.
func clipped(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// asOwner reads what row level security keeps from the caller: the rates, levels and rules behind a trade. Whoever calls it
// has found the trade to be the caller's, and reads by the trade alone.
func asOwner(ctx context.Context, tx pgx.Tx, f func() error) error {
	if _, err := tx.Exec(ctx, `SET LOCAL ROLE NONE`); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err // which ends the transaction
	}
	_, err := tx.Exec(ctx, `SET LOCAL ROLE partnerhub_app`)
	return err
}

func collectTrades(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]fact, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanTrade)
}

// tracesFor traces the facts for a viewer, leaving out those that are none of theirs. It runs as the owner.
func tracesFor(ctx context.Context, tx pgx.Tx, viewer int64, facts []fact) ([]referral.Trace, error) {
	accounts, reversals := make([]int64, len(facts)), []string{}
	for i, f := range facts {
		if accounts[i] = f.account; !f.reversedAt.IsZero() {
			reversals = append(reversals, "reversal:"+f.trade.TradeID)
		}
	}
	structure, err := loadStructure(ctx, tx, accounts)
	if err != nil {
		return nil, err
	}
	reasons := map[string]string{}
	if len(reversals) > 0 {
		rows, err := tx.Query(ctx, `SELECT id, type, uid, at, body FROM event WHERE claim = ANY($1)`, reversals)
		if err != nil {
			return nil, err
		}
		events, err := pgx.CollectRows(rows, scanEvent)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if b, ok := e.Body.(referral.Reversal); ok {
				reasons[b.TradeID] = b.Reason
			}
		}
	}
	var out []referral.Trace
	for _, f := range facts {
		if tr, ok := structure.TraceFor(viewer, f.account, *f.trade, f.at.UTC(), f.split); ok {
			if !f.reversedAt.IsZero() {
				tr.ReversedAt, tr.ReversalReason = f.reversedAt.UTC(), reasons[f.trade.TradeID]
			}
			out = append(out, tr)
		}
	}
	return out, nil
}

// Trades lists the trades behind a referee's figures, or behind the shared commission that came back on the caller's own:
// each as it was booked, and each reversal. The period is of whole days of the reporting zone.
// Errors: CodeNotFound on uid when it is neither the caller nor a referee of theirs; CodeInvalid on the field at fault.
func (s *Store) Trades(ctx context.Context, c domain.Caller, q referral.TradeQuery, now time.Time) (page referral.TradePage, err error) {
	if q.Limit < 1 || q.Limit > referral.MaxTrades {
		return page, domain.Invalid("limit", "want 1 to %d", referral.MaxTrades)
	}
	query := fmt.Appendf(nil, "trades %s %d %s", c, q.UID, q.Period.Arg(s.zone))
	at := tradeCursor{From: q.Period.From.UnixMicro(), To: q.Period.To.UnixMicro(), AsOf: now.UnixMicro()}
	if q.Cursor != "" {
		if err := parsePosition(query, q.Cursor, &at); err != nil {
			return page, err
		}
	}
	page.Period = domain.Period{From: time.UnixMicro(at.From).UTC(), To: time.UnixMicro(at.To).UTC()}
	page.AsOf, page.Own = time.UnixMicro(at.AsOf).UTC(), q.UID == c.UID
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		l := tradeList{metricsQuery: metricsQuery{store: s, tx: tx, partner: c.UID, now: page.AsOf, q: referral.Query{
			Metrics: []string{"commission"}, Period: page.Period, Filter: referral.Filter{UID: q.UID}}}, uid: q.UID}
		if page.Own {
			l.q.Metrics, l.q.Filter = []string{"sharedReceived"}, referral.Filter{}
		}
		var path [referral.Levels]int64
		err := tx.QueryRow(ctx, `SELECT u1, u2, u3 FROM account WHERE uid = $1`, q.UID).Scan(&path[0], &path[1], &path[2])
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !page.Own && !slices.Contains(path[:], c.UID) {
			return domain.Errorf(domain.CodeNotFound, "uid", "%d is not one of your referees", q.UID)
		}
		if err != nil {
			return err
		}
		l.owner = path[0]
		total, err := l.answer(ctx)
		if err != nil {
			return err
		}
		page.Total = domain.Money(total.Total[0])
		spans, err := l.spans(ctx, at, q.Limit+1, &page.Trades)
		if err != nil {
			return err
		}
		facts, bookings, err := l.read(ctx, at, spans, q.Limit+1)
		if err != nil {
			return err
		}
		return asOwner(ctx, tx, func() error {
			traces, err := tracesFor(ctx, tx, c.UID, facts)
			if err != nil || len(traces) != len(facts) {
				return cmp.Or(err, errors.New("trades of a referee that are not below the partner"))
			}
			for i, tr := range traces {
				page.Rows = append(page.Rows, referral.Booking{Trace: tr, Reversal: bookings[i]})
			}
			if len(page.Rows) > q.Limit {
				page.Rows = page.Rows[:q.Limit]
				last := page.Rows[q.Limit-1]
				at.Booked, at.Reversal, at.TradeID = last.At().UnixMicro(), last.Reversal, last.TradeID
				page.Next = formatPosition(query, at)
			}
			return nil
		})
	})
	return page, err
}

// tradeCursor is where a page of trades ended. Times are unix microseconds.
type tradeCursor struct {
	From, To, AsOf int64
	Booked         int64
	Reversal       bool
	TradeID        string // "": before the first row
}

func (c *tradeCursor) known() bool {
	return knownTimes(c.From, c.To, c.AsOf, c.Booked) && c.From < c.To && !strings.Contains(c.TradeID, "\x00")
}

type tradeList struct {
	metricsQuery
	uid   int64
	owner int64 // under whom the trades are kept
}

// spans are the days, the latest first, that hold the next n bookings, and counts the period's trades. The sums by day say how
// many there are each day, so that of a referrer's many trades no more are read than the page needs.
func (l *tradeList) spans(ctx context.Context, at tradeCursor, n int, trades *int64) (spans []domain.Period, err error) {
	l.args = nil
	where := `WHERE owner = ` + l.arg(l.owner) + ` AND referee = ` + l.arg(l.uid) + ` AND product <> 0 AND day >= ` + l.date(l.q.Period.From) + ` AND day < ` + l.date(l.q.Period.To)
	rows, err := l.tx.Query(ctx, `SELECT day, sum(executed)::bigint, sum(trades)::bigint FROM (SELECT day, executed, trades FROM referee_day `+where+`
		UNION ALL SELECT day, executed, trades FROM delta `+where+`) d GROUP BY day ORDER BY day DESC`, l.args...)
	if err != nil {
		return nil, err
	}
	var date time.Time
	var executed, left int64
	_, err = pgx.ForEachRow(rows, []any{&date, &executed, &left}, func() error {
		*trades += left
		y, m, d := date.Date()
		day := domain.Period{From: domain.Midnight(y, m, d, l.store.zone), To: domain.Midnight(y, m, d+1, l.store.zone)}
		booked := time.UnixMicro(at.Booked)
		if n <= 0 || at.TradeID != "" && day.From.After(booked) {
			return nil
		}
		spans = append(spans, day)
		if at.TradeID == "" || !day.Contains(booked) { // how much of the cursor's own day is left is not known
			n -= int(executed + executed - left) // each executed trade, and each reversal
		}
		return nil
	})
	return spans, err
}

// read reads up to n bookings behind the cursor: the facts, and which of them are reversals.
func (l *tradeList) read(ctx context.Context, at tradeCursor, spans []domain.Period, n int) (facts []fact, reversal []bool, err error) {
	if len(spans) == 0 {
		return nil, nil, nil
	}
	from, to := make([]time.Time, len(spans)), make([]time.Time, len(spans))
	for i, p := range spans {
		from[i], to[i] = p.From, p.To
	}
	columns := prefixed("t", tradeColumns)
	mine := `t.owner = $1 AND t.owner <> 0 AND t.referee = $2`
	if l.owner == 0 {
		mine = `t.owner = $1 AND t.owner = 0 AND t.referee = $2 AND t.counts`
	}
	behind := ""
	args := []any{l.owner, l.uid, from, to, n}
	if at.TradeID != "" {
		behind = `WHERE (b.booked, b.reversal, b.trade_id) < ($6::timestamptz, $7::boolean, $8::text COLLATE "C")`
		args = append(args, time.UnixMicro(at.Booked), at.Reversal, at.TradeID)
	}
	rows, err := l.tx.Query(ctx, `WITH d AS (SELECT * FROM unnest($3::timestamptz[], $4::timestamptz[]) AS u (a, z))
		SELECT `+prefixed("b", tradeColumns)+`, b.reversal FROM (
			SELECT `+columns+`, t.at AS booked, false AS reversal FROM d JOIN trade t ON t.at >= d.a AND t.at < d.z WHERE `+mine+`
			UNION ALL SELECT `+columns+`, t.reversed_at, true FROM d JOIN trade t ON t.reversed_at >= d.a AND t.reversed_at < d.z WHERE `+mine+`) b
		`+behind+` ORDER BY b.booked DESC, b.reversal DESC, b.trade_id DESC LIMIT $5`, args...)
	if err != nil {
		return nil, nil, err
	}
	facts, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (fact, error) {
		var undone bool
		f, err := scanTrade(withTail{row, &undone})
		reversal = append(reversal, undone)
		return f, err
	})
	return facts, reversal, err
}

// withTail scans a row's last column beside those that a scanner knows.
type withTail struct {
	pgx.CollectableRow
	tail any
}

func (w withTail) Scan(dest ...any) error { return w.CollectableRow.Scan(append(dest, w.tail)...) }
