package tools

import (
	"context"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

type traceArgs struct {
	TradeID string `json:"tradeId,omitempty" max:"128" jsonschema:"one trade, by its id; alone, or else uid and period"`
	UID     int64  `json:"uid,omitempty" min:"1" jsonschema:"the trades of this referee, or the partner's own by their own uid; with period"`
	Period  period `json:"period,omitempty" max:"64" jsonschema:"with uid."`
	Cursor  string `json:"cursor,omitempty" max:"512" jsonschema:"nextCursor of the page before, with all other arguments as they were"`
	Limit   int    `json:"limit,omitempty" min:"1" max:"100" jsonschema:"bookings a page; by default 20"`
}

// check refuses what does not go together.
func (a traceArgs) check() error {
	switch {
	case a.TradeID == "" && a.UID == 0:
		return domain.Invalid("tradeId", "is missing: want tradeId, or uid and period")
	case a.TradeID != "" && a.UID != 0:
		return domain.Invalid("uid", "want tradeId alone, or uid and period")
	case a.TradeID != "" && a.Period != "":
		return domain.Invalid("period", "want tradeId alone, or uid and period")
	case a.TradeID != "" && a.Cursor != "":
		return domain.Invalid("cursor", "there are no pages of a single trade")
	case a.UID != 0 && a.Period == "":
		return domain.Invalid("period", "is missing: want tradeId, or uid and period")
	}
	return nil
}

type traceResult struct {
	span
	Filters    traceFilters `json:"filters"`
	Trade      *tracedTrade `json:"trade,omitempty"` // with tradeId
	Verdict    *verdict     `json:"verdict,omitempty"`
	Rows       []object     `json:"rows"`  // what was booked, the latest first: the trades, and each reversal
	Total      object       `json:"total"` // of the whole period
	NextCursor string       `json:"nextCursor,omitempty"`
}

type traceFilters struct {
	TradeID string `json:"tradeId,omitempty"`
	UID     int64  `json:"uid,omitempty"`
}

// verdict is why, as a word of the domain's list and as a sentence.
type verdict struct {
	Code referral.Verdict `json:"code"`
	Text string           `json:"text"`
}

// tracedTrade is one trade with all that decided what it earned the caller. Instants are in the reporting zone.
type tracedTrade struct {
	TradeID    string           `json:"tradeId"`
	At         string           `json:"at"`
	UID        int64            `json:"uid"`
	Account    int64            `json:"account,omitempty"` // a sub-account that traded
	Relation   string           `json:"relation"`          // direct, indirect or own
	Level      int              `json:"level"`             // 1 direct, 2 and 3 above, 0 own
	Path       []int64          `json:"path"`              // from the caller's direct referee down to the trader
	Code       string           `json:"code,omitempty"`
	Product    referral.Product `json:"product"`
	Symbol     string           `json:"symbol"`
	Side       string           `json:"side"`
	Volume     domain.Money     `json:"volume"`
	FeeGross   domain.Money     `json:"feeGross"`
	Deductions domain.Money     `json:"deductions"`
	FeePaid    domain.Money     `json:"feePaid"` // the base

	Eligible       bool   `json:"eligible"`
	ExcludedReason string `json:"excludedReason,omitempty"` // the exchange's
	RegisteredAt   string `json:"registeredAt"`
	VIPLevel       int    `json:"vipLevel"`
	VIPLimit       int    `json:"vipLimit"`
	Enrolled       *bool  `json:"enrolled,omitempty"` // the caller as a partner, then; not of an own trade
	RuleVersion    string `json:"ruleVersion"`        // id of the rules in force, "default" for those nobody changed
	Mode           string `json:"mode"`
	LevelsLookedAt int    `json:"levelsLookedAt"`
	ReversedAt     string `json:"reversedAt,omitempty"`
	ReversalReason string `json:"reversalReason,omitempty"`

	Rate       *domain.Rate  `json:"rate,omitempty"`       // the caller's, then
	Gross      *domain.Money `json:"gross,omitempty"`      // rate × base
	PaidBelow  *domain.Money `json:"paidBelow,omitempty"`  // to all below the caller, and to the trader; not on level 1
	RebateRate *domain.Rate  `json:"rebateRate,omitempty"` // of the code; on level 1, and of an own trade
	Rebate     *domain.Money `json:"rebate,omitempty"`
}

// TraceCommission shows how what one trade earned came about, or which trades a referee's commission is the sum of.
func TraceCommission(d Deps) Tool {
	return Define("trace_commission",
		"How commission was computed. With tradeId: one trade of a referee's or of the partner's own, with fee, rates, rules and levels in force then, what it earned the partner and why, "+
			"also why nothing. With uid and period: every trade and reversal that the commission from this referee is the sum of.",
		func(ctx context.Context, c domain.Caller, in traceArgs) (out traceResult, err error) {
			if err := in.check(); err != nil {
				return out, err
			}
			if in.TradeID != "" {
				return d.traceTrade(ctx, c, in.TradeID)
			}
			now := d.Now()
			q := referral.TradeQuery{UID: in.UID, Limit: in.Limit, Cursor: in.Cursor}
			if q.Limit == 0 {
				q.Limit = 20
			}
			if q.Period, err = d.read(in.Period, "period", now); err != nil {
				return out, err
			}
			page, err := d.Records.Trades(ctx, c, q, now)
			if err != nil {
				return out, err
			}
			out = traceResult{
				span: d.span(page.Period, page.AsOf), Filters: traceFilters{UID: in.UID}, Rows: make([]object, len(page.Rows)),
				Total: object{{earnedAs(page.Own), page.Total}, {"trades", page.Trades}}, NextCursor: page.Next,
			}
			for i, b := range page.Rows {
				out.Rows[i] = d.booking(b)
			}
			return out, nil
		})
}

// earnedAs is the metric that a trade's amount counts to.
func earnedAs(own bool) string {
	if own {
		return "sharedReceived"
	}
	return "commission"
}

func (d Deps) traceTrade(ctx context.Context, c domain.Caller, id string) (out traceResult, err error) {
	t, err := d.Records.Trade(ctx, c, id)
	if err != nil {
		return out, err
	}
	// The days on which it was booked.
	last := t.At
	if t.ReversedAt.After(last) {
		last = t.ReversedAt
	}
	from := domain.StartOfDay(t.At.In(d.Zone))
	y, m, day := last.In(d.Zone).Date()
	out = traceResult{
		span:    d.span(domain.Period{From: from, To: domain.Midnight(y, m, day+1, d.Zone)}, d.Now()),
		Filters: traceFilters{TradeID: id}, Trade: d.tracedTrade(&t), Verdict: &verdict{t.Verdict(), t.Why(d.Zone)}, Rows: []object{},
	}
	var total domain.Money
	bookings := []referral.Booking{{Trace: t}}
	if !t.ReversedAt.IsZero() {
		bookings = []referral.Booking{{Trace: t, Reversal: true}, {Trace: t}}
	}
	for _, b := range bookings {
		out.Rows = append(out.Rows, d.booking(b))
		total += b.Amount()
	}
	out.Total = object{{earnedAs(t.Relation == referral.OwnTrade), total}}
	return out, nil
}

// booking is one row: the trade's own figures, and what the caller was booked.
func (d Deps) booking(b referral.Booking) object {
	kind := "trade"
	if b.Reversal {
		kind = "reversal"
	}
	o := object{{"key", b.TradeID}, {"kind", kind}, {"at", d.instant(b.At())}, {"product", b.Product}, {"symbol", b.Symbol}, {"volume", b.Volume}, {"feePaid", b.FeePaid}}
	switch {
	case b.Relation == referral.OwnTrade:
		o = append(o, member{"rebateRate", b.RebateRate})
	case b.Enrolled:
		o = append(o, member{"rate", b.Rate})
	}
	if b.Level == 1 {
		o = append(o, member{"rebate", b.Rebate})
	}
	if b.Level > 1 {
		o = append(o, member{"paidBelow", b.PaidBelow})
	}
	return append(o, member{earnedAs(b.Relation == referral.OwnTrade), b.Amount()}, member{"verdict", b.Verdict()})
}

func (d Deps) tracedTrade(t *referral.Trace) *tracedTrade {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return d.instant(t)
	}
	out := &tracedTrade{
		TradeID: t.TradeID, At: at(t.At), UID: t.UID, Relation: string(t.Relation), Level: t.Level, Path: append([]int64{}, t.Path...), Code: t.Code,
		Product: t.Product, Symbol: t.Symbol, Side: t.Side, Volume: t.Volume, FeeGross: t.FeeGross, Deductions: t.FeeGross - t.FeePaid, FeePaid: t.FeePaid,
		Eligible: t.Eligible, RegisteredAt: at(t.RegisteredAt), VIPLevel: t.VIP, VIPLimit: t.VIPLimit,
		RuleVersion: t.RulesID, Mode: string(t.Rules.Mode), LevelsLookedAt: t.Rules.Levels, ReversedAt: at(t.ReversedAt), ReversalReason: t.ReversalReason,
	}
	if out.RuleVersion == "" {
		out.RuleVersion = "default"
	}
	if t.Account != t.UID {
		out.Account = t.Account
	}
	if t.Ineligible {
		out.ExcludedReason = t.Reason
	}
	if t.Relation != referral.OwnTrade {
		out.Enrolled = &t.Enrolled
		if t.Enrolled {
			out.Rate, out.Gross = &t.Rate, &t.Share
		}
	}
	if t.Level > 1 {
		out.PaidBelow = &t.PaidBelow
	} else {
		out.RebateRate, out.Rebate = &t.RebateRate, &t.Rebate
	}
	return out
}
