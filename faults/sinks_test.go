package faults_test

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"partnerhub/delivery/mailtest"
	"partnerhub/store/storetest"
)

// sinks are where webhooks and mail go: the exchange's endpoint, and the mailbox of the desk.
type sinks struct {
	network *storetest.Proxy // to the endpoint
	mail    *mailtest.Box
	mails   *storetest.Proxy // to the mailbox

	mu      sync.Mutex
	down    bool // it answers 503, or not in time
	secret  *standardwebhooks.Webhook
	hooks   map[string][32]byte // body by webhook-id, of what was acknowledged
	kinds   map[string]int      // of those, by type
	again   int                 // how often an acknowledged one came once more
	refused int
	wrong   []string
}

func newSinks(t *testing.T) *sinks {
	s := &sinks{hooks: map[string][32]byte{}, kinds: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.network = storetest.NewProxy(t, "tcp", strings.TrimPrefix(server.URL, "http://"))
	s.mail = mailtest.New(t)
	s.mails = storetest.NewProxy(t, "tcp", s.mail.Addr())
	return s
}

func (s *sinks) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it was cut off, and comes again
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		s.refused++
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if err := s.secret.Verify(body, r.Header); err != nil {
		s.wrong = append(s.wrong, "a webhook that is not signed: "+err.Error())
	}
	id, sum := r.Header.Get(standardwebhooks.HeaderWebhookID), sha256.Sum256(body)
	if was, known := s.hooks[id]; known {
		if s.again++; was != sum {
			s.wrong = append(s.wrong, "webhook "+id+" came again with another body")
		}
	} else {
		var e struct{ Type string }
		_ = json.Unmarshal(body, &e)
		s.kinds[e.Type]++
	}
	s.hooks[id] = sum
	w.WriteHeader(http.StatusNoContent)
}

// fail takes both away, in one of two ways.
func (s *sinks) fail(refuse bool) {
	if refuse {
		s.network.Refuse()
	}
	s.mails.Refuse()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = true
}

func (s *sinks) heal() {
	s.network.Heal()
	s.mails.Heal()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = false
}

// pass lets hours go by for what waits to be delivered again.
func (w *world) pass(d time.Duration) error {
	_, err := w.admin.Exec(w.t.Context(), `UPDATE delivery SET next_at = next_at - $1::interval WHERE state = 'pending'`, d)
	return err
}
