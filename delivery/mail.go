package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"partnerhub/domain/webhook"
)

// MailConfig is where mail goes, and by which server.
type MailConfig struct {
	Server         string // host:port
	TLS            string // starttls, tls (from the first byte) or none
	User, Password string // "" for a server that wants none
	From, To       string // addresses; To may name several, with commas between: of the desk, for tickets of nobody's own
	Hub            string // the address of the web app, https://hub.example.com; "" leaves links out
}

// Mailer sends tickets to the mailbox of the BD whose they are, where it is known, and else to the desk's. It is safe for concurrent use.
type Mailer struct {
	client *gomail.Client
	from   string
	to     []string
	host   string // of Message-ID
	hub    string // without a slash at its end
}

// mailOK is the SMTP reply of a message that was taken, which counts as a status of HTTP does.
const mailOK = 250

// NewMailer checks the settings. The error names the one that is wrong.
func NewMailer(cfg MailConfig) (*Mailer, error) {
	host, portText, err := net.SplitHostPort(cfg.Server)
	port, errPort := strconv.Atoi(portText)
	if err != nil || errPort != nil || host == "" {
		return nil, fmt.Errorf("smtp-server %q: want host:port", cfg.Server)
	}
	from, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("smtp-from %q: %w", cfg.From, err)
	}
	list, err := mail.ParseAddressList(cfg.To)
	if err != nil {
		return nil, fmt.Errorf("smtp-to %q: %w", cfg.To, err)
	}
	if u, err := url.Parse(cfg.Hub); cfg.Hub != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return nil, fmt.Errorf("public-url %q: want a web address", cfg.Hub)
	}
	m := &Mailer{from: from.String(), host: host, hub: strings.TrimSuffix(cfg.Hub, "/")}
	for _, a := range list {
		m.to = append(m.to, a.String())
	}
	options := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(timeout), gomail.WithoutNoop()}
	switch cfg.TLS {
	case "tls":
		options = append(options, gomail.WithSSL())
	case "starttls":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("smtp-tls %q: want starttls, tls or none", cfg.TLS)
	}
	if cfg.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(cfg.User), gomail.WithPassword(cfg.Password))
	}
	m.client, err = gomail.NewClient(host, options...)
	return m, err
}

// send is one attempt. Its Message-ID is the same for each, by which a mailbox can tell that a message came twice.
func (m *Mailer) send(ctx context.Context, d webhook.Delivery) (answer, error) {
	if m == nil {
		return answer{}, errors.New("mail is not set up")
	}
	var event struct {
		Timestamp time.Time `json:"timestamp"`
		Data      struct {
			TicketID, State, Category, Summary, BD, Mailbox string
			UID                                             int64
			Priority                                        int
			DueAt                                           time.Time
		} `json:"data"`
	}
	if err := json.Unmarshal(d.Body, &event); err != nil {
		return answer{}, err
	}
	t := event.Data
	to := m.to
	if t.Mailbox != "" {
		to = []string{t.Mailbox}
	}
	msg := gomail.NewMsg()
	if err := errors.Join(msg.From(m.from), msg.To(to...)); err != nil {
		return answer{}, err
	}
	msg.SetMessageIDWithValue(d.Message + "@" + m.host)
	msg.SetDateWithValue(event.Timestamp)
	msg.Subject(oneLine(fmt.Sprintf("[ticket %s] %s: partner %d, %s", short(t.TicketID), t.State, t.UID, strings.ReplaceAll(t.Category, "_", " "))))
	var text strings.Builder
	fmt.Fprintf(&text, "Partner %d, %s, priority %d\nState: %s\n", t.UID, strings.ReplaceAll(t.Category, "_", " "), t.Priority, t.State)
	if !t.DueAt.IsZero() {
		fmt.Fprintf(&text, "Due: %s\n", t.DueAt.UTC().Format("2 Jan 2006 15:04 MST"))
	}
	if t.BD != "" {
		fmt.Fprintf(&text, "With: %s\n", t.BD)
	}
	fmt.Fprintf(&text, "\n%s\n\nTicket %s\n", t.Summary, t.TicketID)
	if m.hub != "" {
		fmt.Fprintf(&text, "%s/tickets/%s\n", m.hub, t.TicketID)
	}
	msg.SetBodyString(gomail.TypeTextPlain, text.String())
	err := m.client.DialAndSendWithContext(ctx, msg)
	var refused *gomail.SendError
	switch {
	case err == nil:
		return answer{status: mailOK}, nil
	case errors.As(err, &refused) && refused.ErrorCode() != 0:
		return answer{status: refused.ErrorCode()}, nil
	}
	return answer{}, err
}

// oneLine is a text that no header can be made to end with.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// short is the beginning of an id, for people to tell tickets apart by.
func short(id string) string { return id[:min(len(id), 8)] }
