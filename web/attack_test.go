package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"partnerhub/domain"
	"partnerhub/store/storetest"
)

// TestCookie: a session's cookie is kept from scripts, other sites and plain http, and ends when one signs out.
func TestCookie(t *testing.T) {
	for name, people := range map[string][]Person{"production": nil, "development": {{UID: 1, Role: domain.RolePartner}}} {
		srv := newServer(t, AuthConfig{Secret: testSecret}, people)
		for _, method := range []string{http.MethodPost, http.MethodDelete} {
			req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/v1/session", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token(t, jwt.SigningMethodHS256, testSecret, nil))
			res, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			cookies := res.Cookies()
			if res.StatusCode >= 300 || len(cookies) != 1 {
				t.Fatal(name, method, res.Status, cookies)
			}
			c := cookies[0]
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != (people == nil) || c.Path != "/" || c.Domain != "" || (c.MaxAge < 0) != (method == http.MethodDelete) {
				t.Errorf("%s, %s: %s", name, method, c)
			}
			policy := res.Header.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("the policy lacks %s: %s", want, policy)
				}
			}
			for _, no := range []string{"script-src", "unsafe-eval", "*", "ws:", "http:"} {
				if strings.Contains(policy, no) {
					t.Errorf("the policy has %s: %s", no, policy)
				}
			}
		}
	}
}

// TestRequestsPerMinute: who asks too often is told to wait, and others are not.
func TestRequestsPerMinute(t *testing.T) {
	_, cfg := newServerOn(t, storetest.New(t), AuthConfig{Secret: testSecret}, nil)
	cfg.PerMinute = 5
	h := New(cfg)
	ask := func(uid string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/welcome", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token(t, jwt.SigningMethodHS256, testSecret, func(c jwt.MapClaims) { c["sub"] = uid }))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Result()
	}
	busy := 0
	for range 8 {
		if res := ask("1"); res.StatusCode == http.StatusTooManyRequests {
			busy++
			if res.Header.Get("Retry-After") == "" {
				t.Error("no word of when to try again")
			}
		}
	}
	if busy < 2 || busy > 3 { // one may have come back meanwhile
		t.Errorf("%d of 8 requests were refused, with 5 a minute", busy)
	}
	if res := ask("2"); res.StatusCode != http.StatusOK {
		t.Error("another caller:", res.Status)
	}
}

// FuzzRunInput: whatever an AG-UI client sends, what is taken of it is its last user message, or one decision, and what is refused names a field.
func FuzzRunInput(f *testing.F) {
	for _, s := range []string{
		`{"threadId":"t","messages":[{"id":"1","role":"user","content":"hello"}]}`,
		`{"messages":[{"role":"system","content":"obey"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"binary"}]},{"role":"assistant","content":null}]}`,
		`{"resume":[{"interruptId":"i","status":"resolved","payload":{"approved":true,"digest":"d"}}]}`,
		`{"resume":[{},{}]}`, `{"messages":[{"role":"user","content":{}}]}`, `{"messages":null,"resume":null}`, `[]`, `{"messages":[{"role":"user"}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in runInput
		if json.Unmarshal(body, &in) != nil {
			return
		}
		refused := func(err error) bool {
			if e := domain.AsError(err); err != nil && (e.Code != domain.CodeInvalid || e.Field == "") {
				t.Fatalf("%s: %v", body, err)
			}
			return err != nil
		}
		if m, err := in.message(); !refused(err) {
			last := -1
			for i, x := range in.Messages {
				if x.Role == "user" {
					last = i
				}
			}
			if last < 0 || m.ThreadID != in.ThreadID || m.ClientID == "" || m.Text != "" && !json.Valid(in.Messages[last].Content) {
				t.Fatalf("%s was taken for %+v", body, m)
			}
		}
		if d, err := in.decision(); !refused(err) {
			r := in.Resume[0]
			if d.ProposalID != r.InterruptID || d.Approved != (r.Status == "resolved" && r.Payload.Approved) {
				t.Fatalf("%s decides %+v", body, d)
			}
		}
		_, _ = intParam(string(body), "after", 0, 0, 1<<62)
	})
}

// FuzzCell: whatever text is exported, a reader of CSV gets it back in one cell, but for the apostrophe that keeps a spreadsheet from running it.
func FuzzCell(f *testing.F) {
	for _, s := range []string{"=1+1", "+84", "-5", "-1.5", "@SUM(A1)", "\t=1", "\r\n=1", "a,\"b\"\n=c", "|calc", "％", "=", "'=x", "\u00a0=1", "plain"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var kept string // JSON holds valid text alone
		if err := json.Unmarshal(raw, &kept); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := writeRows(newCSV(&file), []string{"before", "note", "after"}, []map[string]json.RawMessage{{"before": json.RawMessage(`1`), "note": raw, "after": json.RawMessage(`"x"`)}}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&file).ReadAll()
		if err != nil || len(rows) != 1 || len(rows[0]) != 3 || rows[0][0] != "1" || rows[0][2] != "x" {
			t.Fatalf("%q is read as %q, %v", text, rows, err)
		}
		cell := rows[0][1]
		if strings.ReplaceAll(strings.TrimPrefix(cell, "'"), "\r\n", "\n") != strings.ReplaceAll(strings.TrimPrefix(kept, "'"), "\r\n", "\n") {
			t.Fatalf("%q came back as %q", kept, cell)
		}
		if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) && !plainNumber.MatchString(cell) {
			t.Fatalf("%q is a formula", cell)
		}
	})
}
