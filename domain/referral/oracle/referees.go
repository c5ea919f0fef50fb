package oracle

import (
	"cmp"
	"slices"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// eternity is after every event: what is in force then is the latest version.
var eternity = time.Date(domain.MaxYear+1, 1, 1, 0, 0, 0, 0, time.UTC)

// Referee is a main account at most three referrals below a partner. A zero time means never.
type Referee struct {
	UID               int64
	Relation          referral.Relation
	SubPartnerUID     int64  // of an indirect referee: my direct referee on the path, if ever enrolled; else 0
	Code              string // mine, through which the path starts
	Note              string // the code's
	OwnNote           string // of no event: never
	Country           string // "unknown" where it is missing
	RegisteredAt      time.Time
	KYC               referral.KYCLevel // the highest completed
	VerifiedAt        time.Time         // the first advanced KYC
	FirstDepositAt    time.Time
	FirstTradeAt      time.Time
	LastTradeAt       time.Time // executed, reversed or not
	Partner           bool      // ever enrolled
	SpotVIP           int       // the latest version, as the rates below
	FuturesVIP        int
	SpotRebateRate    domain.Rate // of Code
	FuturesRebateRate domain.Rate
}

// Referees lists the partner's referees by ascending uid.
func (o *Oracle) Referees(partner int64) []Referee {
	var list []Referee
	for uid := range o.registrations {
		level := slices.Index(o.path(uid), partner)
		if level < 0 {
			continue // sub-accounts among them: they have no path
		}
		first := uid // my direct referee on the path
		if level > 0 {
			first = o.path(uid)[level-1]
		}
		r := o.profile(uid)
		r.Relation = referral.Direct
		if level > 0 {
			r.Relation = referral.Indirect
			if o.everEnrolled(first) {
				r.SubPartnerUID = first
			}
		}
		r.Code = o.registrations[first].Body.(referral.Registration).ReferralCode
		terms := o.codeAt(r.Code, eternity)
		r.Note, r.SpotRebateRate, r.FuturesRebateRate = terms.note, terms.spot, terms.futures
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Referee) int { return cmp.Compare(a.UID, b.UID) })
	return list
}

// profile is what is so about a main account whoever asks.
func (o *Oracle) profile(uid int64) Referee {
	e := o.registrations[uid]
	vip := o.vipAt(uid, eternity)
	r := Referee{
		UID: uid, RegisteredAt: e.At, Country: e.Body.(referral.Registration).Country,
		KYC: referral.KYCNone, Partner: o.everEnrolled(uid), SpotVIP: vip.SpotLevel, FuturesVIP: vip.FuturesLevel,
	}
	if r.Country == "" {
		r.Country = "unknown"
	}
	for _, e := range o.of[uid] {
		k, ok := e.Body.(referral.KYC)
		switch {
		case !ok || r.KYC == referral.KYCAdvanced:
		case k.Level == referral.KYCAdvanced:
			r.KYC, r.VerifiedAt = referral.KYCAdvanced, e.At
		default:
			r.KYC = referral.KYCBasic
		}
	}
	for _, d := range o.deals { // in order of time
		if d.main == uid && !d.reversal {
			if r.FirstTradeAt.IsZero() {
				r.FirstTradeAt = d.at
			}
			r.LastTradeAt = d.at
		}
	}
	for _, m := range o.moves { // in order of time
		if m.main == uid && !m.withdrawal && r.FirstDepositAt.IsZero() {
			r.FirstDepositAt = m.at
		}
	}
	return r
}

func (o *Oracle) everEnrolled(uid int64) bool {
	_, enrolled := o.rateAt(uid, referral.Spot, eternity)
	return enrolled
}
