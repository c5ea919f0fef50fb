package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"partnerhub/domain"
)

// talker is a partner's WebSocket to a hub.
type talker struct {
	conn *websocket.Conn
	uid  int64
}

// dial opens a partner's socket; client may be nil.
func (h *hub) dial(ctx context.Context, uid int64, client *http.Client) (*talker, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws://"+h.address+"/v1/chat/ws", &websocket.DialOptions{
		HTTPClient: client, HTTPHeader: http.Header{"Authorization": {"Bearer " + token(domain.Partner(uid))}}, Subprotocols: []string{"partnerhub.v1"},
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(4 << 20)
	return &talker{conn, uid}, nil
}

func (t *talker) say(ctx context.Context, frame map[string]any) error {
	b, err := json.Marshal(frame)
	if err != nil {
		return err
	}
	return t.conn.Write(ctx, websocket.MessageText, b)
}

// frame is what a hub says.
type frame struct {
	Type, ThreadID, ClientID string
	Error                    json.RawMessage
	Event                    struct {
		Type string
		Seq  int64
	}
}

func (t *talker) hear(ctx context.Context) (f frame, err error) {
	_, b, err := t.conn.Read(ctx)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, err
	}
	if f.Type == "error" || f.Event.Type == "RUN_ERROR" {
		return f, &refusal{string(b)}
	}
	return f, nil
}

// refusal is what a hub said instead of an answer.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// turnTimes are how long a message took to be answered, from when it was sent, in milliseconds.
type turnTimes struct{ first, whole float64 }

// ask sends a message in a new conversation and reads the answer to its end.
func (t *talker) ask(ctx context.Context, text string) (took turnTimes, err error) {
	return took, t.tell(ctx, uuid.NewString(), text, &took)
}

// tell is ask with the message's own id, by which it is one message however often it is sent.
func (t *talker) tell(ctx context.Context, clientID, text string, took *turnTimes) error {
	begin := time.Now()
	if err := t.say(ctx, map[string]any{"type": "send", "clientId": clientID, "text": text}); err != nil {
		return err
	}
	for {
		f, err := t.hear(ctx)
		if err != nil {
			return err
		}
		if f.Type != "event" {
			continue
		}
		if took.first == 0 {
			took.first = ms(time.Since(begin))
		}
		if f.Event.Type == "RUN_FINISHED" {
			took.whole = ms(time.Since(begin))
			return nil
		}
	}
}

// talk has clients ask at the same time, again and again, each time as the next partner over a socket of its own, until so many turns are done or
// ctx ends: one partner may send no more than so many messages a minute. It returns the times of the turns.
func (h *hub) talk(ctx context.Context, next func() int64, clients, turns int) (took []turnTimes, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var begun atomic.Int64
	for range clients {
		wg.Go(func() {
			for ctx.Err() == nil && begun.Add(1) <= int64(turns) {
				times, failed := h.turn(ctx, next(), question)
				if failed != nil && ctx.Err() != nil {
					return
				}
				mu.Lock()
				if failed != nil {
					err = errors.Join(err, failed)
					mu.Unlock()
					return
				}
				took = append(took, times)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return took, err
}

// turn asks one question over a socket of its own.
func (h *hub) turn(ctx context.Context, partner int64, question string) (times turnTimes, err error) {
	t, err := h.dial(ctx, partner, nil)
	if err != nil {
		return times, err
	}
	defer func() { _ = t.conn.CloseNow() }()
	if times, err = t.ask(ctx, question); err != nil {
		err = fmt.Errorf("partner %d: %w", partner, err)
	}
	return times, err
}

// quantile of the times of turns, 0.5 or 0.99 of them.
func quantile(took []turnTimes, of func(turnTimes) float64, q float64) float64 {
	if len(took) == 0 {
		return 0
	}
	var v []float64
	for _, t := range took {
		v = append(v, of(t))
	}
	slices.Sort(v)
	return v[min(int(float64(len(v))*q), len(v)-1)]
}

func firstOf(t turnTimes) float64 { return t.first }
func wholeOf(t turnTimes) float64 { return t.whole }
