package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/store"
	"partnerhub/store/storetest"
	"partnerhub/tools"
)

// mcpServer serves a program of two partners: 1 earned 5 of referee 2, and 11 earned 8 of referee 12.
func mcpServer(t *testing.T, change func(*Config)) *httptest.Server {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.New(t), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	var lines []store.Line
	for _, p := range []struct {
		uid  int64
		code string
		fee  domain.Money
	}{{1, "ONE", 10 * domain.USDT}, {11, "ELEVEN", 16 * domain.USDT}} {
		for _, e := range []referral.Event{
			{Type: referral.AccountRegistered, UID: p.uid, Body: referral.Registration{}},
			{Type: referral.PartnerEnrolled, UID: p.uid, Body: referral.Rates{Enrolled: true, SpotRate: 500_000}},
			{Type: referral.ReferralCodeCreated, UID: p.uid, Body: referral.Code{Created: true, Code: p.code}},
			{Type: referral.AccountRegistered, UID: p.uid + 1, Body: referral.Registration{ReferralCode: p.code}},
			{Type: referral.TradeExecuted, UID: p.uid + 1, Body: referral.Trade{TradeID: p.code, Product: referral.Spot, Volume: 1000 * domain.USDT, FeeGross: p.fee, FeePaid: p.fee}},
		} {
			no := int64(len(lines) + 1)
			e.ID, e.At = strconv.FormatInt(no, 10), at.Add(time.Duration(no)*time.Minute)
			lines = append(lines, store.Line{No: no, Event: e})
		}
	}
	if out, err := s.Ingest(t.Context(), store.Batch{Source: "test", Lines: lines}); err != nil || out.Rejected > 0 {
		t.Fatal(out, err)
	}
	auth, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return at.AddDate(0, 0, 10) }
	cfg := Config{
		Store: s, Auth: auth, Chat: NewChat(ChatConfig{Caller: auth.Caller}), Zone: time.UTC, Now: now, Articles: testArticles,
		Tools:  tools.All(tools.Deps{Programs: s, Metrics: s, Referees: s, Records: s, Tasks: s, Proposals: s, Now: now, Zone: time.UTC}),
		Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	srv := httptest.NewServer(New(cfg))
	t.Cleanup(srv.Close)
	return srv
}

// carrying sends a token with each request.
type carrying string

func (c carrying) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if c != "" {
		r.Header.Set("Authorization", "Bearer "+string(c))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func mcpToken(t *testing.T, uid int64, role domain.Role) string {
	return token(t, jwt.SigningMethodHS256, testSecret, func(c jwt.MapClaims) { c["sub"], c["role"] = strconv.FormatInt(uid, 10), role })
}

func mcpConnect(t *testing.T, url, token string) (*mcp.ClientSession, error) {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
		&mcp.StreamableClientTransport{Endpoint: url + "/mcp", HTTPClient: &http.Client{Transport: carrying(token)}, MaxRetries: -1}, nil)
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

// mcpCall calls a tool and returns the text of its result, which must be what the structured content says.
func mcpCall(t *testing.T, session *mcp.ClientSession, name string, args any) (text string, isError bool) {
	t.Helper()
	res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatal(err)
	}
	text = res.Content[0].(*mcp.TextContent).Text
	var said any
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		t.Fatal(err, text)
	}
	one, _ := json.Marshal(said)
	two, _ := json.Marshal(res.StructuredContent)
	if string(one) != string(two) {
		t.Errorf("text %s, structured %s", one, two)
	}
	return text, res.IsError
}

func TestMCP(t *testing.T) {
	breaks := tools.Define("breaks", "Panics.", func(context.Context, domain.Caller, struct{}) (struct{}, error) { panic("secret") })
	srv := mcpServer(t, func(cfg *Config) { cfg.Tools = append(cfg.Tools, breaks) })
	one, err := mcpConnect(t, srv.URL, mcpToken(t, 1, domain.RolePartner))
	if err != nil {
		t.Fatal(err)
	}
	eleven, err := mcpConnect(t, srv.URL, mcpToken(t, 11, domain.RolePartner))
	if err != nil {
		t.Fatal(err)
	}

	// The tools are the read tools, with their schemas.
	want := map[string]string{}
	for _, tool := range append(tools.All(tools.Deps{Now: time.Now, Zone: time.UTC}), breaks) {
		if tool.Effect == tools.Reads {
			schema, err := json.Marshal(tool.Input)
			if err != nil {
				t.Fatal(err)
			}
			want[tool.Name] = string(schema)
		}
	}
	listed := 0
	for tool, err := range one.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		listed++
		schema, err := json.Marshal(tool.InputSchema)
		if err != nil {
			t.Fatal(err)
		}
		if !sameJSON(t, string(schema), want[tool.Name]) || !tool.Annotations.ReadOnlyHint {
			t.Errorf("%s: %s, want %s", tool.Name, schema, want[tool.Name])
		}
	}
	if listed != len(want) || want["query_metrics"] == "" {
		t.Errorf("%d tools, want %d", listed, len(want))
	}

	// Each partner has their own figures, also when both ask in turns.
	query := map[string]any{"metrics": []string{"commission"}, "period": "this_month"}
	for range 2 {
		for _, x := range []struct {
			session    *mcp.ClientSession
			has, hasNo string
		}{{one, `"5"`, `"8"`}, {eleven, `"8"`, `"5"`}} {
			if text, bad := mcpCall(t, x.session, "query_metrics", query); bad || !strings.Contains(text, x.has) || strings.Contains(text, x.hasNo) {
				t.Error(bad, text)
			}
		}
	}
	// Nobody else's, whatever the arguments say.
	if text, bad := mcpCall(t, one, "get_referee", map[string]any{"uid": 12}); !bad || !strings.Contains(text, `"code":"not_found"`) {
		t.Error(bad, text)
	}
	for _, x := range []struct {
		tool  string
		args  map[string]any
		field string
	}{
		{"query_metrics", map[string]any{"metrics": []string{"commission", "luck"}, "period": "today"}, "metrics[1]"},
		{"query_metrics", map[string]any{"metrics": []string{"commission"}}, "period"},
		{"query_metrics", map[string]any{"metrics": []string{"commission"}, "period": "today", "partnerUid": 11}, "partnerUid"},
	} {
		if text, bad := mcpCall(t, one, x.tool, x.args); !bad || !strings.Contains(text, `"field":"`+x.field+`"`) {
			t.Errorf("%s: %v %s", x.field, bad, text)
		}
	}
	for _, name := range []string{"propose_referral_code", "propose_task", "hand_off", "ask_user"} {
		if res, err := one.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: map[string]any{}}); err == nil {
			t.Errorf("%s is there: %+v", name, res)
		}
	}
	if text, bad := mcpCall(t, one, "breaks", map[string]any{}); !bad || !strings.Contains(text, `"code":"internal"`) || strings.Contains(text, "secret") {
		t.Error(bad, text)
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	one, _ := json.Marshal(x)
	two, _ := json.Marshal(y)
	return string(one) == string(two)
}

// TestMCPRefusals holds what never reaches a tool.
func TestMCPRefusals(t *testing.T) {
	srv := mcpServer(t, func(cfg *Config) { cfg.PerMinute = 6 })
	for _, bad := range []string{"", "x.y.z", mcpToken(t, 1, domain.RoleService), mcpToken(t, 9, domain.RoleOperator)} {
		if _, err := mcpConnect(t, srv.URL, bad); err == nil {
			t.Errorf("token %q was let in", bad)
		}
	}
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	call := func(method, token, body string) (int, string) {
		return get(t, srv.Client(), method, srv.URL+"/mcp", body, "Authorization", "Bearer "+token, "Content-Type", "application/json", "Accept", "application/json, text/event-stream")
	}
	partner := mcpToken(t, 1, domain.RolePartner)
	for _, x := range []struct {
		name, method, token, body string
		status                    int
		has                       string
	}{
		{"no token", "POST", "", list, 401, `"code":"unauthenticated"`},
		{"an operator", "POST", mcpToken(t, 9, domain.RoleOperator), list, 403, `"code":"forbidden"`},
		{"no stream", "GET", partner, "", 405, `"code":"invalid"`},
		{"a batch", "POST", partner, " [" + list + "]", 422, "one message"},
		{"too large", "POST", partner, strings.Repeat(" ", maxJSONBody) + list, 413, `"code":"too_large"`},
		{"good", "POST", partner, list, 200, `"query_metrics"`},
	} {
		if status, body := call(x.method, x.token, x.body); status != x.status || !strings.Contains(body, x.has) {
			t.Errorf("%s: %d %.300s", x.name, status, body)
		}
	}
	var statuses []int
	for range 7 {
		status, _ := call("POST", partner, list)
		statuses = append(statuses, status)
	}
	if statuses[0] != 200 || !slices.Contains(statuses, 429) {
		t.Errorf("%v, want the limit to end them", statuses)
	}
	if status, body := call("POST", mcpToken(t, 11, domain.RolePartner), list); status != 200 {
		t.Errorf("another partner is held up: %d %s", status, body)
	}
}
