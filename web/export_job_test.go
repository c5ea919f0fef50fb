package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"partnerhub/domain/referral"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// TestExportInTheBackground makes a file of three parts by two workers, of whom the first dies after a part and comes back too late. The
// file is the one that is had at once.
func TestExportInTheBackground(t *testing.T) {
	var more []referral.Event
	for i := range 2*exportPage + 50 {
		uid := strconv.Itoa(1000 + i)
		more = append(more, referral.Event{ID: "r" + uid, Type: referral.AccountRegistered, At: time.Date(2026, 11, 2, 12, 0, i, 0, time.UTC), UID: int64(1000 + i), Body: referral.Registration{ReferralCode: "ONE"}})
	}
	pool := storetest.New(t)
	srv, cfg := newServerOn(t, pool, AuthConfig{Secret: testSecret}, nil, more...)
	bearer := bearerOf(t, "1")
	call := func(method, path, body string, want int) string {
		t.Helper()
		status, got := get(t, http.DefaultClient, method, srv.URL+path, body, "Authorization", bearer, "Content-Type", "application/json")
		if status != want {
			t.Fatalf("%s %s: %d %s", method, path, status, got)
		}
		return got
	}
	stands := func(text string) (job exportJob) {
		t.Helper()
		if err := json.Unmarshal([]byte(text), &job); err != nil {
			t.Fatal(text, err)
		}
		return job
	}
	for query, field := range map[string]string{"sort=wealth": "sort", "colour=red": "colour", "period=someday": "period", "registered=2026-13-01..2026-13-02": "registered"} {
		if got := call("POST", "/v1/exports", `{"list":"referees","query":"`+query+`"}`, 422); !strings.Contains(got, field) {
			t.Errorf("%s: %s", query, got)
		}
	}
	call("POST", "/v1/exports", `{"list":"people"}`, 422)
	if got := call("GET", "/v1/exports", "", 200); strings.Contains(got, `"state"`) {
		t.Errorf("what was refused is queued: %s", got)
	}
	first, second := NewExportWorker(cfg), NewExportWorker(cfg)
	first.pages, second.pages = 1, 1

	job := stands(call("POST", "/v1/exports", `{"list":"referees","query":"period=this_month&sort=registeredAt&order=asc"}`, 202))
	path := "/v1/exports/" + job.ID
	call("GET", path+"/file", "", 409)
	claimed, ok, err := first.store.ClaimExport(t.Context(), time.Now())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err := first.part(t.Context(), &claimed); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if job = stands(call("GET", path, "", 200)); job.State != store.ExportRunning || job.Rows != exportPage || job.Total != 2*exportPage+51 || job.File != "" {
		t.Errorf("after a part: %+v", job)
	}
	if worked, err := second.Step(t.Context()); err != nil || worked {
		t.Errorf("another took what is being worked on: %v, %v", worked, err)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE export SET lease_until = now()`); err != nil { // the first is dead
		t.Fatal(err)
	}
	if worked, err := second.Step(t.Context()); err != nil || !worked {
		t.Fatal(worked, err)
	}
	if ok, err := first.part(t.Context(), &claimed); err != nil || ok {
		t.Errorf("who lost the lease wrote on: %v, %v", ok, err)
	}
	job = stands(call("GET", path, "", 200))
	if job.State != store.ExportDone || job.Rows != job.Total || job.File != path+"/file" {
		t.Fatalf("%+v", job)
	}
	at, once := call("GET", job.File, "", 200), call("GET", "/v1/exports/referees.csv?period=this_month&sort=registeredAt&order=asc", "", 200)
	if at != once || int64(len(at)) != job.Bytes {
		t.Errorf("%d bytes in the background, told as %d, and %d at once", len(at), job.Bytes, len(once))
	}

	for range 3 {
		call("POST", "/v1/exports", `{"list":"codes"}`, 202)
	}
	call("POST", "/v1/exports", `{"list":"codes"}`, 429)
	call("DELETE", path, "", 204)
	call("GET", path, "", 404)
	if err := cfg.Store.SweepExports(t.Context(), time.Now().Add(25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := call("GET", "/v1/exports", "", 200); !strings.Contains(got, `"items":[]`) {
		t.Errorf("a day later: %s", got)
	}
	var parts int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM export_part`).Scan(&parts); err != nil || parts != 0 {
		t.Error(parts, err)
	}
}
