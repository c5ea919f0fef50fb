package delivery

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/net/dns/dnsmessage"

	"partnerhub/domain/webhook"
)

// TestRebinding has names whose owner changes what they resolve to from one question to the next. Whatever the name said when it was registered,
// nothing on this machine or an inner network is dialled.
func TestRebinding(t *testing.T) {
	var reached atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer srv.Close()
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	var asked atomic.Int64
	answers := [][4]byte{{127, 0, 0, 1}, {10, 0, 0, 1}, {169, 254, 169, 254}, {192, 168, 0, 1}, {127, 0, 0, 1}}
	useResolver(t, func(name string) (a [][4]byte) {
		n := asked.Add(1)
		if strings.HasPrefix(name, "many") {
			return answers
		}
		return answers[int(n)%len(answers):][:1]
	})
	client := NewClient(false)
	for i := range 20 {
		name := fmt.Sprintf("%s%d.rebind.example", []string{"one", "many"}[i%2], i)
		if err := CheckURL("https://"+name+"/hook", false); err != nil {
			t.Fatal(err)
		}
		d := webhook.Delivery{URL: "http://" + name + ":" + port + "/hook", Message: "m", Body: []byte(`{}`), Secrets: []string{testSecret}}
		if a, err := sendWebhook(t.Context(), client, d, time.Now()); err == nil || a.status != 0 {
			t.Errorf("%s answered %+v, %v", name, a, err)
		} else if text := reason(err); !strings.Contains(text, errPrivate.Error()) {
			t.Errorf("%s: %s", name, text)
		}
	}
	if reached.Load() || asked.Load() < 20 {
		t.Errorf("reached: %v, after %d questions", reached.Load(), asked.Load())
	}
	// The same names are dialled where private addresses are allowed: it is the guard that refuses, not the resolver.
	useResolver(t, func(string) [][4]byte { return answers[:1] })
	d := webhook.Delivery{URL: "http://private.rebind.example:" + port + "/hook", Message: "m", Body: []byte(`{}`), Secrets: []string{testSecret}}
	if a, err := sendWebhook(t.Context(), NewClient(true), d, time.Now()); err != nil || a.status != http.StatusOK || !reached.Load() {
		t.Errorf("with private addresses allowed: %+v, %v", a, err)
	}
}

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// useResolver answers the process's questions for names, until the test ends.
func useResolver(t *testing.T, answer func(name string) [][4]byte) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return // closed
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				for _, a := range answer(q.Name.String()) {
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: a}})
				}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = before; _ = conn.Close() })
}

// sent is what an endpoint gets of a delivery.
func sent(t testing.TB, d webhook.Delivery, now time.Time) (http.Header, []byte) {
	t.Helper()
	var header http.Header
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		header = r.Header.Clone()
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}}, nil
	})}
	if _, err := sendWebhook(t.Context(), client, d, now); err != nil {
		t.Fatal(err)
	}
	return header, d.Body
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestWebhookSignature verifies what is sent as docs/operations.md tells a receiver to, and that nothing else passes.
func TestWebhookSignature(t *testing.T) {
	d := webhook.Delivery{URL: "https://hooks.example/x", Message: "msg_1", Body: []byte(`{"type":"task.reward"}`), Secrets: []string{testSecret, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}}
	verify := func(secret string, header http.Header, body []byte) error {
		v, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		return v.Verify(body, header)
	}
	now := time.Now()
	header, body := sent(t, d, now)
	for _, secret := range d.Secrets { // the one of before a rotation, too
		if err := verify(secret, header, body); err != nil {
			t.Error(err)
		}
	}
	with := func(name, value string) http.Header {
		h := header.Clone()
		h.Set(name, value)
		return h
	}
	first, _, _ := strings.Cut(header.Get(standardwebhooks.HeaderWebhookSignature), " ")
	for what, x := range map[string]struct {
		secret string
		header http.Header
		body   []byte
	}{
		"another secret":      {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", header, body},
		"another body":        {testSecret, header, []byte(`{"type":"task.reward" }`)},
		"another id":          {testSecret, with(standardwebhooks.HeaderWebhookID, "msg_2"), body},
		"another time":        {testSecret, with(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix()+1, 10)), body},
		"no time":             {testSecret, with(standardwebhooks.HeaderWebhookTimestamp, ""), body},
		"no signature":        {testSecret, with(standardwebhooks.HeaderWebhookSignature, ""), body},
		"a cut signature":     {testSecret, with(standardwebhooks.HeaderWebhookSignature, first[:len(first)-1]), body},
		"a signature of none": {testSecret, with(standardwebhooks.HeaderWebhookSignature, "v0,"+strings.TrimPrefix(first, "v1,")), body},
	} {
		if verify(x.secret, x.header, x.body) == nil {
			t.Errorf("%s passes", what)
		}
	}
	for what, at := range map[string]time.Time{"played again": now.Add(-6 * time.Minute), "of the future": now.Add(6 * time.Minute)} {
		header, body := sent(t, d, at)
		if verify(testSecret, header, body) == nil {
			t.Errorf("one %s passes", what)
		}
	}
}

// FuzzSignature: what a receiver verifies is what was sent, byte by byte; headers that somebody made up never pass, and break nothing.
func FuzzSignature(f *testing.F) {
	f.Add("msg_1", []byte(`{"type":"task.reward"}`), "v1,AAAA", "1790000000")
	f.Add("", []byte{}, "v1,", "-1")
	f.Add("a.b", []byte{0xff}, " v1 ,, v1", "99999999999999999999")
	f.Fuzz(func(t *testing.T, id string, body []byte, signature, at string) {
		v, err := standardwebhooks.NewWebhook(testSecret)
		if err != nil {
			t.Fatal(err)
		}
		if id != "" && !strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) {
			header, got := sent(t, webhook.Delivery{URL: "https://hooks.example/x", Message: id, Body: body, Secrets: []string{testSecret}}, time.Now())
			if err := v.Verify(got, header); err != nil {
				t.Fatal(err)
			}
			if v.Verify(append(got[:len(got):len(got)], 0), header) == nil {
				t.Fatal("a longer body passes")
			}
		}
		made := http.Header{}
		made.Set(standardwebhooks.HeaderWebhookID, id)
		made.Set(standardwebhooks.HeaderWebhookTimestamp, at)
		made.Set(standardwebhooks.HeaderWebhookSignature, signature)
		if v.Verify(body, made) == nil {
			t.Fatal("what nobody signed passes")
		}
	})
}
