package tools_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/handoff"
	"partnerhub/domain/ledger"
	"partnerhub/domain/referral"
	"partnerhub/tools"
)

// asked keeps what a ticket was asked for with.
type asked struct{ handoff.Request }

func (a *asked) Open(_ context.Context, _ domain.Caller, r handoff.Request) (handoff.Opened, error) {
	a.Request = r
	return handoff.Opened{Ticket: handoff.Ticket{ID: "x", State: handoff.Open, Category: r.Category}}, nil
}

func (a *asked) Desk() handoff.Desk { return handoff.Desk{} }

// purse has two postings on everybody's account.
type purse struct{}

func (purse) Entries(context.Context, domain.Caller, string, int) ([]ledger.Entry, string, error) {
	return []ledger.Entry{{ID: 2}, {ID: 1}}, "", nil
}

// TestHandOffPostings has a ticket about money carry the postings, and no other.
func TestHandOffPostings(t *testing.T) {
	for category, want := range map[handoff.Category]int{handoff.Finance: 2, handoff.HumanRequest: 0} {
		tickets := &asked{}
		tool := tools.HandOff(tools.Deps{Tickets: tickets, Fund: purse{}, Metrics: unreachable{}, Now: time.Now, Zone: time.UTC})
		args, err := json.Marshal(map[string]string{"category": string(category), "summary": "not paid"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tool.Run(t.Context(), domain.Partner(1), args); err != nil {
			t.Fatal(err)
		}
		if len(tickets.Postings) != want {
			t.Errorf("%s: %d postings, want %d", category, len(tickets.Postings), want)
		}
	}
}

// unreachable is a store that cannot be reached: a ticket is opened all the same.
type unreachable struct{ figures }

type figures = tools.Metrics

func (unreachable) Metrics(context.Context, domain.Caller, referral.Query, time.Time) (referral.Result, error) {
	return referral.Result{}, domain.Errorf(domain.CodeUnavailable, "", "no figures")
}
