package tools

import (
	"context"
	"math/big"
	"strconv"
	"strings"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/explain"
)

type explainArgs struct {
	Metric    metricName `json:"metric" jsonschema:"the figure whose change is explained."`
	Period    period     `json:"period" min:"1" max:"64"`
	CompareTo period     `json:"compareTo,omitempty" max:"64" jsonschema:"the earlier period; by default the one before, to date."`
	narrowing
}

type explainResult struct {
	span
	CompareTo interval  `json:"compareTo"` // what was really compared with
	ToDate    bool      `json:"toDate"`
	Metric    string    `json:"metric"`
	Filters   narrowing `json:"filters"`
	Rows      []object  `json:"rows"` // byReferee, as compare_metrics writes it
	Total     object    `json:"total"`
	// The few parts that say most, the first one most; their deltas and the rest sum to the total's.
	Causes []object `json:"causes"`
	Rest   any      `json:"rest"`
	// The factors that moved the figure; their deltas sum to the total's. Of commission, fees and volume.
	Drivers []object `json:"drivers,omitempty"`
	// The change by one dimension each; the deltas of each list sum to the total's.
	ByReferee    []object `json:"byReferee"`
	BySubPartner []object `json:"bySubPartner"`
	ByProduct    []object `json:"byProduct,omitempty"` // absent where the figures by product do not add up to the whole
	ByCountry    []object `json:"byCountry"`
	ByCode       []object `json:"byCode"`
	ByStatus     []object `json:"byStatus"` // of the referees
}

// maxParts is how many parts of a dimension are listed; those with smaller changes are one row, other.
const maxParts = 10

// ExplainChange says where the change of a figure comes from, to the micro-USDT.
func ExplainChange(d Deps) Tool {
	return Define("explain_change",
		"Why a figure changed between two periods: the few causes that say most, what drove it (active referees, volume each, fee rate, "+
			"commission rate, mix), and the exact parts of the change by referee, sub-partner, product, country and referral code. "+
			"Each part has the next call to make for its details (drill). For the change alone use compare_metrics.",
		func(ctx context.Context, c domain.Caller, in explainArgs) (out explainResult, err error) {
			now := d.now()
			p, err := d.read(in.Period, "period", now)
			if err != nil {
				return out, err
			}
			whole, err := d.earlier(p, in.CompareTo, now)
			if err != nil {
				return out, err
			}
			e := explanation{in: in, whole: whole, zone: d}
			both := comparison{}
			both.part, both.toDate = d.toDate(p, whole, now)
			if e.leaves, err = d.leaves(ctx, c, in, p, both.part); err != nil {
				return out, renamed(err, "metrics", "metric")
			}
			if e.summary, err = explain.Top(e.leaves.all, e.leaves.of); err != nil {
				return out, err
			}
			total := e.summary
			all := []int64{0}
			if both.toDate {
				res, err := d.Metrics.Metrics(ctx, c, referral.Query{Metrics: []string{string(in.Metric)}, Period: whole, Filter: filters{narrowing: in.narrowing}.filter()}, now)
				if err != nil {
					return out, err
				}
				all = res.Total
			}
			out = explainResult{
				span: d.span(p, now), CompareTo: d.interval(both.part), ToDate: both.toDate, Metric: string(in.Metric), Filters: in.narrowing,
				Total:  both.changes([]string{string(in.Metric)}, []int64{total.Current}, []int64{total.Previous}, all),
				Causes: []object{}, Rest: e.figure(total.Rest),
			}
			for _, f := range total.Findings {
				out.Causes = append(out.Causes, e.cause(f))
			}
			return out, e.parts(&out)
		})
}

// explanation is one answer on its way.
type explanation struct {
	in      explainArgs
	whole   domain.Period // the earlier period
	zone    Deps
	leaves  leaves
	summary explain.Summary
}

// leaves are what a change is split into, and the figure of theirs that the metric is.
type leaves struct {
	all []explain.Leaf
	of  string
}

// leaves asks the store for what the metric is made of. Of activity all its figures come along, since they tell who was
// there at all; a count of referees is a figure of one for each of them.
func (d Deps) leaves(ctx context.Context, c domain.Caller, in explainArgs, current, previous domain.Period) (leaves, error) {
	q := referral.LeafQuery{Metrics: []string{string(in.Metric)}, Current: current, Previous: previous, Filter: filters{narrowing: in.narrowing}.filter()}
	m, _ := referral.MetricByName(string(in.Metric))
	out := leaves{of: m.Name}
	figures := func(v []int64) explain.Figures { return explain.Figures{Trades: v[0]} }
	switch {
	case m.ByProduct():
		q.Metrics = []string{"commission", "sharedCommission", "volume", "eligibleVolume", "fees", "trades"}
		figures = func(v []int64) explain.Figures {
			return explain.Figures{Commission: domain.Money(v[0]), Shared: domain.Money(v[1]), Volume: domain.Money(v[2]),
				EligibleVolume: domain.Money(v[3]), Fees: domain.Money(v[4]), Trades: v[5]}
		}
	case m.Of == referral.Moving:
		q.Metrics = []string{"deposits", "withdrawals"}
		figures = func(v []int64) explain.Figures {
			return explain.Figures{Deposits: domain.Money(v[0]), Withdrawals: domain.Money(v[1])}
		}
	default:
		out.of = "trades" // one for each referee that counts
	}
	if err := (&referral.LeafQuery{Metrics: []string{m.Name}, Filter: q.Filter}).Validate(); err != nil {
		return out, err // in terms of the metric that was asked for
	}
	found, err := d.Metrics.Leaves(ctx, c, q)
	if err != nil {
		return out, err
	}
	out.all = make([]explain.Leaf, len(found))
	for i, l := range found {
		out.all[i] = explain.Leaf{Referee: l.Referee, SubPartner: l.SubPartnerUID, Product: l.Product, Country: l.Country, Code: l.Code,
			Relation: l.Relation, Current: figures(l.Current), Previous: figures(l.Previous)}
	}
	return out, nil
}

func (e *explanation) figure(v int64) any { return figure(string(e.in.Metric), v) }

// parts splits the change by every dimension, and by its drivers.
func (e *explanation) parts(out *explainResult) error {
	m, _ := referral.MetricByName(string(e.in.Metric))
	for _, split := range []struct {
		by referral.GroupBy
		to *[]object
	}{{referral.ByReferee, &out.ByReferee}, {referral.BySubPartner, &out.BySubPartner}, {referral.ByProduct, &out.ByProduct},
		{referral.ByCountry, &out.ByCountry}, {referral.ByCode, &out.ByCode}} {
		if split.by == referral.ByProduct && !m.ByProduct() {
			continue
		}
		parts, err := explain.ByDimension(e.leaves.all, e.leaves.of, split.by)
		if err != nil {
			return err
		}
		if split.by == referral.ByReferee {
			out.Rows, out.ByStatus = e.rows(parts), e.statuses(parts)
		}
		first, rest := largest(parts)
		*split.to = make([]object, 0, len(first)+1)
		for _, p := range first {
			row := append(e.change(p), member{"status", p.Status})
			*split.to = append(*split.to, e.drill(row, []explain.Attribute{{Dim: split.by, Key: p.Key}}, p.Status))
		}
		if rest.count > 0 {
			*split.to = append(*split.to, append(e.change(rest.Part), member{"count", rest.count}))
		}
	}
	if split, err := explain.Drivers(e.leaves.all, e.leaves.of); err == nil && len(e.leaves.all) > 0 { // only what volume drives has drivers
		out.Drivers = drivers(split, e.summary.Delta)
	}
	return nil
}

// remainder is what many small parts come to.
type remainder struct {
	explain.Part
	count int
}

// largest are the parts with the largest changes, and what the others come to. A single other one stands for itself.
func largest(parts []explain.Part) (first []explain.Part, rest remainder) {
	if len(parts) <= maxParts+1 {
		return parts, rest
	}
	rest.Key = "other"
	for _, p := range parts[maxParts:] {
		rest.Current, rest.Previous, rest.Delta = rest.Current+p.Current, rest.Previous+p.Previous, rest.Delta+p.Delta
		rest.count++
	}
	return parts[:maxParts], rest
}

// rows are the parts as every comparison writes them.
func (e *explanation) rows(parts []explain.Part) []object {
	first, rest := largest(parts)
	if rest.count > 0 {
		first = append(first[:len(first):len(first)], rest.Part)
	}
	rows := make([]object, len(first))
	for i, p := range first {
		rows[i] = object{{"key", p.Key}, {string(e.in.Metric), object{
			{"current", e.figure(p.Current)}, {"previous", e.figure(p.Previous)}, {"delta", e.figure(p.Delta)}, {"percent", domain.Percent(p.Current, p.Previous)},
		}}}
	}
	return rows
}

// statuses sum the referees who came, went and stayed.
func (e *explanation) statuses(parts []explain.Part) []object {
	rows := []object{}
	for _, status := range []explain.Status{explain.Entered, explain.Left, explain.Stayed} {
		sum, count := explain.Part{Key: string(status)}, 0
		for _, p := range parts {
			if p.Status == status {
				sum.Current, sum.Previous, sum.Delta = sum.Current+p.Current, sum.Previous+p.Previous, sum.Delta+p.Delta
				count++
			}
		}
		if count > 0 {
			rows = append(rows, append(e.change(sum), member{"count", count}))
		}
	}
	return rows
}

// change is a part's figures, with its share of the total change.
func (e *explanation) change(p explain.Part) object {
	return object{{"key", p.Key}, {"current", e.figure(p.Current)}, {"previous", e.figure(p.Previous)}, {"delta", e.figure(p.Delta)},
		{"share", shareOfChange(p.Delta, e.summary.Delta)}}
}

// cause is a finding, with its attributes by dimension and in words.
func (e *explanation) cause(f explain.Finding) object {
	dimensions := object{}
	for _, a := range f.Attributes {
		dimensions = append(dimensions, member{string(a.Dim), a.Key})
	}
	row := object{{"dimensions", dimensions}, {"current", e.figure(f.Current)}, {"previous", e.figure(f.Previous)}, {"delta", e.figure(f.Delta)},
		{"share", shareOfChange(f.Delta, e.summary.Delta)}, {"status", f.Status}, {"words", causeWords(f)}}
	if f.Others {
		row = append(row, member{"others", true}) // without those that a cause before names
	}
	return e.drill(row, f.Attributes, f.Status)
}

// causeWords says whom a finding is about: "UID 201171, futures", "others in VN".
func causeWords(f explain.Finding) string {
	var words []string
	for _, a := range f.Attributes {
		switch {
		case a.Dim == referral.ByReferee:
			words = append(words, "UID "+a.Key)
		case a.Dim == referral.BySubPartner && a.Key == "":
			words = append(words, "no sub-partner")
		case a.Dim == referral.BySubPartner:
			words = append(words, "sub-partner "+a.Key)
		case a.Dim == referral.ByCode:
			words = append(words, "code "+a.Key)
		case a.Dim == referral.ByRelation:
			words = append(words, a.Key+" referees")
		default:
			words = append(words, a.Key)
		}
	}
	said := strings.Join(words, ", ")
	if f.Others {
		return "others of " + said
	}
	return said
}

// drillArgs are the arguments of the call that shows what is behind a part.
type drillArgs struct {
	UID       int64     `json:"uid,omitempty"`
	Metrics   []string  `json:"metrics,omitempty"`
	Period    period    `json:"period"`
	CompareTo period    `json:"compareTo,omitempty"`
	GroupBy   dimension `json:"groupBy,omitempty"`
	narrowing
	SubPartnerUID int64  `json:"subPartnerUid,omitempty"`
	Country       string `json:"country,omitempty"`
	Code          string `json:"code,omitempty"`
}

// drill adds the next call to a part: for a referee's commission its trades, in the period in which there were any; for a
// referee's other figures and for groups the comparison within. Who is below no sub-partner cannot be asked for.
func (e *explanation) drill(row object, about []explain.Attribute, status explain.Status) object {
	tool := "compare_metrics"
	args := drillArgs{Metrics: []string{string(e.in.Metric)}, Period: e.in.Period, CompareTo: e.in.CompareTo, GroupBy: dimension(referral.ByReferee), narrowing: e.in.narrowing}
	for _, a := range about {
		uid, _ := strconv.ParseInt(a.Key, 10, 64) // of referees and sub-partners; 0 for none
		switch a.Dim {
		case referral.ByReferee:
			args.UID, args.GroupBy = uid, ""
		case referral.BySubPartner:
			if args.SubPartnerUID = uid; uid == 0 {
				return row
			}
		case referral.ByProduct:
			args.Product = product(a.Key)
		case referral.ByCountry:
			args.Country = a.Key
		case referral.ByCode:
			args.Code = a.Key
		case referral.ByRelation:
			args.Relation = relation(a.Key)
		}
	}
	if args.UID != 0 && e.in.Metric == "commission" {
		tool, args = "trace_commission", drillArgs{UID: args.UID, Period: e.in.Period}
		if status == explain.Left {
			args.Period = period(e.whole.Arg(e.zone.Zone))
		}
	}
	return append(row, member{"drill", object{{"tool", tool}, {"args", args}}})
}

// drivers are the factors with what they were, what they are and what that did.
func drivers(split explain.DriverSplit, total int64) []object {
	rows := make([]object, len(split.Drivers))
	for i, f := range split.Drivers {
		rows[i] = object{{"key", f.Name}, {"current", factor(f.Name, f.Current)}, {"previous", factor(f.Name, f.Previous)},
			{"delta", f.Delta}, {"share", shareOfChange(int64(f.Delta), total)}}
	}
	return rows
}

// factor is a driver's size: a count, USDT, or a fraction, with six decimals; nil where there is none.
func factor(name explain.DriverName, r explain.Ratio) any {
	switch {
	case r.Den == 0:
		return nil
	case name == explain.ActiveReferees:
		return r.Num
	case name == explain.VolumeEach:
		return domain.Money(r.Num / r.Den)
	}
	q := new(big.Int).Mul(big.NewInt(r.Num), big.NewInt(int64(domain.RateOne)))
	return domain.Rate(q.Quo(q, big.NewInt(r.Den)).Int64())
}

// shareOfChange is what percentage of the total change the part is, above 100 where others made up for it, below 0 where
// it went the other way; nil where the total did not change.
func shareOfChange(part, total int64) *string {
	if total < 0 {
		part, total = -part, -total
	}
	return share(part, total)
}
