// Package mailtest is a mailbox for tests: an SMTP server that keeps what it takes.
package mailtest

import (
	"bufio"
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Box is the mailbox. It closes itself when the test ends.
type Box struct {
	listener net.Listener

	mu     sync.Mutex
	refuse int
	got    []Message
	rcpt   []string
}

// Message is one that was taken. Raw is header and body.
type Message struct {
	Header mail.Header
	Raw    string
}

// New makes a mailbox at a free port of this host.
func New(t testing.TB) *Box {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &Box{listener: l}
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

// Addr is where it listens: host:port.
func (b *Box) Addr() string { return b.listener.Addr().String() }

// Refuse has the next n messages refused for now.
func (b *Box) Refuse(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = n
}

// Messages are those that were taken, in order.
func (b *Box) Messages() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// Recipients are what came with RCPT, also of refused messages.
func (b *Box) Recipients() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.rcpt)
}

func (b *Box) serve(conn net.Conn) {
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
			say(b.take(data.String()))
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (b *Box) take(raw string) (reply string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse > 0 {
		b.refuse--
		return "451 not now"
	}
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return "554 " + err.Error()
	}
	b.got = append(b.got, Message{m.Header, raw})
	return "250 taken"
}
