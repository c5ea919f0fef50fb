package ingest

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"partnerhub/domain"
)

var update = flag.Bool("update", false, "write the golden files")

// TestGolden decodes the lines of testdata, one file an event type: after "> " the line, below it what it became.
func TestGolden(t *testing.T) {
	for _, typ := range eventTypes(t) {
		t.Run(typ, func(t *testing.T) {
			path := filepath.Join("testdata", typ+".golden")
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for line := range strings.Lines(string(want)) {
				line, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "> ")
				if !ok {
					continue
				}
				e, bad := NewDecoder().Decode([]byte(line))
				if bad != nil {
					t.Fatalf("%s\n%v", line, bad)
				}
				if string(e.Type) != typ {
					t.Errorf("a %s in %s", e.Type, path)
				}
				out, err := json.MarshalIndent(e, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "> %s\n%s\n", line, out)
			}
			if got.Len() == 0 {
				t.Fatal("no line")
			}
			if *update {
				if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got.String() != string(want) {
				t.Errorf("%s differs, -update writes it:\n%s", path, got.String())
			}
		})
	}
}

// eventTypes reads the constants of type EventType, so that none goes without a golden file.
func eventTypes(t *testing.T) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../domain/referral/events.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "EventType" {
				s, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				types = append(types, s)
			}
		}
		return true
	})
	if len(types) < 12 {
		t.Fatalf("found the types %v only", types)
	}
	return types
}

// Lines that are right, for the bad ones to be made of.
const (
	goodTrade    = `{"id":"e1","type":"trade.executed","time":"2026-11-16T08:00:00Z","uid":10023,"tradeId":"t1","product":"spot","symbol":"BTCUSDT","side":"buy","volume":"100","feeGross":"10","feePaid":"8"}`
	goodDeposit  = `{"id":"e2","type":"deposit.completed","time":"2026-11-16T08:00:00Z","uid":10023,"amount":"0.5","asset":"BTC","method":"crypto","amountUsdt":"45000"}`
	goodRates    = `{"id":"e3","type":"partner.rates","time":"2026-11-16T08:00:00Z","uid":10023,"spotRate":"0.6","futuresRate":"0.5"}`
	goodCode     = `{"id":"e4","type":"referral_code.changed","time":"2026-11-16T08:00:00Z","uid":10023,"code":"ABC","note":"x"}`
	goodRules    = `{"id":"e5","type":"rules.changed","time":"2026-11-16T08:00:00Z","mode":"differential","spotVipMax":2,"futuresVipMax":1,"levels":3}`
	goodVIP      = `{"id":"e6","type":"vip.changed","time":"2026-11-16T08:00:00Z","uid":10023,"spotLevel":1,"futuresLevel":1}`
	goodRegister = `{"id":"e7","type":"account.registered","time":"2026-11-16T08:00:00Z","uid":10024}`
	goodReversal = `{"id":"e8","type":"trade.reversed","time":"2026-11-16T08:00:00Z","uid":10023,"tradeId":"t1","reason":"error"}`
	goodKYC      = `{"id":"e9","type":"kyc.completed","time":"2026-11-16T08:00:00Z","uid":10023,"level":"basic"}`
)

func edit(line, old, with string) string {
	if strings.Count(line, old) != 1 {
		panic(fmt.Sprintf("%q is not once in %s", old, line))
	}
	return strings.Replace(line, old, with, 1)
}

// badLine is a line that must be refused, with the field it names and a part of the reason.
type badLine struct{ name, line, field, reason string }

func badLines() []badLine {
	long := strings.Repeat("9", 10_000)
	return []badLine{
		{"malformed", `{"id":`, "id", "malformed JSON: the line ends too early"},
		{"cut", goodTrade[:len(goodTrade)-1], "", "malformed JSON: the line ends too early"},
		{"no colon", edit(goodTrade, `"uid":`, `"uid"`), "uid", "malformed JSON at byte"},
		{"comma at the end", edit(goodTrade, `"8"}`, `"8",}`), "", "malformed JSON"},
		{"bare words", `hello`, "", "malformed JSON"},
		{"an array", `[` + goodTrade + `]`, "", "not a JSON object but an array"},
		{"a number", `12`, "", "not a JSON object but a number"},
		{"two objects", goodTrade + goodTrade, "", "something follows the JSON object"},
		{"rubbish behind", goodTrade + ` x`, "", "something follows the JSON object"},
		{"a name twice", edit(goodTrade, `"uid":10023`, `"uid":10023,"uid":10023`), "uid", "comes twice"},
		{"a name twice, escaped", edit(goodTrade, `"uid":10023`, `"uid":10023,"u\u0069d":10023`), "uid", "comes twice"},
		{"an object inside", edit(goodTrade, `"buy"`, `{"a":1}`), "side", "an object, want a string"},
		{"a name twice inside", edit(goodTrade, `"buy"`, `{"a":1,"a":2}`), "side", "comes twice"},
		{"null", edit(goodTrade, `"buy"`, `null`), "side", "null, want a string or no such field"},
		{"too many fields", `{"a":1` + manyFields(40) + `}`, "f31", "more than 32 fields"},
		{"invalid UTF-8", edit(goodTrade, "BTCUSDT", "BTC\xff"), "symbol", "invalid UTF-8"},
		{"invalid UTF-8 in a name", edit(goodTrade, `"symbol"`, "\"sym\xffbol\""), "", "invalid UTF-8"},
		{"half a surrogate pair", edit(goodTrade, "BTCUSDT", `\ud800`), "symbol", "malformed JSON"},
		{"a NUL", edit(goodTrade, "BTCUSDT", "BTC\x00"), "symbol", "malformed JSON"},
		{"an escaped NUL", edit(goodTrade, "BTCUSDT", `BTC\u0000`), "symbol", "has a NUL character"},
		{"a NUL in an unknown name", edit(goodTrade, `"side"`, `"\u0000":1,"side"`), "?", "no field of trade.executed"},
		{"a NUL in prose", edit(goodReversal, "error", `\u0000`), "reason", "has a NUL character"},

		{"no type", edit(goodTrade, `"type":"trade.executed",`, ``), "type", "missing"},
		{"unknown type", edit(goodTrade, "trade.executed", "trade.exploded"), "type", `"trade.exploded" is no event type`},
		{"no id", edit(goodTrade, `"id":"e1",`, ``), "id", "missing, want a string"},
		{"empty id", edit(goodTrade, `"e1"`, `""`), "id", "empty"},
		{"id of 10 kB", edit(goodTrade, `"e1"`, `"`+long+`"`), "id", "10000 bytes long, at most 128 are allowed"},
		{"id a number", edit(goodTrade, `"e1"`, `1`), "id", "a number, want a string"},
		{"id with a newline", edit(goodTrade, `"e1"`, `"e\n1"`), "id", "cannot be printed"},
		{"id with a separator", edit(goodTrade, `"e1"`, `"e\u20281"`), "id", "cannot be printed"},
		{"no time", edit(goodTrade, `"time":"2026-11-16T08:00:00Z",`, ``), "time", "missing"},
		{"time 1900", edit(goodTrade, "2026", "1900"), "time", "the year 1900 is not between 2000 and 2100"},
		{"time 9999", edit(goodTrade, "2026", "9999"), "time", "the year 9999 is not between 2000 and 2100"},
		{"time 2000 in its zone, not in UTC", edit(goodTrade, "2026-11-16T08:00:00Z", "2000-01-01T00:00:00+05:00"), "time", "the year 1999"},
		{"time without a zone", edit(goodTrade, "08:00:00Z", "08:00:00"), "time", "is not an RFC 3339 time"},
		{"time with one digit", edit(goodTrade, "T08:", "T8:"), "time", "is not an RFC 3339 time"},
		{"time with a comma", edit(goodTrade, ":00Z", ":00,5Z"), "time", "is not an RFC 3339 time"},
		{"time with an offset of a day", edit(goodTrade, ":00Z", ":00+24:00"), "time", "is not an RFC 3339 time"},
		{"time with an offset of 60 minutes", edit(goodTrade, ":00Z", ":00-01:60"), "time", "is not an RFC 3339 time"},
		{"time of a date", edit(goodTrade, "T08:00:00Z", ""), "time", "is not an RFC 3339 time"},
		{"time on 30 February", edit(goodTrade, "11-16", "02-30"), "time", "is not an RFC 3339 time"},
		{"time as seconds", edit(goodTrade, `"2026-11-16T08:00:00Z"`, `1794816000`), "time", "a number, want an RFC 3339 time"},
		{"no uid", edit(goodTrade, `"uid":10023,`, ``), "uid", "missing, want an integer"},
		{"uid a string", edit(goodTrade, `10023`, `"10023"`), "uid", "a string, want an integer"},
		{"uid 0", edit(goodTrade, `10023`, `0`), "uid", "0 is not between 1 and 9223372036854775807"},
		{"uid negative", edit(goodTrade, `10023`, `-5`), "uid", "-5 is not between"},
		{"uid 2^63", edit(goodTrade, `10023`, `9223372036854775808`), "uid", "9223372036854775808 is not between"},
		{"uid with an exponent", edit(goodTrade, `10023`, `1e4`), "uid", "1e4, want an integer without point or exponent"},
		{"uid with a point", edit(goodTrade, `10023`, `10023.0`), "uid", "want an integer without point"},

		{"missing field", edit(goodTrade, `"volume":"100",`, ``), "volume", "missing, want a decimal string"},
		{"extra field", edit(goodTrade, `"side"`, `"colour":"red","side"`), "colour", "no field of trade.executed"},
		{"extra field with a long name", edit(goodTrade, `"side"`, `"`+long+`":1,"side"`), long[:100] + "…", "no field of trade.executed"},
		{"a field of another type", edit(goodVIP, `"spotLevel"`, `"level":"basic","spotLevel"`), "level", "no field of vip.changed"},
		{"money a number", edit(goodTrade, `"100"`, `100`), "volume", "a number, want a decimal string"},
		{"money NaN", edit(goodTrade, `"100"`, `"NaN"`), "volume", "not a decimal number"},
		{"money bare NaN", edit(goodTrade, `"100"`, `NaN`), "volume", "malformed JSON"},
		{"money infinite", edit(goodTrade, `"100"`, `"Infinity"`), "volume", "not a decimal number"},
		{"money negative", edit(goodTrade, `"100"`, `"-1"`), "volume", "negative"},
		{"money of 30 digits", edit(goodTrade, `"100"`, `"`+long[:30]+`"`), "volume", "more than 10 digits before the point"},
		{"money of 10 kB", edit(goodTrade, `"100"`, `"`+long+`"`), "volume", "more than 10 digits before the point"},
		{"money above 10^9", edit(goodTrade, `"100"`, `"1000000000.000001"`), "volume", "more than 1000000000 USDT"},
		{"money with 7 decimals", edit(goodTrade, `"100"`, `"0.0000001"`), "volume", "more than 6 decimals"},
		{"money with an exponent", edit(goodTrade, `"100"`, `"1e3"`), "volume", "not a decimal number"},
		{"money empty", edit(goodTrade, `"100"`, `""`), "volume", "empty"},
		{"fee paid above gross", edit(goodTrade, `"8"`, `"10.000001"`), "feePaid", "10.000001 is above feeGross 10"},
		{"unknown product", edit(goodTrade, `"spot"`, `"options"`), "product", `"options" is none of spot, margin, futures`},
		{"empty symbol", edit(goodTrade, `"BTCUSDT"`, `""`), "symbol", "empty"},
		{"long symbol", edit(goodTrade, `BTCUSDT`, long[:33]), "symbol", "33 bytes long, at most 32"},
		{"long side", edit(goodTrade, `"buy"`, `"`+long[:17]+`"`), "side", "17 bytes long, at most 16"},
		{"empty tradeId", edit(goodTrade, `"t1"`, `""`), "tradeId", "empty"},
		{"tradeId a number", edit(goodTrade, `"t1"`, `17`), "tradeId", "a number, want a string"},
		{"eligible a string", edit(goodTrade, `"side"`, `"eligible":"false","side"`), "eligible", "a string, want true or false"},
		{"a reason though eligible", edit(goodTrade, `"side"`, `"reason":"x","side"`), "reason", "only with eligible false"},
		{"an empty reason", edit(goodTrade, `"side"`, `"eligible":false,"reason":"","side"`), "reason", "empty"},
		{"a long reason", edit(goodReversal, `"error"`, `"`+strings.Repeat("ü", 201)+`"`), "reason", "201 characters long, at most 200"},
		{"reversal without a reason", edit(goodReversal, `,"reason":"error"`, ``), "reason", "missing"},
		{"reversal with an empty reason", edit(goodReversal, `error`, ``), "reason", "empty"},

		{"amount a number", edit(goodDeposit, `"0.5"`, `0.5`), "amount", "a number, want a decimal string"},
		{"amount negative", edit(goodDeposit, `"0.5"`, `"-0.5"`), "amount", "negative"},
		{"amount NaN", edit(goodDeposit, `"0.5"`, `"NaN"`), "amount", "not a decimal number"},
		{"amount with a bare point", edit(goodDeposit, `"0.5"`, `".5"`), "amount", "not a decimal number"},
		{"amount of 19 digits", edit(goodDeposit, `"0.5"`, `"`+long[:19]+`"`), "amount", "more than 18 digits before the point"},
		{"amount with 19 decimals", edit(goodDeposit, `"0.5"`, `"0.`+long[:19]+`"`), "amount", "more than 18 decimals"},
		{"unknown method", edit(goodDeposit, `"crypto"`, `"cash"`), "method", `"cash" is none of crypto, p2p, fiat`},
		{"amountUsdt negative", edit(goodDeposit, `"45000"`, `"-45000"`), "amountUsdt", "negative"},
		{"unknown KYC level", edit(goodKYC, `"basic"`, `"none"`), "level", `"none" is none of basic, advanced`},
		{"VIP level 101", edit(goodVIP, `"spotLevel":1`, `"spotLevel":101`), "spotLevel", "101 is not between 0 and 100"},

		{"rate above 1", edit(goodRates, `"0.6"`, `"1.000001"`), "spotRate", "a fraction above 1"},
		{"rate with 7 decimals", edit(goodRates, `"0.6"`, `0.6000001`), "spotRate", "more than 6 decimals"},
		{"rate with an exponent", edit(goodRates, `"0.6"`, `6e-1`), "spotRate", "not a decimal number"},
		{"rate negative", edit(goodRates, `"0.6"`, `-0.6`), "spotRate", "negative"},
		{"one rate only", edit(goodRates, `,"futuresRate":"0.5"`, ``), "futuresRate", "missing"},
		{"bdUid 0", edit(goodRates, `"spotRate"`, `"bdUid":0,"spotRate"`), "bdUid", "0 is not between"},
		{"code with a space", edit(goodCode, `ABC`, `A C`), "code", "has other characters"},
		{"code of 33", edit(goodCode, `ABC`, long[:33]), "code", "33 bytes long, at most 32"},
		{"a change of nothing", edit(goodCode, `,"note":"x"`, ``), "code", "nothing changes"},
		{"a long note", edit(goodCode, `"x"`, `"`+long[:201]+`"`), "note", "201 characters long"},
		{"an empty referral code", edit(goodRegister, `10024`, `10024,"referralCode":""`), "referralCode", "empty"},
		{"an empty country", edit(goodRegister, `10024`, `10024,"country":""`), "country", "empty"},
		{"its own master", edit(goodRegister, `10024`, `10024,"masterUid":10024`), "masterUid", "the account's own uid"},
		{"master 0", edit(goodRegister, `10024`, `10024,"masterUid":0`), "masterUid", "0 is not between"},
		{"unknown mode", edit(goodRules, `"differential"`, `"flat"`), "mode", `"flat" is none of differential, fixed_override`},
		{"four levels", edit(goodRules, `"levels":3`, `"levels":4`), "levels", "4 is not between 1 and 3"},
		{"no override rate", edit(goodRules, `"differential"`, `"fixed_override"`), "spotOverrideRate", "missing"},
		{"uid 0 of rules", edit(goodRules, `"mode"`, `"uid":0,"mode"`), "uid", "0 is not between"},
		{"a line of 64 KiB and one", goodTrade + strings.Repeat(" ", maxLine+1-len(goodTrade)), "", "the line is longer than 65536 bytes"},
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"f%d":1`, i)
	}
	return b.String()
}

// TestBadLines names the field and the reason of every kind of fault.
func TestBadLines(t *testing.T) {
	for _, c := range badLines() {
		t.Run(c.name, func(t *testing.T) {
			l, err := newLines(strings.NewReader(c.line), 0, false)
			if err != nil {
				t.Fatal(err)
			}
			line, err := l.next()
			switch {
			case err != nil:
				t.Fatal(err)
			case line.Err == nil:
				t.Fatalf("was taken as %+v", line.Event)
			case line.Err.Field != c.field || !strings.Contains(line.Err.Message, c.reason):
				t.Errorf("%q: %q\nwant %q: %q", line.Err.Field, line.Err.Message, c.field, c.reason)
			case line.Event.ID != "" || line.Event.Body != nil:
				t.Errorf("the event of a bad line is %+v", line.Event)
			case len(line.Err.Message) > 300:
				t.Errorf("a reason of %d bytes", len(line.Err.Message))
			}
			if line.Err != nil && line.Err.Code == "" {
				t.Error("no code")
			}
		})
	}
}

// TestGoodEdges are lines at the limits, which must pass.
func TestGoodEdges(t *testing.T) {
	for _, line := range []string{
		goodTrade, goodDeposit, goodRates, goodCode, goodRules, goodVIP, goodRegister, goodReversal, goodKYC,
		edit(goodTrade, "2026-11-16T08:00:00Z", "2000-01-01T00:00:00Z"),
		edit(goodTrade, "2026-11-16T08:00:00Z", "2100-12-31T23:59:59.999999999Z"),
		edit(goodTrade, "08:00:00Z", "08:00:00.5-23:59"),
		edit(goodTrade, `"e1"`, `"`+strings.Repeat("x", 128)+`"`),
		edit(goodTrade, `"e1"`, `"日本 \"\\/"`),
		edit(goodTrade, `10023`, `9223372036854775807`),
		edit(goodTrade, `"100"`, `"1000000000.000000"`),
		edit(goodTrade, `"8"`, `"10"`),
		edit(goodDeposit, `"0.5"`, `"`+strings.Repeat("9", 18)+`.`+strings.Repeat("9", 18)+`"`),
		edit(goodReversal, `error`, strings.Repeat("ü", 200)),
		edit(goodCode, `"x"`, `""`),
		edit(goodRates, `"0.6"`, `1`),
		edit(goodRates, `"0.6"`, `0.600000`),
		goodTrade + strings.Repeat(" ", maxLine-len(goodTrade)),
		" \t" + goodTrade + "\r",
	} {
		l, err := newLines(strings.NewReader(line+"\r\n"), 0, false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.next()
		if err != nil || got.Err != nil {
			t.Errorf("%.200s\n%v %v", line, err, got.Err)
		}
	}
}

// TestCodes: what is wrong with a line is the sender's to mend.
func TestCodes(t *testing.T) {
	_, err := NewDecoder().Decode([]byte(`{}`))
	if err == nil || err.Code != domain.CodeInvalid {
		t.Fatal(err)
	}
}
