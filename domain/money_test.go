package domain

import (
	"encoding/json"
	"math"
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

// TestEdges are the last values that are taken, and the first that are not.
func TestEdges(t *testing.T) {
	for in, want := range map[string]Rate{"1": RateOne, "1.000000": RateOne, "0": 0, "0.000001": 1} {
		if r, err := ParseRate(in); err != nil || r != want {
			t.Errorf("%s: %d, %v", in, r, err)
		}
	}
	for in, why := range map[string]string{"0.1234567": "more than 6 decimals", "12345678901": "more than 10 digits", "1234567890": "more than 1000000000 USDT", "-1": "negative", "": "empty"} {
		if _, err := ParseMoney(in); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %s", in, err, why)
		}
	}
	for _, x := range []struct {
		rate   Rate
		amount Money
	}{{-1, 0}, {0, -1}, {-1, -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d of %d does not panic", x.rate, x.amount)
				}
			}()
			x.rate.Of(x.amount)
		}()
	}
	if got := RateOne.Of(0) + Rate(0).Of(USDT); got != 0 {
		t.Error(got)
	}
	for v, want := range map[Rate]string{0: `"0"`, 1: `"0.000001"`, 450_000: `"0.45"`, RateOne: `"1"`} {
		if b, err := v.MarshalJSON(); err != nil || string(b) != want {
			t.Errorf("%d: %s, %v", v, b, err)
		}
		var back Rate
		if err := back.UnmarshalJSON([]byte(want)); err != nil || back != v {
			t.Errorf("%s: %d, %v", want, back, err)
		}
	}
	for in, want := range map[string]Money{`"9223372036854.775807"`: math.MaxInt64, `"-9223372036854.775808"`: math.MinInt64, `12.000001`: 12_000_001, `"-0.5"`: -500_000, `"0.123456"`: 123_456} {
		var m Money
		if err := m.UnmarshalJSON([]byte(in)); err != nil || m != want {
			t.Errorf("%s: %d, %v", in, m, err)
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
	}{{0, 0, "nil"}, {5, 0, "nil"}, {150, 100, "50"}, {50, 100, "-50"}, {100, 100, "0"}, {1, 3, "-66.67"}, {-50, -100, "50"}, {100, -100, "200"}, {100_005, 100_000, "0.01"}, {99_999, 100_000, "0"}, {100_150, 100_000, "0.15"}, {100_100, 100_000, "0.1"}, {100_001, 100_000, "0"}, {5, -5, "200"}, {-5, 5, "-200"}, {0, 5, "-100"}, {99_995, 100_000, "-0.01"}, {99_996, 100_000, "0"},
		{math.MaxInt64, math.MinInt64, "200"}, {math.MinInt64, math.MaxInt64, "-200"},
		// Beyond any figure a person reads: the same for all, and no panic.
		{1 << 62, 1, "23058430092136939.52"}, {1<<62 + 5000, 5000, "23058430092136939.52"}, {math.MinInt64, 1, "-23058430092136939.52"}} {
		got := "nil"
		if p := Percent(x.current, x.previous); p != nil {
			got = *p
		}
		if got != x.want {
			t.Errorf("Percent(%d, %d) = %s, want %s", x.current, x.previous, got, x.want)
		}
	}
}
