// Package ledger holds the terms of the double entry: accounts, and transfers between them. A transfer takes an amount from one
// account and gives it to another, so that all entries sum to zero by construction. Transfers are never changed or deleted:
// what was wrong is put right by another.
package ledger

import (
	"time"

	"partnerhub/domain"
)

// Kind is what an account is for. The numbers are stored.
type Kind int16

// The kinds. Fund and Escrow are never below zero. Platform and External are where money enters and leaves the ledger, and may be:
// they are kept by partner, so that a settlement or a top-up locks the rows of one partner alone.
const (
	Fund     Kind = 1 // a partner's money
	Escrow   Kind = 2 // what a partner has set aside for a task; Ref is the task
	Platform Kind = 3 // what the exchange pays a partner in commission, and takes back
	External Kind = 4 // what a partner brings from outside
)

var kinds = map[Kind]string{Fund: "fund", Escrow: "escrow", Platform: "platform", External: "external"}

// String is the kind's name on the wire, "" for an unknown one.
func (k Kind) String() string { return kinds[k] }

// Account names an account. It comes to be with its first transfer.
type Account struct {
	Owner int64  // the partner's uid
	Kind  Kind   // what for
	Ref   string // the task of an Escrow, else ""
}

// FundOf is a partner's fund account.
func FundOf(uid int64) Account { return Account{Owner: uid, Kind: Fund} }

// Reason says why a transfer was made.
type Reason string

// The reasons. Verify holds the three of tasks against each other: funded = paid + reserved + refunded.
const (
	TopUp      Reason = "top_up"      // External to Fund
	Withdrawal Reason = "withdrawal"  // Fund to External
	Settlement Reason = "settlement"  // Platform to Fund, or back when reversals outweigh a settlement
	TaskFund   Reason = "task_fund"   // Fund to Escrow
	TaskReward Reason = "task_reward" // Escrow to the participant's Fund
	TaskRefund Reason = "task_refund" // Escrow to Fund
)

// between is which kinds a reason moves money between.
var between = map[Reason][][2]Kind{
	TopUp:      {{External, Fund}},
	Withdrawal: {{Fund, External}},
	Settlement: {{Platform, Fund}, {Fund, Platform}},
	TaskFund:   {{Fund, Escrow}},
	TaskReward: {{Escrow, Fund}},
	TaskRefund: {{Escrow, Fund}},
}

// Limits of a transfer's texts, in bytes.
const (
	MaxKey = 128
	MaxRef = 128
)

// Transfer moves an amount. Key makes it happen once: it is unique among the transfers that the owner of From pays.
type Transfer struct {
	Key    string // 1 to MaxKey bytes
	From   Account
	To     Account
	Amount domain.Money // above 0
	Reason Reason
	Ref    string    // what it is about: the task, the settlement day, the external reference; up to MaxRef bytes
	At     time.Time // when it was due; kept in UTC to the microsecond
}

// Check returns CodeInvalid on the field at fault.
func (t Transfer) Check() error {
	switch {
	case t.Key == "" || len(t.Key) > MaxKey:
		return domain.Invalid("key", "want 1 to %d bytes", MaxKey)
	case len(t.Ref) > MaxRef:
		return domain.Invalid("ref", "want up to %d bytes", MaxRef)
	case t.Amount <= 0:
		return domain.Invalid("amount", "must be above 0")
	case t.At.IsZero():
		return domain.Invalid("at", "is missing")
	case t.From == t.To:
		return domain.Invalid("to", "is the account that pays")
	}
	for _, a := range []Account{t.From, t.To} {
		if a.Owner <= 0 || a.Kind.String() == "" || (a.Kind == Escrow) != (a.Ref != "") || len(a.Ref) > MaxRef {
			return domain.Invalid("account", "%d %s %q is none", a.Owner, a.Kind, a.Ref)
		}
	}
	for _, way := range between[t.Reason] {
		if way == [2]Kind{t.From.Kind, t.To.Kind} && (t.From.Owner == t.To.Owner || t.Reason == TaskReward) {
			return nil
		}
	}
	return domain.Invalid("reason", "%q does not move money from %s of %d to %s of %d", t.Reason, t.From.Kind, t.From.Owner, t.To.Kind, t.To.Owner)
}

// Same reports whether t and u say the same, whatever their keys and whenever they were sent.
func (t Transfer) Same(u Transfer) bool {
	return t.From == u.From && t.To == u.To && t.Amount == u.Amount && t.Reason == u.Reason && t.Ref == u.Ref
}

// Short is the error of an account that has too little.
func Short(a Account, missing domain.Money) *domain.Error {
	e := domain.Errorf(domain.CodeConflict, "balance", "%s USDT are missing in the %s account", missing, a.Kind)
	e.Missing = missing
	return e
}

// OtherContent is the error of a key that was used for another transfer.
func OtherContent(key string) *domain.Error {
	return domain.Errorf(domain.CodeConflict, "key", "%q was used for another transfer", key)
}

// Entry is one side of a transfer, as the owner of the account sees it.
type Entry struct {
	ID      int64        `json:"id,string"`
	At      time.Time    `json:"at"` // UTC
	Account string       `json:"account" enum:"fund,escrow,platform,external"`
	Amount  domain.Money `json:"amount"` // below 0 when the account paid
	Reason  Reason       `json:"reason"`
	Ref     string       `json:"ref,omitempty"`
}
