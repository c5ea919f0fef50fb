// Package binance reads the CSV that a Binance affiliate exports of the commission history (SPEC 12).
package binance

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/store"
)

// Exchange is by what name imported figures are kept.
const Exchange = "binance"

// The columns that are read, by their headings. There may be others.
const (
	columnType       = "Order Type"
	columnFriend     = "Friend's ID(Spot)"
	columnCommission = "Commission Earned (USDT)"
	columnTime       = "Commission Time"
	columnRegistered = "Registration Time"
	columnCode       = "Referral ID"
)

const (
	timeForm = "2006-01-02 15:04:05"
	maxSums  = 2_000_000 // days of referees in one file
	saveRows = 2000      // at a time
	decimals = 8
)

// Counts are what a file came to.
type Counts struct {
	Rows     int64 `json:"rows"`
	Days     int   `json:"days"` // of referees, by product
	Referees int   `json:"referees"`
}

type daily struct {
	day     time.Time
	referee int64
	product string
}

// Import sums a file's rows by day, referee and product, and keeps the sums: a later file's take the place of an earlier one's, day by day, so that a
// file should hold whole days. Times without an offset are read in the zone. A row that cannot be read refuses the file, by its line and
// column: half of it would look like a difference. Errors: CodeForbidden to all but operators, CodeInvalid.
func Import(ctx context.Context, s *store.Store, c domain.Caller, partner int64, in io.Reader, zone *time.Location) (n Counts, err error) {
	if partner <= 0 {
		return n, domain.Invalid("partner", "want a uid")
	}
	sums, referees, n, err := read(in, zone)
	if err != nil {
		return n, err
	}
	days := make([]store.ImportedDay, 0, len(sums))
	for k, units := range sums {
		// What is below a millionth of the day's sum is cut off (SPEC 2).
		days = append(days, store.ImportedDay{Day: k.day, Referee: k.referee, Product: k.product, Commission: domain.Money(units / 100)})
	}
	slices.SortFunc(days, func(a, b store.ImportedDay) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Referee, b.Referee), cmp.Compare(a.Product, b.Product))
	})
	list := make([]store.ImportedReferee, 0, len(referees))
	for _, r := range referees {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b store.ImportedReferee) int { return cmp.Compare(a.UID, b.UID) })
	if len(days) == 0 {
		return n, domain.Invalid("file", "has no rows")
	}
	w := store.ImportWindow{Partner: partner, Exchange: Exchange, List: "commissions", Since: days[0].Day, Until: days[len(days)-1].Day.AddDate(0, 0, 1), Seen: n.Rows}
	for len(days)+len(list) > 0 {
		p := store.ImportPage{Days: days[:min(len(days), saveRows)], Referees: list[:min(len(list), saveRows)]}
		days, list = days[len(p.Days):], list[len(p.Referees):]
		w.Done = len(days)+len(list) == 0
		if err := s.SaveImport(ctx, c, w, p); err != nil {
			return n, err
		}
	}
	return n, nil
}

// read sums up a file in units of 10^-8 USDT.
func read(in io.Reader, zone *time.Location) (sums map[daily]int64, referees map[int64]store.ImportedReferee, n Counts, err error) {
	buffered := bufio.NewReader(in)
	if bom, err := buffered.Peek(3); err == nil && string(bom) == "\uFEFF" {
		_, _ = buffered.Discard(3)
	}
	r := csv.NewReader(buffered)
	r.ReuseRecord, r.FieldsPerRecord = true, 0
	head, err := r.Read()
	if err != nil {
		return nil, nil, n, domain.Invalid("file", "has no heading: %v", err)
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.TrimSpace(name)] = i
	}
	for _, name := range []string{columnType, columnFriend, columnCommission, columnTime, columnRegistered, columnCode} {
		if _, ok := at[name]; !ok {
			return nil, nil, n, domain.Invalid("file", "lacks the column %q", name)
		}
	}
	sums, referees = map[daily]int64{}, map[int64]store.ImportedReferee{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			n.Days, n.Referees = len(sums), len(referees)
			return sums, referees, n, nil
		}
		if err != nil {
			return nil, nil, n, domain.Invalid("file", "%v", err)
		}
		line, _ := r.FieldPos(0)
		wrong := func(column, want string) error {
			return domain.Invalid("file", "line %d, %s: %.40q is no %s", line, column, row[at[column]], want)
		}
		uid, err := strconv.ParseInt(strings.TrimSpace(row[at[columnFriend]]), 10, 64)
		if err != nil || uid <= 0 {
			return nil, nil, n, wrong(columnFriend, "uid")
		}
		earned, err := parseUnits(row[at[columnCommission]])
		if err != nil {
			return nil, nil, n, wrong(columnCommission, "amount")
		}
		when, err := time.ParseInLocation(timeForm, strings.TrimSpace(row[at[columnTime]]), zone)
		if err != nil {
			return nil, nil, n, wrong(columnTime, "time as "+timeForm)
		}
		y, m, d := when.Date()
		k := daily{time.Date(y, m, d, 0, 0, 0, 0, time.UTC), uid, productOf(row[at[columnType]])}
		if before := sums[k]; earned > 0 && before > math.MaxInt64-earned || earned < 0 && before < math.MinInt64-earned {
			return nil, nil, n, wrong(columnCommission, "amount that can be added")
		}
		sums[k] += earned
		if len(sums) > maxSums {
			return nil, nil, n, domain.Errorf(domain.CodeTooLarge, "file", "more than %d days of referees: cut it by date", maxSums)
		}
		if _, known := referees[uid]; !known {
			x := store.ImportedReferee{UID: uid, Code: strings.Clone(strings.TrimSpace(row[at[columnCode]]))}
			if text := strings.TrimSpace(row[at[columnRegistered]]); text != "" {
				registered, err := time.ParseInLocation(timeForm, text, zone)
				if err != nil {
					return nil, nil, n, wrong(columnRegistered, "time as "+timeForm)
				}
				registered = registered.UTC()
				x.RegisteredAt = &registered
			}
			referees[uid] = x
		}
		n.Rows++
	}
}

// productOf reads an order type: spot, USDT-futures, COIN-futures.
func productOf(orderType string) string {
	switch t := strings.ToLower(strings.TrimSpace(orderType)); {
	case t == "spot":
		return "spot"
	case strings.HasSuffix(t, "futures"):
		return "futures"
	}
	return "other"
}

// parseUnits reads a decimal of at most 8 decimals as units of 10^-8.
func parseUnits(text string) (int64, error) {
	text, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	whole, frac, _ := strings.Cut(text, ".")
	if len(whole) == 0 || len(whole) > 10 || len(frac) > decimals || strings.Trim(whole+frac, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	v, err := strconv.ParseInt(whole+(frac + "00000000")[:decimals], 10, 64)
	if negative {
		v = -v
	}
	return v, err
}
