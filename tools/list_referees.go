package tools

import (
	"context"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Arguments that say which referees are meant.
type (
	kycLevel    string
	activity    string
	refereeSort string
)

func (kycLevel) Enum() []string    { return names(referral.KYCLevels...) }
func (activity) Enum() []string    { return names(referral.Activities...) }
func (refereeSort) Enum() []string { return names(referral.RefereeSorts...) }

// refereeFilters, written out again, are the filters of a result.
type refereeFilters struct {
	KYC           kycLevel `json:"kyc,omitempty" jsonschema:"exactly this level of verification"`
	Deposited     *bool    `json:"deposited,omitempty" jsonschema:"with or without a completed deposit, whenever"`
	Traded        *bool    `json:"traded,omitempty" jsonschema:"with or without a trade in the period"`
	Activity      activity `json:"activity,omitempty" jsonschema:"active: a trade in the period; dormant: has traded, but not in the last 30 days; inactive: never traded"`
	VIPMin        int      `json:"vipMin,omitempty" min:"0" max:"100" jsonschema:"the higher one of the spot and futures VIP levels is at least this"`
	Registered    period   `json:"registered,omitempty" max:"64" jsonschema:"signed up in this period."`
	Code          string   `json:"code,omitempty" max:"64" jsonschema:"came through this referral code"`
	Country       string   `json:"country,omitempty" max:"64" jsonschema:"of this country, as in the rows: a code of two letters, or unknown"`
	Relation      relation `json:"relation,omitempty" jsonschema:"only direct or only indirect ones"`
	SubPartnerUID int64    `json:"subPartnerUid,omitempty" min:"1" jsonschema:"indirect ones below this sub-partner"`
	Note          string   `json:"note,omitempty" max:"64" jsonschema:"words in the note of the referral code they came through, or in the partner's own note on them"`
}

type listArgs struct {
	refereeFilters
	Period period      `json:"period,omitempty" max:"64" jsonschema:"the period of the figures; by default last_30_days."`
	Sort   refereeSort `json:"sort,omitempty" jsonschema:"by default registeredAt; commission and volume are those of the period"`
	Order  string      `json:"order,omitempty" enum:"asc,desc" jsonschema:"by default desc"`
	Cursor string      `json:"cursor,omitempty" max:"512" jsonschema:"nextCursor of the page before, with all other arguments as they were"`
	Limit  int         `json:"limit,omitempty" min:"1" max:"200" jsonschema:"referees a page; by default 20"`
}

type listResult struct {
	span
	Filters    refereeFilters `json:"filters"`
	Sort       refereeSort    `json:"sort"`
	Order      string         `json:"order"`
	Rows       []refereeRow   `json:"rows"`
	Total      int64          `json:"total"` // all that match
	NextCursor string         `json:"nextCursor,omitempty"`
}

// refereeRow is a referee in a result. Instants are in the reporting zone; one that never came is left out.
type refereeRow struct {
	Key               string       `json:"key"`
	Relation          string       `json:"relation"`
	SubPartnerUID     int64        `json:"subPartnerUid,omitempty"`
	Code              string       `json:"code"`
	Country           string       `json:"country"`
	RegisteredAt      string       `json:"registeredAt"`
	KYC               string       `json:"kyc"`
	VerifiedAt        string       `json:"verifiedAt,omitempty"`
	FirstDepositAt    string       `json:"firstDepositAt,omitempty"`
	FirstTradeAt      string       `json:"firstTradeAt,omitempty"`
	LastTradeAt       string       `json:"lastTradeAt,omitempty"`
	Activity          string       `json:"activity"` // as of now
	Partner           bool         `json:"partner"`
	SpotVIP           int          `json:"spotVip"`
	FuturesVIP        int          `json:"futuresVip"`
	SpotRebateRate    domain.Rate  `json:"spotRebateRate"`
	FuturesRebateRate domain.Rate  `json:"futuresRebateRate"`
	Note              string       `json:"note,omitempty"`    // the code's
	OwnNote           string       `json:"ownNote,omitempty"` // the partner's, on the referee
	Commission        domain.Money `json:"commission"`
	Volume            domain.Money `json:"volume"`
}

// ListReferees lists the caller's referees, a page at a time.
func ListReferees(d Deps) Tool {
	return Define("list_referees",
		"The partner's referees, one row each with their dates, levels, activity, and commission and volume over a period; "+
			"filtered and sorted. For the best or worst by another figure use leaderboard; for one referee, get_referee.",
		func(ctx context.Context, c domain.Caller, in listArgs) (out listResult, err error) {
			return d.listReferees(ctx, c, in, "")
		})
}

func (d Deps) listReferees(ctx context.Context, c domain.Caller, in listArgs, search string) (out listResult, err error) {
	now := d.now()
	q, err := d.refereeQuery(&in, now)
	if err != nil {
		return out, err
	}
	q.Search = search
	page, err := d.Referees.Referees(ctx, c, q, now)
	if err != nil {
		return out, err
	}
	out = listResult{
		span: d.span(page.Period, now), Filters: in.refereeFilters, Sort: in.Sort, Order: in.Order,
		Rows: make([]refereeRow, len(page.Rows)), Total: page.Total, NextCursor: page.Next,
	}
	for i, r := range page.Rows {
		out.Rows[i] = d.refereeRow(r, now)
	}
	return out, nil
}

// refereeQuery is what the arguments ask of the store, and fills in those that were left to their defaults.
func (d Deps) refereeQuery(in *listArgs, now time.Time) (q referral.RefereeQuery, err error) {
	if in.Sort == "" {
		in.Sort = refereeSort(referral.SortRegisteredAt)
	}
	if in.Order == "" {
		in.Order = "desc"
	}
	if in.Limit == 0 {
		in.Limit = 20
	}
	if in.Period == "" {
		in.Period = referral.DefaultActivityPeriod
	}
	q = referral.RefereeQuery{
		KYC: referral.KYCLevel(in.KYC), Deposited: in.Deposited, Traded: in.Traded, Activity: referral.Activity(in.Activity), VIPMin: in.VIPMin,
		Code: in.Code, Country: in.Country, Relation: referral.Relation(in.Relation), SubPartnerUID: in.SubPartnerUID, Note: in.Note,
		Sort: referral.RefereeSort(in.Sort), Ascending: in.Order == "asc", Limit: in.Limit, Cursor: in.Cursor,
	}
	if in.Registered != "" {
		if q.Registered, err = d.read(in.Registered, "registered", now); err != nil {
			return q, err
		}
	}
	q.Period, err = d.read(in.Period, "period", now)
	return q, err
}

func (d Deps) refereeRow(r referral.RefereeRow, now time.Time) refereeRow {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return d.instant(t)
	}
	return refereeRow{
		Key: uidKey(r.UID), Relation: string(r.Relation), SubPartnerUID: r.SubPartnerUID, Code: r.Code, Country: r.Country,
		RegisteredAt: at(r.RegisteredAt), KYC: string(r.KYC), VerifiedAt: at(r.VerifiedAt),
		FirstDepositAt: at(r.FirstDepositAt), FirstTradeAt: at(r.FirstTradeAt), LastTradeAt: at(r.LastTradeAt),
		Activity: string(r.Activity(now, d.Zone)), Partner: r.Partner, SpotVIP: r.SpotVIP, FuturesVIP: r.FuturesVIP,
		SpotRebateRate: r.SpotRebateRate, FuturesRebateRate: r.FuturesRebateRate, Note: r.Note, OwnNote: r.OwnNote, Commission: r.Commission, Volume: r.Volume,
	}
}
