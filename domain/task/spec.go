// Package task holds the terms of the Task Center: what a task asks of its participants, what it pays them, and what it costs at most.
package task

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"partnerhub/domain"
)

// Type is what a task rewards.
type Type string

// The types.
const (
	Referral Type = "referral" // new users of the participant's codes who pass advanced KYC
	Trading  Type = "trading"  // eligible volume of the participant and their direct referees
)

// Types lists them.
var Types = []Type{Referral, Trading}

// Product is whose volume a trading task counts.
type Product string

// The products. Margin trades count as spot, as they do for rates and VIP levels.
const (
	Spot    Product = "spot"
	Futures Product = "futures"
	Both    Product = "both"
)

// Products lists them.
var Products = []Product{Spot, Futures, Both}

// Rewards are the amounts that one step of a task may pay.
var Rewards = []domain.Money{10 * domain.USDT, 30 * domain.USDT, 50 * domain.USDT, 100 * domain.USDT}

// Limits of a task.
const (
	MaxTiers    = 5
	MaxRepeats  = 1000
	MaxEvery    = 100_000
	MaxTitle    = 100  // runes
	MaxUIDs     = 1000 // named one by one
	MaxTargets  = 10_000
	MaxLength   = 366 * 24 * time.Hour
	MaxAhead    = 366 * 24 * time.Hour // from now to the start
	MaxBackdate = 24 * time.Hour       // so that a task may begin "today"
)

// MaxThreshold is the most that a tier may ask for.
const MaxThreshold = 1_000_000_000 * domain.USDT

// Tier is one step of a trading task: who reaches the threshold gets the reward, beside those of the tiers below.
type Tier struct {
	Threshold domain.Money `json:"threshold"` // eligible volume, USDT
	Reward    domain.Money `json:"reward"`
}

// Targets says whom a task is for: all directly referred partners, or partners by uid. They are frozen when it is created.
type Targets struct {
	DirectPartners bool    `json:"directPartners,omitempty"`
	UIDs           []int64 `json:"uids,omitempty"`
}

// Spec is a task as its creator asks for it.
type Spec struct {
	Type       Type         `json:"type"`
	Title      string       `json:"title,omitempty"`
	Targets    Targets      `json:"targets"`
	Start      time.Time    `json:"start"` // inclusive
	End        time.Time    `json:"end"`   // exclusive
	Product    Product      `json:"product,omitempty"`
	Tiers      []Tier       `json:"tiers,omitempty"`
	EveryX     int64        `json:"everyX,omitempty"` // new users that earn one reward
	Reward     domain.Money `json:"reward,omitzero"`
	MaxRepeats int64        `json:"maxRepeats,omitempty"`
}

// Normal is s with its targets in order, each once, and times in UTC to the microsecond, which is what is stored.
func (s Spec) Normal() Spec {
	uids := slices.Clone(s.Targets.UIDs)
	slices.Sort(uids)
	s.Targets.UIDs = slices.Compact(uids)
	s.Start, s.End = s.Start.UTC().Truncate(time.Microsecond), s.End.UTC().Truncate(time.Microsecond)
	return s
}

// Check returns CodeInvalid on the field at fault.
func (s Spec) Check(now time.Time) error {
	if err := s.CheckTerms(); err != nil {
		return err
	}
	switch {
	case s.Start.IsZero():
		return domain.Invalid("start", "is missing")
	case s.End.IsZero():
		return domain.Invalid("end", "is missing")
	case !s.End.After(s.Start):
		return domain.Invalid("end", "must be after the start")
	case !s.End.After(now):
		return domain.Invalid("end", "is over already")
	case s.Start.Before(now.Add(-MaxBackdate)):
		return domain.Invalid("start", "is in the past")
	case s.Start.After(now.Add(MaxAhead)):
		return domain.Invalid("start", "is more than a year ahead")
	case s.End.Sub(s.Start) > MaxLength:
		return domain.Invalid("end", "a task lasts a year at most")
	}
	return nil
}

// CheckTerms is Check without the dates, which a simulation does not need.
func (s Spec) CheckTerms() error {
	switch {
	case utf8.RuneCountInString(s.Title) > MaxTitle:
		return domain.Invalid("title", "want up to %d characters", MaxTitle)
	case s.Targets.DirectPartners == (len(s.Targets.UIDs) > 0):
		return domain.Invalid("targets", "want either all direct partners or uids")
	case len(s.Targets.UIDs) > MaxUIDs:
		return domain.Invalid("targets.uids", "want up to %d", MaxUIDs)
	}
	for i, uid := range s.Targets.UIDs {
		if uid <= 0 {
			return domain.Invalid(fmt.Sprintf("targets.uids[%d]", i), "%d is no uid", uid)
		}
	}
	switch s.Type {
	case Trading:
		return s.checkTrading()
	case Referral:
		return s.checkReferral()
	}
	return domain.Invalid("type", "want referral or trading")
}

func (s Spec) checkTrading() error {
	switch {
	case !slices.Contains(Products, s.Product):
		return domain.Invalid("product", "want spot, futures or both")
	case s.EveryX != 0:
		return domain.Invalid("everyX", "is for referral tasks")
	case s.Reward != 0:
		return domain.Invalid("reward", "is for referral tasks; here each tier has its own")
	case s.MaxRepeats != 0:
		return domain.Invalid("maxRepeats", "is for referral tasks; a tier pays once")
	}
	return checkTiers(s.Tiers)
}

func checkTiers(tiers []Tier) error {
	if len(tiers) == 0 || len(tiers) > MaxTiers {
		return domain.Invalid("tiers", "want 1 to %d", MaxTiers)
	}
	for i, t := range tiers {
		at := fmt.Sprintf("tiers[%d].", i)
		switch {
		case t.Threshold <= 0 || t.Threshold > MaxThreshold:
			return domain.Invalid(at+"threshold", "want more than 0, up to %s USDT", MaxThreshold)
		case i > 0 && t.Threshold <= tiers[i-1].Threshold:
			return domain.Invalid(at+"threshold", "must be above the tier before, %s", tiers[i-1].Threshold)
		case !slices.Contains(Rewards, t.Reward):
			return domain.Invalid(at+"reward", "want 10, 30, 50 or 100 USDT")
		}
	}
	return nil
}

func (s Spec) checkReferral() error {
	switch {
	case s.Product != "":
		return domain.Invalid("product", "is for trading tasks")
	case len(s.Tiers) > 0:
		return domain.Invalid("tiers", "are for trading tasks")
	case s.EveryX < 1 || s.EveryX > MaxEvery:
		return domain.Invalid("everyX", "want 1 to %d new users", MaxEvery)
	case !slices.Contains(Rewards, s.Reward):
		return domain.Invalid("reward", "want 10, 30, 50 or 100 USDT")
	case s.MaxRepeats < 1 || s.MaxRepeats > MaxRepeats:
		return domain.Invalid("maxRepeats", "want 1 to %d", MaxRepeats)
	}
	return nil
}

// PerParticipant is the most that one participant can earn.
func (s Spec) PerParticipant() domain.Money {
	if s.Type == Referral {
		return s.Reward * domain.Money(s.MaxRepeats)
	}
	var sum domain.Money
	for _, t := range s.Tiers {
		sum += t.Reward
	}
	return sum
}

// WorstCase is the most that the task can cost: what is set aside when it is created.
func (s Spec) WorstCase(participants int) domain.Money {
	return s.PerParticipant() * domain.Money(participants)
}

// Steps is how many rewards a participant can earn.
func (s Spec) Steps() int64 {
	if s.Type == Referral {
		return s.MaxRepeats
	}
	return int64(len(s.Tiers))
}

// Reached is how many steps a value has reached: eligible volume in micro-USDT, or new users.
func (s Spec) Reached(value int64) (steps int64) {
	if s.Type == Referral {
		return min(max(value, 0)/s.EveryX, s.MaxRepeats)
	}
	for _, t := range s.Tiers {
		if value >= int64(t.Threshold) {
			steps++
		}
	}
	return steps
}

// Step is what step n, from 1, asks for and pays. n must be one of the task's.
func (s Spec) Step(n int64) (threshold int64, reward domain.Money) {
	if s.Type == Referral {
		return n * s.EveryX, s.Reward
	}
	return int64(s.Tiers[n-1].Threshold), s.Tiers[n-1].Reward
}

// Paying is what the first n steps pay together.
func (s Spec) Paying(n int64) (sum domain.Money) {
	if s.Type == Referral {
		return s.Reward * domain.Money(n)
	}
	for _, t := range s.Tiers[:n] {
		sum += t.Reward
	}
	return sum
}

// More is what may be added to a task after its start. The new numbers are whole, not what is added, so that saying them twice changes nothing.
type More struct {
	MaxRepeats int64  `json:"maxRepeats,omitempty"` // of a referral task: at least what it was
	Tiers      []Tier `json:"tiers,omitempty"`      // of a trading task: those it has, and more above them
}

// With is s with more to earn. It returns CodeInvalid on the field at fault.
func (s Spec) With(m More) (Spec, error) {
	if s.Type == Referral {
		switch {
		case len(m.Tiers) > 0:
			return s, domain.Invalid("tiers", "are for trading tasks")
		case m.MaxRepeats < s.MaxRepeats || m.MaxRepeats > MaxRepeats:
			return s, domain.Invalid("maxRepeats", "want %d to %d", s.MaxRepeats, MaxRepeats)
		}
		s.MaxRepeats = m.MaxRepeats
		return s, nil
	}
	if m.MaxRepeats != 0 {
		return s, domain.Invalid("maxRepeats", "is for referral tasks; a tier pays once")
	}
	if err := checkTiers(m.Tiers); err != nil {
		return s, err
	}
	if len(m.Tiers) < len(s.Tiers) || !slices.Equal(m.Tiers[:len(s.Tiers)], s.Tiers) {
		return s, domain.Invalid("tiers", "must begin with those that the task has: tiers are added above them only")
	}
	s.Tiers = m.Tiers
	return s, nil
}
