package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"partnerhub/domain"
)

// serveDemo runs `partnerhub serve --dev --demo` with a home of its own, and returns its address.
func serveDemo(t *testing.T) string {
	t.Helper()
	return serveDemoIn(t, t.TempDir()) // removed after the server's own cleanup
}

// serveDemoIn is serveDemo with a home that others may name too.
func serveDemoIn(t *testing.T, home string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	status := make(chan int, 1)
	go func() {
		s := run(ctx, []string{"serve", "--dev", "--demo", "--listen", "127.0.0.1:0", "--home", home}, strings.NewReader(""), io.Discard, w)
		w.Close()
		status <- s
	}()
	t.Cleanup(func() {
		cancel()
		if s := <-status; s != exitDone {
			t.Errorf("serve ended with status %d", s)
		}
	})
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			if at, ok := strings.CutPrefix(lines.Text(), "Partner Hub is at http://localhost:"); ok {
				address <- "127.0.0.1:" + at
			}
		}
	}()
	select {
	case a := <-address:
		return a
	case <-time.After(2 * time.Minute):
		t.Fatal("the server did not start")
		return ""
	}
}

// signIn returns the session cookie of a partner.
func signIn(ctx context.Context, address string, uid int64) (*http.Cookie, error) {
	return signInAs(ctx, address, domain.Partner(uid))
}

// signInAs is signIn of anybody.
func signInAs(ctx context.Context, address string, c domain.Caller) (*http.Cookie, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/dev/session", strings.NewReader(fmt.Sprintf(`{"uid":%d,"role":%q}`, c.UID, c.Role)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if len(res.Cookies()) != 1 {
		return nil, fmt.Errorf("sign-in: %s", res.Status)
	}
	return res.Cookies()[0], nil
}

// chatOnce holds one conversation of several turns, and returns the results of the tools that were called.
func chatOnce(ctx context.Context, address string, cookie *http.Cookie, questions []string) (results []string, err error) {
	socket, res, err := websocket.Dial(ctx, "ws://"+address+"/v1/chat/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}, Subprotocols: []string{"partnerhub.v1"},
	})
	if err != nil {
		return nil, err
	}
	if res.Body != nil {
		res.Body.Close()
	}
	defer socket.CloseNow()
	socket.SetReadLimit(1 << 20)
	thread, last := "", int64(0)
	for i, q := range questions {
		frame, err := json.Marshal(map[string]string{"type": "send", "clientId": fmt.Sprintf("%p-%d", socket, i), "threadId": thread, "text": q})
		if err != nil {
			return nil, err
		}
		if err := socket.Write(ctx, websocket.MessageText, frame); err != nil {
			return nil, err
		}
		for {
			_, b, err := socket.Read(ctx)
			if err != nil {
				return nil, err
			}
			var f struct {
				Type, ThreadID string
				Error          json.RawMessage
				Event          struct {
					Type, Content, Message string
					Seq                    int64
				}
			}
			if err := json.Unmarshal(b, &f); err != nil {
				return nil, err
			}
			if f.Type == "error" || f.Event.Type == "RUN_ERROR" {
				return nil, fmt.Errorf("%s", b)
			}
			thread = f.ThreadID
			if f.Type != "event" {
				continue
			}
			if f.Event.Seq <= last {
				return nil, fmt.Errorf("event %d after %d", f.Event.Seq, last)
			}
			last = f.Event.Seq
			if f.Event.Type == "TOOL_CALL_RESULT" {
				results = append(results, f.Event.Content)
			}
			if f.Event.Type == "RUN_FINISHED" {
				break
			}
		}
	}
	return results, nil
}

// TestSixteenPartnersChat lets sixteen partners chat at once with the real server, and holds each one's figures against
// what the REST API says to that partner.
func TestSixteenPartnersChat(t *testing.T) {
	address := serveDemo(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	questions := []string{"How much commission did I earn last week?", "and futures only?", "volume per day last month", "top 5 referees last month"}
	queries := []string{"metrics=commission&period=last_week", "metrics=commission&period=last_week&product=futures", "metrics=volume&period=last_month&groupBy=day"}
	var wg sync.WaitGroup
	for uid := int64(10001); uid <= 10016; uid++ { // twelve partners of the demo program, and four nobody knows
		wg.Go(func() {
			cookie, err := signIn(ctx, address, uid)
			if err != nil {
				t.Error(err)
				return
			}
			results, err := chatOnce(ctx, address, cookie, questions)
			if err != nil || len(results) != len(questions) {
				t.Errorf("partner %d: %d results of %d, %v", uid, len(results), len(questions), err)
				return
			}
			for i, q := range queries {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, (&url.URL{Scheme: "http", Host: address, Path: "/v1/metrics/query", RawQuery: q}).String(), nil)
				if err != nil {
					t.Error(err)
					return
				}
				req.AddCookie(cookie)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || !bytes.Equal(rowsOf(t, body), rowsOf(t, []byte(results[i]))) {
					t.Errorf("partner %d, %s: %v\nthe page says %s\nthe chat says %s", uid, q, err, body, results[i])
				}
			}
		})
	}
	wg.Wait()
}

func rowsOf(t *testing.T, result []byte) []byte {
	var r struct{ Rows, Total json.RawMessage }
	if err := json.Unmarshal(result, &r); err != nil || len(r.Total) == 0 {
		t.Errorf("%s: %v", result, err)
	}
	return append(r.Rows, r.Total...)
}
