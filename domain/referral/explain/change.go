package explain

import (
	"cmp"
	"slices"
	"strconv"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Leaf is what one referee did in one product, in two periods: the finest rows that a change is split into. Deposits
// and withdrawals have no product. Leaves may repeat; they are summed.
type Leaf struct {
	Referee    int64
	SubPartner int64 // 0 for a direct referee, and for an indirect one below no sub-partner
	Product    referral.Product
	Country    string
	Code       string
	Relation   referral.Relation

	Current, Previous Figures
}

// Figures are a leaf's figures in one period, named as in referral.Metrics. Reversals may make them negative.
type Figures struct {
	Commission, Shared, Volume, EligibleVolume, Fees, Deposits, Withdrawals domain.Money
	Trades                                                                  int64
}

// active reports whether anything happened: at least one trade, deposit or withdrawal, or the reversal of one.
func (f Figures) active() bool { return f != Figures{} }

// figure picks a metric of referral.Metrics that is a sum over leaves. Others (distinct traders, counts of referees) are
// domain.CodeInvalid on the field metric.
func figure(metric string) (func(Figures) int64, error) {
	switch metric {
	case "commission":
		return func(f Figures) int64 { return int64(f.Commission) }, nil
	case "sharedCommission":
		return func(f Figures) int64 { return int64(f.Shared) }, nil
	case "volume":
		return func(f Figures) int64 { return int64(f.Volume) }, nil
	case "eligibleVolume":
		return func(f Figures) int64 { return int64(f.EligibleVolume) }, nil
	case "fees":
		return func(f Figures) int64 { return int64(f.Fees) }, nil
	case "trades":
		return func(f Figures) int64 { return f.Trades }, nil
	case "deposits":
		return func(f Figures) int64 { return int64(f.Deposits) }, nil
	case "withdrawals":
		return func(f Figures) int64 { return int64(f.Withdrawals) }, nil
	case "netDeposits":
		return func(f Figures) int64 { return int64(f.Deposits - f.Withdrawals) }, nil
	}
	return nil, domain.Invalid("metric", "%q is not a sum over referees and products: its change has no exact parts", metric)
}

// attributes are the dimensions by which a change can be split, the narrowest first.
var attributes = []referral.GroupBy{
	referral.ByReferee, referral.BySubPartner, referral.ByCode, referral.ByCountry, referral.ByProduct, referral.ByRelation,
}

// key is the leaf's group in a dimension, as query_metrics has it: a uid in digits, empty for no sub-partner.
func (l *Leaf) key(dim referral.GroupBy) string {
	switch dim {
	case referral.ByReferee:
		return strconv.FormatInt(l.Referee, 10)
	case referral.BySubPartner:
		if l.SubPartner == 0 {
			return ""
		}
		return strconv.FormatInt(l.SubPartner, 10)
	case referral.ByCode:
		return l.Code
	case referral.ByCountry:
		return l.Country
	case referral.ByProduct:
		return string(l.Product)
	}
	return string(l.Relation)
}

// Status says in which of the two periods a part was there at all, in any figure.
type Status string

// The statuses.
const (
	Entered Status = "entered" // in the current period only
	Left    Status = "left"    // in the previous period only
	Stayed  Status = "stayed"  // in both
)

// presence collects the status of a part from its leaves.
type presence struct{ now, before bool }

func (p *presence) see(l *Leaf) {
	p.now = p.now || l.Current.active()
	p.before = p.before || l.Previous.active()
}

func (p presence) status() Status {
	switch {
	case !p.before:
		return Entered
	case !p.now:
		return Left
	}
	return Stayed
}

// Part is one group's share of a change, in micro-USDT or as a count. Delta = Current − Previous.
type Part struct {
	Key                      string
	Current, Previous, Delta int64
	Status                   Status
}

// ByDimension splits the change of a metric by one dimension. Every leaf is in exactly one group, so that the parts'
// deltas sum to the total delta, to the micro-USDT. The largest changes come first, up or down alike; groups in which
// nothing happened in either period are left out.
//
// The metric is one of referral.Metrics that is a sum over leaves, the dimension one of referee, sub_partner, code,
// country, product, relation; the error is domain.CodeInvalid on metric or groupBy.
func ByDimension(leaves []Leaf, metric string, dim referral.GroupBy) ([]Part, error) {
	of, err := figure(metric)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(attributes, dim) {
		return nil, domain.Invalid("groupBy", "a change is not split by %q", dim)
	}
	type group struct {
		Part
		presence
	}
	groups := map[string]*group{}
	for i := range leaves {
		l := &leaves[i]
		key := l.key(dim)
		g := groups[key]
		if g == nil {
			g = &group{Part: Part{Key: key}}
			groups[key] = g
		}
		g.Current += of(l.Current)
		g.Previous += of(l.Previous)
		g.see(l)
	}
	var parts []Part
	for _, g := range groups {
		if !g.now && !g.before {
			continue
		}
		g.Delta = g.Current - g.Previous
		g.Status = g.status()
		parts = append(parts, g.Part)
	}
	slices.SortFunc(parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(magnitude(b.Delta), magnitude(a.Delta)), cmp.Compare(a.Key, b.Key))
	})
	return parts, nil
}

func magnitude(x int64) int64 { return max(x, -x) }

// merge sums leaves of the same referee and attributes and puts them in an order of their own, so that nothing depends
// on the order of the rows.
func merge(leaves []Leaf) []Leaf {
	sorted := slices.Clone(leaves)
	slices.SortFunc(sorted, Leaf.compare)
	out := sorted[:0]
	for _, l := range sorted {
		if n := len(out); n > 0 && out[n-1].compare(l) == 0 {
			out[n-1].Current = out[n-1].Current.plus(l.Current)
			out[n-1].Previous = out[n-1].Previous.plus(l.Previous)
		} else {
			out = append(out, l)
		}
	}
	return out
}

func (l Leaf) compare(o Leaf) int {
	return cmp.Or(cmp.Compare(l.Referee, o.Referee), cmp.Compare(l.Product, o.Product), cmp.Compare(l.SubPartner, o.SubPartner),
		cmp.Compare(l.Country, o.Country), cmp.Compare(l.Code, o.Code), cmp.Compare(l.Relation, o.Relation))
}

func (f Figures) plus(o Figures) Figures {
	return Figures{
		Commission: f.Commission + o.Commission, Shared: f.Shared + o.Shared, Volume: f.Volume + o.Volume,
		EligibleVolume: f.EligibleVolume + o.EligibleVolume, Fees: f.Fees + o.Fees,
		Deposits: f.Deposits + o.Deposits, Withdrawals: f.Withdrawals + o.Withdrawals, Trades: f.Trades + o.Trades,
	}
}
