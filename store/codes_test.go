package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/referral/oracle"
)

// TestCodesAgainstModel lists everybody's codes: theirs alone, set as their referees' list has them.
func TestCodesAgainstModel(t *testing.T) {
	t.Parallel()
	listed, compared := 0, 0
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 24))
		s, model, events := halfFolded(t, rng, time.UTC, 500)
		for _, partner := range oracle.Partners(events) {
			codes, err := s.Codes(context.Background(), domain.Partner(partner))
			if err != nil {
				t.Fatal(err)
			}
			created := map[string]time.Time{}
			for _, e := range events {
				if b, ok := e.Body.(referral.Code); ok && b.Created && e.UID == partner && mainOf(events, partner) != 0 {
					created[b.Code] = e.At
				}
			}
			if len(codes) != len(created) {
				t.Fatalf("%d has %d codes, got %+v", partner, len(created), codes)
			}
			byDefault := 0
			for _, c := range codes {
				if !c.CreatedAt.Equal(created[c.Code]) {
					t.Fatalf("%d: got %+v, created %v", partner, c, created[c.Code])
				}
				if c.Default {
					byDefault++
				}
				for _, r := range model.Referees(partner) {
					if r.Code == c.Code {
						compared++
						if r.SpotRebateRate != c.Spot || r.FuturesRebateRate != c.Futures || r.Note != c.Note {
							t.Fatalf("%d: got %+v, the model has %+v", partner, c, r)
						}
					}
				}
			}
			if byDefault > 1 {
				t.Fatalf("%d has several default codes: %+v", partner, codes)
			}
			listed += len(codes)
		}
	}
	if listed < 20 || compared < 20 {
		t.Errorf("%d codes, %d compared: the test says little", listed, compared)
	}
}

// TestDefaultCode follows the flag through versions.
func TestDefaultCode(t *testing.T) {
	t.Parallel()
	at := func(hour int, created bool, flag ...bool) referral.Version[referral.Code] {
		v := referral.Version[referral.Code]{At: oracle.Start.Add(time.Duration(hour) * time.Hour), EventID: fmt.Sprint(hour), Value: referral.Code{Created: created}}
		if len(flag) > 0 {
			v.Value.Default = &flag[0]
		}
		return v
	}
	for want, changes := range map[string]map[string]referral.Versions[referral.Code]{
		"":            {"A": {at(1, true)}, "B": {at(2, true, false)}},
		"A":           {"A": {at(1, true, true)}, "B": {at(2, true)}},
		"the later":   {"A": {at(1, true, true)}, "the later": {at(2, true), at(3, false, true)}},
		"kept":        {"kept": {at(1, true, true), at(5, false)}, "B": {at(2, true, true), at(3, false, false)}},
		"made anew":   {"A": {at(1, true, true)}, "made anew": {at(0, false, true), at(2, true, true)}},
		"not by that": {"A": {at(0, false, true), at(3, true)}, "not by that": {at(1, true, true)}},
	} {
		for _, vs := range changes {
			slices.Reverse(vs)
		}
		if got := referral.DefaultCode(changes); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
