package delivery

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/handoff"
	"partnerhub/domain/webhook"
	"partnerhub/store"
)

// mailbox is an SMTP server that keeps what it takes. The first messages it refuses, as it is told to.
type mailbox struct {
	net.Listener
	mu     sync.Mutex
	refuse int // so many messages
	got    []*mail.Message
	rcpt   []string
	bodies []string
}

func newMailbox(t *testing.T, refuse int) *mailbox {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &mailbox{Listener: l, refuse: refuse}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go b.serve(conn)
		}
	}()
	return b
}

func (b *mailbox) serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	say := func(s string) { fmt.Fprintf(conn, "%s\r\n", s) }
	say("220 sink")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "RCPT":
			b.mu.Lock()
			b.rcpt = append(b.rcpt, rest)
			b.mu.Unlock()
			say("250 ok")
		case "DATA":
			say("354 go on")
			var data strings.Builder
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				data.WriteString(line)
			}
			b.mu.Lock()
			if b.refuse--; b.refuse >= 0 {
				b.mu.Unlock()
				say("451 not now")
				continue
			}
			if m, err := mail.ReadMessage(strings.NewReader(data.String())); err == nil {
				b.got = append(b.got, m)
				b.bodies = append(b.bodies, data.String())
			}
			b.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// TestTicketsByMail has tickets reach the desk's mailbox, or the BD's own: once each, though it refuses at first, and whatever a partner writes into them.
func TestTicketsByMail(t *testing.T) {
	w := newWorld(t)
	box := newMailbox(t, 2)
	mailer, err := NewMailer(MailConfig{Server: box.Addr().String(), TLS: "none", From: "Partner Hub <hub@example.com>", To: "desk@example.com, second@example.com", Hub: "https://hub.example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	tickets := store.NewTickets(w.pool, handoff.Desk{Mail: true})
	hostile := "not paid\r\nBcc: thief@example.com\r\n\r\n.\r\nMAIL FROM:<x@example.com>"
	opened, err := tickets.Open(t.Context(), domain.Partner(1), handoff.Request{Category: handoff.Finance, Summary: hostile, At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	ada := domain.Caller{UID: 70, Role: domain.RoleBD}
	if err := tickets.Seen(t.Context(), ada, "Ada", "ada@example.com", time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, m := range []store.TicketMove{{Action: handoff.Claims, Name: "Ada", At: time.Now()}, {Action: handoff.Replies, Name: "Ada", Text: "hi", At: time.Now()}} {
		if _, err := tickets.Move(t.Context(), ada, opened.ID, m); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tickets.Move(t.Context(), domain.Partner(1), opened.ID, store.TicketMove{Action: handoff.Cancels, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	worker := &Worker{Queue: w.Store, Mail: mailer, Logger: slog.New(slog.DiscardHandler),
		Retry: func(now time.Time, _ int, _ time.Duration) time.Time { return now }}
	stopped := make(chan struct{})
	go func() { defer close(stopped); worker.Run(ctx) }()
	w.wait(t, "both are done", func() bool { return len(w.records(t, "done")) == 2 })
	cancel()
	<-stopped
	box.mu.Lock()
	defer box.mu.Unlock()
	if len(box.got) != 2 {
		t.Fatalf("%d messages, want that of the opening and that of the cancellation", len(box.got))
	}
	ids := map[string]bool{}
	for i, m := range box.got {
		ids[m.Header.Get("Message-ID")] = true
		if m.Header.Get("Bcc") != "" || !strings.Contains(m.Header.Get("Subject"), "partner 1, finance") || m.Header.Get("To") == "" || !strings.Contains(m.Header.Get("From"), "hub@example.com") {
			t.Errorf("headers: %v", m.Header)
		}
		to, own := m.Header.Get("To"), strings.Contains(m.Header.Get("Subject"), "cancelled") // when Ada had it
		if own != (to == "<ada@example.com>") || own == strings.Contains(to, "desk@example.com") {
			t.Errorf("%q went to %s", m.Header.Get("Subject"), to)
		}
		if !strings.Contains(box.bodies[i], "Ticket "+opened.ID) || !strings.Contains(box.bodies[i], "https://hub.example.com/tickets/"+opened.ID) {
			t.Errorf("no ticket, or no link to it, in %s", box.bodies[i])
		}
	}
	if len(ids) != 2 {
		t.Errorf("message ids: %v", ids)
	}
	for _, to := range box.rcpt {
		if !strings.Contains(to, "desk@example.com") && !strings.Contains(to, "second@example.com") && !strings.Contains(to, "ada@example.com") {
			t.Errorf("sent to %s", to)
		}
	}
}

// TestMailFails has mail that cannot go seen among what fails.
func TestMailFails(t *testing.T) {
	w := newWorld(t)
	tickets := store.NewTickets(w.pool, handoff.Desk{Mail: true})
	if _, err := tickets.Open(t.Context(), domain.Partner(1), handoff.Request{Category: handoff.Other, Summary: "x", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	worker := &Worker{Queue: w.Store, Logger: slog.New(slog.DiscardHandler), Retry: func(now time.Time, _ int, _ time.Duration) time.Time { return now }}
	stopped := make(chan struct{})
	go func() { defer close(stopped); worker.Run(ctx) }()
	w.wait(t, "it is dead", func() bool { return len(w.records(t, "dead")) == 1 })
	cancel()
	<-stopped
	if r := w.records(t, "failing")[0]; r.Channel != webhook.ToMail || r.Attempts != webhook.MaxAttempts || r.Error == "" {
		t.Errorf("%+v", r)
	}
}

func TestMailSettings(t *testing.T) {
	good := MailConfig{Server: "mail.example.com:587", TLS: "starttls", From: "hub@example.com", To: "desk@example.com"}
	if _, err := NewMailer(good); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]MailConfig{
		"smtp-server": {Server: "mail.example.com", TLS: good.TLS, From: good.From, To: good.To},
		"smtp-tls":    {Server: good.Server, TLS: "maybe", From: good.From, To: good.To},
		"smtp-from":   {Server: good.Server, TLS: good.TLS, From: "hub@example.com\r\nBcc: x@example.com", To: good.To},
		"public-url":  {Server: good.Server, TLS: good.TLS, From: good.From, To: good.To, Hub: "hub.example.com"},
		"smtp-to":     {Server: good.Server, TLS: good.TLS, From: good.From},
	} {
		if _, err := NewMailer(bad); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
