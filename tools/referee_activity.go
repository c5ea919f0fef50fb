package tools

import (
	"context"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

type activityArgs struct {
	Period period `json:"period" min:"1" max:"64" jsonschema:"at most 92 days."`
	narrowing
}

type activityResult struct {
	span
	CompareTo   interval      `json:"compareTo"` // the part of the preceding period that activeBefore, the trend and the movers compare with
	ToDate      bool          `json:"toDate"`
	Filters     narrowing     `json:"filters"`
	Counts      activeCounts  `json:"counts"`
	ByProduct   []tendency    `json:"byProduct"`
	Symbols     []tendency    `json:"symbols"` // the largest by volume
	SymbolCount int64         `json:"symbolCount"`
	Hours       []timeOfDay   `json:"hours"` // of the day, 00:00 to 23:00 in the reporting zone
	Weekdays    []timeOfDay   `json:"weekdays"`
	TrendBy     dimension     `json:"trendBy"`
	Trend       []trendRow    `json:"trend"`
	Rows        []object      `json:"rows"` // referees whose volume changed the most
	Total       activityTotal `json:"total"`
}

// activeCounts counts referees. Who is dormant, inactive or new is so whatever product is asked for.
type activeCounts struct {
	Total        int64 `json:"total"`
	Active       int64 `json:"active"` // traded in the period
	ActiveBefore int64 `json:"activeBefore"`
	Dormant      int64 `json:"dormant"` // as of now, as inactive
	Inactive     int64 `json:"inactive"`
	New          int64 `json:"new"` // signed up in the period
}

type tendency struct {
	Key     string       `json:"key"`
	Volume  domain.Money `json:"volume"`
	Trades  int64        `json:"trades"`
	Traders int64        `json:"traders"`
	Share   *string      `json:"share"` // percent of the volume; null where there is none
}

type timeOfDay struct {
	Key    string       `json:"key"`
	Volume domain.Money `json:"volume"`
	Trades int64        `json:"trades"`
}

type trendRow struct {
	Key             string       `json:"key"`
	Traders         int64        `json:"traders"`
	Volume          domain.Money `json:"volume"`
	Trades          int64        `json:"trades"`
	PreviousKey     string       `json:"previousKey"` // "" where the earlier period is shorter
	PreviousTraders int64        `json:"previousTraders"`
}

type activityTotal struct {
	Traders      int64         `json:"traders"`
	Volume       domain.Money  `json:"volume"`
	Trades       int64         `json:"trades"`
	AverageTrade *domain.Money `json:"averageTrade"` // volume by trades, the remainder dropped; null without trades
}

// RefereeActivity reports how active the caller's referees are and what they tend to trade.
func RefereeActivity(d Deps) Tool {
	return Define("referee_activity",
		"How active the partner's referees are over a period and how they trade: active, dormant, inactive and new ones, the trend of active traders "+
			"against the period before, products, top symbols, hours of the day, weekdays, trade sizes, and whose volume changed the most. "+
			"For the names behind the counts use list_referees.",
		func(ctx context.Context, c domain.Caller, in activityArgs) (out activityResult, err error) {
			now := d.Now()
			p, err := d.read(in.Period, "period", now)
			if err != nil {
				return out, err
			}
			earlier := p.Preceding(d.Zone)
			toDate := p.Contains(now)
			if toDate {
				earlier = p.ToDate(earlier, now, d.Zone)
			}
			r, err := d.Records.Activity(ctx, c, referral.ActivityQuery{Period: p, Earlier: earlier, Product: referral.Product(in.Product), Relation: referral.Relation(in.Relation)}, now)
			if err != nil {
				return out, err
			}
			out = activityResult{
				span: d.span(p, now), CompareTo: d.interval(earlier), ToDate: toDate, Filters: in.narrowing,
				Counts:    activeCounts{Total: r.Total, Active: r.Active, ActiveBefore: r.Before, Dormant: r.Dormant, Inactive: r.Inactive, New: r.New},
				ByProduct: tendencies(r.ByProduct, r.Volume), Symbols: tendencies(r.TopSymbols, r.Volume), SymbolCount: r.Symbols,
				Hours: timesOf(r.Hours[:]), Weekdays: timesOf(r.Weekdays[:]), TrendBy: dimension(referral.TrendUnit(p)),
				Trend: make([]trendRow, len(r.Trend)), Rows: make([]object, len(r.Movers)),
				Total: activityTotal{Traders: r.Active, Volume: r.Volume, Trades: r.Trades},
			}
			for i, t := range r.Trend {
				out.Trend[i] = trendRow{Key: t.Key, Traders: t.Traders, Volume: t.Volume, Trades: t.Trades, PreviousKey: t.Before, PreviousTraders: t.Traded}
			}
			for i, m := range r.Movers {
				out.Rows[i] = object{{"key", uidKey(m.UID)}, {"volume", object{
					{"current", m.Current}, {"previous", m.Previous}, {"delta", m.Change()}, {"percent", domain.Percent(int64(m.Current), int64(m.Previous))}}}}
			}
			if r.Trades > 0 {
				average := r.Volume / domain.Money(r.Trades)
				out.Total.AverageTrade = &average
			}
			return out, nil
		})
}

func tendencies(rows []referral.Tendency, total domain.Money) []tendency {
	out := make([]tendency, len(rows))
	for i, t := range rows {
		out[i] = tendency{Key: t.Key, Volume: t.Volume, Trades: t.Trades, Traders: t.Traders, Share: share(int64(t.Volume), int64(total))}
	}
	return out
}

func timesOf(rows []referral.Tendency) []timeOfDay {
	out := make([]timeOfDay, len(rows))
	for i, t := range rows {
		out[i] = timeOfDay{Key: t.Key, Volume: t.Volume, Trades: t.Trades}
	}
	return out
}
