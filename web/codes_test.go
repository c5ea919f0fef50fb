package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// TestCodes goes through a code's life over REST.
func TestCodes(t *testing.T) {
	srv := newServer(t, AuthConfig{Secret: testSecret}, nil)
	bearer := "Bearer " + token(t, jwt.SigningMethodHS256, testSecret, nil)
	for _, x := range []struct {
		method, path, body, key string
		status                  int
		has                     string
	}{
		{"GET", "/v1/rates", "", "", 200, `{"spotRate":"0.5","futuresRate":"0","since":"2026-11-01T12:00:00Z"}`},
		{"GET", "/v1/codes?period=this_month", "", "", 200, `"rows":[{"key":"ONE"`},
		{"GET", "/v1/codes?period=whenever", "", "", 422, `"field":"period"`},
		{"POST", "/v1/codes", `{"code":"TWO","spotRebateRate":"0.1","futuresRebateRate":"0","note":"Hanoi","default":true}`, "a", 200, `{"code":"TWO","createdAt":"2026-11-20T12:00:00Z","default":true,"spotRebateRate":"0.1","futuresRebateRate":"0","note":"Hanoi"}`},
		{"POST", "/v1/codes", `{"code":"TWO","spotRebateRate":"0.1","futuresRebateRate":"0","note":"Hanoi","default":true}`, "a", 200, `"code":"TWO"`},
		{"POST", "/v1/codes", `{"code":"TWO","spotRebateRate":"0.2","futuresRebateRate":"0"}`, "a", 409, `"field":"Idempotency-Key"`},
		{"POST", "/v1/codes", `{"code":"TWO","spotRebateRate":"0.1","futuresRebateRate":"0"}`, "b", 409, `"field":"code"`},
		{"POST", "/v1/codes", `{"spotRebateRate":"0.6","futuresRebateRate":"0"}`, "c", 422, `"field":"spotRebateRate"`},
		{"POST", "/v1/codes", `{"spotRebateRate":"0.1","futuresRebateRate":"0","uid":7}`, "c", 422, `uid`},
		{"POST", "/v1/codes", `{"spotRebateRate":"0.1","futuresRebateRate":"0"}`, "", 422, `Idempotency-Key`},
		{"PATCH", "/v1/codes/TWO", `{"spotRebateRate":"0.05","note":""}`, "", 200, `"default":true,"spotRebateRate":"0.05"`},
		{"PATCH", "/v1/codes/ONE", `{"default":true}`, "", 200, `"default":true`},
		{"PATCH", "/v1/codes/NONE", `{"default":true}`, "", 404, `"code":"not_found"`},
		{"PATCH", "/v1/codes/ONE", `{}`, "", 422, `nothing`},
	} {
		status, body := get(t, http.DefaultClient, x.method, srv.URL+x.path, x.body, "Authorization", bearer, "Content-Type", "application/json", "Idempotency-Key", x.key)
		if status != x.status || !strings.Contains(body, x.has) {
			t.Errorf("%s %s %s: %d %s, want %d %s", x.method, x.path, x.body, status, body, x.status, x.has)
		}
	}
	// Roles and other people are kept out.
	operator := "Bearer " + token(t, jwt.SigningMethodHS256, testSecret, func(c jwt.MapClaims) { c["role"] = "operator" })
	for _, path := range []string{"/v1/codes", "/v1/rates"} {
		if status, body := get(t, http.DefaultClient, "GET", srv.URL+path, "", "Authorization", operator); status != 403 {
			t.Errorf("%s as an operator: %d %s", path, status, body)
		}
	}
	two := "Bearer " + token(t, jwt.SigningMethodHS256, testSecret, func(c jwt.MapClaims) { c["sub"] = "2" })
	if status, body := get(t, http.DefaultClient, "PATCH", srv.URL+"/v1/codes/ONE", `{"note":"mine"}`, "Authorization", two, "Content-Type", "application/json"); status != 404 {
		t.Errorf("another's code: %d %s", status, body)
	}
}
