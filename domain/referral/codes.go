package referral

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"partnerhub/domain"
)

// ReferralCode is a code as its owner sees it.
type ReferralCode struct {
	Code      string
	CreatedAt time.Time
	Default   bool // at most one of an account's is
	RebateRates
	Note string
}

// DefaultCode is the one that was last made the default and not taken back since; "" when there is none.
func DefaultCode(changes map[string]Versions[Code]) string {
	best := ""
	var since Version[Code]
	for code, vs := range changes {
		vs.Sort()
		for i := len(vs) - 1; i >= 0; i-- {
			v := vs[i]
			if v.Value.Default == nil && !v.Value.Created { // a creation without the flag sets it to no
				continue
			}
			if v.Value.Default != nil && *v.Value.Default && (best == "" || v.compare(since) > 0) {
				best, since = code, v
			}
			break
		}
	}
	return best
}

// MaxCodes is how many referral codes a partner may have (SPEC 11).
const MaxCodes = 20

// Limits of a code's texts. The exchange may send shorter names than a partner may choose.
const (
	minCodeName = 3
	maxCodeName = 32  // characters of A-Z, a-z, 0-9, _ and -
	maxCodeNote = 200 // characters
)

// NewCode is a code that a partner wants. An empty name is made up.
type NewCode struct {
	Code              string      `json:"code,omitempty"`
	SpotRebateRate    domain.Rate `json:"spotRebateRate"`
	FuturesRebateRate domain.Rate `json:"futuresRebateRate"`
	Note              string      `json:"note,omitempty"`
	Default           bool        `json:"default,omitempty"`
}

// Check returns CodeInvalid on the field at fault: a name or note that cannot be, or a rebate above the partner's own rate,
// out of which it is paid (SPEC 4.3).
func (n NewCode) Check(own CommissionRates) error {
	if n.Code != "" {
		if err := checkCodeName(n.Code); err != nil {
			return err
		}
	}
	return CodeChange{SpotRebateRate: &n.SpotRebateRate, FuturesRebateRate: &n.FuturesRebateRate, Note: &n.Note}.Check(own)
}

// Body is the event's.
func (n NewCode) Body() Code {
	b := Code{Created: true, Code: n.Code, SpotRebateRate: &n.SpotRebateRate, FuturesRebateRate: &n.FuturesRebateRate}
	if n.Note != "" {
		b.Note = &n.Note
	}
	if n.Default {
		b.Default = &n.Default
	}
	return b
}

// CodeChange is what a partner changes of a code; nil stays as it is.
type CodeChange struct {
	SpotRebateRate    *domain.Rate `json:"spotRebateRate,omitempty"`
	FuturesRebateRate *domain.Rate `json:"futuresRebateRate,omitempty"`
	Note              *string      `json:"note,omitempty"`
	Default           *bool        `json:"default,omitempty"`
}

// Empty reports whether nothing is changed.
func (c CodeChange) Empty() bool {
	return c.SpotRebateRate == nil && c.FuturesRebateRate == nil && c.Note == nil && c.Default == nil
}

// Check is NewCode's for what is changed.
func (c CodeChange) Check(own CommissionRates) error {
	for _, r := range []struct {
		field string
		rate  *domain.Rate
		own   domain.Rate
	}{{"spotRebateRate", c.SpotRebateRate, own.Spot}, {"futuresRebateRate", c.FuturesRebateRate, own.Futures}} {
		if r.rate == nil {
			continue
		}
		if *r.rate < 0 || *r.rate > r.own {
			return domain.Invalid(r.field, "want 0 to %s (%s %%), your own commission rate", r.own, domain.Money(r.own*100))
		}
	}
	if c.Note != nil {
		switch {
		case !utf8.ValidString(*c.Note) || strings.ContainsFunc(*c.Note, func(r rune) bool { return !unicode.IsPrint(r) }):
			return domain.Invalid("note", "is not plain text on one line")
		case utf8.RuneCountInString(*c.Note) > maxCodeNote:
			return domain.Invalid("note", "is longer than %d characters", maxCodeNote)
		}
	}
	return nil
}

// Body is the event's.
func (c CodeChange) Body(code string) Code {
	return Code{Code: code, SpotRebateRate: c.SpotRebateRate, FuturesRebateRate: c.FuturesRebateRate, Note: c.Note, Default: c.Default}
}

// CommissionRates are what a partner earns of a fee, as fractions, and since when.
type CommissionRates struct {
	Spot    domain.Rate `json:"spotRate"` // margin too
	Futures domain.Rate `json:"futuresRate"`
	Since   time.Time   `json:"since"`
}

func checkCodeName(code string) error {
	if len(code) < minCodeName || len(code) > maxCodeName {
		return domain.Invalid("code", "want %d to %d characters", minCodeName, maxCodeName)
	}
	for i := range len(code) {
		if c := code[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' {
			return domain.Invalid("code", "has other characters than A-Z, a-z, 0-9, _ and -")
		}
	}
	return nil
}
