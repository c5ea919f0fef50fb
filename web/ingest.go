package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/ingest"
	"partnerhub/store"
)

// IngestLimits bound POST /v1/events. A zero field has the default.
type IngestLimits struct {
	Bytes    int64         // of a body as sent; 32 MiB
	Unpacked int64         // of a body after decompression; 256 MiB
	Lines    int           // of a body; 200,000
	InFlight int           // bodies read or landing at the same time; 4
	Idle     time.Duration // between two parts of a body; 30 s
	Reading  time.Duration // for the whole body; 5 min
	Landing  time.Duration // for its transaction; 5 min
}

func (l IngestLimits) withDefaults() IngestLimits {
	orElse(&l.Bytes, 32<<20)
	orElse(&l.Unpacked, 256<<20)
	orElse(&l.Lines, 200_000)
	orElse(&l.InFlight, 4)
	orElse(&l.Idle, 30*time.Second)
	orElse(&l.Reading, 5*time.Minute)
	orElse(&l.Landing, 5*time.Minute)
	return l
}

func orElse[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// rejectionsShown is how many rejected lines an answer tells of; the others are in the store's listing.
const rejectionsShown = 100

// eventsAnswer is what POST /v1/events answers.
type eventsAnswer struct {
	Accepted   int         `json:"accepted"` // deferred ones among them
	Duplicate  int         `json:"duplicate"`
	Rejected   int         `json:"rejected"`
	Deferred   int         `json:"deferred"`
	Rejections []rejection `json:"rejections"` // the first of them
}

type rejection struct {
	Line   int64  `json:"line"`
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// events is POST /v1/events: one body, one transaction (SPEC 3).
type events struct {
	store  *store.Store
	limits IngestLimits
	source func(*http.Request) string
	slots  chan struct{} // one element for each body in flight
}

// NewEvents is the handler of POST /v1/events, behind whatever lets the request in. source names the sender for the
// list of rejected lines.
func NewEvents(s *store.Store, limits IngestLimits, source func(*http.Request) string) http.Handler {
	limits = limits.withDefaults()
	return &events{store: s, limits: limits, source: source, slots: make(chan struct{}, limits.InFlight)}
}

func (h *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, status, err := h.take(w, r)
	if err != nil {
		// The rest of the body is not wanted, nor is the connection on which it would come.
		w.Header().Set("Connection", "close")
		p := problemOf(err)
		if status != 0 {
			p.Status, p.Title = status, http.StatusText(status)
		}
		writeProblem(w, p)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the client is gone: a resend changes nothing
}

// take reads and lands the body. status is that of the error where its code does not say it.
func (h *events) take(w http.ResponseWriter, r *http.Request) (a *eventsAnswer, status int, err error) {
	packed, err := checkHeaders(r)
	if err != nil {
		return nil, http.StatusUnsupportedMediaType, err
	}
	if r.ContentLength > h.limits.Bytes {
		return nil, 0, h.tooLarge()
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return nil, 0, domain.Errorf(domain.CodeBusy, "", "%d bodies of events are being taken in already: try again in a moment", h.limits.InFlight)
	}
	batch, status, err := h.read(w, r, packed)
	if err != nil {
		return nil, status, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.limits.Landing)
	defer cancel()
	out, err := h.store.Ingest(ctx, batch)
	if err != nil {
		if ctx.Err() != nil {
			err = domain.Errorf(domain.CodeUnavailable, "", "the events did not land in %s, none of them: send them again", h.limits.Landing)
		}
		return nil, 0, err
	}
	a = &eventsAnswer{Accepted: out.Accepted, Duplicate: out.Duplicate, Rejected: out.Rejected, Deferred: len(out.Deferred), Rejections: []rejection{}}
	for _, x := range out.Refused[:min(len(out.Refused), rejectionsShown)] {
		a.Rejections = append(a.Rejections, rejection{Line: x.Line, Field: x.Err.Field, Reason: x.Err.Message})
	}
	return a, 0, nil
}

func (h *events) tooLarge() error {
	return domain.Errorf(domain.CodeTooLarge, "body", "more than %d bytes", h.limits.Bytes)
}

// checkHeaders refuses what cannot be NDJSON, and says whether it is gzip. Whatever else a client calls its lines, each is
// read as JSON or refused by itself.
func checkHeaders(r *http.Request) (packed bool, err error) {
	if mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil {
		switch {
		case strings.HasPrefix(mediaType, "multipart/"):
			return false, domain.Invalid("Content-Type", "want application/x-ndjson")
		case params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8"):
			return false, domain.Invalid("Content-Type", "want the charset utf-8")
		}
	}
	switch e := strings.ToLower(r.Header.Get("Content-Encoding")); e {
	case "", "identity":
		return false, nil
	case "gzip":
		return true, nil
	default:
		return false, domain.Invalid("Content-Encoding", "want gzip or none")
	}
}

// read decodes the whole body before anything lands: a client that goes away in the middle leaves nothing behind.
func (h *events) read(w http.ResponseWriter, r *http.Request, packed bool) (store.Batch, int, error) {
	conn := http.NewResponseController(w)
	body := &pacedBody{in: http.MaxBytesReader(w, r.Body, h.limits.Bytes), conn: conn, idle: h.limits.Idle, end: time.Now().Add(h.limits.Reading)}
	b, err := ingest.ReadBatch(body, ingest.BatchOptions{Source: h.source(r), Gzip: packed, MaxBytes: h.limits.Unpacked, MaxLines: h.limits.Lines})
	_ = conn.SetReadDeadline(time.Time{}) // while the batch lands, nothing has to come
	var large *http.MaxBytesError
	var ours *domain.Error
	switch {
	case err == nil:
		return b, 0, nil
	case errors.As(err, &large):
		return b, 0, h.tooLarge()
	case errors.As(err, &ours):
		return b, 0, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return b, http.StatusRequestTimeout, domain.Invalid("body", "came too slowly: at most %s between two parts and %s in all", h.limits.Idle, h.limits.Reading)
	default:
		return b, 0, domain.Invalid("body", "ended before it was complete")
	}
}

// pacedBody gives each part of a body some time to come, and the whole of it some more.
type pacedBody struct {
	in   io.Reader
	conn *http.ResponseController
	idle time.Duration
	end  time.Time
}

func (b *pacedBody) Read(p []byte) (int, error) {
	until := time.Now().Add(b.idle)
	if until.After(b.end) {
		until = b.end
	}
	_ = b.conn.SetReadDeadline(until) // a connection without deadlines is a test's
	return b.in.Read(p)
}
