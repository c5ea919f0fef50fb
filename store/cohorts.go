package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// byCohort groups by the month in which a referee registered, and the month of what it did.
const byCohort referral.GroupBy = "cohort"

// cohortOf is the first day of the month in which an account registered.
func (m *metricsQuery) cohortOf(account string) string {
	return fmt.Sprintf("date_trunc('month', %s.registered_at AT TIME ZONE %s)::date", account, m.arg(m.store.zone.String()))
}

// Cohorts are the caller's referees by the month of their registration: of so many months, the one of now the last. With a code only those
// whose path starts through it count. Errors: CodeInvalid on months for fewer than 1 or more than referral.MaxCohorts.
func (s *Store) Cohorts(ctx context.Context, c domain.Caller, code string, months int, now time.Time) (cohorts []referral.Cohort, err error) {
	if months < 1 || months > referral.MaxCohorts {
		return nil, domain.Invalid("months", "want 1 to %d", referral.MaxCohorts)
	}
	l := now.In(s.zone)
	first := func(ahead int) time.Time { return domain.Midnight(l.Year(), l.Month()+time.Month(ahead), 1, s.zone) }
	q := referral.Query{Period: domain.Period{From: first(1 - months), To: first(1)}, Filter: referral.Filter{Code: code}}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		m := metricsQuery{store: s, tx: tx, partner: c.UID, q: q, now: now}
		if m.kept, err = keptMore(ctx, tx, c.UID); err != nil {
			return err
		}
		m.q.Metrics, m.q.GroupBy = []string{"newReferrals"}, referral.ByMonth
		registered, err := m.figures(ctx)
		if err != nil {
			return err
		}
		m.q.Metrics, m.q.GroupBy = []string{"traders"}, byCohort
		traded, err := m.figures(ctx)
		if err != nil {
			return err
		}
		at := map[string]int{}
		for i := range months {
			month := first(i + 1 - months)
			key := month.In(s.zone).Format(time.DateOnly)
			at[key] = i
			cohort := referral.Cohort{Month: month, Traded: make([]int64, months-i)}
			if n := registered[key]; n != nil {
				cohort.Referees = n[0]
			}
			cohorts = append(cohorts, cohort)
		}
		for key, n := range traded {
			of, in, _ := strings.Cut(key, " ")
			i, told := at[of]
			if k := at[in] - i; told && k >= 0 {
				cohorts[i].Traded[k] = n[0]
			}
		}
		return nil
	})
	return cohorts, err
}
