package tools

import (
	"context"
	"encoding/json"

	"partnerhub/domain"
	"partnerhub/domain/handoff"
	"partnerhub/domain/ledger"
	"partnerhub/domain/referral"
)

type category string

func (category) Enum() []string { return names(handoff.Categories...) }

type handOffArgs struct {
	Category category `json:"category" jsonschema:"finance: wrong, missing or frozen money; account_security: a stolen or broken-into account; human_request: asks for a person; frustration; unanswered: the assistant failed twice in a row"`
	Summary  string   `json:"summary" min:"1" max:"2000" jsonschema:"what the partner needs, in a sentence or two for whoever takes it: what happened, which trade, reward or day, what they were told"`
}

// handedOff is the result: what the partner may know of the ticket.
type handedOff struct {
	TicketID string           `json:"ticketId"`
	State    handoff.State    `json:"state"`
	Category handoff.Category `json:"category"`
	Summary  string           `json:"summary"`
	Already  bool             `json:"already,omitempty"` // the conversation had this ticket before
	Queue    string           `json:"queue"`             // bd: the partner's own; shared
	BD       string           `json:"bd,omitempty"`      // the name, where it is known
	Reason   string           `json:"reason,omitempty"`  // why it is in the shared queue: no_bd or closed
	OpensAt  string           `json:"opensAt,omitempty"` // when the office opens, for closed
	OpenedAt string           `json:"openedAt"`
	DueAt    string           `json:"dueAt"` // by when somebody should have it
	Support  string           `json:"supportUrl,omitempty"`
	Zone     string           `json:"zone"`
}

// HandOff passes the conversation to a person, at once (SPEC 8). The assistant goes on until that person takes it.
func HandOff(d Deps) Tool {
	t := Define("hand_off",
		"Hand the conversation over to a person, the partner's BD manager or the shared queue. Call it when the partner asks for a person, "+
			"complains that money is wrong, missing or frozen, is frustrated, fears for their account, or was failed twice in a row. "+
			"For a complaint about money first read what the data says, then call it all the same. Never promise a handover without calling it.",
		func(ctx context.Context, c domain.Caller, in handOffArgs) (out handedOff, err error) {
			if d.Tickets == nil {
				return out, domain.Errorf(domain.CodeUnavailable, "", "tickets are not set up here")
			}
			opened, err := d.Tickets.Open(ctx, c, handoff.Request{
				Thread: Thread(ctx), Category: handoff.Category(in.Category), Summary: in.Summary, At: d.Now(),
				Figures: d.keyFigures(ctx, c), Postings: d.postings(ctx, c, handoff.Category(in.Category)),
			})
			if err != nil {
				return out, err
			}
			out = handedOff{
				TicketID: opened.ID, State: opened.State, Category: opened.Category, Summary: opened.Summary, Already: opened.Already,
				Queue: "bd", BD: opened.BDName, Reason: opened.Route.Reason, OpenedAt: d.instant(opened.OpenedAt), DueAt: d.instant(opened.DueAt),
				Zone: d.Zone.String(),
			}
			if opened.BD == 0 {
				out.Queue, out.Support = "shared", d.Tickets.Desk().Support
			}
			if !opened.Route.Opens.IsZero() {
				out.OpensAt = d.instant(opened.Route.Opens)
			}
			return out, nil
		})
	t.Effect = Proposes
	return t
}

// keyMetrics are the figures that whoever takes a ticket is shown.
var keyMetrics = []string{"commission", "volume", "fees", "traders", "netDeposits", "newReferrals"}

// keyFigures are the partner's last 30 days beside the 30 before. A ticket is opened also when they cannot be had.
func (d Deps) keyFigures(ctx context.Context, c domain.Caller) json.RawMessage {
	now := d.now()
	last, err := domain.ParsePeriod("last_30_days", now, d.Zone)
	if err != nil {
		return nil
	}
	out := object{{"period", "last_30_days"}, {"from", d.instant(last.From)}, {"to", d.instant(last.To)}}
	for _, p := range []struct {
		name   string
		period domain.Period
	}{{"current", last}, {"previous", domain.Period{From: last.From.AddDate(0, 0, -30), To: last.From}}} {
		res, err := d.Metrics.Metrics(ctx, c, referral.Query{Metrics: keyMetrics, Period: p.period}, now)
		if err != nil {
			return nil
		}
		out = append(out, member{p.name, figures(keyMetrics, res.Total)})
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil
	}
	return b
}

// maxPostings is how many of the latest postings a ticket about money carries.
const maxPostings = 50

// postings are the latest entries of the partner's accounts, for a ticket about money. A ticket is opened also when they cannot be had.
func (d Deps) postings(ctx context.Context, c domain.Caller, about handoff.Category) []ledger.Entry {
	if d.Fund == nil || about != handoff.Finance {
		return nil
	}
	entries, _, err := d.Fund.Entries(ctx, c, "", maxPostings)
	if err != nil {
		return nil
	}
	return entries
}

// Fund is who keeps the partners' accounts.
type Fund interface {
	// Entries lists the postings on the caller's accounts, the latest first.
	Entries(ctx context.Context, c domain.Caller, cursor string, limit int) ([]ledger.Entry, string, error)
}

// Tickets is who keeps the conversations that people take over.
type Tickets interface {
	// Open opens a ticket, or returns the one that the conversation has. CodeBusy when the caller opened too many.
	Open(ctx context.Context, c domain.Caller, r handoff.Request) (handoff.Opened, error)
	Desk() handoff.Desk
}
