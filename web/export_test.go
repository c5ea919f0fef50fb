package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/tools"
)

// TestExports reads lists of several pages as CSV, as the partner whose they are and as others.
func TestExports(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC) }
	const first, referees = 1000, 2*exportPage + 50
	more := []referral.Event{
		{ID: "p5", Type: referral.AccountRegistered, At: at(1), UID: 5, Body: referral.Registration{}},
		{ID: "e5", Type: referral.PartnerEnrolled, At: at(1), UID: 5, Body: referral.Rates{Enrolled: true, SpotRate: 500_000}},
		{ID: "c5", Type: referral.ReferralCodeCreated, At: at(1), UID: 5, Body: referral.Code{Created: true, Code: "FIVE"}},
		{ID: "r6", Type: referral.AccountRegistered, At: at(2), UID: 6, Body: referral.Registration{ReferralCode: "FIVE"}},
		{ID: "t6", Type: referral.TradeExecuted, At: at(3), UID: 6, Body: referral.Trade{TradeID: "t6", Product: referral.Spot, Volume: domain.USDT, FeeGross: domain.USDT, FeePaid: domain.USDT}},
	}
	mine := []string{"2"}
	for i := range referees {
		uid := strconv.Itoa(first + i)
		mine = append(mine, uid)
		more = append(more,
			referral.Event{ID: "r" + uid, Type: referral.AccountRegistered, At: at(2), UID: int64(first + i), Body: referral.Registration{ReferralCode: "ONE"}},
			referral.Event{ID: "t" + uid, Type: referral.TradeExecuted, At: at(3), UID: int64(first + i), Body: referral.Trade{TradeID: "t" + uid, Product: referral.Spot, Volume: 100 * domain.USDT, FeeGross: domain.USDT, FeePaid: domain.USDT}})
	}
	slices.Sort(mine)
	srv := newServerAnd(t, AuthConfig{Secret: testSecret}, nil, more...)
	auth, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	as := func(uid int64, role domain.Role) []string {
		tok, err := auth.sign(domain.Caller{UID: uid, Role: role}, "", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return []string{"Authorization", "Bearer " + tok, "Content-Type", "application/json"}
	}
	one, five, seven, operator := as(1, domain.RolePartner), as(5, domain.RolePartner), as(7, domain.RolePartner), as(9, domain.RoleOperator)
	for uid, note := range map[string]string{"2": "=HYPERLINK(\"x\")", "1000": "-5", "1001": "@a, \"b\"", "1002": "Khách lớn"} {
		body, err := json.Marshal(Note{note})
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := get(t, srv.Client(), "PUT", srv.URL+"/v1/referees/"+uid+"/note", string(body), one...); status != 200 {
			t.Fatal(status, answer)
		}
	}
	// file is an export's header, and its rows by the names of their columns.
	file := func(path string, header []string) (columns []string, rows []map[string]string) {
		t.Helper()
		status, body := get(t, srv.Client(), "GET", srv.URL+path, "", header...)
		if status != 200 {
			t.Fatal(path, status, body)
		}
		all, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil {
			t.Fatal(path, err)
		}
		for _, record := range all[1:] {
			row := map[string]string{}
			for i, name := range all[0] {
				row[name] = record[i]
			}
			rows = append(rows, row)
		}
		return all[0], rows
	}
	column := func(rows []map[string]string, name string) (out []string) {
		for _, r := range rows {
			out = append(out, r[name])
		}
		slices.Sort(out)
		return out
	}

	columns, rows := file("/v1/exports/referees.csv?period=this_month&sort=registeredAt&order=desc", one)
	if got := column(rows, "key"); !slices.Equal(got, mine) {
		t.Errorf("%d referees, want %d, each once", len(got), len(mine))
	}
	if columns[0] != "key" || !slices.Contains(columns, "ownNote") || slices.Contains(columns, "RefereeRow") {
		t.Error(columns)
	}
	want := map[string]string{"2": "'=HYPERLINK(\"x\")", "1000": "-5", "1001": "'@a, \"b\"", "1002": "Khách lớn"}
	for _, r := range rows {
		if r["ownNote"] != want[r["key"]] || r["commission"] == "" || r["kyc"] != "none" {
			t.Fatal(r)
		}
	}
	if _, rows := file("/v1/exports/referees.csv?country=VN", one); len(rows) != 1 || rows[0]["key"] != "2" {
		t.Error(rows)
	}
	if _, rows := file("/v1/exports/referees.csv", five); len(rows) != 1 || rows[0]["key"] != "6" {
		t.Error(rows)
	}
	if columns, rows := file("/v1/exports/referees.csv", seven); len(rows) != 0 || columns[0] != "key" {
		t.Error(rows)
	}
	_, rows = file("/v1/exports/rewards.csv?period=this_month&kind=rebate", one)
	if got := column(rows, "uid"); !slices.Equal(got, mine) || rows[0]["status"] != "settled" || rows[0]["amount"] == "" {
		t.Errorf("%d reward records, want %d", len(got), len(mine))
	}
	if _, rows := file("/v1/exports/codes.csv", one); len(rows) != 1 || rows[0]["key"] != "ONE" || rows[0]["referees"] != strconv.Itoa(len(mine)) {
		t.Error(rows)
	}
	columns, rows = file("/v1/exports/metrics.csv?metrics=commission,traders&period=this_month&groupBy=referee", one)
	if got := column(rows, "key"); !slices.Equal(got, mine) || !slices.Equal(columns, []string{"key", "commission", "traders"}) {
		t.Errorf("%d groups under %v", len(got), columns)
	}
	columns, rows = file("/v1/exports/metrics.csv?metrics=commission&period=this_month&groupBy=referee&compare=true", one)
	if len(rows) != len(mine) || !slices.Equal(columns, []string{"key", "commission.current", "commission.previous", "commission.delta", "commission.percent", "commission.whole"}) ||
		rows[0]["commission.current"] != "5" || rows[0]["commission.previous"] != "0" || rows[0]["commission.percent"] != "" {
		t.Error(columns, rows[0])
	}

	for _, x := range []struct {
		header []string
		path   string
		status int
		has    string
	}{
		{one, "referees.csv?kyc=some", 422, `"field":"kyc"`},
		{one, "referees.csv?perod=today", 422, `"field":"perod"`},
		{one, "referees.csv?cursor=x", 422, `"field":"cursor"`},
		{one, "rewards.csv?kind=gift", 422, `"field":"kind"`},
		{one, "codes.csv?period=whenever", 422, `"field":"period"`},
		{one, "metrics.csv?period=today", 422, `"field":"metrics"`},
		{one, "metrics.csv?metrics=commission&period=today&limit=ten", 422, `"field":"limit"`},
		{one, "referees.csv?uid=5", 422, `"field":"uid"`},
		{one, "others.csv", 422, `"field":"id"`}, // which it would be of one in the background,
		{operator, "referees.csv", 403, `"code":"forbidden"`},
		{nil, "referees.csv", 401, `"code":"unauthenticated"`},
	} {
		status, body := get(t, srv.Client(), "GET", srv.URL+"/v1/exports/"+x.path, "", x.header...)
		if status != x.status || !strings.Contains(body, x.has) {
			t.Errorf("%s: %d %s", x.path, status, body)
		}
		strictly[Problem](t, body)
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/v1/exports/codes.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(one[0], one[1])
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if h := res.Header; h.Get("Content-Type") != "text/csv; charset=utf-8" || h.Get("Content-Disposition") != `attachment; filename="codes-2026-11-20.csv"` {
		t.Error(h)
	}
}

// TestExportThatBreaks fails on the second page: what was written must not pass for the whole.
func TestExportThatBreaks(t *testing.T) {
	type args struct {
		Cursor string `json:"cursor,omitempty"`
		Limit  int    `json:"limit,omitempty"`
		Period string `json:"period,omitempty"`
		Kind   string `json:"kind,omitempty"`
	}
	var pages atomic.Int32 // the server counts, the test reads
	broken := tools.Define("list_rewards", "Breaks on the second page.", func(_ context.Context, _ domain.Caller, in args) (any, error) {
		if pages.Add(1); in.Limit != exportPage {
			return nil, errors.New("unbounded")
		}
		if in.Cursor != "" {
			return nil, errors.New("the database is gone")
		}
		return map[string]any{"rows": []map[string]any{{"key": "\t=1", "uid": 1}}, "nextCursor": "two"}, nil
	})
	auth, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(Config{Auth: auth, Chat: NewChat(ChatConfig{Caller: auth.Caller}), Tools: []tools.Tool{broken}, Zone: time.UTC, Logger: slog.New(slog.DiscardHandler)}))
	defer srv.Close()
	tok, err := auth.sign(domain.Partner(1), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/v1/exports/rewards.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tok)
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), "'\t=1,") || pages.Load() != 2 {
		t.Errorf("%v after %d pages: %d %q", err, pages.Load(), res.StatusCode, body)
	}
}
