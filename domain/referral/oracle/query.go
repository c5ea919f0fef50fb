package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"partnerhub/domain/referral"
)

// selection is what a figure is about: everything that it counts passes all of these.
type selection struct {
	partner  int64
	referees []Referee
	products []referral.Product
	within   func(time.Time) bool // it happened in the period
	until    func(time.Time) bool // it happened before the period's end
}

// group is a row to be.
type group struct {
	key string
	of  selection
}

// Query answers for the partner as SPEC 5 says. Figures are those of [q.Period.From, q.Period.To) whatever
// now is; rows by time end with the bucket that holds now or, if that is later, the last with a figure.
// The error is that of q.Validate.
func (o *Oracle) Query(partner int64, q referral.Query, now time.Time) (referral.Result, error) {
	if err := q.Validate(); err != nil {
		return referral.Result{}, err
	}
	all := o.selection(partner, q)
	groups := o.groups(all, q, now)
	result := referral.Result{Total: o.figures(all, q.Metrics)}
	for _, g := range groups {
		result.Rows = append(result.Rows, referral.Row{Key: g.key, Values: o.figures(g.of, q.Metrics)})
	}
	if !q.GroupBy.Time() {
		slices.SortFunc(result.Rows, func(a, b referral.Row) int {
			return cmp.Or(-cmp.Compare(a.Values[0], b.Values[0]), compareKeys(q.GroupBy, a.Key, b.Key))
		})
	}
	if q.Limit > 0 && len(result.Rows) > q.Limit {
		result.Rows = result.Rows[:q.Limit]
	}
	return result, nil
}

func compareKeys(by referral.GroupBy, a, b string) int {
	if by == referral.ByReferee || by == referral.BySubPartner {
		x, _ := strconv.ParseInt(a, 10, 64) // the key of no sub-partner is empty: 0, before every uid
		y, _ := strconv.ParseInt(b, 10, 64)
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

// selection applies the query's filters.
func (o *Oracle) selection(partner int64, q referral.Query) selection {
	f := q.Filter
	s := selection{
		partner:  partner,
		products: []referral.Product{referral.Spot, referral.Margin, referral.Futures},
		within:   q.Period.Contains,
		until:    func(t time.Time) bool { return t.Before(q.Period.To) },
	}
	if f.Product != "" {
		s.products = []referral.Product{f.Product}
	}
	for _, r := range o.Referees(partner) {
		if (f.Relation == "" || r.Relation == f.Relation) &&
			(f.UID == 0 || r.UID == f.UID) &&
			(f.SubPartnerUID == 0 || r.SubPartnerUID == f.SubPartnerUID) &&
			(f.Country == "" || r.Country == f.Country) &&
			(f.Code == "" || r.Code == f.Code) {
			s.referees = append(s.referees, r)
		}
	}
	return s
}

// groups cuts the selection. By referee, country, code and sub-partner there is a group for each that is
// found among the selected referees, whenever they registered; by relation and product for each there is.
func (o *Oracle) groups(all selection, q referral.Query, now time.Time) []group {
	switch q.GroupBy {
	case referral.ByNone:
		return []group{{"", all}}
	case referral.ByHour, referral.ByDay, referral.ByWeek, referral.ByMonth:
		return o.buckets(all, q, now)
	case referral.ByProduct:
		var groups []group
		for _, p := range []referral.Product{referral.Spot, referral.Margin, referral.Futures} {
			of := all
			of.products = nil
			if slices.Contains(all.products, p) {
				of.products = []referral.Product{p}
			}
			groups = append(groups, group{string(p), of})
		}
		return groups
	}
	keyOf, keys := map[referral.GroupBy]func(Referee) string{
		referral.ByRelation: func(r Referee) string { return string(r.Relation) },
		referral.ByReferee:  func(r Referee) string { return strconv.FormatInt(r.UID, 10) },
		referral.ByCountry:  func(r Referee) string { return r.Country },
		referral.ByCode:     func(r Referee) string { return r.Code },
		referral.BySubPartner: func(r Referee) string {
			if r.SubPartnerUID == 0 {
				return ""
			}
			return strconv.FormatInt(r.SubPartnerUID, 10)
		},
	}[q.GroupBy], map[string]bool{}
	for _, r := range all.referees {
		keys[keyOf(r)] = true
	}
	switch q.GroupBy {
	case referral.ByRelation:
		keys[string(referral.Direct)], keys[string(referral.Indirect)] = true, true
	case referral.ByCode:
		for code, owner := range o.codeOwners {
			if owner == all.partner {
				keys[code] = true
			}
		}
	}
	var groups []group
	for key := range keys {
		of := all
		of.referees = nil
		for _, r := range all.referees {
			if keyOf(r) == key {
				of.referees = append(of.referees, r)
			}
		}
		groups = append(groups, group{key, of})
	}
	return groups
}

// buckets cuts by the reporting zone's calendar, from the bucket that holds the period's first instant to the
// one that holds the last instant before now or, if that is later, the last with a figure; for a total, with somebody who
// signed up.
func (o *Oracle) buckets(all selection, q referral.Query, now time.Time) []group {
	metrics := slices.Clone(q.Metrics)
	for i, name := range metrics {
		if name == "totalReferrals" {
			metrics[i] = "newReferrals"
		}
	}
	var groups []group
	end := 0
	last := o.bucket(q.GroupBy, q.Period.To.Add(-1))
	for b := o.bucket(q.GroupBy, q.Period.From); !b.After(last); b = nextBucket(q.GroupBy, b) {
		of := all
		of.within = func(t time.Time) bool { return all.within(t) && o.bucket(q.GroupBy, t).Equal(b) }
		of.until = func(t time.Time) bool { return all.until(t) && !o.bucket(q.GroupBy, t).After(b) }
		key := b.Format(time.DateOnly)
		if q.GroupBy == referral.ByHour {
			key = b.Format(time.RFC3339)
		}
		groups = append(groups, group{key, of})
		begun := q.Period.From.Before(now) && !b.After(o.bucket(q.GroupBy, now.Add(-1)))
		if begun || slices.ContainsFunc(o.figures(of, metrics), func(v int64) bool { return v != 0 }) {
			end = len(groups)
		}
	}
	return groups[:end]
}

// bucket stands for the bucket that t is in: an hour by its first instant, the others by their first date
// in the zone, as that date's midnight in UTC, so that a change of the clock cannot disturb it.
func (o *Oracle) bucket(by referral.GroupBy, t time.Time) time.Time {
	t = t.In(o.zone)
	date := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	switch by {
	case referral.ByHour:
		return t.Add(-time.Duration(t.Minute())*time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
	case referral.ByWeek:
		for date.Weekday() != time.Monday {
			date = date.AddDate(0, 0, -1)
		}
	case referral.ByMonth:
		date = date.AddDate(0, 0, 1-date.Day())
	}
	return date
}

func nextBucket(by referral.GroupBy, b time.Time) time.Time {
	switch by {
	case referral.ByHour:
		return b.Add(time.Hour)
	case referral.ByWeek:
		return b.AddDate(0, 0, 7)
	case referral.ByMonth:
		return b.AddDate(0, 1, 0)
	}
	return b.AddDate(0, 0, 1)
}

func (o *Oracle) figures(s selection, metrics []string) []int64 {
	var values []int64
	for _, name := range metrics {
		values = append(values, o.figure(s, name))
	}
	return values
}

// figure is one metric of the table of SPEC 5.
func (o *Oracle) figure(s selection, metric string) int64 {
	switch metric {
	case "commission":
		return o.sumDeals(s, func(d *deal) int64 {
			var sum int64
			for _, row := range d.rows {
				if row.Beneficiary == s.partner {
					sum += int64(row.Amount)
				}
			}
			return sum
		})
	case "sharedCommission":
		return o.sumDeals(s, func(d *deal) int64 {
			if o.path(d.main)[0] == s.partner {
				return d.rebate
			}
			return 0
		})
	case "taskRewards": // the events say nothing of tasks
		return 0
	case "sharedReceived":
		var sum int64
		for _, d := range o.deals {
			if d.main == s.partner && s.within(d.at) && slices.Contains(s.products, d.product) {
				sum += d.rebate
			}
		}
		return sum
	case "volume":
		return o.sumDeals(s, func(d *deal) int64 { return d.volume })
	case "eligibleVolume":
		return o.sumDeals(s, func(d *deal) int64 { return d.eligible })
	case "fees":
		return o.sumDeals(s, func(d *deal) int64 { return d.fee })
	case "trades":
		return o.sumDeals(s, func(d *deal) int64 { return d.trades })
	case "traders":
		distinct := map[int64]bool{}
		o.sumDeals(s, func(d *deal) int64 {
			if !d.reversal {
				distinct[d.main] = true
			}
			return 0
		})
		return int64(len(distinct))
	case "deposits":
		return o.sumMoves(s, false)
	case "withdrawals":
		return o.sumMoves(s, true)
	case "netDeposits":
		return o.sumMoves(s, false) - o.sumMoves(s, true)
	case "totalReferrals":
		return count(s, s.until, func(r Referee) time.Time { return r.RegisteredAt })
	case "newReferrals":
		return count(s, s.within, func(r Referee) time.Time { return r.RegisteredAt })
	case "verified":
		return count(s, s.within, func(r Referee) time.Time { return r.VerifiedAt })
	case "deposited":
		return count(s, s.within, func(r Referee) time.Time { return r.FirstDepositAt })
	case "firstTraders":
		return count(s, s.within, func(r Referee) time.Time { return r.FirstTradeAt })
	}
	panic(fmt.Sprintf("oracle: no metric %q", metric)) // q.Validate knows one that this does not
}

func (s selection) has(uid int64) bool {
	for i := range s.referees {
		if s.referees[i].UID == uid {
			return true
		}
	}
	return false
}

// Nothing is copied here: with the race detector on, that takes most of the time.
func (o *Oracle) sumDeals(s selection, of func(*deal) int64) int64 {
	var sum int64
	for i := range o.deals {
		d := &o.deals[i]
		if s.has(d.main) && s.within(d.at) && slices.Contains(s.products, d.product) {
			sum += of(d)
		}
	}
	return sum
}

func (o *Oracle) sumMoves(s selection, withdrawals bool) int64 {
	var sum int64
	for _, m := range o.moves {
		if m.withdrawal == withdrawals && s.has(m.main) && s.within(m.at) {
			sum += m.amount
		}
	}
	return sum
}

// count is how many of the selected referees have a date, and that in time.
func count(s selection, inTime func(time.Time) bool, date func(Referee) time.Time) int64 {
	var n int64
	for _, r := range s.referees {
		if at := date(r); !at.IsZero() && inTime(at) {
			n++
		}
	}
	return n
}
