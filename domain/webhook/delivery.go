package webhook

import "time"

// Channel is the way that a delivery takes.
type Channel string

// The channels.
const (
	ToWebhook Channel = "webhook" // an endpoint of the exchange's
	ToPush    Channel = "push"    // a person's browser, by Web Push
	ToMail    Channel = "mail"    // the mailbox of those who take tickets
)

// State is how far a delivery is.
type State string

// The states. Dead ones wait for somebody to send them again by hand.
const (
	Pending State = "pending"
	Done    State = "done"
	Dead    State = "dead"
)

// Delivery is one message on its way to one target. Attempt is the present one, from 1; who holds an earlier one has lost it.
type Delivery struct {
	Owner   int64
	ID      string
	Channel Channel
	Target  string // id of the endpoint or the subscription
	Message string // webhook-id: the same for each attempt
	Type    Type
	Body    []byte
	Attempt int

	URL          string
	Secrets      []string // of a webhook, the newest first: each signs
	P256dh, Auth string   // of a browser
}

// Outcome is what became of an attempt.
type Outcome struct {
	State  State     // Pending: again at Next
	Next   time.Time //
	Status int       // of HTTP, 0 without an answer
	Err    string    // for an operator to read; "" when it arrived
	Gone   bool      // the target wants no more, ever
}

// Endpoint is where the exchange's backend wants its events.
type Endpoint struct {
	ID          string     `json:"id"`
	URL         string     `json:"url"`
	Types       []Type     `json:"types" doc:"empty: all"`
	CreatedAt   time.Time  `json:"createdAt"`
	CreatedBy   string     `json:"createdBy" doc:"name of the API key"`
	DisabledAt  *time.Time `json:"disabledAt,omitempty"`
	DisabledWhy string     `json:"disabledWhy,omitempty"`
}

// Record is a delivery as it is listed.
type Record struct {
	ID        string     `json:"id" doc:"of the delivery: resend names it"`
	UID       int64      `json:"uid" doc:"whom it is about"`
	Channel   Channel    `json:"channel" enum:"webhook,push,mail"`
	Target    string     `json:"target" doc:"id of the endpoint or the subscription"`
	Host      string     `json:"host,omitempty" doc:"of the endpoint"`
	Message   string     `json:"message" doc:"webhook-id"`
	Type      Type       `json:"type"`
	State     State      `json:"state" enum:"pending,done,dead"`
	Attempts  int        `json:"attempts"`
	Status    int        `json:"status,omitempty" doc:"HTTP status of the last attempt"`
	Error     string     `json:"error,omitempty" doc:"of the last attempt"`
	CreatedAt time.Time  `json:"createdAt"`
	NextAt    *time.Time `json:"nextAt,omitempty" doc:"of the next attempt"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
}
