// Package proposal holds what a model may only propose: what it would do, exactly, until a person decides (SPEC A11,
// DESIGN decision 2).
package proposal

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"partnerhub/domain"
)

// Lifetime is how long a proposal can be approved.
const Lifetime = 15 * time.Minute

// Limits of what one caller may have proposed: Open at a time, Hourly within an hour. A model that loops stops at them.
const (
	Open   = 20
	Hourly = 60
)

// Kind is what a proposal is about. To add one: a constant here, a row in store's proposalKinds, a tool.
type Kind string

// The kinds.
const (
	CreateCode Kind = "referral_code"        // a new referral code
	ChangeCode Kind = "referral_code_change" // other terms for a code
	CreateTask Kind = "task"                 // a new task, funded
	CancelTask Kind = "task_cancellation"    // of a task
	Nudge      Kind = "nudge"                // a notice to a task's participants
)

// State is how a proposal stands. All but Proposed are final.
type State string

// The states.
const (
	Proposed State = "proposed"
	Approved State = "approved" // and executed, in one transaction
	Declined State = "declined"
	Expired  State = "expired"
)

// Replaced is the Reason of a proposal that was declined because a newer one of the same conversation stands for it.
const Replaced = "replaced"

// Proposal is what was proposed, and what became of it.
type Proposal struct {
	ID        string          `json:"id"`
	Owner     domain.Caller   `json:"-"` // for whom it was proposed, and who alone may decide
	Kind      Kind            `json:"kind"`
	Args      json.RawMessage `json:"args"`   // complete and canonical: what will be executed
	Digest    string          `json:"digest"` // of owner, kind and arguments; an approval names it
	Preview   Preview         `json:"preview"`
	State     State           `json:"state"`
	Reason    string          `json:"reason,omitempty"`   // why it was declined, "" when the partner said no
	ThreadID  string          `json:"threadId,omitempty"` // the conversation that it was made in, if any
	CreatedAt time.Time       `json:"createdAt"`
	ExpiresAt time.Time       `json:"expiresAt"`
	DecidedAt *time.Time      `json:"decidedAt,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"` // what the execution came to
}

// Preview is what a person is shown before deciding. Pages lay it out without knowing the kind; Data is for one that does.
type Preview struct {
	Title   string          `json:"title"`             // what will happen, in English: "Create the referral code SUMMER"
	Done    string          `json:"done"`              // and once it has: "The referral code SUMMER is created."
	Subject string          `json:"subject,omitempty"` // what it is about, as a name: the code, the task's title
	Rows    []Row           `json:"rows"`
	Cost    *Cost           `json:"cost,omitempty"` // nil when nothing is spent
	Targets *Targets        `json:"targets,omitempty"`
	Starts  *time.Time      `json:"starts,omitempty"`
	Ends    *time.Time      `json:"ends,omitempty"` // exclusive
	Data    json.RawMessage `json:"data,omitempty"`
}

// Row is one line of a preview. Pages know the names and translate them; Label is for one that does not.
type Row struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"`
	Type  string `json:"type"` // text, rate (a fraction), money (USDT), number, yes_no, time (RFC 3339)
}

// Cost is what approving spends of the fund account.
type Cost struct {
	WorstCase domain.Money `json:"worstCase"`
	Before    domain.Money `json:"balanceBefore"`
	After     domain.Money `json:"balanceAfter"` // below 0 when the balance is short
	Missing   domain.Money `json:"missing"`      // how much it is short
}

// Targets are the accounts that it is for.
type Targets struct {
	Count int     `json:"count"`
	UIDs  []int64 `json:"uids"` // the first of them
}

// Outcome is the data of the card that says what became of a proposal, and of each try to approve it that failed.
type Outcome struct {
	ProposalID string          `json:"proposalId"`
	Kind       Kind            `json:"kind"`
	State      State           `json:"state"`
	Reason     string          `json:"reason,omitempty"`
	Subject    string          `json:"subject,omitempty"`
	Error      *domain.Error   `json:"error,omitempty"` // why it was not executed; the proposal is open still
	Result     json.RawMessage `json:"result,omitempty"`
}

// What the conversation says of an outcome begins with one of these.
const (
	saidDone     = "Done. "
	saidDeclined = "You declined this: "
	saidExpired  = "This was not confirmed in time: "
	saidFailed   = "That did not work: "
)

// Outcome is what became of it.
func (p Proposal) Outcome(failure *domain.Error) Outcome {
	return Outcome{ProposalID: p.ID, Kind: p.Kind, State: p.State, Reason: p.Reason, Subject: p.Preview.Subject, Error: failure, Result: p.Result}
}

// Sentence says an outcome, for the partner and for the model's memory.
func (p Proposal) Sentence(failure *domain.Error) string {
	title := strings.TrimSuffix(lower(p.Preview.Title), ".")
	switch {
	case failure != nil:
		return saidFailed + strings.TrimSuffix(failure.Error(), ".") + ". Nothing was changed."
	case p.State == Approved:
		return saidDone + p.Preview.Done
	case p.State == Declined:
		return saidDeclined + title + ". Nothing was changed."
	}
	return saidExpired + title + ". Nothing was changed; ask again if you still want it."
}

// SaidOutcome reports whether a text holds a Sentence of a decision, after which a proposal is not open any more.
func SaidOutcome(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, saidDone) || strings.HasPrefix(line, saidDeclined) || strings.HasPrefix(line, saidExpired) {
			return true
		}
	}
	return false
}

func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// At is the state at an instant: one that nobody decided on in time has expired, also before anybody writes that down.
func (p Proposal) At(now time.Time) State {
	if p.State == Proposed && !now.Before(p.ExpiresAt) {
		return Expired
	}
	return p.State
}

// Canonical is the one spelling of arguments: without space, names in order, numbers as they are written. The error is
// CodeInvalid: it is no JSON object, or names a field twice.
func Canonical(args any) (json.RawMessage, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return nil, domain.Invalid("", "arguments are not JSON: %v", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil || fields == nil {
		return nil, domain.Invalid("", "arguments are not a JSON object")
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out) // maps are written in the order of their names
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		return nil, domain.Invalid("", "arguments are not JSON: %v", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// Digest binds an approval to what was shown: to this proposal, its owner, its kind and its arguments, byte for byte.
func Digest(id string, owner domain.Caller, kind Kind, canonical json.RawMessage) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "partnerhub.proposal.v1\n%s\n%d\n%s\n%s", id, owner.UID, kind, canonical))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Verify reports whether a digest that a client sent is the proposal's, and its arguments are still those that it was made of.
func (p Proposal) Verify(digest string) bool {
	made := Digest(p.ID, p.Owner, p.Kind, p.Args)
	return subtle.ConstantTimeCompare([]byte(digest), []byte(made)) == 1 && p.Digest == made
}
