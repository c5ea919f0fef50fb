package tools

import (
	"context"
	"slices"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
	"partnerhub/domain/referral"
)

type proposeCodeArgs struct {
	Code              string      `json:"code,omitempty" max:"32" jsonschema:"its text: 3 to 32 of A-Z, a-z, 0-9, _ and -; made up when absent; one that the partner has is changed"`
	SpotRebateRate    domain.Rate `json:"spotRebateRate" jsonschema:"what the referees get back of their spot and margin fees: a fraction, 0.1 is 10 percent; up to the partner's own rate"`
	FuturesRebateRate domain.Rate `json:"futuresRebateRate" jsonschema:"the same of their futures fees"`
	Note              string      `json:"note,omitempty" max:"200" jsonschema:"a note that only the partner sees; a code that is changed keeps its own when absent"`
	Default           bool        `json:"default,omitempty" jsonschema:"make it the code that is used when no other is named"`
}

// ProposeReferralCode proposes a new referral code, or other terms for one (SPEC 11).
func ProposeReferralCode(d Deps) Tool {
	return proposer(d, "propose_referral_code", "Propose a new referral code with its rebate rates or, by the name of a code that the partner has, other terms for that one. Ask for the rates when the partner has not said them; never choose them.",
		func(ctx context.Context, c domain.Caller, in proposeCodeArgs) (proposal.Kind, any, error) {
			kind := proposal.CreateCode
			if in.Code != "" && d.Records != nil {
				own, err := d.Records.Codes(ctx, c)
				if err != nil {
					return kind, nil, err
				}
				if slices.ContainsFunc(own, func(x referral.ReferralCode) bool { return x.Code == in.Code }) {
					kind = proposal.ChangeCode
				}
			}
			return kind, referral.NewCode(in), nil
		})
}
