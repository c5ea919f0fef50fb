package explain

import (
	"cmp"
	"math/big"
	"slices"

	"partnerhub/domain"
)

// DriverName is a factor of a figure.
type DriverName string

// The drivers, in the order in which they are told.
const (
	ActiveReferees DriverName = "active_referees" // how many referees traded
	VolumeEach     DriverName = "volume_each"     // how much each of them traded
	FeeRate        DriverName = "fee_rate"        // fees over volume, within a referee and product
	CommissionRate DriverName = "commission_rate" // commission over fees, within a referee and product
	Mix            DriverName = "mix"             // volume moving between referees and products of unlike rates
)

// Ratio is an exact fraction. Of nothing is nothing: with Den 0 there is no ratio.
type Ratio struct{ Num, Den int64 }

// Driver is what one factor did to the figure.
type Driver struct {
	Name DriverName
	// The factor over all leaves, in the current and the previous period: referees, micro-USDT of volume for each
	// referee, fees for volume, commission for fees. Mix has none.
	Current, Previous Ratio
	Delta             domain.Money
}

// DriverSplit is the change of a figure by its drivers, whose deltas sum to Delta.
type DriverSplit struct {
	Current, Previous, Delta domain.Money
	Drivers                  []Driver
}

// Drivers splits the change of commission, fees or volume between two periods by what drives it:
//
//	commission = active referees × volume each × fee rate × commission rate, and mix
//	fees       = active referees × volume each × fee rate, and mix
//	volume     = active referees × volume each
//
// so that the parts sum to the delta, to the micro-USDT. A referee is active in a period with a trade or volume in it.
//
// The method is the Shapley value of the factors: a factor's effect is the mean, over all orders in which the factors
// could have moved one after the other from the previous period to the current one, of what its own move did. It leaves
// no residual, treats both periods alike (swapping them negates every part) and needs no logarithm, so that zeros and
// negative figures are no special case (Sun, "Changes in energy consumption and energy intensity: a complete
// decomposition model", Energy Economics 20, 1998; Albrecht, François and Schoors, "A Shapley decomposition of carbon
// emissions without residuals", Energy Policy 30, 2002).
//
// It is taken twice. Over each leaf (a referee in a product), volume × fee rate × commission rate: the effects of both
// rates, summed, are the change of rates proper. Over the whole, active referees × volume each × commission for volume:
// the first two effects are those of the number of referees and of the volume of each at the average rate. The mix is
// what the leaves' volume effects have beyond these: volume that moved to where it earns more or less.
//
// The rules for what has no ratio: in a period without volume a leaf has the fee rate of the other period, and without
// fees the commission rate of the other one, so that all of who enters or leaves is an effect of volume and not of
// rates. What follows from no factor (commission without fees, fees without volume: reversals of an earlier period's
// trades) belongs to the mix.
//
// Each leaf's parts are exact fractions, computed in integers of any size and rounded toward zero to whole micro-USDT;
// what is missing to the leaf's delta goes to the parts with the largest remainders, the earlier factor first among
// equals. The result does not depend on the order of the leaves.
//
// The error is domain.CodeInvalid on metric.
func Drivers(leaves []Leaf, metric string) (DriverSplit, error) {
	depth := slices.Index([]string{"volume", "fees", "commission"}, metric)
	if depth < 0 {
		return DriverSplit{}, domain.Invalid("metric", "%q has no drivers: want commission, fees or volume", metric)
	}
	chain := func(f Figures) [3]int64 { // the chain stops at the metric: the ratios after it are 1
		v, fees, c := int64(f.Volume), int64(f.Fees), int64(f.Commission)
		return [...][3]int64{{v, v, v}, {v, fees, fees}, {v, fees, c}}[depth]
	}
	var volume, feeRate, commissionRate int64 // effects within the leaves
	var totals [2]Figures
	active := [2]map[int64]bool{{}, {}}
	for _, l := range merge(leaves) {
		e, rest := shapley([2][3]int64{chain(l.Previous), chain(l.Current)})
		volume += e[0] + rest
		feeRate += e[1]
		commissionRate += e[2]
		for p, f := range [2]Figures{l.Previous, l.Current} {
			totals[p] = totals[p].plus(f)
			if f.Trades != 0 || f.Volume != 0 {
				active[p][l.Referee] = true
			}
		}
	}
	var whole [2][3]int64
	for p, t := range totals {
		whole[p] = [3]int64{int64(len(active[p])), int64(t.Volume), chain(t)[2]}
	}
	over, _ := shapley(whole)
	if depth == 0 {
		over[1] = volume - over[0] // no rates, no mix
	}

	ratio := func(num, den func(p int) int64) (now, before Ratio) {
		return Ratio{num(1), den(1)}, Ratio{num(0), den(0)}
	}
	n := func(p int) int64 { return whole[p][0] }
	v := func(p int) int64 { return int64(totals[p].Volume) }
	f := func(p int) int64 { return int64(totals[p].Fees) }
	c := func(p int) int64 { return int64(totals[p].Commission) }
	one := func(int) int64 { return 1 }
	split := DriverSplit{Current: domain.Money(whole[1][2]), Previous: domain.Money(whole[0][2])}
	split.Delta = split.Current - split.Previous
	add := func(name DriverName, delta int64, num, den func(p int) int64) {
		now, before := ratio(num, den)
		split.Drivers = append(split.Drivers, Driver{Name: name, Current: now, Previous: before, Delta: domain.Money(delta)})
	}
	add(ActiveReferees, over[0], n, one)
	add(VolumeEach, over[1], v, n)
	if depth >= 1 {
		add(FeeRate, feeRate, f, v)
	}
	if depth >= 2 {
		add(CommissionRate, commissionRate, c, f)
	}
	if depth >= 1 {
		split.Drivers = append(split.Drivers, Driver{Name: Mix, Delta: domain.Money(volume - over[0] - over[1])})
	}
	return split, nil
}

// shapley splits the change of t = q × (m/q) × (t/m) from the first row to the second, rows of {q, m, t}, into the effects
// of the three factors and what none of them explains: all of it where a row has m without q or t without m, or where the
// effects are beyond 2^62.
// Effects and rest sum to the delta of t.
func shapley(rows [2][3]int64) (effects [3]int64, rest int64) {
	delta := rows[1][2] - rows[0][2]
	for _, r := range rows {
		if r[0] == 0 && r[1] != 0 || r[1] == 0 && r[2] != 0 {
			return effects, delta
		}
	}
	if delta == 0 && rows[0] == rows[1] {
		return effects, 0
	}
	// The three factors in both rows, each over the denominator that its two values have in common. A ratio of nothing is
	// that of the other row.
	var x [2][3]*big.Int
	common := big.NewInt(6)
	for k := range 3 {
		var num, den [2]int64
		for p := range rows {
			num[p], den[p] = rows[p][k], 1
			if k == 0 {
				continue
			}
			from := p
			if rows[p][k-1] == 0 {
				from = 1 - p
			}
			if num[p], den[p] = rows[from][k], rows[from][k-1]; den[p] == 0 { // nothing in either
				num[p], den[p] = 0, 1
			}
		}
		for p := range rows {
			d := big.NewInt(den[1-p])
			x[p][k] = big.NewInt(num[p])
			x[p][k].Mul(x[p][k], d)
			common.Mul(common, d)
		}
	}
	// Of the six orders a factor moves first in two, last in two, and between the others in one each: with a and b for the
	// others, its effect is its move × (2a₀b₀ + 2a₁b₁ + a₀b₁ + a₁b₀) / 6.
	var effect [3]*big.Int
	for k, others := range [3][2]int{{1, 2}, {0, 2}, {0, 1}} {
		a0, a1, b0, b1 := x[0][others[0]], x[1][others[0]], x[0][others[1]], x[1][others[1]]
		a, b, c := new(big.Int).Add(a0, a1), new(big.Int).Add(b0, b1), new(big.Int)
		sum := a.Mul(a, b)
		sum.Add(sum, c.Mul(a0, b0))
		sum.Add(sum, c.Mul(a1, b1))
		effect[k] = sum.Mul(sum, c.Sub(x[1][k], x[0][k]))
	}
	effects, ok := apportion(effect, common, delta)
	if !ok {
		return [3]int64{}, delta
	}
	return effects, 0
}

// apportion rounds fractions over one denominator toward zero, and gives what is missing to their sum to those with the
// largest remainders in that direction, one each, the earlier first among equals (Hamilton's method, either side of 0). It
// is not ok where a part is beyond 2^62: ratios of figures that reversals have all but cancelled.
func apportion(num [3]*big.Int, den *big.Int, sum int64) (out [3]int64, ok bool) {
	var remainder [3]*big.Int
	missing := sum
	for k := range num {
		if den.Sign() < 0 {
			num[k] = new(big.Int).Neg(num[k])
		}
		q, r := new(big.Int).QuoRem(num[k], new(big.Int).Abs(den), new(big.Int))
		if q.BitLen() > 62 {
			return out, false
		}
		out[k], remainder[k] = q.Int64(), r
		missing -= out[k]
	}
	way := int64(cmp.Compare(missing, 0))
	order := []int{0, 1, 2}
	slices.SortStableFunc(order, func(a, b int) int { return int(way) * remainder[b].Cmp(remainder[a]) })
	for i := int64(0); i < missing*way; i++ {
		out[order[i%3]] += way
	}
	return out, true
}
