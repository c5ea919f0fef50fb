package web

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/knowledge"
	"partnerhub/store"
	"partnerhub/store/storetest"
	"partnerhub/tools"
)

var testSecret = []byte("0123456789abcdef0123456789abcdef")

// newServer serves the whole surface, over a program of one partner, 1, and one referee, 2.
func newServer(t *testing.T, auth AuthConfig, people []Person) *httptest.Server {
	t.Helper()
	return newServerAnd(t, auth, people)
}

// newServerAnd is newServer, where more happened.
func newServerAnd(t *testing.T, auth AuthConfig, people []Person, more ...referral.Event) *httptest.Server {
	t.Helper()
	srv, _ := newServerOn(t, storetest.New(t), auth, people, more...)
	return srv
}

// newServerOn is newServerAnd on a database that the test has in hand, with the settings.
func newServerOn(t *testing.T, pool *pgxpool.Pool, auth AuthConfig, people []Person, more ...referral.Event) (*httptest.Server, Config) {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	at := func(day int) time.Time { return time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC) }
	var lines []store.Line
	for i, e := range append([]referral.Event{
		{ID: "1", Type: referral.AccountRegistered, At: at(1), UID: 1, Body: referral.Registration{}},
		{ID: "2", Type: referral.PartnerEnrolled, At: at(1), UID: 1, Body: referral.Rates{Enrolled: true, SpotRate: 500_000}},
		{ID: "3", Type: referral.ReferralCodeCreated, At: at(1), UID: 1, Body: referral.Code{Created: true, Code: "ONE"}},
		{ID: "4", Type: referral.AccountRegistered, At: at(2), UID: 2, Body: referral.Registration{ReferralCode: "ONE", Country: "VN"}},
		{ID: "5", Type: referral.TradeExecuted, At: at(3), UID: 2, Body: referral.Trade{TradeID: "t", Product: referral.Spot, Volume: 1000 * domain.USDT, FeeGross: 10 * domain.USDT, FeePaid: 10 * domain.USDT}},
		{ID: "6", Type: referral.AccountRegistered, At: at(2), UID: 3, Body: referral.Registration{ReferralCode: "LATER"}},
	}, more...) {
		lines = append(lines, store.Line{No: int64(i + 1), Event: e})
	}
	if out, err := s.Ingest(ctx, store.Batch{Source: "test", Lines: lines}); err != nil || out.Rejected > 0 {
		t.Fatal(out, err)
	}
	a, err := NewAuth(t.Context(), auth)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return at(20) }
	cfg := Config{
		Store: s, Auth: a, Chat: NewChat(ChatConfig{Conversations: store.NewConversations(pool), Caller: a.Caller}),
		Tools: tools.All(tools.Deps{Programs: s, Metrics: s, Referees: s, Records: s, Tasks: s, Proposals: s, Now: now, Zone: time.UTC}), Questions: []string{"How much?"}, People: people, Zone: time.UTC, Now: now,
		Articles: testArticles,
		Logger:   slog.New(slog.DiscardHandler),
	}
	srv := httptest.NewServer(New(cfg))
	t.Cleanup(srv.Close)
	return srv, cfg
}

func token(t *testing.T, method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
	t.Helper()
	c := jwt.MapClaims{"sub": "1", "role": "partner", "exp": time.Now().Add(time.Hour).Unix()}
	if change != nil {
		change(c)
	}
	tok := jwt.NewWithClaims(method, c)
	tok.Header["kid"] = "k"
	s, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get sends a request and returns the status and the body.
func get(t *testing.T, c *http.Client, method, url, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestTokens(t *testing.T) {
	srv := newServer(t, AuthConfig{Secret: testSecret, Issuer: "exchange", Audience: "hub"}, nil)
	good := func(c jwt.MapClaims) { c["iss"], c["aud"] = "exchange", "hub" }
	with := func(name string, v any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) {
			good(c)
			c[name] = v
			if v == nil {
				delete(c, name)
			}
		}
	}
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"sub": "1", "role": "partner", "exp": time.Now().Add(time.Hour).Unix(), "iss": "exchange", "aud": "hub"}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	hs := jwt.SigningMethodHS256
	for _, x := range []struct {
		name, token string
		want        int
	}{
		{"good", token(t, hs, testSecret, good), 200},
		{"another secret", token(t, hs, []byte("another secret of the same length"), good), 401},
		{"expired", token(t, hs, testSecret, with("exp", time.Now().Add(-time.Hour).Unix())), 401},
		{"never expires", token(t, hs, testSecret, with("exp", nil)), 401},
		{"another issuer", token(t, hs, testSecret, with("iss", "somebody")), 401},
		{"another audience", token(t, hs, testSecret, with("aud", "elsewhere")), 401},
		{"no uid", token(t, hs, testSecret, with("sub", "root")), 401},
		{"negative uid", token(t, hs, testSecret, with("sub", "-1")), 401},
		{"unknown role", token(t, hs, testSecret, with("role", "admin")), 401},
		{"service", token(t, hs, testSecret, with("role", "service")), 401},
		{"not signed", none, 401},
		{"nonsense", "x.y.z", 401},
		{"empty", "", 401},
	} {
		status, body := get(t, srv.Client(), "GET", srv.URL+"/v1/session", "", "Authorization", "Bearer "+x.token)
		if status != x.want {
			t.Errorf("%s: %d %s", x.name, status, body)
		}
	}
	// A caller in the URL or the body counts for nothing.
	if status, _ := get(t, srv.Client(), "GET", srv.URL+"/v1/session?uid=1&token="+token(t, hs, testSecret, good), ""); status != 401 {
		t.Errorf("a token in the URL was believed: %d", status)
	}
	if status, _ := get(t, srv.Client(), "POST", srv.URL+"/v1/dev/session", `{"uid":1,"role":"partner"}`, "Content-Type", "application/json"); status != 404 {
		t.Errorf("development sign-in answers %d in production", status)
	}
}

func TestJWKS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	point, err := key.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		t.Fatal(err)
	}
	jwks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"EC","crv":"P-256","kid":"k","use":"sig","alg":"ES256","x":%q,"y":%q}]}`, b64(point[1:33]), b64(point[33:]))
	}))
	defer jwks.Close()
	srv := newServer(t, AuthConfig{JWKSURL: jwks.URL}, nil)
	if status, body := get(t, srv.Client(), "GET", srv.URL+"/v1/session", "", "Authorization", "Bearer "+token(t, jwt.SigningMethodES256, key, nil)); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	// The public key must not pass as a shared secret.
	if status, _ := get(t, srv.Client(), "GET", srv.URL+"/v1/session", "", "Authorization", "Bearer "+token(t, jwt.SigningMethodHS256, point, nil)); status != 401 {
		t.Errorf("a token signed with the public key as secret: %d", status)
	}
}

func TestSessionAndQueries(t *testing.T) {
	srv := newServer(t, AuthConfig{Secret: testSecret}, []Person{{UID: 1, Role: domain.RolePartner, Name: "One"}, {UID: 9, Role: domain.RoleOperator, Name: "Op"}})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	for _, x := range []struct {
		method, path, body string
		header             []string
		status             int
		has                string
	}{
		{"GET", "/v1/session", "", nil, 401, `"code":"unauthenticated"`},
		{"GET", "/v1/dev/people", "", nil, 200, `"name":"One"`},
		{"POST", "/v1/dev/session", `{"uid":1,"role":"boss"}`, nil, 422, `"field":"role"`},
		{"POST", "/v1/dev/session", `{"uid":0,"role":"partner"}`, nil, 422, `"field":"uid"`},
		{"POST", "/v1/dev/session", `{"uid":1,"role":"partner"}`, nil, 200, `"name":"One"`},
		{"GET", "/v1/session", "", nil, 200, `"dev":true`},
		{"GET", "/v1/welcome", "", nil, 200, `How much?`},
		{"GET", "/v1/metrics/query?metrics=commission,volume&period=this_month", "", nil, 200, `"total":{"commission":"5","volume":"1000"}`},
		{"GET", "/v1/metrics/query?metrics=commission&period=this_month&compare=true", "", nil, 200, `"toDate":true`},
		{"GET", "/v1/metrics/query?metrics=commission&period=this_month&country=VN&groupBy=product", "", nil, 200, `"key":"spot"`},
		{"GET", "/v1/metrics/query?metrics=commission&period=whenever", "", nil, 422, `"field":"period"`},
		{"GET", "/v1/metrics/query?metrics=commission", "", nil, 422, `"field":"period"`},
		{"GET", "/v1/metrics/query?metrics=commission&period=today&limit=ten", "", nil, 422, `"field":"limit"`},
		{"GET", "/v1/metrics/query?metrics=deposits&period=today&product=spot", "", nil, 422, `"field":"product"`},
		{"GET", "/v1/ingest/waiting", "", nil, 403, `"code":"forbidden"`},
		{"GET", "/v1/nothing", "", nil, 404, `"code":"not_found"`},
		{"POST", "/v1/events", `{}`, nil, 401, `"code":"unauthenticated"`},
		{"DELETE", "/v1/conversations/00000000-0000-0000-0000-000000000000", "", []string{"Sec-Fetch-Site", "cross-site"}, 403, `"field":"Origin"`},
		{"POST", "/v1/dev/session", `{"uid":9,"role":"operator"}`, nil, 200, `"role":"operator"`},
		{"GET", "/v1/metrics/query?metrics=commission&period=today", "", nil, 403, `"code":"forbidden"`},
		{"GET", "/v1/ingest/waiting", "", nil, 200, `"waitsFor":"code:LATER"`},
		{"GET", "/v1/ingest/rejected", "", nil, 200, `"items":[]`},
		{"GET", "/v1/ingest/void?cursor=x", "", nil, 422, `"field":"cursor"`},
		{"DELETE", "/v1/session", "", []string{"Sec-Fetch-Site", "same-origin"}, 204, ``},
		{"GET", "/v1/session", "", nil, 401, `"code":"unauthenticated"`},
		{"GET", "/", "", nil, 200, `<div id="root">`},
		{"GET", "/some/page", "", nil, 200, `<div id="root">`},
		{"GET", "/assets/none.js", "", nil, 404, ``},
		{"GET", "/healthz", "", nil, 204, ``},
		{"GET", "/readyz", "", nil, 204, ``},
	} {
		header := append([]string{"Content-Type", "application/json"}, x.header...)
		status, body := get(t, c, x.method, srv.URL+x.path, x.body, header...)
		if status != x.status || !strings.Contains(body, x.has) {
			t.Errorf("%s %s: %d %s", x.method, x.path, status, body)
		}
		if x.status >= 400 && strings.HasPrefix(x.path, "/v1/") {
			var p Problem
			if err := json.Unmarshal([]byte(body), &p); err != nil || p.Status != x.status || p.Code == "" || p.Title == "" {
				t.Errorf("%s %s: not a problem: %s", x.method, x.path, body)
			}
		}
	}
}

// testArticles are two campaigns of the library.
func testArticles(context.Context, knowledge.ArticleFilter) ([]knowledge.Stored, error) {
	var out []knowledge.Stored
	for _, m := range []knowledge.Meta{
		{Slug: "cup", Title: "Cup", Kind: knowledge.Event, Access: "exclusive", Starts: "2026-11-01", Ends: "2026-12-01", JoinLink: "https://x.test/join", ShareLink: "https://x.test/s", Products: []string{"spot"}},
		{Slug: "past", Title: "Past", Kind: knowledge.Event, Access: "public", Starts: "2026-10-01", Ends: "2026-11-01"},
	} {
		out = append(out, knowledge.Stored{Article: knowledge.Article{Meta: m}})
	}
	return out, nil
}

// TestMailboxOfToken takes a BD's mailbox from the token, and from nothing that is none.
func TestMailboxOfToken(t *testing.T) {
	no := false
	for _, c := range []struct {
		claims claims
		want   string
	}{
		{claims{Email: "ada@example.com"}, "ada@example.com"},
		{claims{Email: "Ada <ada@example.com>"}, "ada@example.com"},
		{claims{Email: "ada@example.com", EmailVerified: &no}, ""},
		{claims{Email: "ada@example.com\r\nBcc: x@example.com"}, ""},
		{claims{Email: "not one"}, ""},
		{claims{}, ""},
	} {
		if got := c.claims.person().email; got != c.want {
			t.Errorf("%q: %q, want %q", c.claims.Email, got, c.want)
		}
	}
}
