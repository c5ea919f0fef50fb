package binance

import (
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const heading = "\uFEFFOrder Type,Friend's ID(Spot),Friend's sub ID (Spot),Commission Asset,Commission Earned,Commission Earned (USDT),Commission Time,Registration Time,Referral ID\n"

// TestImport: rows of a day add up exactly, by referee and product; the same file again changes nothing, a later one takes its days' place.
func TestImport(t *testing.T) {
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	op := domain.Caller{UID: 90, Role: domain.RoleOperator}
	file := heading +
		"USDT-futures,42254326,\"\",USDT,0.00608292,0.00608300,2026-11-01 07:49:33,2025-03-31 21:58:24,bpcode\n" +
		"USDT-futures,42254326,,BNB,0.00000001,0.00000099,2026-11-01 23:59:59,2025-03-31 21:58:24,bpcode\n" +
		"spot,42254326,,BNB,0.1,0.00000050,2026-11-01 00:00:00,2025-03-31 21:58:24,bpcode\n" +
		"spot,9007199254740993,,USDT,1,1,2026-11-02 00:00:00,,other\n"
	figures := func() string {
		t.Helper()
		var all string
		if err := pool.QueryRow(t.Context(), `SELECT string_agg(day || ' ' || referee || ' ' || product || ' ' || commission, E'\n' ORDER BY day, referee, product) FROM imported_day WHERE partner = 7 AND exchange = 'binance'`).Scan(&all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	want := "2026-11-01 42254326 futures 6083\n2026-11-01 42254326 spot 0\n2026-11-02 9007199254740993 spot 1000000"
	for range 2 {
		n, err := Import(t.Context(), s, op, 7, strings.NewReader(file), time.UTC)
		if err != nil || n != (Counts{Rows: 4, Days: 3, Referees: 2}) {
			t.Fatal(n, err)
		}
		if got := figures(); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	}
	if _, err := Import(t.Context(), s, op, 7, strings.NewReader(heading+"spot,9007199254740993,,USDT,1,2.5,2026-11-02 00:00:00,,other\n"), time.UTC); err != nil {
		t.Fatal(err)
	}
	if got := figures(); !strings.HasSuffix(got, "spot 2500000") || !strings.Contains(got, "futures 6083") {
		t.Error(got)
	}
	before := figures()
	for name, x := range map[string]struct {
		file, says string
		c          domain.Caller
	}{
		"no file":       {"", "heading", op},
		"no rows":       {heading, "no rows", op},
		"no column":     {"Order Type,Friend's ID(Spot)\nspot,1\n", "Commission Earned (USDT)", op},
		"a bad uid":     {heading + "spot,x,,U,1,1,2026-11-01 00:00:00,,c\n", "line 2, Friend's ID(Spot)", op},
		"a bad amount":  {heading + "spot,1,,U,1,1e3,2026-11-01 00:00:00,,c\n", "line 2, Commission Earned (USDT)", op},
		"nine decimals": {heading + "spot,1,,U,1,0.000000001,2026-11-01 00:00:00,,c\n", "Commission Earned (USDT)", op},
		"a bad time":    {heading + "spot,1,,U,1,1,2026-13-01,,c\n", "Commission Time", op},
		"a short row":   {heading + "spot,42,,U,1,7,2026-11-02 00:00:00,,c\nspot,1\n", "wrong number of fields", op},
		"a partner":     {heading + "spot,42,,U,1,7,2026-11-02 00:00:00,,c\n", "may not", domain.Partner(7)},
	} {
		if _, err := Import(t.Context(), s, x.c, 7, strings.NewReader(x.file), time.UTC); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := figures(); got != before {
		t.Errorf("a refused file changed something:\n%s", got)
	}
}
