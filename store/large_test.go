package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/store"
)

// However many events of the largest amounts come, the sums stay within 64 bits: what would be too many is refused by name, and the
// rest of the batch lands.
func TestLargeAmountsDoNotOverflow(t *testing.T) {
	s, _ := open(t, time.UTC)
	at := time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC)
	events := []referral.Event{
		{ID: "a1", Type: referral.AccountRegistered, At: at.AddDate(0, 0, -2), UID: 1, Body: referral.Registration{}},
		{ID: "a2", Type: referral.ReferralCodeCreated, At: at.AddDate(0, 0, -2), UID: 1, Body: referral.Code{Created: true, Code: "A"}},
		{ID: "a3", Type: referral.AccountRegistered, At: at.AddDate(0, 0, -2), UID: 2, Body: referral.Registration{ReferralCode: "A"}},
	}
	trade := func(id string, at time.Time) referral.Event {
		return referral.Event{ID: id, Type: referral.TradeExecuted, At: at, UID: 2, Body: referral.Trade{TradeID: id, Product: referral.Spot, Symbol: "BTCUSDT", Side: "buy", Volume: domain.MaxEventAmount}}
	}
	for i := range 10_000 { // 10^13 USDT: more than 64 bits hold
		events = append(events, trade(fmt.Sprintf("t%05d", i), at))
	}
	events = append(events, trade("later", at.AddDate(0, 0, 1)))
	for _, want := range []store.Outcome{{Accepted: 4004, Rejected: 6000}, {Duplicate: 4004, Rejected: 6000}} {
		out, err := s.Ingest(context.Background(), store.Batch{Source: "test", Lines: lines(events)})
		if err != nil {
			t.Fatal(err)
		}
		if out.Accepted != want.Accepted || out.Duplicate != want.Duplicate || out.Rejected != want.Rejected {
			t.Fatalf("got %d accepted, %d duplicate, %d rejected; want %+v", out.Accepted, out.Duplicate, out.Rejected, want)
		}
		if got := out.Refused[0].Err.Message; !strings.Contains(got, "4000 events above 10000000 USDT on 2026-11-16") {
			t.Errorf("refused: %s", got)
		}
		foldAll(t, s)
		res, err := s.Metrics(context.Background(), domain.Partner(1), referral.Query{Metrics: []string{"volume"}, Period: domain.Period{From: at.AddDate(0, 0, -1), To: at.AddDate(0, 0, 1)}}, at)
		if err != nil {
			t.Fatal(err)
		}
		if want := 4000 * int64(domain.MaxEventAmount); res.Total[0] != want {
			t.Errorf("volume %d, want %d", res.Total[0], want)
		}
	}
}
