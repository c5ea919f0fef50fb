package store_test

import (
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/store"
)

// TestIngestHealth: who sent when and how late, what is not folded, what waits and what was refused; old batches are forgotten but for
// the latest of each source.
func TestIngestHealth(t *testing.T) {
	t.Parallel()
	s, pool := open(t, time.UTC)
	ctx, op := t.Context(), domain.Caller{UID: 90, Role: domain.RoleOperator}
	happened := time.Now().Add(-90 * time.Second)
	send := func(source string, l ...store.Line) {
		t.Helper()
		if _, err := s.Ingest(ctx, store.Batch{Source: source, Lines: l}); err != nil {
			t.Fatal(err)
		}
	}
	trade := referral.Trade{TradeID: "t", Product: referral.Spot, Symbol: "X", Side: "buy", Volume: 1, FeeGross: 1, FeePaid: 1}
	send("exchange", store.Line{No: 1, Event: referral.Event{ID: "r", Type: referral.AccountRegistered, UID: 1, At: happened.Add(-time.Hour), Body: referral.Registration{}}},
		store.Line{No: 2, Event: referral.Event{ID: "t", Type: referral.TradeExecuted, UID: 1, At: happened, Body: trade}},
		store.Line{No: 3, Event: referral.Event{ID: "k", Type: referral.KYCCompleted, UID: 9, At: happened.Add(-time.Hour), Body: referral.KYC{Level: referral.KYCBasic}}})
	send("exchange", store.Line{No: 1, Raw: []byte("x"), Err: domain.Invalid("", "malformed")}) // holds no event: the time of the latest stays
	send("file.ndjson", store.Line{No: 1, Raw: []byte("x"), Err: domain.Invalid("", "malformed")})

	for _, c := range []domain.Caller{domain.Partner(1), {UID: 70, Role: domain.RoleBD}, {Role: domain.RoleService}} {
		if _, err := s.IngestHealth(ctx, c, time.Now()); domain.AsError(err).Code != domain.CodeForbidden {
			t.Errorf("%s: %v", c, err)
		}
	}
	h, err := s.IngestHealth(ctx, op, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Sources) != 2 || h.Sources[0].Source != "file.ndjson" || h.Sources[0].LastEventAt != nil || h.Sources[0].Rejected != 1 {
		t.Fatalf("%+v", h.Sources)
	}
	if x := h.Sources[1]; x.Accepted != 3 || x.Rejected != 1 || x.LastEventAt == nil || x.LastEventAt.Sub(happened).Abs() > time.Millisecond || *x.DelaySeconds < 89 {
		t.Errorf("%+v", x)
	}
	if h.Waiting != 1 || h.OldestWaiting == nil || h.Rejected != 2 || h.RejectedLastHour != 2 || h.Unfolded == 0 || len(h.Minutes) != 60 {
		t.Errorf("%+v", h)
	}
	var accepted, rejected int64
	for _, m := range h.Minutes {
		accepted, rejected = accepted+m.Accepted, rejected+m.Rejected
	}
	if accepted != 3 || rejected != 2 {
		t.Errorf("the hour adds up to %d accepted, %d rejected", accepted, rejected)
	}
	if _, err := s.Fold(ctx); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(100 * time.Hour)
	if err := s.ForgetBatches(ctx, later); err != nil {
		t.Fatal(err)
	}
	if h, err = s.IngestHealth(ctx, op, later); err != nil || len(h.Sources) != 2 || h.Unfolded != 0 || h.RejectedLastHour != 0 || h.Sources[1].LastEventAt == nil || h.Sources[1].AgeSeconds < 99*3600 {
		t.Errorf("%+v %v", h, err)
	}
	var n int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM ingest_batch`).Scan(&n); err != nil || n != 3 {
		t.Errorf("%d batches are kept, %v", n, err) // of the exchange, the latest and the latest with an event
	}
}
