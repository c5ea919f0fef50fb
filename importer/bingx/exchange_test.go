package bingx

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testKey    = "key"
	testSecret = "secret"
	agentUID   = 9007199254740993 // 2^53 + 1: a float would lose it
)

// exchange is a server that follows the documented shapes and limits, on a clock that stands still but for the client's pauses.
type exchange struct {
	t   *testing.T
	url string

	mu       sync.Mutex
	clock    time.Time
	lately   []time.Time // requests of the last second
	limited  int         // answers that were refused for the rate
	asked    []url.Values
	paths    []string
	invitees []map[string]any
	days     []map[string]any
	deposits []map[string]any
	partners []map[string]any
	// fault answers in place of the exchange when it returns true. n counts the requests from 1.
	fault func(n int, path string, q url.Values, w http.ResponseWriter) bool
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{t: t, clock: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	srv := httptest.NewServer(x)
	t.Cleanup(srv.Close)
	x.url = srv.URL
	return x
}

// client is one whose pauses move the exchange's clock on.
func (x *exchange) client(secret string) *Client {
	x.t.Helper()
	c, err := NewClient(x.url, testKey, secret)
	if err != nil {
		x.t.Fatal(err)
	}
	c.now = func() time.Time { x.mu.Lock(); defer x.mu.Unlock(); return x.clock }
	c.pause = func(_ context.Context, d time.Duration) error {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.clock = x.clock.Add(d)
		return nil
	}
	return c
}

func (x *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	q := r.URL.Query()
	x.asked, x.paths = append(x.asked, q), append(x.paths, r.URL.Path)
	code, msg := x.gateway(r)
	if code == 0 && x.fault != nil && x.fault(len(x.asked), r.URL.Path, q, w) {
		return
	}
	var data any
	if code == 0 {
		data, code, msg = x.answer(r.URL.Path, q)
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]any{"code": code, "msg": msg, "data": data}); err != nil {
		x.t.Error(err)
	}
}

// gateway checks what comes before any endpoint.
func (x *exchange) gateway(r *http.Request) (code int, msg string) {
	signed, signature, found := strings.Cut(r.URL.RawQuery, "&signature=")
	names := []string{}
	for _, p := range strings.Split(signed, "&") {
		name, _, _ := strings.Cut(p, "=")
		names = append(names, name)
	}
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(signed))
	sent, _ := strconv.ParseInt(r.URL.Query().Get("timestamp"), 10, 64)
	window, _ := strconv.ParseInt(r.URL.Query().Get("recvWindow"), 10, 64)
	x.lately = slices.DeleteFunc(x.lately, func(at time.Time) bool { return x.clock.Sub(at) >= time.Second })
	switch {
	case len(x.lately) >= 2:
		x.limited++
		return codeRateLimited, "rate limit"
	case r.Header.Get("X-BX-APIKEY") != testKey:
		return 100413, "incorrect apiKey"
	case !found:
		return 100412, "null signature"
	case !slices.IsSorted(names) || signature != hex.EncodeToString(mac.Sum(nil)):
		return 100001, "signature verification failed"
	case window < 1 || window > 5000 || x.clock.UnixMilli()-sent > window || sent > x.clock.UnixMilli():
		return codeClock, "timestamp mismatch"
	}
	x.lately = append(x.lately, x.clock)
	return 0, ""
}

func (x *exchange) answer(path string, q url.Values) (data any, code int, msg string) {
	const wrong = 80012
	index, err1 := strconv.Atoi(q.Get("pageIndex"))
	size, err2 := strconv.Atoi(q.Get("pageSize"))
	most := map[string]int{"/openApi/agent/v1/asset/partnerData": 200}[path]
	if err1 != nil || err2 != nil || index < 1 || size < 1 || size > cmp.Or(most, 100) {
		return nil, wrong, "pageIndex or pageSize"
	}
	var rows []map[string]any
	var back int
	switch path {
	case "/openApi/agent/v1/account/inviteAccountList":
		rows = x.invitees
		if last := q.Get("lastUid"); last != "" {
			at := slices.IndexFunc(rows, func(r map[string]any) bool { return r["uid"] == last })
			rows = rows[at+1:]
		} else if index*size > 10_000 {
			return nil, wrong, "lastUid is required"
		}
		return x.page(rows, int64(len(x.invitees)), index, size), 0, ""
	case "/openApi/agent/v2/reward/commissionDataList":
		rows, back = x.days, 365
	case "/openApi/agent/v1/asset/depositDetailList":
		if q.Get("uid") != fmt.Sprint(int64(agentUID)) || q.Get("bizType") != "1" {
			return nil, wrong, "uid or bizType"
		}
		rows, back = x.deposits, 90
	case "/openApi/agent/v1/asset/partnerData":
		rows, back = x.partners, 92
	default:
		return nil, 100400, "no such path"
	}
	since, err1 := time.Parse("20060102", q.Get("startTime"))
	until, err2 := time.Parse("20060102", q.Get("endTime"))
	if err1 != nil || err2 != nil || !since.Before(until) || until.Sub(since) > 30*24*time.Hour || x.clock.Sub(since) > time.Duration(back+1)*24*time.Hour {
		return nil, wrong, "startTime or endTime"
	}
	if path != "/openApi/agent/v1/asset/partnerData" { // the end is part of it
		rows = slices.DeleteFunc(slices.Clone(rows), func(r map[string]any) bool {
			at := r["at"].(time.Time)
			return at.Before(since) || !at.Before(until.AddDate(0, 0, 1))
		})
	}
	return x.page(rows, int64(len(rows)), index, size), 0, ""
}

func (x *exchange) page(rows []map[string]any, total int64, index, size int) any {
	from := min((index-1)*size, len(rows))
	return map[string]any{"list": rows[from:min(from+size, len(rows))], "total": total, "currentAgentUid": int64(agentUID)}
}

// fill gives the exchange so many invitees, and commission of some of them on each of the days before today.
func (x *exchange) fill(invitees, days, traders int) {
	registered := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range invitees {
		x.invitees = append(x.invitees, map[string]any{
			"uid": fmt.Sprint(int64(agentUID) + 10 + int64(n)), "ownInviteCode": "", "inviterSid": int64(agentUID), "InvitationCode": "ABC", "registerTime": registered.UnixMilli(),
			"directInvitation": n%2 == 0, "kycResult": fmt.Sprint(n%3 == 0), "deposit": true, "balanceVolume": "1.5", "trade": false, "userLevel": 1, "commissionRatio": 40,
		})
	}
	today := x.clock.Truncate(24 * time.Hour)
	for d := range days {
		at := today.AddDate(0, 0, -1-d)
		for n := range traders {
			x.days = append(x.days, map[string]any{
				"at": at, "uid": int64(agentUID) + 10 + int64(n), "commissionTime": at.UnixMilli(), "tradingVolume": "1000.5", "commissionVolume": "4.00000099",
				"spotTradingVolume": "400", "swapTradingVolume": "500", "stdTradingVolume": "50", "extCopyTradingVolume": "50.5", "mt5TradingVolume": "",
				"spotCommissionVolume": "1.5", "swapCommissionVolume": "2", "stdCommissionVolume": "0.25", "extCopyCommissionVolume": "0.25000099", "mt5CommissionVolume": nil,
			})
		}
	}
	for n := range 3 {
		at := today.AddDate(0, 0, -5-n*30).Add(time.Hour)
		x.deposits = append(x.deposits, map[string]any{"at": at, "uid": int64(agentUID) + 10, "inviteResult": true, "directInvitation": true, "bizType": 1, "bizTime": at.UnixMilli(), "assetType": 1, "assetTypeName": "on-chain", "currencyName": "USDT", "currencyAmountVolume": "12.123456789"})
	}
	x.partners = []map[string]any{{"uid": int64(agentUID) + 11, "email": "a***", "referralType": 1, "newReferees": "7", "firstTrade": "3", "branchDeposits": "10.5", "branchTrading": "9", "branchTradingVol": "123.4", "level": "2", "commissionRatio": "40"}}
}
