package bingx

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
)

// list is the data of every list.
type list[T any] struct {
	List  []T   `json:"list"`
	Total int64 `json:"total"`
	Agent id    `json:"currentAgentUid"` // 0: not told
}

type invitee struct {
	UID        id     `json:"uid"`
	Code       string `json:"InvitationCode"`
	Registered millis `json:"registerTime"`
	Direct     flag   `json:"directInvitation"`
	KYC        flag   `json:"kycResult"`
	Deposit    flag   `json:"deposit"`
	Trade      flag   `json:"trade"`
}

type commission struct {
	UID            id     `json:"uid"`
	Time           millis `json:"commissionTime"`
	Volume         amount `json:"tradingVolume"` // of all business lines
	Commission     amount `json:"commissionVolume"`
	SpotVolume     amount `json:"spotTradingVolume"`
	SwapVolume     amount `json:"swapTradingVolume"`
	StdVolume      amount `json:"stdTradingVolume"`
	SpotCommission amount `json:"spotCommissionVolume"`
	SwapCommission amount `json:"swapCommissionVolume"`
	StdCommission  amount `json:"stdCommissionVolume"`
}

type deposit struct {
	UID    id     `json:"uid"`
	Time   millis `json:"bizTime"`
	Kind   string `json:"assetTypeName"`
	Asset  string `json:"currencyName"`
	Amount digits `json:"currencyAmountVolume"`
}

type partner struct {
	UID           id     `json:"uid"`
	Type          int    `json:"referralType"` // 1: direct
	NewReferees   count  `json:"newReferees"`
	FirstTrade    count  `json:"firstTrade"`
	Deposits      amount `json:"branchDeposits"`
	TradingVolume amount `json:"branchTradingVol"`
}

// id is a uid, which they write as a number or a string of up to 64 bits.
type id int64

func (v *id) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(unquoted(b)), 10, 64)
	if err != nil || n < 0 {
		return domain.Invalid("uid", "%.40s is no uid", b)
	}
	*v = id(n)
	return nil
}

// count is a number that they write as a string.
type count int64

func (v *count) UnmarshalJSON(b []byte) error {
	text := unquoted(b)
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return domain.Invalid("", "%.40s is no whole number", b)
	}
	*v = count(n)
	return nil
}

// digits is a decimal of any length as they wrote it.
type digits string

func (v *digits) UnmarshalJSON(b []byte) error {
	text := string(unquoted(b))
	if text == "null" {
		text = ""
	}
	if len(text) > 64 || strings.Trim(text, "0123456789.-") != "" {
		return domain.Invalid("", "%.40s is no decimal", b)
	}
	*v = digits(text)
	return nil
}

// amount is an amount of USDT. What is below a millionth is cut off, as everywhere (SPEC 2).
type amount domain.Money

func (v *amount) UnmarshalJSON(b []byte) error {
	text := string(unquoted(b))
	if text == "" || text == "null" {
		return nil
	}
	if whole, frac, ok := strings.Cut(text, "."); ok && len(frac) > 6 {
		if strings.Trim(frac, "0123456789") != "" {
			return domain.Invalid("", "%.40s is no decimal", b)
		}
		text = whole + "." + frac[:6]
	}
	var m domain.Money
	if err := m.UnmarshalJSON([]byte(text)); err != nil {
		return domain.Invalid("", "%.40s is no amount", b)
	}
	*v = amount(m)
	return nil
}

// flag is a boolean that is sometimes a string.
type flag bool

func (v *flag) UnmarshalJSON(b []byte) error {
	on, err := strconv.ParseBool(string(unquoted(b)))
	if err != nil {
		return domain.Invalid("", "%.40s is neither true nor false", b)
	}
	*v = flag(on)
	return nil
}

// millis is an instant in milliseconds, or a date of eight digits.
type millis int64

func (v *millis) UnmarshalJSON(b []byte) error {
	text := unquoted(b)
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 0 {
		return domain.Invalid("", "%.40s is no time", b)
	}
	*v = millis(n)
	return nil
}

// day is the date in the exchange's zone, as midnight UTC, which is how a date goes to the database.
func (v millis) day(zone *time.Location) time.Time {
	if v < 1e8 { // a date
		return time.Date(int(v)/10_000, time.Month(int(v)/100%100), int(v)%100, 0, 0, 0, 0, time.UTC)
	}
	y, m, d := time.UnixMilli(int64(v)).In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func unquoted(b []byte) []byte { return bytes.Trim(b, `"`) }
