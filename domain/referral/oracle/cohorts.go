package oracle

import (
	"time"

	"partnerhub/domain/referral"
)

// Cohorts counts, of the partner's referees who registered in each of the months up to that of now, who traded in it and in each since. With a
// code, of those whose path starts through it.
func (o *Oracle) Cohorts(partner int64, code string, months int, now time.Time) (cohorts []referral.Cohort) {
	monthOf := func(t time.Time) time.Time {
		t = t.In(o.zone)
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, o.zone)
	}
	last := monthOf(now)
	for back := months - 1; back >= 0; back-- {
		month := last.AddDate(0, -back, 0)
		cohort := referral.Cohort{Month: month}
		var members []int64
		for _, r := range o.Referees(partner) {
			if (code == "" || r.Code == code) && monthOf(r.RegisteredAt).Equal(month) {
				members = append(members, r.UID)
			}
		}
		cohort.Referees = int64(len(members))
		for ahead := range back + 1 {
			var n int64
			for _, uid := range members {
				for i := range o.deals {
					if d := &o.deals[i]; d.main == uid && !d.reversal && monthOf(d.at).Equal(month.AddDate(0, ahead, 0)) {
						n++
						break
					}
				}
			}
			cohort.Traded = append(cohort.Traded, n)
		}
		cohorts = append(cohorts, cohort)
	}
	return cohorts
}
