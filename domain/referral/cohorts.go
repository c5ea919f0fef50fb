package referral

import "time"

// MaxCohorts is how many months of cohorts are told at most.
const MaxCohorts = 24

// Cohort is the partner's referees who registered in one month of the reporting zone, and how many of them traded in that month and each since.
type Cohort struct {
	Month    time.Time // its midnight in the reporting zone
	Referees int64
	Traded   []int64 // distinct referees with a trade, reversed or not: in the month itself, the one after, and so on until now's
}
