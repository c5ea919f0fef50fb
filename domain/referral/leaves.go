package referral

import "partnerhub/domain"

// Leaf is what one referee did in one product in two periods: the finest grain at which a change is explained.
// A metric that does not add up over products (see Metric.ByProduct) has one leaf a referee, without a product.
type Leaf struct {
	Referee       int64
	Relation      Relation
	SubPartnerUID int64 // 0: none
	Country       string
	Code          string // mine, through which the path to the referee starts
	Product       Product

	Current, Previous []int64 // in the order of the metrics asked for, in micro-USDT or as counts
}

// LeafQuery asks for the leaves of some metrics in two periods.
type LeafQuery struct {
	Metrics           []string // of one source, or of trades and transfers together
	Current, Previous domain.Period
	Filter            Filter
}

// Validate checks that the metrics exist, have leaves, and have the filters asked of them. The error names the field at fault.
func (q *LeafQuery) Validate() error {
	plain := Query{Metrics: q.Metrics, Filter: q.Filter}
	if err := plain.Validate(); err != nil {
		return err
	}
	referees := 0
	for _, name := range q.Metrics {
		m, _ := MetricByName(name)
		switch m.Of {
		case Tasks:
			return domain.Invalid("metrics", "%s come from tasks: no referee stands behind them", name)
		case Own:
			return domain.Invalid("metrics", "%s is about your own trades: no referee stands behind it", name)
		case Referees:
			referees++
		}
	}
	if referees > 0 && referees < len(q.Metrics) {
		return domain.Invalid("metrics", "figures of activity and counts of referees have no leaves in common")
	}
	return nil
}

// ByProduct reports whether the metric's figures by product add up to the whole: one referee can be a trader in several.
func (m Metric) ByProduct() bool { return m.Of == Trading && m.Column != TradersColumn }
