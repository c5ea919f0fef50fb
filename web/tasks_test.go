package web

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/domain/referral"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// TestTasks goes through a task's life over REST.
func TestTasks(t *testing.T) {
	srv, s := taskServer(t)
	bearer := "Bearer " + token(t, jwt.SigningMethodHS256, testSecret, nil)
	call := func(method, path, body, key string, status int, holds string) string {
		t.Helper()
		code, got := get(t, http.DefaultClient, method, srv+path, body, "Authorization", bearer, "Content-Type", "application/json", "Idempotency-Key", key)
		if code != status || !strings.Contains(got, holds) {
			t.Fatalf("%s %s %s: %d %s, want %d %s", method, path, body, code, got, status, holds)
		}
		return got
	}
	end := time.Now().AddDate(0, 0, 7).UTC()
	draft := `{"type":"trading","title":"Push","targets":{"directPartners":true},"start":"` + time.Now().UTC().Format(time.RFC3339) + `","end":"` + end.Format(time.DateOnly) + `","product":"spot","tiers":[{"threshold":"1000","reward":"10"}]}`
	call("GET", "/v1/tasks", "", "", 200, `{"items":[]}`)
	call("POST", "/v1/tasks/preview", draft, "", 200, `"worstCase":"10","perParticipant":"10","balanceBefore":"0","balanceAfter":"-10","missing":"10"`)
	call("POST", "/v1/tasks/preview", strings.Replace(draft, `"10"}`, `"11"}`, 1), "", 422, `"field":"tiers[0].reward"`)
	call("POST", "/v1/tasks", draft, "a", 409, `"missing":"10"`)
	if _, err := s.TopUp(t.Context(), ledger.Transfer{Key: "k", From: ledger.Account{Owner: 1, Kind: ledger.External}, To: ledger.FundOf(1), Amount: 100 * domain.USDT, Reason: ledger.TopUp, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	call("POST", "/v1/tasks", draft, "", 422, `Idempotency-Key`)
	var made struct{ Task struct{ ID json.Number } }
	if err := json.Unmarshal([]byte(call("POST", "/v1/tasks", draft, "a", 200, `"status":"active"`)), &made); err != nil {
		t.Fatal(err)
	}
	path := "/v1/tasks/" + made.Task.ID.String()
	call("POST", "/v1/tasks", draft, "a", 200, `"id":`+made.Task.ID.String())
	call("POST", "/v1/tasks", strings.Replace(draft, "Push", "Pull", 1), "a", 409, `"field":"Idempotency-Key"`)
	call("GET", "/v1/fund", "", "", 200, `"balance":"90"`)
	call("GET", path, "", "", 200, `"rows":[{"uid":2,"relation":"direct","country":"VN","progress":"0"`)
	call("POST", path+"/extend", `{"end":"`+end.AddDate(0, 0, 3).Format(time.RFC3339)+`"}`, "", 200, `"end":"`+end.AddDate(0, 0, 3).Format(time.RFC3339)+`"`)
	call("POST", path+"/extend", `{"end":"`+end.Format(time.RFC3339)+`"}`, "", 422, `"field":"end"`)
	call("POST", path+"/top-up", `{"tiers":[{"threshold":"1000","reward":"10"},{"threshold":"2000","reward":"30"}]}`, "", 200, `"funded":"40"`)
	call("POST", path+"/nudge", ``, "", 200, `"nudgedAt":"`)
	call("POST", path+"/nudge", ``, "", 429, `"field":"taskId"`)
	call("POST", "/v1/tasks/simulate", strings.Replace(draft, `{"type"`, `{"days":30,"type"`, 1), "", 200, `"participants":1,"qualified":0,"cost":"0","worstCase":"10"`)
	call("POST", path+"/cancel", ``, "", 200, `"status":"cancelled"`)
	call("POST", path+"/cancel", ``, "", 200, `"refunded":"40"`)
	call("GET", "/v1/tasks?side=created&status=cancelled", "", "", 200, `"title":"Push"`)
	call("GET", "/v1/tasks?side=assigned", "", "", 200, `{"items":[]}`)
	call("GET", "/v1/tasks/999", "", "", 404, `"field":"taskId"`)
	call("GET", "/v1/fund", "", "", 200, `"balance":"100"`)
}

// taskServer is newServer where referee 2 is a partner, with its store.
func taskServer(t *testing.T) (string, *store.Store) {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().AddDate(0, 0, -40)
	var lines []store.Line
	for i, e := range []referral.Event{
		{ID: "1", Type: referral.AccountRegistered, At: at, UID: 1, Body: referral.Registration{}},
		{ID: "2", Type: referral.PartnerEnrolled, At: at, UID: 1, Body: referral.Rates{Enrolled: true, SpotRate: 500_000}},
		{ID: "3", Type: referral.ReferralCodeCreated, At: at, UID: 1, Body: referral.Code{Created: true, Code: "ONE"}},
		{ID: "4", Type: referral.AccountRegistered, At: at, UID: 2, Body: referral.Registration{ReferralCode: "ONE", Country: "VN"}},
		{ID: "5", Type: referral.PartnerEnrolled, At: at, UID: 2, Body: referral.Rates{Enrolled: true, SpotRate: 300_000}},
	} {
		lines = append(lines, store.Line{No: int64(i + 1), Event: e})
	}
	if out, err := s.Ingest(t.Context(), store.Batch{Source: "test", Lines: lines}); err != nil || out.Rejected > 0 {
		t.Fatal(out, err)
	}
	return serveStore(t, s), s
}

func serveStore(t *testing.T, s *store.Store) string {
	t.Helper()
	a, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(Config{Store: s, Auth: a, Zone: time.UTC, Logger: slog.New(slog.DiscardHandler)}))
	t.Cleanup(srv.Close)
	return srv.URL
}
