package explain

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// The sums over leaves, as split in the tests.
var metrics = []string{"commission", "sharedCommission", "volume", "eligibleVolume", "fees", "trades", "deposits", "withdrawals", "netDeposits"}

// anyLeaves draws leaves with any figures at all: nothing, negative, out of proportion.
func anyLeaves(t *rapid.T) []Leaf {
	money := rapid.Custom(func(t *rapid.T) domain.Money {
		most := rapid.SampledFrom([]int64{0, 1, 10, 1000, 1e9, 1e15}).Draw(t, "size")
		return domain.Money(rapid.Int64Range(-most/4, most).Draw(t, "money"))
	})
	figures := rapid.Custom(func(t *rapid.T) Figures {
		if rapid.IntRange(0, 3).Draw(t, "nothing") == 0 {
			return Figures{}
		}
		return Figures{
			Commission: money.Draw(t, "commission"), Shared: money.Draw(t, "shared"), Volume: money.Draw(t, "volume"),
			EligibleVolume: money.Draw(t, "eligible"), Fees: money.Draw(t, "fees"), Deposits: money.Draw(t, "deposits"),
			Withdrawals: money.Draw(t, "withdrawals"), Trades: rapid.Int64Range(-3, 50).Draw(t, "trades"),
		}
	})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Leaf {
		l := Leaf{
			Referee:  rapid.Int64Range(1, 12).Draw(t, "referee"),
			Product:  rapid.SampledFrom([]referral.Product{"", referral.Spot, referral.Margin, referral.Futures}).Draw(t, "product"),
			Country:  rapid.SampledFrom([]string{"", "VN", "BR"}).Draw(t, "country"),
			Code:     rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "code"),
			Relation: rapid.SampledFrom([]referral.Relation{referral.Direct, referral.Indirect}).Draw(t, "relation"),
			Current:  figures.Draw(t, "current"), Previous: figures.Draw(t, "previous"),
		}
		if l.Relation == referral.Indirect {
			l.SubPartner = rapid.Int64Range(0, 3).Draw(t, "sub-partner")
		}
		return l
	}), 0, 30).Draw(t, "leaves")
}

// properLeaves draws leaves as trading makes them: commission out of fees out of volume.
func properLeaves(t *rapid.T) []Leaf {
	figures := rapid.Custom(func(t *rapid.T) Figures {
		v := rapid.Int64Range(0, 1e13).Draw(t, "volume")
		fees := rapid.Int64Range(0, v/500).Draw(t, "fees")
		f := Figures{Volume: domain.Money(v), Fees: domain.Money(fees), Commission: domain.Money(rapid.Int64Range(0, fees).Draw(t, "commission"))}
		if v > 0 {
			f.Trades = rapid.Int64Range(1, 100).Draw(t, "trades")
		}
		return f
	})
	leaves := anyLeaves(t)
	for i := range leaves {
		leaves[i].Current, leaves[i].Previous = figures.Draw(t, "current"), figures.Draw(t, "previous")
	}
	return leaves
}

func total(leaves []Leaf, metric string) (now, before int64) {
	of, _ := figure(metric)
	for _, l := range leaves {
		now += of(l.Current)
		before += of(l.Previous)
	}
	return now, before
}

func swapped(leaves []Leaf) []Leaf {
	out := slices.Clone(leaves)
	for i := range out {
		out[i].Current, out[i].Previous = out[i].Previous, out[i].Current
	}
	return out
}

func shuffled(t *rapid.T, leaves []Leaf) []Leaf {
	return rapid.Permutation(slices.Clone(leaves)).Draw(t, "order")
}

func TestByDimensionIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := anyLeaves(t)
		metric, dim := rapid.SampledFrom(metrics).Draw(t, "metric"), rapid.SampledFrom(attributes).Draw(t, "dim")
		parts, err := ByDimension(leaves, metric, dim)
		if err != nil {
			t.Fatal(err)
		}
		now, before := total(leaves, metric)
		var sum Part
		keys := map[string]bool{}
		for _, p := range parts {
			if p.Delta != p.Current-p.Previous || keys[p.Key] {
				t.Fatalf("part %+v", p)
			}
			if p.Status == Entered && p.Previous != 0 || p.Status == Left && p.Current != 0 {
				t.Fatalf("part %+v: not %s", p, p.Status)
			}
			keys[p.Key] = true
			sum.Current, sum.Previous, sum.Delta = sum.Current+p.Current, sum.Previous+p.Previous, sum.Delta+p.Delta
		}
		if sum.Current != now || sum.Previous != before || sum.Delta != now-before {
			t.Fatalf("parts sum to %+v, want %d − %d", sum, now, before)
		}
		again, _ := ByDimension(shuffled(t, leaves), metric, dim)
		if !slices.Equal(parts, again) {
			t.Fatalf("another order of rows: %v, was %v", again, parts)
		}
		back, _ := ByDimension(swapped(leaves), metric, dim)
		if len(back) != len(parts) {
			t.Fatalf("periods swapped: %v, was %v", back, parts)
		}
		for i, p := range parts {
			p.Current, p.Previous, p.Delta = p.Previous, p.Current, -p.Delta
			p.Status = map[Status]Status{Entered: Left, Left: Entered, Stayed: Stayed}[p.Status]
			if back[i] != p {
				t.Fatalf("periods swapped: %+v, want %+v", back[i], p)
			}
		}
	})
}

func TestByDimension(t *testing.T) {
	leaves := []Leaf{
		{Referee: 1, Product: referral.Spot, Country: "VN", Relation: referral.Direct, Current: Figures{Commission: 5, Trades: 1}, Previous: Figures{Commission: 25, Trades: 4}},
		{Referee: 1, Product: referral.Futures, Country: "VN", Relation: referral.Direct, Previous: Figures{Volume: 9}},
		{Referee: 2, SubPartner: 8, Product: referral.Spot, Country: "BR", Relation: referral.Indirect, Current: Figures{Commission: 7}},
		{Referee: 3, SubPartner: 8, Product: referral.Spot, Country: "BR", Relation: referral.Indirect, Previous: Figures{Commission: 3}},
		{Referee: 4, Country: "BR", Relation: referral.Direct},
	}
	for dim, want := range map[referral.GroupBy][]Part{
		referral.ByReferee:    {{"1", 5, 25, -20, Stayed}, {"2", 7, 0, 7, Entered}, {"3", 0, 3, -3, Left}},
		referral.BySubPartner: {{"", 5, 25, -20, Stayed}, {"8", 7, 3, 4, Stayed}},
		referral.ByProduct:    {{"spot", 12, 28, -16, Stayed}, {"futures", 0, 0, 0, Left}},
		referral.ByCountry:    {{"VN", 5, 25, -20, Stayed}, {"BR", 7, 3, 4, Stayed}},
	} {
		got, err := ByDimension(leaves, "commission", dim)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", dim, got, err, want)
		}
	}
}

func TestChangeRefuses(t *testing.T) {
	var e *domain.Error
	if _, err := ByDimension(nil, "traders", referral.ByCode); !errors.As(err, &e) || e.Field != "metric" {
		t.Errorf("distinct traders have no parts: got %v", err)
	}
	if _, err := ByDimension(nil, "volume", referral.ByDay); !errors.As(err, &e) || e.Field != "groupBy" {
		t.Errorf("a change is not split by day: got %v", err)
	}
	if _, err := Drivers(nil, "trades"); !errors.As(err, &e) || e.Field != "metric" {
		t.Errorf("trades have no drivers: got %v", err)
	}
	if _, err := Top(nil, ""); !errors.As(err, &e) || e.Field != "metric" {
		t.Errorf("no metric: got %v", err)
	}
	for _, m := range metrics {
		if _, ok := referral.MetricByName(m); !ok {
			t.Errorf("%s is no metric", m)
		}
	}
}

func TestDriversAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := rapid.OneOf(rapid.Custom(anyLeaves), rapid.Custom(properLeaves)).Draw(t, "leaves")
		metric := rapid.SampledFrom([]string{"commission", "fees", "volume"}).Draw(t, "metric")
		split, err := Drivers(leaves, metric)
		if err != nil {
			t.Fatal(err)
		}
		now, before := total(leaves, metric)
		var sum int64
		for _, d := range split.Drivers {
			sum += int64(d.Delta)
		}
		if int64(split.Current) != now || int64(split.Previous) != before || sum != now-before || int64(split.Delta) != sum {
			t.Fatalf("drivers sum to %d in %+v, want %d − %d", sum, split, now, before)
		}
		again, _ := Drivers(shuffled(t, leaves), metric)
		back, _ := Drivers(swapped(leaves), metric)
		for i, d := range split.Drivers {
			if again.Drivers[i] != d {
				t.Fatalf("another order of rows: %+v, was %+v", again, split)
			}
			if b := back.Drivers[i]; b.Delta != -d.Delta || b.Current != d.Previous || b.Previous != d.Current {
				t.Fatalf("periods swapped: %+v, was %+v", back, split)
			}
		}
	})
}

// Each effect is the mean over the six orders of the factors, computed here one order after the other.
func TestShapleyIsTheMeanOverOrders(t *testing.T) {
	orders := [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	rapid.Check(t, func(t *rapid.T) {
		var rows [2][3]int64
		for p := range rows {
			for k := range 3 {
				rows[p][k] = rapid.Int64Range(1, 1e6).Draw(t, "x") // no effect is beyond 10^18
			}
		}
		factor := func(p, k int) *big.Rat {
			if k == 0 {
				return big.NewRat(rows[p][0], 1)
			}
			return big.NewRat(rows[p][k], rows[p][k-1])
		}
		effects, rest := shapley(rows)
		if rest != 0 {
			t.Fatalf("%d of %v is left", rest, rows)
		}
		for k := range 3 {
			mean := new(big.Rat)
			for _, order := range orders {
				var moved [3]int
				product := func() *big.Rat {
					out := big.NewRat(1, 1)
					for j, p := range moved {
						out.Mul(out, factor(p, j))
					}
					return out
				}
				for _, j := range order {
					if j != k {
						moved[j] = 1
						continue
					}
					before := product()
					moved[j] = 1
					mean.Add(mean, new(big.Rat).Sub(product(), before))
				}
			}
			mean.Quo(mean, big.NewRat(6, 1))
			if off := mean.Sub(mean, big.NewRat(effects[k], 1)); off.Abs(off).Cmp(big.NewRat(2, 1)) >= 0 {
				t.Fatalf("factor %d: %d, off by %s", k, effects[k], off.FloatString(3))
			}
		}
	})
}

func TestDrivers(t *testing.T) {
	leaf := func(referee int64, now, before Figures) Leaf {
		for _, f := range []*Figures{&now, &before} {
			if f.Volume != 0 {
				f.Trades = 1
			}
		}
		return Leaf{Referee: referee, Product: referral.Spot, Current: now, Previous: before}
	}
	at := func(volume, fees, commission domain.Money) Figures {
		return Figures{Volume: volume, Fees: fees, Commission: commission}
	}
	for name, tt := range map[string]struct {
		leaves []Leaf
		want   [5]domain.Money // referees, volume each, fee rate, commission rate, mix
	}{
		"volume halves":             {[]Leaf{leaf(1, at(500, 50, 20), at(1000, 100, 40))}, [5]domain.Money{0, -20, 0, 0, 0}},
		"fee rate halves":           {[]Leaf{leaf(1, at(1000, 50, 20), at(1000, 100, 40))}, [5]domain.Money{0, 0, -20, 0, 0}},
		"commission rate halves":    {[]Leaf{leaf(1, at(1000, 100, 20), at(1000, 100, 40))}, [5]domain.Money{0, 0, 0, -20, 0}},
		"the commission rate ends":  {[]Leaf{leaf(1, at(1000, 100, 0), at(1000, 100, 40))}, [5]domain.Money{0, 0, 0, -40, 0}},
		"a like referee enters":     {[]Leaf{leaf(1, at(1000, 100, 40), at(1000, 100, 40)), leaf(2, at(1000, 100, 40), Figures{})}, [5]domain.Money{40, 0, 0, 0, 0}},
		"the only one leaves":       {[]Leaf{leaf(1, Figures{}, at(1000, 100, 40))}, [5]domain.Money{-40, 0, 0, 0, 0}},
		"volume moves to the cheap": {[]Leaf{leaf(1, at(500, 50, 50), at(1000, 100, 100)), leaf(2, at(1500, 15, 15), at(1000, 10, 10))}, [5]domain.Money{0, 0, 0, 0, -45}},
		"a reversal alone":          {[]Leaf{leaf(1, at(0, 0, -7), at(0, 0, 0))}, [5]domain.Money{0, 0, 0, 0, -7}},
		"nothing":                   {nil, [5]domain.Money{}},
	} {
		t.Run(name, func(t *testing.T) {
			split, err := Drivers(tt.leaves, "commission")
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range []DriverName{ActiveReferees, VolumeEach, FeeRate, CommissionRate, Mix} {
				if d := split.Drivers[i]; d.Name != name || d.Delta != tt.want[i] {
					t.Errorf("%s: got %+v, want %d", name, d, tt.want[i])
				}
			}
		})
	}
	split, _ := Drivers([]Leaf{leaf(1, at(1000, 100, 40), at(3000, 100, 50)), leaf(2, at(1000, 20, 8), Figures{})}, "commission")
	got := fmt.Sprint(split.Drivers[0].Current, split.Drivers[0].Previous, split.Drivers[1].Current, split.Drivers[2].Previous, split.Drivers[3].Current)
	if want := "{2 1} {1 1} {2000 2} {100 3000} {48 120}"; got != want {
		t.Errorf("factors %s, want %s", got, want)
	}
}
