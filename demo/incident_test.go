package demo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
)

// observed is what the stream itself says of an incident's subject.
type observed struct {
	s      *stream
	parent map[int64]int64
	byMain map[int64][]*line // events of each main account, in order
}

func observe(s *stream) *observed {
	o := &observed{s: s, byMain: map[int64][]*line{}}
	o.parent, _ = s.tree()
	for i := range s.lines {
		l := &s.lines[i]
		o.byMain[l.main] = append(o.byMain[l.main], l)
	}
	return o
}

// of are the accounts that an incident is about.
func (o *observed) of(in Incident) []int64 {
	if in.RefereeUID != 0 {
		return []int64{in.RefereeUID}
	}
	top := in.SubPartnerUID
	if top == 0 {
		top = in.PartnerUID
	}
	uids := []int64{}
	for uid := range o.parent {
		for up := uid; up != 0; up = o.parent[up] {
			if up == top {
				uids = append(uids, uid)
				break
			}
		}
	}
	return uids
}

func (o *observed) volume(uids []int64, from, to time.Time) (sum domain.Money, n int) {
	for _, uid := range uids {
		for _, l := range o.byMain[uid] {
			if l.Type == "trade.executed" && !l.Time.Before(from) && l.Time.Before(to) {
				sum += l.Volume
				n++
			}
		}
	}
	return sum, n
}

// check says what is wrong with an incident, if the stream does not show it.
func (o *observed) check(in Incident) error {
	if !in.From.Before(in.To) || in.To.After(o.s.truth.Now) || in.PartnerUID == 0 || in.RefereeUID != 0 && in.SubPartnerUID != 0 {
		return fmt.Errorf("malformed")
	}
	if in.RefereeUID != 0 && o.parent[in.RefereeUID] != in.PartnerUID || in.SubPartnerUID != 0 && o.parent[in.SubPartnerUID] != in.PartnerUID {
		return fmt.Errorf("not a direct referee of the partner's")
	}
	switch in.Kind {
	case VolumeDrop, VolumeSpike, SilentTrader:
		return o.checkVolume(in)
	case DepositSpike:
		return o.checkTransfer(in, "deposit.completed")
	case WithdrawalSpike:
		return o.checkTransfer(in, "withdrawal.completed")
	case RateChange:
		return o.checkRates(in)
	}
	return fmt.Errorf("kind %q", in.Kind)
}

func (o *observed) checkVolume(in Incident) error {
	uids := o.of(in)
	seen, n := o.volume(uids, in.From, in.To)
	if seen != in.Seen || in.Size != max(seen-in.Expected, in.Expected-seen) {
		return fmt.Errorf("volume seen is %s", seen)
	}
	// The same weekdays of the two weeks before, and as long.
	weeks := max(1, int((in.To.Sub(in.From)+6*24*time.Hour)/(7*24*time.Hour)))
	var usual domain.Money
	for back := 1; back <= 2; back++ {
		shift := -7 * weeks * back
		v, _ := o.volume(uids, in.From.AddDate(0, 0, shift), in.To.AddDate(0, 0, shift))
		usual += v / 2
	}
	switch {
	case in.Kind == SilentTrader && n > 0:
		return fmt.Errorf("%d trades", n)
	case in.Kind == SilentTrader:
		if _, before := o.volume(uids, in.From.AddDate(0, 0, -14), in.From); before < 14 {
			return fmt.Errorf("only %d trades in two weeks before", before)
		}
	case in.Kind == VolumeDrop && seen > usual/2:
		return fmt.Errorf("seen %s, usually %s", seen, usual)
	case in.Kind == VolumeSpike && seen < usual*17/10:
		return fmt.Errorf("seen %s, usually %s", seen, usual)
	}
	return nil
}

func (o *observed) checkTransfer(in Incident, typ string) error {
	var before []domain.Money
	var within domain.Money
	for _, l := range o.byMain[in.RefereeUID] {
		switch {
		case l.Type != typ:
		case l.Time.Before(in.From):
			before = append(before, l.AmountUSDT)
		case l.Time.Before(in.To):
			within = max(within, l.AmountUSDT)
		}
	}
	slices.Sort(before)
	if within != in.Seen || in.Size != in.Seen-in.Expected {
		return fmt.Errorf("the largest transfer is %s", within)
	}
	if len(before) < 2 || within < 4*before[len(before)-1] {
		return fmt.Errorf("%s is not large against %v", within, before)
	}
	return nil
}

func (o *observed) checkRates(in Incident) error {
	rates := []Rates{}
	for _, l := range o.byMain[in.PartnerUID] {
		if strings.HasPrefix(l.Type, "partner.") && !l.Time.After(in.From) {
			rates = append(rates, Rates{l.SpotRate, l.FuturesRate})
			if l.Type == "partner.rates" && !l.Time.Equal(in.From) {
				return fmt.Errorf("changed at %s", l.Time)
			}
		}
	}
	if !slices.Equal(rates, []Rates{*in.Before, *in.After}) || *in.Before == *in.After {
		return fmt.Errorf("rates are %v", rates)
	}
	return nil
}

func TestIncidentsAreInTheStream(t *testing.T) {
	for _, cfg := range []Config{{Seed: 0}, {Seed: 1}, {Seed: 2, Days: 200}, {Seed: 3, Partners: 30, Referees: 2500, Days: 90}} {
		cfg.Now = friday
		s := generate(t, cfg)
		o := observe(s)
		kinds, recent := map[Kind]int{}, map[Kind]bool{}
		for _, in := range s.truth.Incidents {
			if err := o.check(in); err != nil {
				text, _ := json.Marshal(in)
				t.Errorf("seed %d: %v: %s", cfg.Seed, err, text)
			}
			kinds[in.Kind]++
			if in.PartnerUID == s.truth.People.Partner.UID && s.truth.Now.Sub(in.From) < 7*24*time.Hour {
				recent[in.Kind] = true
			}
		}
		t.Logf("seed %d: %v", cfg.Seed, kinds)
		for _, k := range []Kind{VolumeDrop, VolumeSpike, SilentTrader, DepositSpike, WithdrawalSpike} {
			if kinds[k] < 2 || !recent[k] {
				t.Errorf("seed %d: %d × %s, a recent one of the main partner's: %t", cfg.Seed, kinds[k], k, recent[k])
			}
		}
		if kinds[RateChange] < 2 {
			t.Errorf("seed %d: %d rate changes", cfg.Seed, kinds[RateChange])
		}
	}
}

// An incident that is not in the stream must be found out by the checks above.
func TestChecksFindWhatIsNotThere(t *testing.T) {
	s := generate(t, Config{Seed: 1, Now: friday})
	o := observe(s)
	for _, in := range s.truth.Incidents {
		shifted := in
		shifted.From, shifted.To = in.From.AddDate(0, 0, -5), in.To.AddDate(0, 0, -5)
		if o.check(shifted) == nil {
			t.Errorf("%s is also seen five days earlier", in.Kind)
		}
	}
}
