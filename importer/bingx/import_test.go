package bingx

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var anOperator = domain.Caller{UID: 90, Role: domain.RoleOperator}

func open(t *testing.T) (*store.Store, *pgxpool.Pool) {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return s, pool
}

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

func options() Options {
	return Options{Partner: agentUID, Since: day("2026-10-01"), Until: day("2026-11-20"), Zone: time.UTC}
}

// kept is everything that was imported, as text.
func kept(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"imported_day", "imported_referee", "imported_deposit", "imported_partner"} {
		var rows string
		if err := pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(x::text, E'\n' ORDER BY x::text), '') FROM `+table+` x`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n%s\n", table, rows)
	}
	return all.String()
}

func number(t *testing.T, pool *pgxpool.Pool, query string) (n int64) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), query).Scan(&n); err != nil {
		t.Fatal(query, err)
	}
	return n
}

// TestImport: all four lists, in windows and pages, without ever being told to slow down; uids of 64 bits and amounts stay exact.
func TestImport(t *testing.T) {
	s, pool := open(t)
	x := newExchange(t)
	x.fill(250, 50, 3)
	n, err := Import(t.Context(), s, anOperator, x.client(testSecret), options())
	if err != nil {
		t.Fatal(err)
	}
	if x.limited > 0 {
		t.Errorf("%d requests were too fast", x.limited)
	}
	// 50 days of three referees, and those of the day between the two windows twice: the end of a window is part of what they tell.
	if want := (Counts{Invitees: 250, Commissions: 153, Deposits: 2, Partners: 2}); n != want {
		t.Errorf("%+v, want %+v", n, want)
	}
	if got := number(t, pool, `SELECT count(DISTINCT (day, referee)) FROM imported_day`); got != 150 {
		t.Errorf("%d days of referees", got)
	}
	if got := number(t, pool, `SELECT max(referee) FROM imported_day`); got != agentUID+12 {
		t.Errorf("a uid is %d", got)
	}
	for product, want := range map[string]string{"spot": "1500000/400000000", "futures": "2250000/550000000", "other": "250000/50500000"} {
		var got string
		if err := pool.QueryRow(t.Context(), `SELECT DISTINCT commission || '/' || volume FROM imported_day WHERE product = $1`, product).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %s, want %s (%v)", product, got, want, err)
		}
	}
	if got := number(t, pool, `SELECT count(*) FROM imported_referee WHERE direct AND code = 'ABC' AND deposited AND NOT traded AND registered_at = '2026-01-01'`); got != 125 {
		t.Errorf("%d direct invitees", got)
	}
	if got := number(t, pool, `SELECT count(*) FROM imported_deposit WHERE amount = '12.123456789' AND asset = 'USDT'`); got != 2 {
		t.Errorf("%d deposits", got)
	}
	if got := number(t, pool, `SELECT count(*) FROM imported_partner WHERE new_referrals = 7 AND first_traders = 3 AND deposits = 10500000 AND volume = 123400000`); got != 2 {
		t.Errorf("%d partner rows", got)
	}
	// What was imported enters nothing that is derived.
	if got := number(t, pool, `SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM account) + (SELECT count(*) FROM delta)`); got != 0 {
		t.Errorf("%d rows of ours", got)
	}

	// Again: windows whose figures are final are not read a second time, and nothing changes.
	before, asked := kept(t, pool), len(x.asked)
	if _, err = Import(t.Context(), s, anOperator, x.client(testSecret), options()); err != nil {
		t.Fatal(err)
	}
	if kept(t, pool) != before {
		t.Error("the second import changed something")
	}
	for i, q := range x.asked[asked:] {
		if q.Get("startTime") == "20261001" {
			t.Errorf("%s read a window that was complete: %v", x.paths[asked+i], q)
		}
	}
}

// TestFaults: refusals that pass, gateways that fail, answers that are no JSON and bodies cut in the middle come to the same figures.
func TestFaults(t *testing.T) {
	s, pool := open(t)
	x := newExchange(t)
	x.fill(120, 20, 3)
	client := x.client(testSecret) // the same for both: two programs at once would be refused now and then
	if _, err := Import(t.Context(), s, anOperator, client, options()); err != nil {
		t.Fatal(err)
	}
	want := kept(t, pool)

	s, pool = open(t)
	x.fault = func(n int, _ string, _ url.Values, w http.ResponseWriter) bool {
		switch n % 6 {
		case 1:
			fmt.Fprint(w, `{"code":100410,"msg":"slow down","data":null}`)
		case 2:
			w.WriteHeader(http.StatusBadGateway)
		case 3:
			w.Header().Set("Content-Length", "5000")
			fmt.Fprint(w, `{"code":0,"msg":"","data":{"list":[{"uid":"1"`)
		case 4:
			fmt.Fprint(w, `<html>maintenance</html>`)
		case 5:
			fmt.Fprint(w, `{"code":100500,"msg":"busy","data":null}`)
		default:
			return false
		}
		return true
	}
	x.asked = nil
	if _, err := Import(t.Context(), s, anOperator, client, options()); err != nil {
		t.Fatal(err)
	}
	if got := kept(t, pool); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if x.limited > 0 {
		t.Errorf("%d tries came too fast", x.limited)
	}
}

// TestResume: an import that failed in the middle of a window goes on at that page.
func TestResume(t *testing.T) {
	s, pool := open(t)
	x := newExchange(t)
	x.fill(20, 49, 5)
	want := func() string {
		s, pool := open(t)
		if _, err := Import(t.Context(), s, anOperator, x.client(testSecret), options()); err != nil {
			t.Fatal(err)
		}
		return kept(t, pool)
	}()
	broken := true
	x.fault = func(_ int, path string, q url.Values, w http.ResponseWriter) bool {
		if broken && strings.HasSuffix(path, "v2/reward/commissionDataList") && q.Get("startTime") == "20261001" && q.Get("pageIndex") == "2" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	_, err := Import(t.Context(), s, anOperator, x.client(testSecret), options())
	if domain.AsError(err).Code != domain.CodeUnavailable {
		t.Fatal(err)
	}
	if got := number(t, pool, `SELECT count(DISTINCT (day, referee)) FROM imported_day`); got < 80 || got > 100 {
		t.Errorf("%d days were kept of the first page", got)
	}
	broken, x.asked, x.paths = false, nil, nil
	if _, err := Import(t.Context(), s, anOperator, x.client(testSecret), options()); err != nil {
		t.Fatal(err)
	}
	for i, q := range x.asked {
		if strings.HasSuffix(x.paths[i], "v2/reward/commissionDataList") && q.Get("startTime") == "20261001" && q.Get("pageIndex") == "1" {
			t.Error("a page that was kept was read again")
		}
	}
	if got := kept(t, pool); got != want {
		t.Error("it did not come to the same figures")
	}
}

// TestManyInvitees: beyond 10,000 rows they want the last uid instead of a page.
func TestManyInvitees(t *testing.T) {
	s, pool := open(t)
	x := newExchange(t)
	x.fill(10_250, 1, 3)
	n, err := Import(t.Context(), s, anOperator, x.client(testSecret), options())
	if err != nil || n.Invitees != 10_250 {
		t.Fatal(n, err)
	}
	if got := number(t, pool, `SELECT count(*) FROM imported_referee`); got != 10_250 {
		t.Errorf("%d invitees", got)
	}
}

// TestShortList: a list that ends before its total is no whole list: the import says so, and begins it anew.
func TestShortList(t *testing.T) {
	s, pool := open(t)
	x := newExchange(t)
	x.fill(250, 1, 3)
	short := true
	x.fault = func(_ int, path string, q url.Values, w http.ResponseWriter) bool {
		if short && strings.HasSuffix(path, "inviteAccountList") && q.Get("pageIndex") == "3" {
			fmt.Fprintf(w, `{"code":0,"data":{"list":[],"total":250,"currentAgentUid":%d}}`, int64(agentUID))
			return true
		}
		return false
	}
	_, err := Import(t.Context(), s, anOperator, x.client(testSecret), options())
	if domain.AsError(err).Code != domain.CodeUnavailable || !strings.Contains(err.Error(), "200 of 250") {
		t.Fatal(err)
	}
	short = false
	if n, err := Import(t.Context(), s, anOperator, x.client(testSecret), options()); err != nil || n.Invitees != 250 {
		t.Fatal(n, err)
	}
	if got := number(t, pool, `SELECT count(*) FROM imported_referee`); got != 250 {
		t.Errorf("%d invitees", got)
	}
}

// TestRefused: what cannot pass is not tried again, is told without the secret, and leaves nothing behind.
func TestRefused(t *testing.T) {
	s, pool := open(t)
	x := newExchange(t)
	x.fill(3, 3, 3)
	wrongSecret := x.client("wrong-secret")
	_, err := Import(t.Context(), s, anOperator, wrongSecret, options())
	if domain.AsError(err).Code != domain.CodeUnavailable || !strings.Contains(err.Error(), "100001") || strings.Contains(err.Error(), "wrong-secret") || strings.Contains(err.Error(), "signature=") {
		t.Error(err)
	}
	if len(x.asked) != 1 {
		t.Errorf("asked %d times", len(x.asked))
	}
	down := x.client(testSecret)
	down.base = "http://127.0.0.1:1"
	if _, err := Import(t.Context(), s, anOperator, down, options()); domain.AsError(err).Code != domain.CodeUnavailable || strings.Contains(err.Error(), "signature") {
		t.Error(err)
	}
	late := x.client(testSecret)
	now := late.now
	late.now = func() time.Time { return now().Add(-time.Minute) }
	if _, err := Import(t.Context(), s, anOperator, late, options()); err == nil || !strings.Contains(err.Error(), "clocks") {
		t.Error(err)
	}
	another := options()
	another.Partner = 5
	if _, err := Import(t.Context(), s, anOperator, x.client(testSecret), another); domain.AsError(err).Code != domain.CodeConflict {
		t.Error(err)
	}
	for _, c := range []domain.Caller{domain.Partner(agentUID), {UID: 70, Role: domain.RoleBD}} {
		if _, err := Import(t.Context(), s, c, x.client(testSecret), options()); domain.AsError(err).Code != domain.CodeForbidden {
			t.Errorf("%s: %v", c, err)
		}
	}
	if n := number(t, pool, `SELECT (SELECT count(*) FROM imported_day) + (SELECT count(*) FROM imported_referee) + (SELECT count(*) FROM import_window)`); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
	for field, o := range map[string]Options{
		"since":   {Partner: agentUID, Since: day("2025-01-01"), Until: day("2026-11-20"), Zone: time.UTC},
		"partner": {Since: day("2026-11-01"), Until: day("2026-11-20"), Zone: time.UTC},
	} {
		if _, err := Import(t.Context(), s, anOperator, x.client(testSecret), o); domain.AsError(err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, base := range []string{"http://open-api.bingx.com", "open-api.bingx.com", ""} {
		if _, err := NewClient(base, "k", "s"); domain.AsError(err).Field != "base-url" {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// TestDays: a time is a day of the exchange's zone, whether it comes in milliseconds or as a date.
func TestDays(t *testing.T) {
	zone := time.FixedZone("UTC+8", 8*3600)
	at := time.Date(2026, 11, 1, 20, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		v    millis
		zone *time.Location
		want string
	}{{millis(at.UnixMilli()), time.UTC, "2026-11-01"}, {millis(at.UnixMilli()), zone, "2026-11-02"}, {20261103, zone, "2026-11-03"}} {
		if got := x.v.day(x.zone).Format(time.DateOnly); got != x.want {
			t.Errorf("%d in %s: %s, want %s", x.v, x.zone, got, x.want)
		}
	}
}
