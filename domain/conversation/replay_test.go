package conversation_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
)

var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// eventsOf writes a turn as the loop logs it.
func eventsOf(turn conversation.Turn) []conversation.Event {
	events := []conversation.Event{
		{Type: conversation.RunStarted, RunID: turn.RunID},
		conversation.CustomEvent(conversation.UserMessage, conversation.UserText{Text: turn.User}),
	}
	for i, s := range turn.Steps {
		events = append(events, conversation.Event{Type: conversation.StepStarted, StepName: fmt.Sprint(i)})
		if s.Text != "" {
			events = append(events, conversation.Event{Type: conversation.TextStart, MessageID: s.MessageID})
			for _, piece := range strings.SplitAfter(s.Text, " ") {
				events = append(events, conversation.Event{Type: conversation.TextContent, MessageID: s.MessageID, Delta: piece})
			}
			events = append(events, conversation.Event{Type: conversation.TextEnd, MessageID: s.MessageID})
		}
		for _, c := range s.Calls {
			events = append(events,
				conversation.Event{Type: conversation.CallStart, ToolCallID: c.ID, ToolCallName: c.Name, ParentMessageID: s.MessageID},
				conversation.Event{Type: conversation.CallArgs, ToolCallID: c.ID, Delta: c.Args[:len(c.Args)/2]},
				conversation.Event{Type: conversation.CallArgs, ToolCallID: c.ID, Delta: c.Args[len(c.Args)/2:]},
				conversation.Event{Type: conversation.CallEnd, ToolCallID: c.ID})
		}
		for _, c := range s.Calls {
			events = append(events, conversation.Event{Type: conversation.CallResult, ToolCallID: c.ID, Content: c.Result})
		}
		events = append(events, conversation.Event{Type: conversation.StepFinished, StepName: fmt.Sprint(i)})
	}
	return append(events, conversation.Event{Type: conversation.RunFinished})
}

func drawTurns(t *rapid.T) []conversation.Turn {
	id := 0
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) conversation.Turn {
		id++
		turn := conversation.Turn{RunID: fmt.Sprint("run", id), User: rapid.String().Draw(t, "user")}
		for range rapid.IntRange(0, 3).Draw(t, "steps") {
			id++
			s := conversation.Step{MessageID: fmt.Sprint("m", id), Text: rapid.StringMatching(`[a-zä ]{1,20}`).Draw(t, "text")}
			for range rapid.IntRange(0, 3).Draw(t, "calls") {
				id++
				s.Calls = append(s.Calls, conversation.Call{ID: fmt.Sprint("c", id), Name: "tool", Args: `{"a":"b"}`, Result: `{"ok":true}`})
			}
			turn.Steps = append(turn.Steps, s)
		}
		return turn
	}), 1, 4).Draw(t, "turns")
}

func logOf(turns []conversation.Turn) (log []conversation.Logged) {
	for _, turn := range turns {
		log = append(log, conversation.Log(turn.RunID, int64(len(log)), at, eventsOf(turn)...)...)
	}
	return log
}

func TestReplayReadsBackWhatWasLogged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTurns(t)
		got, err := conversation.Replay(logOf(want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v\nwant %+v (%v)", got, want, err)
		}
	})
}

// Wherever a log is cut, what is left open is closed, and only calls with results are told.
func TestCutLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turns := drawTurns(t)[:1]
		log := logOf(turns)
		log = log[:rapid.IntRange(1, len(log)).Draw(t, "cut")]
		closing, err := conversation.Unclosed(log)
		if err != nil {
			t.Fatal(err)
		}
		open := map[string]int{}
		for _, l := range append(log, conversation.Log("run1", int64(len(log)), at, closing...)...) {
			e, err := l.Event()
			if err != nil {
				t.Fatal(err)
			}
			key := e.StepName + e.MessageID + e.ToolCallID
			switch e.Type {
			case conversation.StepStarted, conversation.TextStart, conversation.CallStart:
				open[key]++
			case conversation.StepFinished, conversation.TextEnd, conversation.CallEnd:
				open[key]--
			}
		}
		for key, n := range open {
			if n != 0 {
				t.Fatalf("%s is open %d times", key, n)
			}
		}
		got, err := conversation.Replay(log)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range got[0].Steps {
			if s.Text == "" && len(s.Calls) == 0 {
				t.Fatal("an empty step")
			}
			for _, c := range s.Calls {
				if c.Result == "" || c.Args != `{"a":"b"}` {
					t.Fatalf("told of %+v", c)
				}
			}
		}
	})
}

func TestReplacedTextIsForgotten(t *testing.T) {
	log := conversation.Log("r", 0, at,
		conversation.CustomEvent(conversation.UserMessage, conversation.UserText{Text: "How much?"}),
		conversation.Event{Type: conversation.TextContent, MessageID: "a", Delta: "500."},
		conversation.CustomEvent(conversation.Fallback, conversation.FallbackNote{Reason: "wrong", Replaces: "a"}),
		conversation.Event{Type: conversation.TextContent, MessageID: "b", Delta: "12.3."})
	turns, err := conversation.Replay(log)
	if err != nil || turns[0].Text() != "12.3." {
		t.Errorf("%+v %v", turns, err)
	}
}

func TestLogNumbersAndNames(t *testing.T) {
	log := conversation.Log("r", 41, at, conversation.Event{Type: conversation.RunStarted, ThreadID: "t", RunID: "r"},
		conversation.CustomEvent(conversation.CardShown, conversation.Card{Data: json.RawMessage(`{"a":9223372036854775807}`), Args: json.RawMessage("{}")}))
	want := `{"type":"RUN_STARTED","threadId":"t","runId":"r","seq":42,"timestamp":1795262400000}`
	if string(log[0].JSON) != want || log[0].Seq != 42 || log[0].Type != "RUN_STARTED" {
		t.Errorf("got %s, want %s", log[0].JSON, want)
	}
	if log[1].Seq != 43 || log[1].Type != "card" || !strings.Contains(string(log[1].JSON), "9223372036854775807") {
		t.Errorf("got %+v", log[1])
	}
}

func TestTitles(t *testing.T) {
	for text, want := range map[string]string{
		"How much did I earn?": "How much did I earn?",
		"  two\n\n lines\t ":   "two lines",
		"How much commission did I earn this week, and how does it compare to the one before?": "How much commission did I earn this week, and how does it…",
		strings.Repeat("x", 100): strings.Repeat("x", 60) + "…",
		strings.Repeat("ä", 100): strings.Repeat("ä", 60) + "…",
	} {
		if got := conversation.TitleOf(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if _, err := conversation.CleanTitle("a\u0007b"); domain.AsError(err).Field != "title" {
		t.Errorf("got %v", err)
	}
}

func TestMessageClean(t *testing.T) {
	m, err := conversation.Message{ClientID: "a", Text: "  ", Option: " spot "}.Clean()
	if err != nil || m.Text != "spot" {
		t.Errorf("%+v %v", m, err)
	}
}
