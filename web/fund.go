package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"partnerhub/domain"
	"partnerhub/domain/ledger"
	"partnerhub/store"
)

// fund is a partner's account, on the wire.
type fund struct {
	Balance domain.Money `json:"balance"`
}

type entriesInput struct {
	Cursor string `query:"cursor" maxLength:"20" doc:"nextCursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"a page may hold one more, so that both sides of a transfer stay together"`
}

type topUpInput struct {
	Body struct {
		UID       int64  `json:"uid" minimum:"1" doc:"the partner"`
		Amount    string `json:"amount" maxLength:"20" doc:"USDT, a decimal string above 0"`
		Reference string `json:"reference" minLength:"1" maxLength:"100" doc:"the exchange's own: the same one for the same partner credits once"`
	}
}

// topUp is the answer to one.
type topUp struct {
	Credited bool `json:"credited" doc:"false when this reference was credited before"`
}

// registerFund adds a partner's account, and the exchange's way to add to it.
func (s *server) registerFund(api huma.API) {
	mine := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary,
			Security: []map[string][]string{{"token": {}}, {"cookie": {}}}, Middlewares: huma.Middlewares{s.authenticate(api)}}
	}
	type fundOutput struct{ Body fund }
	huma.Register(api, mine("get-fund", "/v1/fund", "What the caller's fund account holds"), func(ctx context.Context, _ *struct{}) (*fundOutput, error) {
		c := caller(ctx)
		if err := c.Require(domain.RolePartner); err != nil {
			return nil, problemOf(err)
		}
		balance, err := s.Store.Balance(ctx, c)
		if err != nil {
			return nil, problemOf(err)
		}
		return &fundOutput{fund{balance}}, nil
	})
	type entriesOutput struct{ Body page[ledger.Entry] }
	huma.Register(api, mine("list-fund-entries", "/v1/fund/entries", "The entries of the caller's fund and escrow accounts, the latest first"), func(ctx context.Context, in *entriesInput) (*entriesOutput, error) {
		c := caller(ctx)
		if err := c.Require(domain.RolePartner); err != nil {
			return nil, problemOf(err)
		}
		items, next, err := s.Store.Entries(ctx, c, in.Cursor, in.Limit)
		if err != nil {
			return nil, problemOf(err)
		}
		if items == nil {
			items = []ledger.Entry{}
		}
		return &entriesOutput{page[ledger.Entry]{items, next}}, nil
	})
	type topUpOutput struct{ Body topUp }
	huma.Register(api, huma.Operation{OperationID: "top-up-fund", Method: http.MethodPost, Path: "/v1/fund/top-ups", Summary: "Add to a partner's fund account, by an API key of scope " + store.ScopeLedger,
		MaxBodyBytes: 4 << 10, Security: []map[string][]string{{"key": {}}}, Middlewares: huma.Middlewares{keyed(s, store.ScopeLedger)}},
		func(ctx context.Context, in *topUpInput) (*topUpOutput, error) {
			amount, err := domain.ParseMoney(in.Body.Amount)
			if err != nil {
				return nil, problemOf(domain.Invalid("amount", "%s", err))
			}
			isNew, err := s.Store.TopUp(ctx, ledger.Transfer{
				Key: "top_up:" + in.Body.Reference, From: ledger.Account{Owner: in.Body.UID, Kind: ledger.External}, To: ledger.FundOf(in.Body.UID),
				Amount: amount, Reason: ledger.TopUp, Ref: in.Body.Reference, At: time.Now(),
			})
			if err != nil {
				return nil, problemOf(err)
			}
			return &topUpOutput{topUp{isNew}}, nil
		})
}

// keyed lets an operation's requests through whose API key has a scope, and bounds them.
func keyed(s *server, scope string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		bounded, cancel := context.WithTimeout(ctx.Context(), operationTimeout)
		defer cancel()
		k, err := s.key(bounded, r, scope)
		if err != nil {
			writeProblem(w, err)
			return
		}
		next(huma.WithContext(ctx, context.WithValue(bounded, keyNameKey{}, k.Name)))
	}
}
