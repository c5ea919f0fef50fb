package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/notice"
	"partnerhub/domain/webhook"
)

// tellDays is how far back a settlement that catches up puts notices into the inbox. Webhooks go out for every day.
const tellDays = 7

// tellSettled tells each partner what was settled. The very first settlement of a database, which covers its whole history,
// tells of its newest day alone.
func tellSettled(ctx context.Context, tx pgx.Tx, transfers []ledger.Transfer, until time.Time, first bool) error {
	since := until.AddDate(0, 0, 1-tellDays)
	if first {
		since = until
	}
	var notices []notice.Notice
	events := make([]webhook.Event, len(transfers))
	for i, t := range transfers {
		partner, amount := t.To.Owner, t.Amount
		if t.To.Kind != ledger.Fund {
			amount = -amount
		}
		data := notice.JSON(struct {
			Day    string       `json:"day"`
			Amount domain.Money `json:"amount"`
		}{t.Ref, amount})
		events[i] = webhook.Event{Owner: partner, Type: webhook.SettlementPosted, Key: t.Ref, Data: data, At: t.At}
		if t.Ref >= since.Format(time.DateOnly) {
			notices = append(notices, notice.Notice{Owner: partner, Kind: notice.Settlement, Key: t.Key, Data: data, Link: "/rewards", At: t.At})
		}
	}
	for rest := events; len(rest) > 0; {
		n := min(MaxPost, len(rest))
		if err := emit(ctx, tx, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return notify(ctx, tx, notices)
}
