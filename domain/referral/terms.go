package referral

import (
	"time"

	"partnerhub/domain"
)

// How far a change that an operator makes may take effect from now: what is dated back attributes every trade since then again.
const (
	maxBackdate = 366 * 24 * time.Hour
	maxForedate = 366 * 24 * time.Hour
)

// CheckEffective returns CodeInvalid on "effectiveAt" for a time that is out of these bounds.
func CheckEffective(at, now time.Time) error {
	if at.Before(now.Add(-maxBackdate)) || at.After(now.Add(maxForedate)) {
		return domain.Invalid("effectiveAt", "want a time within a year of now")
	}
	return nil
}

// maxVIP is the highest VIP level that there may be.
const maxVIP = 100

// Validate returns CodeInvalid on the level at fault.
func (v VIP) Validate() error {
	for field, level := range map[string]int{"spotLevel": v.SpotLevel, "futuresLevel": v.FuturesLevel} {
		if level < 0 || level > maxVIP {
			return domain.Invalid(field, "want 0 to %d", maxVIP)
		}
	}
	return nil
}

// Validate returns CodeInvalid on the field at fault.
func (r Rules) Validate() error {
	switch {
	case r.Mode != Differential && r.Mode != FixedOverride:
		return domain.Invalid("mode", "want %s or %s", Differential, FixedOverride)
	case r.Levels < 1 || r.Levels > Levels:
		return domain.Invalid("levels", "want 1 to %d", Levels)
	case r.SpotVIPMax < 0 || r.SpotVIPMax > maxVIP:
		return domain.Invalid("spotVipMax", "want 0 to %d", maxVIP)
	case r.FuturesVIPMax < 0 || r.FuturesVIPMax > maxVIP:
		return domain.Invalid("futuresVipMax", "want 0 to %d", maxVIP)
	}
	return nil
}
