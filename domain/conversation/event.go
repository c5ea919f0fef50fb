package conversation

import (
	"encoding/json"
	"time"
)

// Event is one AG-UI event: https://docs.ag-ui.com. One struct for all types, since they share their fields; what a
// type does not have stays empty and is left out. Seq counts a thread's events from 1 over all its runs.
type Event struct {
	Type            string          `json:"type"`
	ThreadID        string          `json:"threadId,omitempty"`
	RunID           string          `json:"runId,omitempty"`
	StepName        string          `json:"stepName,omitempty"`
	MessageID       string          `json:"messageId,omitempty"`
	ParentMessageID string          `json:"parentMessageId,omitempty"`
	ToolCallID      string          `json:"toolCallId,omitempty"`
	ToolCallName    string          `json:"toolCallName,omitempty"`
	Role            string          `json:"role,omitempty"`
	Delta           string          `json:"delta,omitempty"`
	Content         string          `json:"content,omitempty"`
	Name            string          `json:"name,omitempty"`
	Value           json.RawMessage `json:"value,omitempty"`
	Outcome         *Outcome        `json:"outcome,omitempty"`
	Snapshot        json.RawMessage `json:"snapshot,omitempty"` // of STATE_SNAPSHOT
	Messages        json.RawMessage `json:"messages,omitempty"` // of MESSAGES_SNAPSHOT
	Message         string          `json:"message,omitempty"`
	Code            string          `json:"code,omitempty"`
	Seq             int64           `json:"seq"`
	Timestamp       int64           `json:"timestamp"` // milliseconds since 1970
}

// Outcome says how a run ended: "success", or "interrupt" while it waits for a person.
type Outcome struct {
	Type       string      `json:"type"`
	Interrupts []Interrupt `json:"interrupts,omitempty"`
}

// Interrupt is what a run waits for.
type Interrupt struct {
	ID             string          `json:"id"`
	Reason         string          `json:"reason"`
	Message        string          `json:"message,omitempty"`
	ToolCallID     string          `json:"toolCallId,omitempty"`
	ResponseSchema json.RawMessage `json:"responseSchema,omitempty"`
	ExpiresAt      *time.Time      `json:"expiresAt,omitempty"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
}

// The types of events.
const (
	RunStarted   = "RUN_STARTED"
	RunFinished  = "RUN_FINISHED"
	RunError     = "RUN_ERROR"
	StepStarted  = "STEP_STARTED"
	StepFinished = "STEP_FINISHED"
	TextStart    = "TEXT_MESSAGE_START"
	TextContent  = "TEXT_MESSAGE_CONTENT"
	TextEnd      = "TEXT_MESSAGE_END"
	CallStart    = "TOOL_CALL_START"
	CallArgs     = "TOOL_CALL_ARGS"
	CallEnd      = "TOOL_CALL_END"
	CallResult   = "TOOL_CALL_RESULT"

	// Before an interrupt, what a client needs to go on from: the open interrupts, and the messages.
	StateSnapshot    = "STATE_SNAPSHOT"
	MessagesSnapshot = "MESSAGES_SNAPSHOT"

	Custom = "CUSTOM"
)

// The names of our custom events.
const (
	UserMessage = "user_message" // UserText
	CardShown   = "card"         // Card
	Suggestions = "suggestions"  // {"items":["…"]}
	Question    = "question"     // Ask
	Fallback    = "fallback"     // FallbackNote
	KindOf      = "kind"         // {"kind":"answer"}
	Stopped     = "stopped"      // {}: the partner stopped the run; RUN_FINISHED follows
	Handoff     = "handoff"      // handoff.Status: how the conversation's ticket stands now
)

// UserText is the value of a user_message: what the partner wrote.
type UserText struct {
	MessageID string `json:"messageId"`
	Text      string `json:"text"`
	ClientID  string `json:"clientId"`
}

// Card is the value of a card: a result, drawn. Data is the tool's result as it is.
type Card struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"`
	Title      string          `json:"title"`
	Tool       string          `json:"tool"`
	ToolCallID string          `json:"toolCallId"`
	Args       json.RawMessage `json:"args"`
	Data       json.RawMessage `json:"data"`
}

// Ask is the value of a question, in the form that the tool ask_user takes.
type Ask struct {
	Question string          `json:"question"`
	Options  []string        `json:"options,omitempty"`
	Pending  json.RawMessage `json:"pending,omitempty"`
}

// FallbackNote says that the offline planner finishes what the model began. Replaces, when set, is the message
// whose text no longer counts: a reader takes it away.
type FallbackNote struct {
	Reason   string `json:"reason"`
	Replaces string `json:"replaces,omitempty"`
}

// CustomEvent is a custom event; the value must be one of this package's, which always marshal.
func CustomEvent(name string, value any) Event {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return Event{Type: Custom, Name: name, Value: b}
}

// Ends reports whether no event of the same run can follow.
func (e Event) Ends() bool { return e.Type == RunFinished || e.Type == RunError }

// Logged is an event as the log keeps it: its JSON is what readers get, byte for byte.
type Logged struct {
	Run  string
	Seq  int64
	Type string // the event's type, or the name of a custom one
	JSON json.RawMessage
}

// Standard is the event as AG-UI has it, without our sequence number: strict clients complain about fields that they do not know.
func (l Logged) Standard() (json.RawMessage, error) {
	e, err := l.Event()
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Event
		Seq int64 `json:"seq,omitempty"` // stands before Event's, and is left out
	}{Event: e})
}

// Event decodes it.
func (l Logged) Event() (Event, error) {
	var e Event
	err := json.Unmarshal(l.JSON, &e)
	return e, err
}

// Log makes the stored form of a run's events and gives them the sequence numbers after `after`.
func Log(runID string, after int64, at time.Time, events ...Event) []Logged {
	logged := make([]Logged, len(events))
	for i, e := range events {
		e.Seq, e.Timestamp = after+int64(i)+1, at.UnixMilli()
		b, err := json.Marshal(e)
		if err != nil { // a Value that is not JSON: a tool's result is checked before it gets here
			panic(err)
		}
		kind := e.Type
		if kind == Custom {
			kind = e.Name
		}
		logged[i] = Logged{Run: runID, Seq: e.Seq, Type: kind, JSON: b}
	}
	return logged
}

// Opening is what every run begins with.
func Opening(run Run, m Message, after int64, at time.Time) []Logged {
	return Log(run.ID, after, at,
		Event{Type: RunStarted, ThreadID: run.ThreadID, RunID: run.ID},
		CustomEvent(UserMessage, UserText{MessageID: run.ID + "-user", Text: m.Text, ClientID: m.ClientID}))
}
