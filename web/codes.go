package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Code is one of the caller's referral codes as it is set.
type Code struct {
	Code              string      `json:"code"`
	CreatedAt         time.Time   `json:"createdAt"`
	Default           bool        `json:"default"`
	SpotRebateRate    domain.Rate `json:"spotRebateRate" doc:"a fraction of the fee, a decimal string"`
	FuturesRebateRate domain.Rate `json:"futuresRebateRate" doc:"a fraction of the fee, a decimal string"`
	Note              string      `json:"note,omitempty"`
}

func codeOf(c referral.ReferralCode) Code {
	return Code{Code: c.Code, CreatedAt: c.CreatedAt, Default: c.Default, SpotRebateRate: c.Spot, FuturesRebateRate: c.Futures, Note: c.Note}
}

// CodeList is the answer of list_referral_codes: each code, and what it brought over the period.
type CodeList struct {
	Span
	Rows  []CodeRow  `json:"rows"`
	Total CodeTotals `json:"total"`
}

// CodeRow is a code; those with the most commission come first.
type CodeRow struct {
	Key               string `json:"key" doc:"the code"`
	CreatedAt         string `json:"createdAt" format:"date-time"`
	Default           bool   `json:"default"`
	SpotRebateRate    string `json:"spotRebateRate"`
	FuturesRebateRate string `json:"futuresRebateRate"`
	Note              string `json:"note,omitempty"`
	CodeFigures
}

// CodeTotals are those of all codes.
type CodeTotals struct {
	Codes int `json:"codes"`
	CodeFigures
}

// CodeFigures are what came through a code: referees by the end of the period, the rest in it.
type CodeFigures struct {
	Referees     int64  `json:"referees"`
	Direct       int64  `json:"direct"`
	Indirect     int64  `json:"indirect"`
	NewReferrals int64  `json:"newReferrals"`
	Commission   string `json:"commission"`
	Volume       string `json:"volume"`
}

type newCodeInput struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"100" doc:"the same key again returns the code that it made"`
	Body struct {
		Code              string `json:"code,omitempty" doc:"3 to 32 of A-Z, a-z, 0-9, _ and -; made up when absent"`
		SpotRebateRate    string `json:"spotRebateRate" maxLength:"20" doc:"a fraction of the fee, a decimal string, up to your own rate"`
		FuturesRebateRate string `json:"futuresRebateRate" maxLength:"20" doc:"a fraction of the fee, a decimal string, up to your own rate"`
		Note              string `json:"note,omitempty"`
		Default           bool   `json:"default,omitempty"`
	}
}

// code is what is asked for. The error names a rate that is none.
func (in *newCodeInput) code() (n referral.NewCode, err error) {
	n = referral.NewCode{Code: in.Body.Code, Note: in.Body.Note, Default: in.Body.Default}
	if n.SpotRebateRate, err = rateOf("spotRebateRate", in.Body.SpotRebateRate); err == nil {
		n.FuturesRebateRate, err = rateOf("futuresRebateRate", in.Body.FuturesRebateRate)
	}
	return n, err
}

func rateOf(field, text string) (domain.Rate, error) {
	r, err := domain.ParseRate(text)
	if err != nil {
		return 0, domain.Invalid(field, "%v", err)
	}
	return r, nil
}

type changeCodeInput struct {
	Code string `path:"code" maxLength:"32"`
	Body struct {
		SpotRebateRate    *string `json:"spotRebateRate,omitempty" maxLength:"20"`
		FuturesRebateRate *string `json:"futuresRebateRate,omitempty" maxLength:"20"`
		Note              *string `json:"note,omitempty"`
		Default           *bool   `json:"default,omitempty"`
	}
}

func (in *changeCodeInput) change() (c referral.CodeChange, err error) {
	c = referral.CodeChange{Note: in.Body.Note, Default: in.Body.Default}
	for _, r := range []struct {
		field string
		text  *string
		rate  **domain.Rate
	}{{"spotRebateRate", in.Body.SpotRebateRate, &c.SpotRebateRate}, {"futuresRebateRate", in.Body.FuturesRebateRate, &c.FuturesRebateRate}} {
		if r.text == nil {
			continue
		}
		rate, err := rateOf(r.field, *r.text)
		if err != nil {
			return c, err
		}
		*r.rate = &rate
	}
	return c, nil
}

// registerCodes adds the caller's referral codes and commission rates. Rates are fractions, decimal strings.
func (s *server) registerCodes(api huma.API) {
	if t, ok := s.tools["list_referral_codes"]; ok {
		serveTool[CodeList](s, api, "list-codes", "/v1/codes", "The caller's referral codes, and what each brought over a period", t, map[string]string{"period": "this_month"})
	}
	op := func(id, method, path, summary string) huma.Operation {
		o := s.operation(api, id, method, path, summary)
		o.MaxBodyBytes = 16 << 10
		o.Errors = append(o.Errors, http.StatusConflict, http.StatusNotFound)
		return o
	}
	huma.Register(api, op("create-code", http.MethodPost, "/v1/codes", "Create a referral code; without a name one is made up"), func(ctx context.Context, in *newCodeInput) (*bodyOf[Code], error) {
		n, err := in.code()
		if err != nil {
			return nil, problemOf(err)
		}
		code, err := s.Store.CreateCode(ctx, caller(ctx), n, in.Key, s.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[Code]{codeOf(code)}, nil
	})
	huma.Register(api, op("change-code", http.MethodPatch, "/v1/codes/{code}", "Change a code's rebates from now on, its note, or whether it is the default"), func(ctx context.Context, in *changeCodeInput) (*bodyOf[Code], error) {
		change, err := in.change()
		if err != nil {
			return nil, problemOf(err)
		}
		code, err := s.Store.ChangeCode(ctx, caller(ctx), in.Code, change, s.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[Code]{codeOf(code)}, nil
	})
	huma.Register(api, op("get-rates", http.MethodGet, "/v1/rates", "The caller's own commission rates"), func(ctx context.Context, _ *struct{}) (*bodyOf[referral.CommissionRates], error) {
		c := caller(ctx)
		if err := c.Require(domain.RolePartner); err != nil {
			return nil, problemOf(err)
		}
		r, err := s.Store.Rates(ctx, c, s.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[referral.CommissionRates]{r}, nil
	})
}
