package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

// eventsServer is a real server with the handler on a real database.
func eventsServer(t *testing.T, limits IngestLimits) (url string, pool *pgxpool.Pool) {
	t.Helper()
	pool = storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(NewEvents(s, limits, func(*http.Request) string { return "exchange" }))
	t.Cleanup(srv.Close)
	return srv.URL, pool
}

// post sends a body with headers given as name, value, …
func post(t *testing.T, url string, body io.Reader, headers ...string) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, answer
}

// refusedAs checks an answer's status and problem document.
func refusedAs(t *testing.T, status int, h http.Header, body []byte, want int, code domain.Code, field, detail string) {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%d %s", status, body)
	}
	if status != want || p.Status != want || p.Code != code || p.Field != field || !strings.Contains(p.Detail, detail) || p.Type == "" || p.Title != http.StatusText(want) {
		t.Errorf("%d %s\nwant %d, code %s, field %q, %q", status, body, want, code, field, detail)
	}
	if got := h.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
}

func count(t *testing.T, pool *pgxpool.Pool, query string) (n int) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// nothingLanded is asserted wherever a body is refused.
func nothingLanded(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	if n := count(t, pool, `SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM trade) + (SELECT count(*) FROM rejected)`); n != 0 {
		t.Errorf("%d rows have landed", n)
	}
}

func packed(t *testing.T, body string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func registered(uid int) string {
	return fmt.Sprintf(`{"id":"r%d","type":"account.registered","time":"2026-11-16T08:00:00Z","uid":%d}`+"\n", uid, uid)
}

func traded(id string, uid int) string {
	return fmt.Sprintf(`{"id":"%s","type":"trade.executed","time":"2026-11-16T09:00:00Z","uid":%d,"tradeId":"t%s","product":"spot","symbol":"BTCUSDT","side":"buy","volume":"100","feeGross":"10","feePaid":"8"}`+"\n", id, uid, id)
}

// The good lines of a body land whatever is wrong with the others, and a resend changes nothing.
func TestEventsLand(t *testing.T) {
	url, pool := eventsServer(t, IngestLimits{})
	body := registered(1) + traded("a", 1) + "\r\n" + // a blank line
		"{\"id\":\"x\xff\"}\n" + // 4: invalid UTF-8
		strings.Replace(traded("b", 1), "BTCUSDT", "BTC\x00", 1) + // 5: a NUL
		traded("c", 2) + // its account is not there: deferred
		`{"id":"d","type":"trade.executed","time":"2026-11-16T09:00:00Z","uid":1,"amount":12}` + "\n" + // 7
		strings.Replace(traded("e", 1), `"te"`, `"ta"`, 1) + // 8: the tradeId is taken
		strings.TrimSuffix(traded("f", 1), "\n")
	for _, again := range []bool{false, true} {
		status, h, answer := post(t, url, strings.NewReader(body))
		if status != http.StatusOK || h.Get("Content-Type") != "application/json" {
			t.Fatalf("%d %s", status, answer)
		}
		var got eventsAnswer
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatal(err)
		}
		want := eventsAnswer{Accepted: 4, Rejected: 4, Deferred: 1}
		if again {
			want = eventsAnswer{Duplicate: 4, Rejected: 4}
		}
		if got.Accepted != want.Accepted || got.Duplicate != want.Duplicate || got.Rejected != want.Rejected || got.Deferred != want.Deferred {
			t.Errorf("again %v: %s", again, answer)
		}
		for i, w := range []rejection{{4, "id", "invalid UTF-8"}, {5, "symbol", "malformed"}, {7, "tradeId", "missing"}, {8, "tradeId", "already taken"}} {
			if i >= len(got.Rejections) || got.Rejections[i].Line != w.Line || got.Rejections[i].Field != w.Field || !strings.Contains(got.Rejections[i].Reason, w.Reason) {
				t.Errorf("rejection %d is not %+v: %s", i, w, answer)
			}
		}
	}
	if n := count(t, pool, `SELECT count(*) FROM trade`); n != 2 {
		t.Errorf("%d trades", n)
	}
	if n := count(t, pool, `SELECT count(*) FROM rejected WHERE source = 'exchange'`); n != 8 {
		t.Errorf("%d rejected lines are kept", n)
	}
	// What the deferred one waits for, packed this time.
	status, _, answer := post(t, url, packed(t, registered(2)), "Content-Encoding", "gzip", "Content-Type", "application/x-ndjson; charset=UTF-8")
	if want := `{"accepted":1,"duplicate":0,"rejected":0,"deferred":0,"rejections":[]}` + "\n"; status != http.StatusOK || string(answer) != want {
		t.Errorf("%d %s", status, answer)
	}
	if n := count(t, pool, `SELECT count(*) FROM trade`); n != 3 {
		t.Errorf("%d trades after the account has come", n)
	}
}

// An answer tells of the first hundred rejected lines only; all are kept.
func TestManyRejections(t *testing.T) {
	url, pool := eventsServer(t, IngestLimits{})
	status, _, answer := post(t, url, strings.NewReader(strings.Repeat("{}\n", 250)+registered(1)))
	var got eventsAnswer
	if err := json.Unmarshal(answer, &got); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if got.Accepted != 1 || got.Rejected != 250 || len(got.Rejections) != 100 || got.Rejections[99].Line != 100 {
		t.Errorf("%s", answer)
	}
	if n := count(t, pool, `SELECT count(*) FROM rejected`); n != 250 {
		t.Errorf("%d kept", n)
	}
}

func TestEventsRefused(t *testing.T) {
	url, pool := eventsServer(t, IngestLimits{Bytes: 100_000, Unpacked: 300_000, Lines: 100})
	good := registered(1)
	truncated := packed(t, strings.Repeat(good, 50)).Bytes()
	damaged := bytes.Clone(truncated)
	damaged[len(damaged)-6] ^= 1                                             // the checksum
	chunked := func(r io.Reader) io.Reader { return struct{ io.Reader }{r} } // no Content-Length
	for _, c := range []struct {
		name          string
		body          io.Reader
		headers       []string
		status        int
		code          domain.Code
		field, detail string
	}{
		{"a form with files", strings.NewReader(good), []string{"Content-Type", "multipart/form-data; boundary=x"}, 415, "invalid", "Content-Type", "want application/x-ndjson"},
		{"Latin 1", strings.NewReader(good), []string{"Content-Type", "application/x-ndjson; charset=latin1"}, 415, "invalid", "Content-Type", "utf-8"},
		{"brotli", strings.NewReader(good), []string{"Content-Encoding", "br"}, 415, "invalid", "Content-Encoding", "want gzip or none"},
		{"too large", strings.NewReader(strings.Repeat(" ", 100_001)), nil, 413, "too_large", "body", "more than 100000 bytes"},
		{"too large, unannounced", chunked(strings.NewReader(strings.Repeat(" ", 100_001))), nil, 413, "too_large", "body", "more than 100000 bytes"},
		{"too many lines", strings.NewReader(strings.Repeat("{}\n", 101)), nil, 413, "too_large", "body", "more than 100 lines"},
		{"not gzip", strings.NewReader(good), []string{"Content-Encoding", "gzip"}, 422, "invalid", "body", "not valid gzip"},
		{"empty gzip", strings.NewReader(""), []string{"Content-Encoding", "gzip"}, 422, "invalid", "body", "not valid gzip"},
		{"truncated gzip", bytes.NewReader(truncated[:len(truncated)-9]), []string{"Content-Encoding", "gzip"}, 422, "invalid", "body", "not valid gzip"},
		{"damaged gzip", bytes.NewReader(damaged), []string{"Content-Encoding", "gzip"}, 422, "invalid", "body", "not valid gzip"},
		{"a gzip bomb", packed(t, good+strings.Repeat(" ", 5_000_000)), []string{"Content-Encoding", "gzip"}, 413, "too_large", "body", "more than 300000 bytes of events"},
		{"a gzip bomb in disguise", packed(t, good+strings.Repeat("\n", 5_000_000)), nil, 413, "too_large", "body", "more than 300000 bytes of events"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, h, answer := post(t, url, c.body, c.headers...)
			refusedAs(t, status, h, answer, c.status, c.code, c.field, c.detail)
			nothingLanded(t, pool)
		})
	}
	// Exactly at the limits is not over them.
	status, _, answer := post(t, url, strings.NewReader(strings.Repeat(good, 100)+strings.Repeat("\n", 100_000-100*len(good))))
	if status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
}

// What a client calls its lines does not matter: curl calls them a form, and some name no type at all.
func TestEventsOfAnyType(t *testing.T) {
	url, _ := eventsServer(t, IngestLimits{})
	for i, name := range []string{"", "application/json", "application/x-www-form-urlencoded", "text/plain; charset=UTF-8", "application/gzip", "no type"} {
		body := io.Reader(strings.NewReader(registered(i + 1)))
		if name == "application/gzip" {
			body = packed(t, registered(i+1))
		}
		status, _, answer := post(t, url, body, "Content-Type", name)
		if status != http.StatusOK || !strings.Contains(string(answer), `"accepted":1`) {
			t.Errorf("%q: %d %s", name, status, answer)
		}
	}
}

// endless is a body of so many bytes that counts what was taken of it.
type endless struct {
	block      []byte
	left, sent atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left.Load() <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.block[int(e.sent.Load())%len(e.block):])
	e.left.Add(-int64(n))
	e.sent.Add(int64(n))
	return n, nil
}

// A body of 2 GB is refused after its first part, whatever it holds, and takes no more memory than that.
func TestHugeBody(t *testing.T) {
	url, pool := eventsServer(t, IngestLimits{Lines: 1 << 30})
	for name, block := range map[string]string{"lines": traded("a", 1), "one line": "x", "blank lines": "\n"} {
		t.Run(name, func(t *testing.T) {
			body := &endless{block: []byte(strings.Repeat(block, 1000))}
			body.left.Store(2 << 30)
			watch, stop := watchHeap()
			status, h, answer := post(t, url, body)
			stop()
			refusedAs(t, status, h, answer, 413, "too_large", "body", "more than 33554432 bytes")
			if sent := body.sent.Load(); sent > 60<<20 {
				t.Errorf("%d MiB were taken", sent>>20)
			}
			if grown := watch(); grown > 200<<20 {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
			nothingLanded(t, pool)
		})
	}
	t.Run("announced", func(t *testing.T) {
		body := &endless{block: []byte("x")}
		body.left.Store(2 << 30)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = 2 << 30
		req.Header.Set("Content-Type", "application/x-ndjson")
		req.Header.Set("Expect", "100-continue")
		res, err := (&http.Client{Transport: &http.Transport{ExpectContinueTimeout: 5 * time.Second}}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge || body.sent.Load() != 0 {
			t.Errorf("%d after %d bytes", res.StatusCode, body.sent.Load())
		}
	})
}

// watchHeap looks at the heap every few milliseconds; grown is by how much it was larger than at the start, at most.
func watchHeap() (grown func() uint64, stop func()) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	start, most := m.HeapAlloc, m.HeapAlloc
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}()
	return func() uint64 { return most - start }, func() { close(end); <-ended }
}

// A line of 50 MB is one rejected line; it is not held in memory, and its neighbours land.
func TestHugeLine(t *testing.T) {
	url, pool := eventsServer(t, IngestLimits{})
	body := packed(t, registered(1)+`{"id":"`+strings.Repeat("9", 50_000_000)+`"}`+"\n"+traded("a", 1))
	watch, stop := watchHeap()
	status, _, answer := post(t, url, body, "Content-Encoding", "gzip")
	stop()
	want := `{"accepted":2,"duplicate":0,"rejected":1,"deferred":0,"rejections":[{"line":2,"field":"","reason":"the line is longer than 65536 bytes"}]}` + "\n"
	if status != http.StatusOK || string(answer) != want {
		t.Errorf("%d %s", status, answer)
	}
	if grown := watch(); grown > 20<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	if n := count(t, pool, `SELECT length(raw) FROM rejected`); n != 4096 {
		t.Errorf("%d bytes of it are kept", n)
	}
}

// raw begins a POST by hand, so that its body can come as slowly as a test wants.
func raw(t *testing.T, url string, length int, begin string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := fmt.Fprintf(conn, "POST /v1/events HTTP/1.1\r\nHost: hub\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%s", length, begin); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestSlowBody(t *testing.T) {
	for name, limits := range map[string]IngestLimits{
		"stalls": {Idle: 100 * time.Millisecond},
		"drips":  {Idle: time.Minute, Reading: 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			url, pool := eventsServer(t, limits)
			conn := raw(t, url, 1_000_000, registered(1))
			if name == "drips" {
				go func() {
					for {
						if _, err := io.WriteString(conn, "\n"); err != nil {
							return
						}
						time.Sleep(10 * time.Millisecond)
					}
				}()
			}
			begun := time.Now()
			answer, _ := io.ReadAll(conn) // the server may reset it after its answer
			if !bytes.HasPrefix(answer, []byte("HTTP/1.1 408 ")) || !bytes.Contains(answer, []byte("came too slowly")) || time.Since(begun) > 5*time.Second {
				t.Errorf("after %s: %s", time.Since(begun), answer)
			}
			nothingLanded(t, pool)
		})
	}
}

// More bodies than there are slots are sent away; a client that goes away frees its slot, and leaves nothing behind.
func TestBackPressure(t *testing.T) {
	url, pool := eventsServer(t, IngestLimits{InFlight: 2})
	first, second := raw(t, url, 1000, registered(1)), raw(t, url, 1000, registered(2))
	waitFor(t, "429", func() bool {
		// One of the two may have come while the line below held a place, and been refused itself.
		for n, c := range []*net.Conn{&first, &second} {
			if answered(t, *c) {
				*c = raw(t, url, 1000, registered(n+1))
				return false
			}
		}
		status, h, answer := post(t, url, strings.NewReader(""))
		if status != http.StatusTooManyRequests {
			return false
		}
		refusedAs(t, status, h, answer, 429, "busy", "", "2 bodies of events are being taken in already")
		if h.Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", h.Get("Retry-After"))
		}
		return true
	})
	first.Close()
	waitFor(t, "the slot of the one that went away", func() bool {
		status, _, _ := post(t, url, strings.NewReader(""))
		return status == http.StatusOK
	})
	nothingLanded(t, pool)
	if _, err := io.WriteString(second, strings.Repeat(" ", 1000-len(registered(2)))); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 15)
	if _, err := io.ReadFull(second, answer); err != nil || string(answer) != "HTTP/1.1 200 OK" {
		t.Errorf("%q %v", answer, err)
	}
	if n := count(t, pool, `SELECT count(*) FROM account`); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// answered reports whether the server has said anything on a connection.
func answered(t *testing.T, c net.Conn) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	n, _ := c.Read(make([]byte, 1))
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	return n > 0
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begun := time.Now(); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatal(what + " did not come")
		}
	}
}

// A transaction that takes too long leaves nothing, and says so.
func TestLandingTimeout(t *testing.T) {
	url, pool := eventsServer(t, IngestLimits{Landing: 300 * time.Millisecond})
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `LOCK TABLE event`); err != nil {
		t.Fatal(err)
	}
	status, h, answer := post(t, url, strings.NewReader(registered(1)))
	refusedAs(t, status, h, answer, 503, "unavailable", "", "none of them: send them again")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	nothingLanded(t, pool)
}
