package tools

import (
	"context"
	"fmt"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral/anomalies"
)

type anomalyKind string

func (anomalyKind) Enum() []string { return names(anomalies.Kinds...) }

type anomaliesArgs struct {
	Period period      `json:"period" min:"1" max:"64"`
	Kind   anomalyKind `json:"kind,omitempty" jsonschema:"only alerts of this kind"`
}

type anomaliesResult struct {
	span
	Filters struct {
		Kind anomalyKind `json:"kind,omitempty"`
	} `json:"filters"`
	Rows  []anomalyRow `json:"rows"` // the most severe first
	Total int          `json:"total"`
}

// anomalyRow is one alert. Amounts are within [since, until), of volume, or of the one transfer.
type anomalyRow struct {
	Key      string      `json:"key"`
	Kind     anomalyKind `json:"kind"`
	Subject  subject     `json:"subject"`
	Metric   metricName  `json:"metric"` // what the amounts are of
	Since    string      `json:"since"`
	Until    string      `json:"until,omitempty"`
	Ongoing  bool        `json:"ongoing"` // not over at asOf
	Expected struct {
		Low   domain.Money `json:"low"`
		Usual domain.Money `json:"usual"`
		High  domain.Money `json:"high"`
	} `json:"expected"`
	Seen     domain.Money `json:"seen"`
	Size     domain.Money `json:"size"`     // seen less usual
	Severity string       `json:"severity"` // high, medium or low
	Drill    call         `json:"drill"`
}

// subject says whose alert it is: of a book, the partner's own.
type subject struct {
	Type anomalies.SubjectKind `json:"type"`
	UID  int64                 `json:"uid"`
}

// call is the next call to make.
type call struct {
	Tool string    `json:"tool"`
	Args drillArgs `json:"args"`
}

const (
	// maxAlerts is how many alerts are listed; all are counted.
	maxAlerts = 100
	// beforeAlerts is how much of the past is read before the period, so that it is known what was usual.
	beforeAlerts = 63 * 24 * time.Hour
	// afterAlerts is how long after a period that is long over its alerts are still followed to their end.
	afterAlerts = 35 * 24 * time.Hour
	// maxAlertDays bounds the period.
	maxAlertDays = 366
)

// ListAnomalies tells what was out of the ordinary in a period.
func ListAnomalies(d Deps) Tool {
	return Define("list_anomalies",
		"Alerts of a period: sudden drops and spikes of trading volume (of referees, sub-partners or the whole book), large traders gone silent, "+
			"abnormal deposits and withdrawals; each with the expected range, what was seen, since when, and its size in USDT.",
		func(ctx context.Context, c domain.Caller, in anomaliesArgs) (out anomaliesResult, err error) {
			now := d.now()
			p, err := d.read(in.Period, "period", now)
			if err != nil {
				return out, err
			}
			alerts, asOf, err := d.alerts(ctx, c, p, now)
			if err != nil {
				return out, err
			}
			out.span, out.Filters.Kind, out.Rows = d.span(p, asOf), in.Kind, []anomalyRow{}
			for _, a := range alerts {
				if in.Kind != "" && anomalyKind(a.Kind) != in.Kind {
					continue
				}
				if out.Total++; len(out.Rows) < maxAlerts {
					out.Rows = append(out.Rows, d.anomalyRow(a, in.Period))
				}
			}
			return out, nil
		})
}

// alerts are those whose incident is at least partly in the period, the most severe first, as of now, or as of some weeks
// after a period that is long over.
func (d Deps) alerts(ctx context.Context, c domain.Caller, p domain.Period, now time.Time) (found []anomalies.Alert, asOf time.Time, err error) {
	if p.To.Sub(p.From) > maxAlertDays*24*time.Hour+time.Hour {
		return nil, now, domain.Invalid("period", "alerts are looked for in at most %d days", maxAlertDays)
	}
	asOf = now
	if late := p.To.Add(afterAlerts); late.Before(now) {
		asOf = late
	}
	if !p.From.Before(asOf) {
		return nil, asOf, nil
	}
	series, err := d.Metrics.Series(ctx, c, p.From.Add(-beforeAlerts), asOf)
	if err != nil {
		return nil, asOf, err
	}
	for _, a := range anomalies.Find(series, asOf.In(d.Zone)) {
		if a.Since.Before(p.To) && (a.Ongoing() || a.Until.After(p.From)) {
			found = append(found, a)
		}
	}
	return found, asOf, nil
}

func (d Deps) anomalyRow(a anomalies.Alert, p period) anomalyRow {
	row := anomalyRow{
		Key:  fmt.Sprintf("%s:%s:%d:%s", a.Kind, a.Subject.Kind, a.Subject.UID, a.Since.In(d.Zone).Format(time.DateOnly)),
		Kind: anomalyKind(a.Kind), Subject: subject{a.Subject.Kind, a.Subject.UID}, Metric: "volume",
		Since: d.instant(a.Since), Ongoing: a.Ongoing(), Seen: a.Seen, Size: a.Size,
	}
	least := anomalies.LeastVolume
	switch a.Kind {
	case anomalies.DepositSpike:
		row.Metric, least = "deposits", anomalies.LeastTransfer
	case anomalies.WithdrawalSpike:
		row.Metric, least = "withdrawals", anomalies.LeastTransfer
	}
	row.Expected.Low, row.Expected.Usual, row.Expected.High = a.ExpectedLow, a.Expected, a.ExpectedHigh
	if !a.Ongoing() {
		row.Until = d.instant(a.Until)
	}
	// By how many times the least size that is worth an alert.
	switch size := max(a.Size, -a.Size); {
	case size >= 100*least:
		row.Severity = "high"
	case size >= 10*least:
		row.Severity = "medium"
	default:
		row.Severity = "low"
	}
	row.Drill = call{"query_metrics", drillArgs{Metrics: []string{string(row.Metric)}, Period: p, GroupBy: "day"}}
	switch a.Subject.Kind {
	case anomalies.Referee:
		row.Drill.Args.UID = a.Subject.UID
	case anomalies.SubPartner:
		row.Drill.Args.SubPartnerUID = a.Subject.UID
	}
	return row
}
