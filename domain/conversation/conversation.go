// Package conversation holds what a chat is: threads, runs, and the log of events that both are read from.
package conversation

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"partnerhub/domain"
)

// Limits of what a client sends.
const (
	MaxText     = 4000 // characters of a message
	MaxClientID = 100  // bytes
	MaxTitle    = 120  // characters
)

// Conversation is one chat of one partner.
type Conversation struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Message is what a partner sends.
type Message struct {
	// ClientID is chosen by the client; the same id again makes no second turn.
	ClientID string
	// ThreadID is the conversation; empty for a new one.
	ThreadID string
	// NewThread lets ThreadID name a conversation that does not exist yet, as AG-UI clients choose their own.
	NewThread bool
	Text      string
	// Option is the answer that was clicked, if one was; it stands for a text that is empty.
	Option string
}

// Clean checks the message and returns it trimmed. The error is CodeInvalid or CodeTooLarge and names the field.
func (m Message) Clean() (Message, error) {
	m.Text = strings.TrimSpace(m.Text)
	if m.Text == "" {
		m.Text = strings.TrimSpace(m.Option)
	}
	for _, f := range []struct{ name, value string }{{"text", m.Text}, {"clientId", m.ClientID}, {"threadId", m.ThreadID}} {
		if !utf8.ValidString(f.value) || strings.ContainsRune(f.value, 0) {
			return m, domain.Invalid(f.name, "is not valid text")
		}
	}
	switch {
	case m.Text == "":
		return m, domain.Invalid("text", "is empty")
	case utf8.RuneCountInString(m.Text) > MaxText:
		return m, domain.Errorf(domain.CodeTooLarge, "text", "is longer than %d characters", MaxText)
	case m.ClientID == "":
		return m, domain.Invalid("clientId", "is missing")
	case len(m.ClientID) > MaxClientID:
		return m, domain.Errorf(domain.CodeTooLarge, "clientId", "is longer than %d bytes", MaxClientID)
	}
	return m, nil
}

// TitleOf makes a title out of a first message: one line, cut at a word.
func TitleOf(text string) string {
	const limit = 60
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	title := strings.Join(words, " ")
	if utf8.RuneCountInString(title) <= limit {
		return title
	}
	cut := string([]rune(title)[:limit])
	if i := strings.LastIndexByte(cut, ' '); i > limit/2 {
		cut = cut[:i]
	}
	return cut + "…"
}

// CleanTitle checks a title that a partner chose. The error is CodeInvalid on the field "title".
func CleanTitle(title string) (string, error) {
	title = strings.Join(strings.Fields(title), " ")
	switch {
	case title == "":
		return "", domain.Invalid("title", "is empty")
	case utf8.RuneCountInString(title) > MaxTitle:
		return "", domain.Invalid("title", "is longer than %d characters", MaxTitle)
	case !utf8.ValidString(title), strings.ContainsFunc(title, unicode.IsControl):
		return "", domain.Invalid("title", "is not plain text")
	}
	return title, nil
}

// Run is one turn: a partner's message and all that answers it.
type Run struct {
	ID       string
	ThreadID string
	Owner    domain.Caller // who sent the message
	Worker   string        // who works on it; only that worker may append to the log
	Attempt  int           // 1, or more when the workers before died
}

// State is how a run stands.
type State string

// The states. A run that is running has a worker with a lease; when the lease is over another may take it.
const (
	Running  State = "running"
	Finished State = "finished"
	Halted   State = "stopped" // by the partner
	Failed   State = "failed"
)

// Started is a run that Begin made, or found.
type Started struct {
	Run   Run
	State State
	// After is the sequence number before the run's first event.
	After int64
	// Duplicate says that the client's id had been used: the run is the one that it made then.
	Duplicate bool
}

// History is what a run starts from, all from the log.
type History struct {
	// Log holds the latest turns whole, oldest first, the run's own among them.
	Log []Logged
	// Earlier holds what was said before those, texts alone, oldest first.
	Earlier []Said
	// Last is the thread's highest sequence number.
	Last int64
	// Bad is how many of the latest answers, one after another, failed the partner; it counts to handoff.OfferAfter.
	Bad int
}

// Said is one text of a thread.
type Said struct {
	Role string // "user" or "assistant"
	Text string
}

// Entry is what a run adds to the log at a time: events, and when it ends how.
type Entry struct {
	Events []Logged
	End    State // "" while the run goes on
	// Answer is the assistant's text as it stands in the end, for search and memory.
	Answer string
	// Meter is stored with the end.
	Meter Meter
}

// Meter is what a run was answered with, and what it took. An attempt whose worker died is not counted.
type Meter struct {
	Model     string // "offline": the planner alone
	Prompts   string // the prompts' fingerprint
	Kind      string // of the answer
	Fallback  string // why the planner took over from the model, if it did
	TokensIn  int
	TokensOut int
	Cost      domain.Money // micro-USD

	Unanswered bool // the answer says that it does not know, or that the question was not understood
	Offered    bool // a person was offered after it
}
