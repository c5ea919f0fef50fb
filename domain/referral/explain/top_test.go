package explain

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

func (f Finding) say() string {
	out := ""
	for _, a := range f.Attributes {
		out += fmt.Sprintf("%s=%s ", a.Dim, a.Key)
	}
	if f.Others {
		out += "others "
	}
	return out + string(f.Status)
}

// program is a made-up program: 60 referees in 6 countries and 4 codes, each trading spot and futures, every figure
// wobbling by a few percent. The change is what happens to a leaf's current figures.
func program(change func(*Leaf)) []Leaf {
	r := rand.New(rand.NewPCG(9, 9))
	var leaves []Leaf
	for i := range 60 {
		for _, p := range []referral.Product{referral.Spot, referral.Futures} {
			l := Leaf{
				Referee: int64(1000 + i), Product: p, Country: []string{"VN", "BR", "TR", "NG", "IN", "DE"}[i%6],
				Code: []string{"MAIN", "VIP", "FUN", "OLD"}[i/6%4], Relation: referral.Direct,
			}
			if i%5 == 0 {
				l.Relation, l.SubPartner = referral.Indirect, int64(1+i/20)
			}
			size := 1000 + 9000*r.Float64()
			l.Previous.Commission = domain.Money(size * 1e6)
			l.Current.Commission = domain.Money(size * 1e6 * (1 + 0.03*r.NormFloat64()))
			change(&l)
			leaves = append(leaves, l)
		}
	}
	return leaves
}

func TestTop(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Leaf)
		want   []string
	}{
		"nothing in particular": {func(*Leaf) {}, nil},
		"a big trader falls silent": {func(l *Leaf) {
			if l.Referee == 1017 {
				l.Previous.Commission *= 20
				l.Current.Commission = 0
			}
		}, []string{"referee=1017 left"}},
		"a country halves": {func(l *Leaf) {
			if l.Country == "BR" {
				l.Current.Commission /= 2
			}
		}, []string{"country=BR stayed"}},
		"a product of a country": {func(l *Leaf) {
			if l.Country == "BR" && l.Product == referral.Futures {
				l.Current.Commission /= 4
			}
		}, []string{"country=BR product=futures stayed"}},
		"a code comes": {func(l *Leaf) {
			if l.Code == "FUN" {
				l.Previous.Commission = 0
			}
		}, []string{"code=FUN entered"}},
		"a trader leaves and the others of the country do more": {func(l *Leaf) {
			if l.Country == "VN" {
				l.Current.Commission *= 2
			}
			if l.Referee == 1012 {
				l.Previous.Commission *= 20
				l.Current.Commission = 0
			}
		}, []string{"referee=1012 left", "country=VN others stayed"}},
		"all fall, and futures alone do not": {func(l *Leaf) {
			if l.Country != "DE" {
				l.Current.Commission = l.Current.Commission * 6 / 10
			}
		}, []string{"country=DE stayed"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Top(program(tt.change), "commission")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range s.Findings {
				got = append(got, f.say())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTopShare(t *testing.T) {
	s, err := Top([]Leaf{
		{Referee: 1, Product: referral.Spot, Country: "VN", Current: Figures{Fees: 100}, Previous: Figures{Fees: 400}},
		{Referee: 2, Product: referral.Spot, Country: "VN", Current: Figures{Fees: 200}, Previous: Figures{Fees: 100}},
		{Referee: 3, Product: referral.Spot, Country: "BR", Current: Figures{Fees: 50}, Previous: Figures{Fees: 49}},
	}, "fees")
	if err != nil {
		t.Fatal(err)
	}
	want := Summary{Metric: "fees", Current: 350, Previous: 549, Delta: -199, Rest: 1, Findings: []Finding{
		{Attributes: []Attribute{{referral.ByReferee, "1"}}, Current: 100, Previous: 400, Delta: -300, Share: 1_507_537, Status: Stayed},
		{Attributes: []Attribute{{referral.ByReferee, "2"}}, Current: 200, Previous: 100, Delta: 100, Share: -502_512, Status: Stayed},
	}}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
	if got := share(-1e15, 1); got != -maxShare {
		t.Errorf("share of next to nothing: %d", got)
	}
}

func TestTopIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := rapid.OneOf(rapid.Custom(anyLeaves), rapid.Custom(properLeaves)).Draw(t, "leaves")
		metric := rapid.SampledFrom(metrics).Draw(t, "metric")
		s, err := Top(leaves, metric)
		if err != nil {
			t.Fatal(err)
		}
		now, before := total(leaves, metric)
		sum := s.Rest
		for _, f := range s.Findings {
			if f.Delta != f.Current-f.Previous || len(f.Attributes) < 1 || len(f.Attributes) > 2 {
				t.Fatalf("finding %+v", f)
			}
			sum += f.Delta
			if f.Others {
				continue
			}
			// A finding about all of its leaves has the figures that the leaves have.
			var in []Leaf
			for _, l := range leaves {
				if !slices.ContainsFunc(f.Attributes, func(a Attribute) bool { return l.key(a.Dim) != a.Key }) {
					in = append(in, l)
				}
			}
			if now, before := total(in, metric); f.Current != now || f.Previous != before {
				t.Fatalf("finding %+v, its leaves have %d and %d", f, now, before)
			}
		}
		if s.Current != now || s.Previous != before || s.Delta != now-before || sum != s.Delta || len(s.Findings) > maxFindings {
			t.Fatalf("findings and rest sum to %d in %+v, want %d − %d", sum, s, now, before)
		}
		if again, _ := Top(shuffled(t, leaves), metric); !reflect.DeepEqual(s, again) {
			t.Fatalf("another order of rows: %+v, was %+v", again, s)
		}
	})
}

// BenchmarkExplain is all that one answer takes, over the leaves of a thousand active referees.
func BenchmarkExplain(b *testing.B) {
	r := rand.New(rand.NewPCG(4, 4))
	var leaves []Leaf
	for i := range 2000 {
		f := func() Figures {
			v := domain.Money(1e6 * r.ExpFloat64() * 1000)
			return Figures{Volume: v, Fees: v / 1000, Commission: v / 3000, Trades: 3}
		}
		leaves = append(leaves, Leaf{
			Referee: int64(i / 2), Product: []referral.Product{referral.Spot, referral.Futures}[i%2], Country: fmt.Sprint(i / 2 % 20),
			Code: fmt.Sprint(i / 2 % 7), Relation: referral.Direct, Current: f(), Previous: f(),
		})
	}
	for b.Loop() {
		if _, err := Drivers(leaves, "commission"); err != nil {
			b.Fatal(err)
		}
		if _, err := Top(leaves, "commission"); err != nil {
			b.Fatal(err)
		}
	}
}
