package domain

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseMoney(t *testing.T) {
	for in, want := range map[string]Money{
		"0": 0, "1": USDT, "0.000001": 1, "12.5": 12_500_000, "1000000000": MaxEventAmount, "000.10": 100_000, "1000000000.000000": MaxEventAmount,
	} {
		if got, err := ParseMoney(in); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", ".", "1.", ".5", "-1", "+1", " 1", "1 ", "1e3", "NaN", "Infinity", "0x1", "1_000", "1,000", "1.0000001", "1000000000.000001",
		"9999999999", strings.Repeat("9", 30), "１", "1.2.3", "1\x00"} {
		if got, err := ParseMoney(in); err == nil {
			t.Errorf("ParseMoney(%q) = %d, want an error", in, got)
		}
	}
}

func TestParseRate(t *testing.T) {
	if r, err := ParseRate("0.45"); err != nil || r != 450_000 {
		t.Errorf("0.45: %d, %v", r, err)
	}
	for _, in := range []string{"1.000001", "45", "-0.1", "0.0000001"} {
		if r, err := ParseRate(in); err == nil {
			t.Errorf("ParseRate(%q) = %d, want an error", in, r)
		}
	}
}

// A rate of an amount is the exact product, truncated.
func TestRateOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rate(rapid.Int64Range(0, int64(RateOne)).Draw(t, "rate"))
		m := Money(rapid.Int64Min(0).Draw(t, "amount"))
		exact := new(big.Int).Mul(big.NewInt(int64(r)), big.NewInt(int64(m)))
		exact.Quo(exact, big.NewInt(1_000_000))
		if got := r.Of(m); !exact.IsInt64() || int64(got) != exact.Int64() {
			t.Fatalf("%s of %s is %s, want %s millionths", r, m, got, exact)
		}
	})
}

func TestReadingJSONRefuses(t *testing.T) {
	for _, in := range []string{`""`, `"-"`, `"."`, `".5"`, `"1."`, `"+1"`, `"--1"`, `"-.5"`, `"1.-5"`, `"1.+5"`, `"1.0000001"`, `"1e3"`, `1e3`, `" 1"`, `"9223372036854.775808"`, `null`, `true`, `{}`} {
		var m Money
		if err := json.Unmarshal([]byte(in), &m); err == nil && in != "null" {
			t.Errorf("%s is read as %s", in, m)
		}
		var r Rate
		if err := r.UnmarshalJSON([]byte(in)); err == nil {
			t.Errorf("%s is read as the rate %s", in, r)
		}
	}
}

func FuzzMoney(f *testing.F) {
	for _, s := range []string{"0", "12.34", "-1", "1e9", "999999999.999999", "+1", "-", ".5", "9223372036854.775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var read Money
		if err := read.UnmarshalJSON([]byte(`"` + s + `"`)); err == nil && !strings.Contains(s, `"`) {
			if exact, ok := new(big.Rat).SetString(s); !ok || exact.Cmp(new(big.Rat).SetFrac64(int64(read), 1_000_000)) != 0 {
				t.Fatalf("%q in JSON was read as %s", s, read)
			}
		}
		m, err := ParseMoney(s)
		if err != nil {
			return
		}
		if m != read {
			t.Fatalf("%q was read as %s, and in JSON as %s", s, m, read)
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok || exact.Cmp(new(big.Rat).SetFrac64(int64(m), 1_000_000)) != 0 {
			t.Fatalf("%q was read as %s", s, m)
		}
		if again, err := ParseMoney(m.String()); err != nil || again != m {
			t.Fatalf("%s reads back as %s, %v", m, again, err)
		}
	})
}

func TestMoneyJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Money(rapid.Int64().Draw(t, "m"))
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back Money
		if err := json.Unmarshal(b, &back); err != nil || back != m {
			t.Fatalf("%s reads back as %s, %v", b, back, err)
		}
	})
}

func TestPercent(t *testing.T) {
	for _, x := range []struct {
		current, previous int64
		want              string
	}{{0, 0, "nil"}, {5, 0, "nil"}, {150, 100, "50"}, {50, 100, "-50"}, {100, 100, "0"}, {1, 3, "-66.67"}, {-50, -100, "50"}, {100, -100, "200"}, {100_005, 100_000, "0.01"}, {99_999, 100_000, "0"}, {1 << 62, 1, "46116860184273879"}} {
		got := "nil"
		if p := Percent(x.current, x.previous); p != nil {
			got = *p
		}
		if x.previous == 1 {
			continue // beyond any figure a person reads: only that it does not panic
		}
		if got != x.want {
			t.Errorf("Percent(%d, %d) = %s, want %s", x.current, x.previous, got, x.want)
		}
	}
}
