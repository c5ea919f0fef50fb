package store_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/domain/referral"
	"partnerhub/store"
)

// TestForgedCursors sends cursors that say extreme things: each is refused as a cursor, or shows a page of the caller's own, and none fails on our side.
func TestForgedCursors(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	events, partner := worldOf(5)
	s, pool := open(t, time.UTC)
	ingest(t, s, rand.New(rand.NewPCG(5, 5)), 1, events)
	c := domain.Partner(partner)
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	own := map[int64]bool{}
	for cursor := ""; ; {
		page, err := s.Referees(ctx, c, referral.RefereeQuery{Period: domain.Period{From: now.AddDate(0, -1, 0), To: now}, Sort: referral.SortRegisteredAt, Limit: 100, Cursor: cursor}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Rows {
			own[r.UID] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	extremes := []int64{math.MinInt64, math.MinInt64 + 1, -1 << 53, -1, 0, 1, now.UnixMicro(), 253_402_300_800_000_000, 1 << 60, math.MaxInt64 - 1, math.MaxInt64}
	refused, shown := 0, 0
	fine := func(what string, err error) {
		t.Helper()
		switch {
		case err == nil:
			shown++
		case domain.AsError(err).Code == domain.CodeInvalid:
			refused++
		default:
			t.Errorf("%s: %v", what, err)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 400 {
		q := referral.RefereeQuery{Period: domain.Period{From: now.AddDate(0, -1, 0), To: now}, Sort: []referral.RefereeSort{referral.SortRegisteredAt, referral.SortLastTradeAt, referral.SortCommission, referral.SortVolume}[i%4], Limit: 5, Ascending: i%8 < 4}
		base := [8]int64{now.UnixMicro(), q.Period.From.UnixMicro(), q.Period.To.UnixMicro(), q.Registered.From.UnixMicro(), q.Registered.To.UnixMicro(), 0, 0, 100}
		for range 1 + rng.IntN(3) {
			base[rng.IntN(8)] = extremes[rng.IntN(len(extremes))]
		}
		q.Cursor = store.ForgeRefereeCursor(c, q, time.UTC, base)
		page, err := s.Referees(ctx, c, q, now)
		fine(fmt.Sprint("referees ", q.Sort, base), err)
		for _, r := range page.Rows {
			if !own[r.UID] {
				t.Errorf("%v shows %d, who is another's", base, r.UID)
			}
		}
	}
	chats := store.NewConversations(pool)
	begin(t, chats, c, conversation.Message{ClientID: "1", Text: "Hello"})
	for _, n := range extremes {
		_, _, err := chats.List(ctx, c, "", base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d 00000000-0000-4000-8000-00000000000a", n)), 10)
		fine(fmt.Sprint("conversations ", n), err)
		_, _, err = s.Entries(ctx, c, fmt.Sprint(n), 10)
		fine(fmt.Sprint("entries ", n), err)
		_, _, err = s.Notices(ctx, c, fmt.Sprint(n), 10)
		fine(fmt.Sprint("notices ", n), err)
		_, err = chats.Events(ctx, c, "00000000-0000-4000-8000-00000000000a", n, 10)
		if domain.AsError(err).Code != domain.CodeNotFound {
			fine(fmt.Sprint("events ", n), err)
		}
	}
	if refused < 10 || shown < 10 {
		t.Errorf("%d were refused and %d shown: the test says little", refused, shown)
	}
}

// TestKeysAreNotKept: the database holds no key, but what it is recognised by; and a key that differs in one character anywhere is none.
func TestKeysAreNotKept(t *testing.T) {
	t.Parallel()
	s, pool := open(t, time.UTC)
	key, err := s.CreateAPIKey(t.Context(), store.APIKey{Name: "exchange", Scopes: []string{store.ScopeEvents}})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(key, "_")
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(raw) != 32 {
		t.Fatalf("%d bytes of chance, %v", len(raw), err)
	}
	kept := rowsOf(t, pool, `SELECT * FROM api_key`)
	if !strings.Contains(kept, "exchange") || strings.Contains(kept, secret) || bytes.Contains([]byte(kept), raw) || strings.Contains(kept, fmt.Sprintf("%x", raw)) {
		t.Errorf("kept: %s", kept)
	}
	if _, err := s.APIKey(t.Context(), key, store.ScopeEvents); err != nil {
		t.Fatal(err)
	}
	for i := range key {
		other := []byte(key)
		if other[i]++; i == len(key)-1 { // the last character has bits that say nothing
			other[i] = '='
		}
		if k, err := s.APIKey(t.Context(), string(other), store.ScopeEvents); domain.AsError(err).Code != domain.CodeUnauthenticated {
			t.Fatalf("%s is taken: %v, %v", other, k, err)
		}
	}
	for _, text := range []string{"", "phk_", key + "=", " " + key, strings.ToUpper(key), fmt.Sprintf("phk_%x", raw), strings.Repeat("A", 10_000)} {
		if k, err := s.APIKey(t.Context(), text, store.ScopeEvents); domain.AsError(err).Code != domain.CodeUnauthenticated {
			t.Errorf("%.50s is taken: %v, %v", text, k, err)
		}
	}
}
