package referral

import "time"

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
