package delivery

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"partnerhub/delivery/mailtest"
	"partnerhub/domain"
	"partnerhub/domain/handoff"
	"partnerhub/domain/webhook"
	"partnerhub/store"
)

// TestTicketsByMail has tickets reach the desk's mailbox, or the BD's own: once each, though it refuses at first, and whatever a partner writes into them.
func TestTicketsByMail(t *testing.T) {
	w := newWorld(t)
	box := mailtest.New(t)
	box.Refuse(2)
	mailer, err := NewMailer(MailConfig{Server: box.Addr(), TLS: "none", From: "Partner Hub <hub@example.com>", To: "desk@example.com, second@example.com", Hub: "https://hub.example.com/"})
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
	if len(box.Messages()) != 2 {
		t.Fatalf("%d messages, want that of the opening and that of the cancellation", len(box.Messages()))
	}
	ids := map[string]bool{}
	for _, m := range box.Messages() {
		ids[m.Header.Get("Message-ID")] = true
		if m.Header.Get("Bcc") != "" || !strings.Contains(m.Header.Get("Subject"), "partner 1, finance") || m.Header.Get("To") == "" || !strings.Contains(m.Header.Get("From"), "hub@example.com") {
			t.Errorf("headers: %v", m.Header)
		}
		to, own := m.Header.Get("To"), strings.Contains(m.Header.Get("Subject"), "cancelled") // when Ada had it
		if own != (to == "<ada@example.com>") || own == strings.Contains(to, "desk@example.com") {
			t.Errorf("%q went to %s", m.Header.Get("Subject"), to)
		}
		if !strings.Contains(m.Raw, "Ticket "+opened.ID) || !strings.Contains(m.Raw, "https://hub.example.com/tickets/"+opened.ID) {
			t.Errorf("no ticket, or no link to it, in %s", m.Raw)
		}
	}
	if len(ids) != 2 {
		t.Errorf("message ids: %v", ids)
	}
	for _, to := range box.Recipients() {
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
