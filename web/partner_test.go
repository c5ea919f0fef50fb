package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"partnerhub/domain"
)

// strictly reads an answer as its contract describes it.
func strictly[T any](t *testing.T, body string) (v T) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Errorf("%T: %v in %s", v, err, body)
	}
	return v
}

// TestPartnerPages reads what a partner's pages read, as the partner and as others.
func TestPartnerPages(t *testing.T) {
	srv := newServer(t, AuthConfig{Secret: testSecret}, nil)
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
	one, two, operator := as(1, domain.RolePartner), as(7, domain.RolePartner), as(9, domain.RoleOperator)
	for _, x := range []struct {
		header             []string
		method, path, body string
		status             int
		has                string
	}{
		{one, "GET", "/v1/overview", "", 200, `"commission":{"current":"5","previous":"0","delta":"5","percent":null`},
		{one, "GET", "/v1/overview?period=2026-11-03..2026-11-04&compareTo=2026-11-02..2026-11-03", "", 200, `"seriesBy":"hour"`},
		{one, "GET", "/v1/overview?period=whenever", "", 422, `"field":"period"`},
		{one, "GET", "/v1/overview?compareTo=x", "", 422, `"field":"compareTo"`},
		{one, "GET", "/v1/overview?preiod=today", "", 422, `"field":"preiod"`},
		{two, "GET", "/v1/overview", "", 200, `"commission":{"current":"0"`},
		{operator, "GET", "/v1/overview", "", 403, `"code":"forbidden"`},
		{nil, "GET", "/v1/overview", "", 401, `"code":"unauthenticated"`},
		{one, "GET", "/v1/cohorts?months=2", "", 200, `"rows":[{"key":"2026-10-01","referees":0,"traded":[0,0]},{"key":"2026-11-01","referees":1,"traded":[1]}]`},
		{one, "GET", "/v1/cohorts?code=OTHER&months=1", "", 200, `"rows":[{"key":"2026-11-01","referees":0,"traded":[0]}]`},
		{two, "GET", "/v1/cohorts?months=1", "", 200, `"rows":[{"key":"2026-11-01","referees":0,"traded":[0]}]`},
		{one, "GET", "/v1/cohorts?months=25", "", 422, `"field":"months"`},
		{operator, "GET", "/v1/cohorts", "", 403, `"code":"forbidden"`},
		{one, "GET", "/v1/referees", "", 200, `"total":1`},
		{one, "GET", "/v1/referees?q=2&country=VN&traded=true&period=this_month&sort=commission&order=asc&limit=1", "", 200, `"key":"2"`},
		{one, "GET", "/v1/referees?q=3", "", 200, `"rows":[]`},
		{one, "GET", "/v1/referees?q=whale", "", 200, `"rows":[]`},
		{one, "PUT", "/v1/referees/2/note", `{"note":" A Whale "}`, 200, `{"note":"A Whale"}`},
		{one, "PUT", "/v1/referees/2/note", `{"note":" A Whale "}`, 200, `{"note":"A Whale"}`},
		{one, "GET", "/v1/referees?q=whale", "", 200, `"ownNote":"A Whale"`},
		{one, "GET", "/v1/referees?note=WHALE", "", 200, `"total":1`},
		{one, "GET", "/v1/referees/2", "", 200, `"ownNote":"A Whale"`},
		{one, "PUT", "/v1/referees/2/note", `{"note":""}`, 200, `{"note":""}`},
		{one, "GET", "/v1/referees?q=whale", "", 200, `"rows":[]`},
		{one, "PUT", "/v1/referees/3/note", `{"note":"x"}`, 404, `"field":"uid"`},
		{one, "PUT", "/v1/referees/2/note", `{"note":"` + strings.Repeat("x", 201) + `"}`, 422, `"field":"note"`},
		{one, "PUT", "/v1/referees/2/note", `{"note":"x","uid":3}`, 422, `"field":"uid"`},
		{two, "PUT", "/v1/referees/2/note", `{"note":"x"}`, 404, `"field":"uid"`},
		{operator, "PUT", "/v1/referees/2/note", `{"note":"x"}`, 403, `"code":"forbidden"`},
		{one, "GET", "/v1/referees?kyc=some", "", 422, `"field":"kyc"`},
		{one, "GET", "/v1/referees?limit=ten", "", 422, `"field":"limit"`},
		{one, "GET", "/v1/referees?limit=1&limit=2", "", 422, `"field":"limit"`},
		{one, "GET", "/v1/referees?cursor=x", "", 422, `"field":"cursor"`},
		{one, "GET", "/v1/referees/2?period=this_month", "", 200, `"what":"firstTrade"`},
		{one, "GET", "/v1/referees/2?uid=3", "", 422, `"field":"uid"`},
		{one, "GET", "/v1/referees/x", "", 422, `"field":"uid"`},
		{one, "GET", "/v1/referees/3", "", 404, `"field":"uid"`},
		{two, "GET", "/v1/referees/2", "", 404, `"field":"uid"`},
		{two, "GET", "/v1/referees", "", 200, `"total":0`},
		{one, "GET", "/v1/rewards", "", 200, `"kind":"rebate"`},
		{one, "GET", "/v1/rewards?period=this_month&kind=rebate&limit=5", "", 200, `"amount":"5","status":"settled"`},
		{one, "GET", "/v1/rewards?kind=gift", "", 422, `"field":"kind"`},
		{two, "GET", "/v1/rewards?period=this_month", "", 200, `"rows":[]`},
		{one, "GET", "/v1/programs", "", 200, `"rows":[]`},
		{one, "GET", "/v1/operator/programs", "", 403, `"code":"forbidden"`},
		{one, "PUT", "/v1/operator/programs/gold_rush", `{"name":"gold_rush","title":"Gold","doc":"","unit":"month","eligibility":[],"tiers":[]}`, 403, `"code":"forbidden"`},
		{operator, "PUT", "/v1/operator/programs/gold_rush", `{"name":"gold_rush","title":"Gold","doc":"","unit":"month","eligibility":[],"tiers":[]}`, 422, `"field":"tiers"`},
		{operator, "PUT", "/v1/operator/programs/gold_rush", `{"name":"gold_rush","title":"Gold","doc":"","unit":"month","eligibility":[],"tiers":[{"name":"One","reward":"a medal","needs":[{"metric":"volume","product":"spot","atLeast":"1500"}]}]}`, 200, `"title":"Gold"`},
		{operator, "GET", "/v1/operator/programs", "", 200, `"gold_rush":[{"since"`},
		{one, "GET", "/v1/programs", "", 200, `"status":"in_progress","next":{"name":"One","reward":"a medal","reached":false,"needs":[{"metric":"volume","product":"spot","current":"1000","target":"1500","missing":"500"`},
		{one, "GET", "/v1/programs?program=moon", "", 422, `"field":"program"`},
		{two, "GET", "/v1/programs", "", 200, `"status":"not_eligible"`},
		{one, "GET", "/v1/campaigns", "", 200, `{"items":[{"slug":"cup","title":"Cup","access":"exclusive","starts":"2026-11-01","ends":"2026-12-01","state":"running","eligible":true,`},
		{one, "GET", "/v1/campaigns?state=ended", "", 200, `{"items":[{"slug":"past"`},
		{two, "POST", "/v1/campaigns/cup/join", "", 409, `only enrolled`},
		{one, "POST", "/v1/campaigns/past/join", "", 409, `over`},
		{one, "POST", "/v1/campaigns/none/join", "", 404, `"field":"slug"`},
		{operator, "POST", "/v1/campaigns/cup/join", "", 403, `"code":"forbidden"`},
		{one, "POST", "/v1/campaigns/cup/join", "", 200, `"joinLink":"https://x.test/join"`},
		{one, "POST", "/v1/campaigns/cup/join", "", 200, `"joinedAt":"2026-11-20T12:00:00Z"`},
		{two, "GET", "/v1/campaigns?access=exclusive", "", 200, `"eligible":false`},
		{one, "DELETE", "/v1/referees", "", 405, `"status":405`},
		{one, "GET", "/v1/metrics/query?metrics=commission&period=today&perod=x", "", 422, `"field":"perod"`},
		{one, "GET", "/v1/metrics/query?metrics=commission,traders&period=this_month&groupBy=code&country=VN", "", 200, `"key":"ONE"`},
		{one, "GET", "/v1/metrics/query?metrics=commission,traders&period=this_month&groupBy=day&compareTo=last_month", "", 200, `"toDate":true`},
	} {
		status, body := get(t, srv.Client(), x.method, srv.URL+x.path, x.body, x.header...)
		if status != x.status || !strings.Contains(body, x.has) {
			t.Errorf("%s %s %s: %d %s, want %d %s", x.method, x.path, x.body, status, body, x.status, x.has)
		}
		switch {
		case x.status >= 400:
			strictly[Problem](t, body)
		case strings.HasPrefix(x.path, "/v1/overview"):
			strictly[Overview](t, body)
		case strings.HasPrefix(x.path, "/v1/cohorts"):
			strictly[CohortList](t, body)
		case strings.HasPrefix(x.path, "/v1/referees/2/note"):
			strictly[Note](t, body)
		case strings.HasPrefix(x.path, "/v1/referees/"):
			strictly[RefereeDetail](t, body)
		case strings.HasPrefix(x.path, "/v1/referees"):
			strictly[RefereeList](t, body)
		case strings.Contains(x.path, "compareTo=last_month"):
			strictly[ComparisonAnswer](t, body)
		case strings.HasPrefix(x.path, "/v1/metrics/"):
			strictly[MetricsAnswer](t, body)
		case strings.HasPrefix(x.path, "/v1/programs"):
			strictly[ProgramList](t, body)
		case strings.HasPrefix(x.path, "/v1/rewards"):
			strictly[RewardList](t, body)
		}
	}
}

// TestConditionalAnswers asks again for what did not change, and more often than is allowed.
func TestConditionalAnswers(t *testing.T) {
	srv := newServer(t, AuthConfig{Secret: testSecret}, nil)
	tok := token(t, jwt.SigningMethodHS256, testSecret, nil)
	ask := func(match string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/v1/overview", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+tok)
		if match != "" {
			req.Header.Set("If-None-Match", match)
		}
		res, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	res := ask("")
	tag := res.Header.Get("ETag")
	if res.StatusCode != http.StatusOK || tag == "" || res.Header.Get("X-Request-Id") == "" || res.Header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	if res := ask(tag); res.StatusCode != 304 {
		t.Errorf("%d for what did not change", res.StatusCode)
	}
	if res := ask(`"other"`); res.StatusCode != 200 {
		t.Errorf("%d for another tag", res.StatusCode)
	}
	l := limiter[int64]{perMinute: 2}
	now := time.Now()
	if l.allow(1, now) != nil || l.allow(1, now) != nil || domain.AsError(l.allow(1, now)).Code != domain.CodeBusy || l.allow(2, now) != nil {
		t.Error("the limit is not by caller")
	}
}
