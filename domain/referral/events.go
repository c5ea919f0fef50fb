// Package referral holds the rules of the referral program: the events that come in, the tree, commission,
// and the metrics derived from them (SPEC 2 to 5).
package referral

import (
	"time"

	"partnerhub/domain"
)

// EventType is the `type` of an event (SPEC 3).
type EventType string

// The event types. To add one: a constant, a body type, a case in ingest's decoder, a golden file.
const (
	AccountRegistered   EventType = "account.registered"
	KYCCompleted        EventType = "kyc.completed"
	VIPChanged          EventType = "vip.changed"
	PartnerEnrolled     EventType = "partner.enrolled"
	PartnerRates        EventType = "partner.rates"
	ReferralCodeCreated EventType = "referral_code.created"
	ReferralCodeChanged EventType = "referral_code.changed"
	DepositCompleted    EventType = "deposit.completed"
	WithdrawalCompleted EventType = "withdrawal.completed"
	TradeExecuted       EventType = "trade.executed"
	TradeReversed       EventType = "trade.reversed"
	RulesChanged        EventType = "rules.changed"
)

// Event is a fact that the exchange sent, validated.
type Event struct {
	ID   string // unique over all events, at most 128 bytes
	Type EventType
	At   time.Time // when it happened, UTC, in microseconds as PostgreSQL keeps them
	UID  int64     // the account it is about; 0 for rules.changed
	Body Body
}

// Body is the part of an event that depends on its type: one of the types below.
type Body interface{ eventType() EventType }

// Registration is the body of account.registered.
type Registration struct {
	ReferralCode string `json:"referralCode,omitempty"`
	Country      string `json:"country,omitempty"`
	MasterUID    int64  `json:"masterUid,omitempty"` // not 0: a sub-account of that account
}

// KYC is the body of kyc.completed.
type KYC struct {
	Level KYCLevel `json:"level"`
}

// KYCLevel is how far an account's identity is verified.
type KYCLevel string

// The levels. An account without a completed KYC is at KYCNone.
const (
	KYCNone     KYCLevel = "none"
	KYCBasic    KYCLevel = "basic"
	KYCAdvanced KYCLevel = "advanced"
)

// VIP is the body of vip.changed.
type VIP struct {
	SpotLevel    int `json:"spotLevel"` // 0 to 100
	FuturesLevel int `json:"futuresLevel"`
}

// Rates is the body of partner.enrolled and partner.rates.
type Rates struct {
	Enrolled    bool        `json:"-"` // true in partner.enrolled
	SpotRate    domain.Rate `json:"spotRate"`
	FuturesRate domain.Rate `json:"futuresRate"`
	BDUID       *int64      `json:"bdUid,omitempty"` // nil: unchanged
}

// Code is the body of referral_code.created and referral_code.changed. In a change, a nil field stays as it was.
type Code struct {
	Created           bool         `json:"-"` // true in referral_code.created
	Code              string       `json:"code"`
	SpotRebateRate    *domain.Rate `json:"spotRebateRate,omitempty"`
	FuturesRebateRate *domain.Rate `json:"futuresRebateRate,omitempty"`
	Note              *string      `json:"note,omitempty"`
	Default           *bool        `json:"default,omitempty"`
}

// Transfer is the body of deposit.completed and withdrawal.completed.
type Transfer struct {
	Withdrawal bool         `json:"-"` // true in withdrawal.completed
	Amount     string       `json:"amount"`
	Asset      string       `json:"asset"`
	Method     string       `json:"method"` // crypto, p2p or fiat
	AmountUSDT domain.Money `json:"amountUsdt"`
}

// Product is what was traded.
type Product string

// The products. Margin uses the spot rate and the spot VIP limit (SPEC 4.1).
const (
	Spot    Product = "spot"
	Margin  Product = "margin"
	Futures Product = "futures"
)

// Trade is the body of trade.executed.
type Trade struct {
	TradeID    string       `json:"tradeId"`
	Product    Product      `json:"product"`
	Symbol     string       `json:"symbol"`
	Side       string       `json:"side"`
	Volume     domain.Money `json:"volume"`
	FeeGross   domain.Money `json:"feeGross"`
	FeePaid    domain.Money `json:"feePaid"`              // after coupon, bonus and discount; never above FeeGross
	Ineligible bool         `json:"ineligible,omitempty"` // eligible: false on the wire
	Reason     string       `json:"reason,omitempty"`     // why it is not eligible
}

// Reversal is the body of trade.reversed.
type Reversal struct {
	TradeID string `json:"tradeId"`
	Reason  string `json:"reason"`
}

func (Registration) eventType() EventType { return AccountRegistered }
func (KYC) eventType() EventType          { return KYCCompleted }
func (VIP) eventType() EventType          { return VIPChanged }
func (Trade) eventType() EventType        { return TradeExecuted }
func (Reversal) eventType() EventType     { return TradeReversed }
func (Rules) eventType() EventType        { return RulesChanged }
func (r Rates) eventType() EventType {
	if r.Enrolled {
		return PartnerEnrolled
	}
	return PartnerRates
}
func (c Code) eventType() EventType {
	if c.Created {
		return ReferralCodeCreated
	}
	return ReferralCodeChanged
}
func (t Transfer) eventType() EventType {
	if t.Withdrawal {
		return WithdrawalCompleted
	}
	return DepositCompleted
}
