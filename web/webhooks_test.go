package web

import (
	"encoding/json"
	"strings"
	"testing"

	"partnerhub/domain"
	"partnerhub/domain/notice"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// TestWebhooks registers, lists, rotates and deletes by API key, and reads deliveries by key and as operator.
func TestWebhooks(t *testing.T) {
	srv, s, auth := replica(t, storetest.New(t), nil)
	keys := map[string]string{}
	for _, scope := range []string{store.ScopeEvents, store.ScopeWebhooks} {
		key, err := s.CreateAPIKey(t.Context(), store.APIKey{Name: scope, Scopes: []string{scope}})
		if err != nil {
			t.Fatal(err)
		}
		keys[scope] = key
	}
	partner, operator := signed(t, auth, domain.Partner(1)), signed(t, auth, domain.Caller{UID: 9, Role: domain.RoleOperator})
	call := func(method, path, token, body string, want int, holds string) string {
		t.Helper()
		status, got := get(t, srv.Client(), method, srv.URL+path, body, "Authorization", "Bearer "+token, "Content-Type", "application/json")
		if status != want || !strings.Contains(got, holds) {
			t.Errorf("%s %s %s: %d %s, want %d and %s", method, path, body, status, got, want, holds)
		}
		return got
	}
	key := keys[store.ScopeWebhooks]
	call("POST", "/v1/webhooks", keys[store.ScopeEvents], `{"url":"https://example.com/a"}`, 403, "webhooks")
	call("POST", "/v1/webhooks", partner, `{"url":"https://example.com/a"}`, 401, "")
	call("POST", "/v1/webhooks", key, `{"url":"http://example.com/a"}`, 422, `"field":"url"`)
	call("POST", "/v1/webhooks", key, `{"url":"https://169.254.169.254/"}`, 422, `"field":"url"`)
	call("POST", "/v1/webhooks", key, `{"url":"https://example.com/a","types":["task.progres"]}`, 422, `task.progress`)
	var made webhookSecret
	if err := json.Unmarshal([]byte(call("POST", "/v1/webhooks", key, `{"url":"https://example.invalid/a","types":["notice.created"]}`, 201, `"secret":"whsec_`)), &made); err != nil {
		t.Fatal(err)
	}
	call("POST", "/v1/webhooks", key, `{"url":"https://example.invalid/a"}`, 409, `"field":"url"`)
	if got := call("GET", "/v1/webhooks", key, "", 200, made.ID); strings.Contains(got, "whsec_") {
		t.Error("a secret is shown again:", got)
	}
	if err := s.Tell(t.Context(), []notice.Notice{told(1, "a")}); err != nil {
		t.Fatal(err)
	}
	var list page[struct{ ID string }]
	if err := json.Unmarshal([]byte(call("GET", "/v1/webhooks/"+made.ID+"/deliveries", key, "", 200, `"state":"pending"`)), &list); err != nil || len(list.Items) != 1 {
		t.Fatal(list, err)
	}
	call("GET", "/v1/operator/deliveries", operator, "", 200, list.Items[0].ID)
	call("GET", "/v1/operator/deliveries?state=dead", operator, "", 200, `"items":[]`)
	call("GET", "/v1/operator/deliveries?state=lost", operator, "", 422, `"field":"state"`)
	call("GET", "/v1/operator/deliveries?cursor=x", operator, "", 422, `"field":"cursor"`)
	call("GET", "/v1/operator/deliveries", partner, "", 403, "")
	call("POST", "/v1/operator/deliveries/"+list.Items[0].ID+"/resend", partner, "", 403, "")
	call("POST", "/v1/operator/deliveries/"+list.Items[0].ID+"/resend", operator, "", 409, "on its way")
	call("POST", "/v1/operator/deliveries/1.x/resend", operator, "", 404, "")
	call("POST", "/v1/webhooks/"+made.ID+"/rotate", key, "", 200, "whsec_")
	call("DELETE", "/v1/webhooks/"+made.ID, key, "", 204, "")
	call("DELETE", "/v1/webhooks/"+made.ID, key, "", 404, "")
	call("GET", "/v1/webhooks", key, "", 200, `"items":[]`)
	call("GET", "/v1/operator/deliveries?state=failing", operator, "", 200, "deleted")
}

func TestPushSubscriptions(t *testing.T) {
	srv, _, auth := replica(t, storetest.New(t), func(c *Config) { c.PushKey = "BPublic" })
	partner := signed(t, auth, domain.Partner(1))
	const point = "BBsBrWbKbZL2b6D5pYVt8j6aPTXWJmIjn2F_7-dFfRpZ4ZUCEYPfhXbGZSXcRDNSkyPXbXqcrVRX6bAGnTz3Ipw"
	for _, x := range []struct {
		method, path, body string
		status             int
		holds              string
	}{
		{"GET", "/v1/push/key", "", 200, `"publicKey":"BPublic"`},
		{"POST", "/v1/push/subscriptions", `{"endpoint":"https://127.0.0.1/x","keys":{"p256dh":"` + point + `","auth":"MDEyMzQ1Njc4OWFiY2RlZg"}}`, 422, `"field":"endpoint"`},
		{"POST", "/v1/push/subscriptions", `{"endpoint":"https://push.example.com/x","expirationTime":null,"keys":{"p256dh":"AAAA","auth":"MDEyMzQ1Njc4OWFiY2RlZg"}}`, 422, `"field":"p256dh"`},
		{"POST", "/v1/push/unsubscribe", `{"endpoint":"https://push.example.com/x"}`, 204, ""},
	} {
		status, got := get(t, srv.Client(), x.method, srv.URL+x.path, x.body, "Authorization", "Bearer "+partner, "Content-Type", "application/json")
		if status != x.status || !strings.Contains(got, x.holds) {
			t.Errorf("%s %s: %d %s", x.path, x.body, status, got)
		}
	}
	if status, _ := get(t, srv.Client(), "POST", srv.URL+"/v1/push/unsubscribe", `{"endpoint":"https://push.example.com/x"}`, "Content-Type", "application/json"); status != 401 {
		t.Error("a stranger unsubscribed", status)
	}
}
