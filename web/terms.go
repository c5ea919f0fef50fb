package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/domain/task"
	"partnerhub/store"
)

// termsTimeout bounds a change of rates or rules: one that is dated back attributes every trade since then again.
const termsTimeout = 2 * time.Minute

// ChangeInput is what every change of rates and rules has. It is exported for huma, which fills in no embedded struct that is not.
type ChangeInput struct {
	Key string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"100" doc:"the same request again under the same key is done once"`
}

// EffectiveAt is from when on a change counts.
type EffectiveAt struct {
	EffectiveAt string `json:"effectiveAt,omitempty" maxLength:"40" doc:"from when on: RFC 3339, or a date as its beginning in the reporting zone, within a year of now; none: from now on. Trades since then are attributed again"`
}

// termChange is how a change is made.
func (s *server) termChange(key string, e EffectiveAt) (store.TermChange, error) {
	at, err := task.Instant("effectiveAt", e.EffectiveAt, s.Zone)
	return store.TermChange{At: at, Key: key}, err
}

type uidInput struct {
	UID int64 `path:"uid" minimum:"1"`
}

type setRatesInput struct {
	ChangeInput
	UID  int64 `path:"uid" minimum:"1"`
	Body struct {
		SpotRate    string `json:"spotRate" maxLength:"20" doc:"a fraction of the fee, a decimal string; margin too"`
		FuturesRate string `json:"futuresRate" maxLength:"20" doc:"a fraction of the fee, a decimal string"`
		BDUID       *int64 `json:"bdUid,omitempty" minimum:"1" doc:"none: unchanged"`
		EffectiveAt
	}
}

type setVIPInput struct {
	ChangeInput
	UID  int64 `path:"uid" minimum:"1"`
	Body struct {
		SpotLevel    int `json:"spotLevel" minimum:"0" maximum:"100"`
		FuturesLevel int `json:"futuresLevel" minimum:"0" maximum:"100"`
		EffectiveAt
	}
}

type codeInput struct {
	Code string `path:"code" maxLength:"32"`
}

type setRebatesInput struct {
	ChangeInput
	Code string `path:"code" maxLength:"32"`
	Body struct {
		SpotRebateRate    *string `json:"spotRebateRate,omitempty" maxLength:"20" doc:"a fraction of the fee, a decimal string; none: unchanged"`
		FuturesRebateRate *string `json:"futuresRebateRate,omitempty" maxLength:"20" doc:"a fraction of the fee, a decimal string; none: unchanged"`
		EffectiveAt
	}
}

type setRulesInput struct {
	ChangeInput
	Body struct {
		Mode                referral.Mode `json:"mode" enum:"differential,fixed_override"`
		Levels              int           `json:"levels" minimum:"1" maximum:"3" doc:"accounts looked at upwards"`
		SpotVIPMax          int           `json:"spotVipMax" minimum:"0" maximum:"100" doc:"above this level, spot and margin trades earn nothing"`
		FuturesVIPMax       int           `json:"futuresVipMax" minimum:"0" maximum:"100"`
		SpotOverrideRate    string        `json:"spotOverrideRate,omitempty" maxLength:"20" doc:"of fixed_override, a fraction"`
		FuturesOverrideRate string        `json:"futuresOverrideRate,omitempty" maxLength:"20" doc:"of fixed_override, a fraction"`
		EffectiveAt
	}
}

type settingInput struct {
	Name string `path:"name" maxLength:"40"`
	Body struct {
		Value string `json:"value" maxLength:"100"`
	}
}

type versionsOf[T any] struct {
	Items []store.Dated[T] `json:"items" doc:"the latest first"`
}

type codeVersions struct {
	Owner int64                          `json:"owner" doc:"the partner whose code it is"`
	Items []store.Dated[store.CodeTerms] `json:"items" doc:"the latest first"`
}

type rulesVersions struct {
	Defaults referral.Rules                `json:"defaults" doc:"in force before the first version"`
	Items    []store.Dated[referral.Rules] `json:"items" doc:"the latest first"`
}

type settingList struct {
	Items []store.Setting `json:"items"`
}

// answerWith is a handler's end: the body, or the problem.
func answerWith[T any](body T, err error) (*bodyOf[T], error) {
	if err != nil {
		return nil, problemOf(err)
	}
	return &bodyOf[T]{body}, nil
}

// registerTerms adds rates and rules for operators: read with their history, and changed through the event log.
func (s *server) registerTerms(api huma.API) {
	read := func(id, path, summary string) huma.Operation {
		op := s.operation(api, id, http.MethodGet, path, summary)
		op.Errors = append(op.Errors, http.StatusNotFound)
		return op
	}
	change := func(id, path, summary string) huma.Operation {
		op := s.operation(api, id, http.MethodPost, path, summary)
		op.Middlewares = huma.Middlewares{s.authenticateFor(api, termsTimeout)}
		op.MaxBodyBytes = 16 << 10
		op.Errors = append(op.Errors, http.StatusNotFound, http.StatusConflict)
		return op
	}
	rates := func(ctx context.Context, uid int64) (*bodyOf[versionsOf[store.PartnerTerms]], error) {
		all, err := s.Store.RateHistory(ctx, caller(ctx), uid, s.Now())
		return answerWith(versionsOf[store.PartnerTerms]{all}, err)
	}
	huma.Register(api, read("get-partner-rates", "/v1/operator/partners/{uid}/rates", "A partner's commission rates, every version"), func(ctx context.Context, in *uidInput) (*bodyOf[versionsOf[store.PartnerTerms]], error) {
		return rates(ctx, in.UID)
	})
	huma.Register(api, change("set-partner-rates", "/v1/operator/partners/{uid}/rates", "Change a partner's commission rates"), func(ctx context.Context, in *setRatesInput) (*bodyOf[versionsOf[store.PartnerTerms]], error) {
		r := referral.Rates{BDUID: in.Body.BDUID}
		var err error
		if r.SpotRate, err = rateOf("spotRate", in.Body.SpotRate); err == nil {
			r.FuturesRate, err = rateOf("futuresRate", in.Body.FuturesRate)
		}
		var how store.TermChange
		if err == nil {
			how, err = s.termChange(in.Key, in.Body.EffectiveAt)
		}
		if err == nil {
			err = s.Store.SetRates(ctx, caller(ctx), in.UID, r, how, s.Now())
		}
		if err != nil {
			return nil, problemOf(err)
		}
		return rates(ctx, in.UID)
	})
	levels := func(ctx context.Context, uid int64) (*bodyOf[versionsOf[referral.VIP]], error) {
		all, err := s.Store.VIPHistory(ctx, caller(ctx), uid, s.Now())
		return answerWith(versionsOf[referral.VIP]{all}, err)
	}
	huma.Register(api, read("get-vip-levels", "/v1/operator/accounts/{uid}/vip", "An account's VIP levels, every version; none: 0"), func(ctx context.Context, in *uidInput) (*bodyOf[versionsOf[referral.VIP]], error) {
		return levels(ctx, in.UID)
	})
	huma.Register(api, change("set-vip-levels", "/v1/operator/accounts/{uid}/vip", "Change an account's VIP levels"), func(ctx context.Context, in *setVIPInput) (*bodyOf[versionsOf[referral.VIP]], error) {
		v := referral.VIP{SpotLevel: in.Body.SpotLevel, FuturesLevel: in.Body.FuturesLevel}
		how, err := s.termChange(in.Key, in.Body.EffectiveAt)
		if err == nil {
			err = s.Store.SetVIP(ctx, caller(ctx), in.UID, v, how, s.Now())
		}
		if err != nil {
			return nil, problemOf(err)
		}
		return levels(ctx, in.UID)
	})
	rebates := func(ctx context.Context, code string) (*bodyOf[codeVersions], error) {
		owner, all, err := s.Store.CodeHistory(ctx, caller(ctx), code, s.Now())
		return answerWith(codeVersions{owner, all}, err)
	}
	huma.Register(api, read("get-code-rebates", "/v1/operator/codes/{code}/rebates", "A referral code's rebate rates, every change"), func(ctx context.Context, in *codeInput) (*bodyOf[codeVersions], error) {
		return rebates(ctx, in.Code)
	})
	huma.Register(api, change("set-code-rebates", "/v1/operator/codes/{code}/rebates", "Change a referral code's rebate rates"), func(ctx context.Context, in *setRebatesInput) (*bodyOf[codeVersions], error) {
		changed := changeCodeInput{Code: in.Code}
		changed.Body.SpotRebateRate, changed.Body.FuturesRebateRate = in.Body.SpotRebateRate, in.Body.FuturesRebateRate
		c, err := changed.change()
		var how store.TermChange
		if err == nil {
			how, err = s.termChange(in.Key, in.Body.EffectiveAt)
		}
		if err == nil {
			err = s.Store.SetRebates(ctx, caller(ctx), in.Code, c.SpotRebateRate, c.FuturesRebateRate, how, s.Now())
		}
		if err != nil {
			return nil, problemOf(err)
		}
		return rebates(ctx, in.Code)
	})
	s.registerRules(api, read, change)
}

// registerRules adds the commission rules and the settings.
func (s *server) registerRules(api huma.API, read, change func(id, path, summary string) huma.Operation) {
	rules := func(ctx context.Context) (*bodyOf[rulesVersions], error) {
		all, err := s.Store.RulesHistory(ctx, caller(ctx), s.Now())
		return answerWith(rulesVersions{referral.DefaultRules, all}, err)
	}
	huma.Register(api, read("get-rules", "/v1/operator/rules", "The commission rules, every version"), func(ctx context.Context, _ *struct{}) (*bodyOf[rulesVersions], error) {
		return rules(ctx)
	})
	huma.Register(api, change("set-rules", "/v1/operator/rules", "Change the commission rules, whole"), func(ctx context.Context, in *setRulesInput) (*bodyOf[rulesVersions], error) {
		b := in.Body
		r := referral.Rules{Mode: b.Mode, Levels: b.Levels, SpotVIPMax: b.SpotVIPMax, FuturesVIPMax: b.FuturesVIPMax}
		for _, x := range []struct {
			field, text string
			rate        *domain.Rate
		}{{"spotOverrideRate", b.SpotOverrideRate, &r.SpotOverrideRate}, {"futuresOverrideRate", b.FuturesOverrideRate, &r.FuturesOverrideRate}} {
			if x.text == "" && b.Mode == referral.Differential {
				continue
			}
			var err error
			if *x.rate, err = rateOf(x.field, x.text); err != nil {
				return nil, problemOf(err)
			}
		}
		how, err := s.termChange(in.Key, b.EffectiveAt)
		if err == nil {
			err = s.Store.SetRules(ctx, caller(ctx), r, how, s.Now())
		}
		if err != nil {
			return nil, problemOf(err)
		}
		return rules(ctx)
	})
	settings := func(ctx context.Context) (*bodyOf[settingList], error) {
		all, err := s.Store.Settings(ctx, caller(ctx))
		return answerWith(settingList{all}, err)
	}
	huma.Register(api, read("list-settings", "/v1/operator/settings", "What may be set while the hub runs"), func(ctx context.Context, _ *struct{}) (*bodyOf[settingList], error) {
		return settings(ctx)
	})
	set := change("set-setting", "/v1/operator/settings/{name}", "Change a setting from now on")
	set.Method = http.MethodPut
	huma.Register(api, set, func(ctx context.Context, in *settingInput) (*bodyOf[settingList], error) {
		if err := s.Store.SetSetting(ctx, caller(ctx), in.Name, in.Body.Value, s.Now()); err != nil {
			return nil, problemOf(err)
		}
		return settings(ctx)
	})
}
