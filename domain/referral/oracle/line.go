package oracle

import (
	"encoding/json"
	"fmt"
	"time"

	"partnerhub/domain/referral"
)

// Line is the event as SPEC 3 has it on the wire, one line of NDJSON with its newline: written out here, whatever
// the JSON form of the structs. Optional fields that are not set are left out, as is the uid of rules.changed,
// which is about no account, and `eligible` where it is true.
func Line(e referral.Event) []byte {
	fields := body(e)
	fields["id"], fields["type"], fields["time"] = e.ID, string(e.Type), e.At.UTC().Format(time.RFC3339Nano)
	if e.UID != 0 {
		fields["uid"] = e.UID
	}
	line, err := json.Marshal(fields)
	if err != nil {
		panic(fmt.Sprintf("oracle: event %q: %v", e.ID, err)) // strings, integers and booleans
	}
	return append(line, '\n')
}

// body are the fields of the event's type.
func body(e referral.Event) map[string]any {
	fields := map[string]any{}
	switch b := e.Body.(type) {
	case referral.Registration:
		if b.ReferralCode != "" {
			fields["referralCode"] = b.ReferralCode
		}
		if b.Country != "" {
			fields["country"] = b.Country
		}
		if b.MasterUID != 0 {
			fields["masterUid"] = b.MasterUID
		}
	case referral.KYC:
		fields["level"] = string(b.Level)
	case referral.VIP:
		fields["spotLevel"], fields["futuresLevel"] = b.SpotLevel, b.FuturesLevel
	case referral.Rates:
		fields["spotRate"], fields["futuresRate"] = b.SpotRate.String(), b.FuturesRate.String()
		if b.BDUID != nil {
			fields["bdUid"] = *b.BDUID
		}
	case referral.Code:
		fields["code"] = b.Code
		if b.SpotRebateRate != nil {
			fields["spotRebateRate"] = b.SpotRebateRate.String()
		}
		if b.FuturesRebateRate != nil {
			fields["futuresRebateRate"] = b.FuturesRebateRate.String()
		}
		if b.Note != nil {
			fields["note"] = *b.Note
		}
		if b.Default != nil {
			fields["default"] = *b.Default
		}
	case referral.Transfer:
		fields["amount"], fields["asset"], fields["method"] = b.Amount, b.Asset, b.Method
		fields["amountUsdt"] = b.AmountUSDT.String()
	case referral.Trade:
		fields["tradeId"], fields["product"], fields["symbol"], fields["side"] = b.TradeID, string(b.Product), b.Symbol, b.Side
		fields["volume"], fields["feeGross"], fields["feePaid"] = b.Volume.String(), b.FeeGross.String(), b.FeePaid.String()
		if b.Ineligible {
			fields["eligible"], fields["reason"] = false, b.Reason
		}
	case referral.Reversal:
		fields["tradeId"], fields["reason"] = b.TradeID, b.Reason
	case referral.Rules:
		fields["mode"], fields["levels"] = string(b.Mode), b.Levels
		fields["spotVipMax"], fields["futuresVipMax"] = b.SpotVIPMax, b.FuturesVIPMax
		fields["spotOverrideRate"], fields["futuresOverrideRate"] = b.SpotOverrideRate.String(), b.FuturesOverrideRate.String()
	default:
		panic(fmt.Sprintf("oracle: event %q: no wire form of a %T", e.ID, b))
	}
	return fields
}
