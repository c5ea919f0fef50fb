package store

import (
	"encoding/base64"
	"math"
	"testing"

	"partnerhub/domain"
)

// FuzzCursors: whatever is sent as a cursor is refused as such, or is one that is written the same again.
func FuzzCursors(f *testing.F) {
	query := []byte("a query")
	f.Add(refereeCursor{asOf: 1, from: -2, to: 5, value: math.MaxInt64, uid: 7, total: 3}.format(query))
	f.Add(refereeCursor{asOf: math.MinInt64, from: -2, to: math.MaxInt64}.format(query))
	f.Add(formatPosition(query, rewardCursor{From: 1, To: 2, Day: "2026-11-02", UID: 5, SettledOn: "2026-11-03"}))
	f.Add(formatPosition(query, tradeCursor{From: 1, To: 2, Booked: 5, TradeID: "t"}))
	f.Add(base64.RawURLEncoding.EncodeToString([]byte("1790000000000000 00000000-0000-4000-8000-00000000000a")))
	f.Add(base64.RawURLEncoding.EncodeToString([]byte("-9223372036854775808 00000000-0000-4000-8000-00000000000a")))
	f.Add("")
	f.Add("'; DROP TABLE account; --")
	f.Fuzz(func(t *testing.T, text string) {
		refused := func(err error) bool {
			if err != nil && (domain.AsError(err).Code != domain.CodeInvalid || domain.AsError(err).Field != "cursor") {
				t.Fatalf("%q: %v", text, err)
			}
			return err != nil
		}
		if c, err := parseRefereeCursor(text, query); !refused(err) && len(text) <= maxCursor {
			if again, err := parseRefereeCursor(c.format(query), query); err != nil || again != c {
				t.Fatalf("%q: %+v, and again %+v, %v", text, c, again, err)
			}
		}
		var r rewardCursor
		if err := parsePosition(query, text, &r); !refused(err) {
			if !knownTimes(r.From, r.To, r.AsOf) {
				t.Fatalf("%q: %+v", text, r)
			}
			var again rewardCursor
			if err := parsePosition(query, formatPosition(query, r), &again); err != nil || again != r {
				t.Fatalf("%q: %+v, and again %+v, %v", text, r, again, err)
			}
		}
		var d tradeCursor
		refused(parsePosition(query, text, &d))
		if at, id, err := parseCursor(text); !refused(err) && (at.Year() < 1 || at.Year() > 9999 || len(id) != 36) {
			t.Fatalf("%q: %v %q", text, at, id)
		}
	})
}
