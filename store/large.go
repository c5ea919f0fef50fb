package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

const (
	// largeAmount is what hardly an honest event exceeds: 10 million USDT.
	largeAmount = 10_000_000 * domain.USDT
	// maxLarge is how many larger ones are taken for one day. The rollups' sums are 64 bits of micro-USDT, 9.2 × 10^12 USDT: so many
	// events of the 10^9 that one may carry fit with room for half a million others in every row, and a sender who got the unit wrong is told.
	maxLarge = 4000
)

// isLarge reports whether an event adds a very large amount to a sum.
func isLarge(e *referral.Event) bool {
	switch b := e.Body.(type) {
	case referral.Trade:
		return max(b.Volume, b.FeeGross) > largeAmount // what is paid, and shared, is no more than the gross
	case referral.Transfer:
		return b.AmountUSDT > largeAmount
	}
	return false
}

// largeDays counts the events of very large amounts by the day (UTC) on which they happened.
type largeDays map[time.Time]int32

// countLarge reads how many were accepted for the days of those in the batch.
//
// It locks the rows of these days until the commit, in their order, so that batches that go on at the same time count together.
func (r *run) countLarge(ctx context.Context) (largeDays, error) {
	var days []time.Time
	for i := range r.batch.Lines {
		if e := &r.batch.Lines[i].Event; isLarge(e) {
			days = append(days, e.At.Truncate(24*time.Hour))
		}
	}
	if len(days) == 0 {
		return nil, nil
	}
	slices.SortFunc(days, time.Time.Compare)
	// The update that changes nothing locks, and returns, the rows that are there.
	rows, err := r.tx.Query(ctx, `INSERT INTO large_day AS d (day, events) SELECT day, 0 FROM unnest($1::date[]) AS day ORDER BY day
		ON CONFLICT (day) DO UPDATE SET events = d.events RETURNING day, events`, slices.Compact(days))
	if err != nil {
		return nil, err
	}
	d := largeDays{}
	var day time.Time
	var n int32
	_, err = pgx.ForEachRow(rows, []any{&day, &n}, func() error { d[day] = n; return nil })
	return d, err
}

// take counts a new event, and refuses one that is too many.
func (d largeDays) take(e *referral.Event) *domain.Error {
	if !isLarge(e) {
		return nil
	}
	day := e.At.Truncate(24 * time.Hour)
	if d[day] >= maxLarge {
		return domain.Invalid("", "more than %d events above %s USDT on %s", maxLarge, largeAmount, day.Format(time.DateOnly))
	}
	d[day]++
	return nil
}

func (d largeDays) save(ctx context.Context, tx pgx.Tx) error {
	if len(d) == 0 {
		return nil
	}
	var days []time.Time
	var events []int32
	for day, n := range d {
		days, events = append(days, day), append(events, n)
	}
	_, err := tx.Exec(ctx, `UPDATE large_day d SET events = n.events FROM unnest($1::date[], $2::integer[]) AS n (day, events) WHERE d.day = n.day`, days, events)
	return err
}
