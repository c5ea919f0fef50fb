package knowledge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sashabaranov/go-openai"

	"partnerhub/domain"
)

// OpenAIConfig names an OpenAI-compatible endpoint's embedding model.
type OpenAIConfig struct {
	BaseURL, APIKey, Model string
	Batch                  int           // texts in one request; 0: 64
	PerMinute              int           // requests a minute; 0: 600
	MaxRetries             int           // after the first try, of what may go away: 429, 5xx, a broken connection; 0: 4
	Timeout                time.Duration // of one try; 0: 30 s
	HTTP                   http.RoundTripper
	// Wait stands for the clock in tests; nil waits.
	Wait func(context.Context, time.Duration) error
}

// OpenAI is the embedder behind an OpenAI-compatible endpoint. It learns its number of dimensions from the first answer.
type OpenAI struct {
	cfg        OpenAIConfig
	client     *openai.Client
	dimensions atomic.Int64
}

// Bounds of what is sent and believed.
const (
	maxEmbedText   = 24 << 10        // bytes of a text; the rest of it is left out
	maxEmbedAnswer = 64 << 20        // bytes of an answer
	maxWait        = 2 * time.Minute // that an endpoint may ask for
)

// NewOpenAI returns the embedder; it calls nobody. The error is CodeInvalid for settings that are missing.
func NewOpenAI(cfg OpenAIConfig) (*OpenAI, error) {
	if cfg.Model == "" {
		return nil, domain.Invalid("embedding-model", "is missing")
	}
	if !strings.HasPrefix(cfg.BaseURL, "http://") && !strings.HasPrefix(cfg.BaseURL, "https://") {
		return nil, domain.Invalid("openai-base-url", "%q: want an http or https address for the embedding model", cfg.BaseURL)
	}
	if cfg.Batch == 0 {
		cfg.Batch = 64
	}
	if cfg.PerMinute == 0 {
		cfg.PerMinute = 600
	}
	if cfg.MaxRetries == 0 {
		cfg.MaxRetries = 4
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.HTTP == nil {
		cfg.HTTP = http.DefaultTransport
	}
	if cfg.Wait == nil {
		cfg.Wait = wait
	}
	o := openai.DefaultConfig(cfg.APIKey)
	o.BaseURL = strings.TrimSuffix(cfg.BaseURL, "/")
	o.HTTPClient = &http.Client{Transport: &patient{cfg: cfg}}
	return &OpenAI{cfg: cfg, client: openai.NewClientWithConfig(o)}, nil
}

// Name implements Embedder.
func (e *OpenAI) Name() string { return e.cfg.Model }

// Dimensions implements Embedder: 0 before the first answer.
func (e *OpenAI) Dimensions() int { return int(e.dimensions.Load()) }

// Strength implements Embedder. It is not measured for each model; any of them knows more of meanings than the built-in one.
func (e *OpenAI) Strength() float64 { return 0.4 }

// Embed implements Embedder. The error is CodeUnavailable when the endpoint refuses or does not answer, retries included, or answers
// what is no vector for each text.
func (e *OpenAI) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, 0, len(texts))
	for from := 0; from < len(texts); from += e.cfg.Batch {
		batch := make([]string, 0, e.cfg.Batch)
		for _, t := range texts[from:min(from+e.cfg.Batch, len(texts))] {
			if t = strings.ToValidUTF8(t[:min(len(t), maxEmbedText)], ""); strings.TrimSpace(t) == "" {
				t = "-" // endpoints refuse an empty text
			}
			batch = append(batch, t)
		}
		vectors, err := e.request(ctx, batch)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, domain.Errorf(domain.CodeUnavailable, "embedding-model", "%s: %v", e.cfg.Model, strings.ReplaceAll(err.Error(), max(e.cfg.APIKey, "\x00"), "[key]"))
		}
		out = append(out, vectors...)
	}
	return out, nil
}

func (e *OpenAI) request(ctx context.Context, texts []string) ([][]float32, error) {
	res, err := e.client.CreateEmbeddings(ctx, openai.EmbeddingRequestStrings{Input: texts, Model: openai.EmbeddingModel(e.cfg.Model), EncodingFormat: openai.EmbeddingEncodingFormatFloat})
	if err != nil {
		return nil, err
	}
	if len(res.Data) != len(texts) {
		return nil, fmt.Errorf("%d vectors for %d texts", len(res.Data), len(texts))
	}
	out := make([][]float32, len(texts))
	for _, d := range res.Data { // in any order: each says which text it is of
		if d.Index < 0 || d.Index >= len(out) || out[d.Index] != nil || len(d.Embedding) == 0 {
			return nil, errors.New("the vectors do not say which texts they are of")
		}
		e.dimensions.CompareAndSwap(0, int64(len(d.Embedding)))
		if len(d.Embedding) != e.Dimensions() {
			return nil, fmt.Errorf("a vector of %d dimensions, not %d", len(d.Embedding), e.Dimensions())
		}
		out[d.Index] = unit(d.Embedding)
	}
	return out, nil
}

// patient sends a request at the endpoint's pace: spaced out, tried again when it may go better, after as long as the endpoint asks.
type patient struct {
	cfg  OpenAIConfig
	mu   sync.Mutex
	next time.Time // when the next request may go
}

// RoundTrip implements http.RoundTripper.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	for try := 0; ; try++ {
		if err := p.cfg.Wait(r.Context(), p.turn(time.Now())); err != nil {
			return nil, err
		}
		res, err := p.send(r)
		after, again := later(res, err, try)
		if !again || try >= p.cfg.MaxRetries || r.Context().Err() != nil {
			return res, err
		}
		if err := p.cfg.Wait(r.Context(), after); err != nil {
			return nil, err
		}
	}
}

// turn is how long a request has to wait for its turn.
func (p *patient) turn(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.Before(now) {
		p.next = now
	}
	at := p.next
	p.next = at.Add(time.Minute / time.Duration(p.cfg.PerMinute))
	return at.Sub(now)
}

// send makes one try, body and all, within its time.
func (p *patient) send(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), p.cfg.Timeout)
	defer cancel()
	again := r.Clone(ctx)
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		again.Body = body
	}
	res, err := p.cfg.HTTP.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxEmbedAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxEmbedAnswer {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxEmbedAnswer)
	}
	res.Body = io.NopCloser(bytes.NewReader(data))
	return res, nil
}

// later says whether a try is worth another, and how long to wait before.
func later(res *http.Response, err error, try int) (time.Duration, bool) {
	backoff := time.Duration(float64(500*time.Millisecond) * float64(int(1)<<min(try, 6)) * (0.75 + rand.Float64()/2))
	if err != nil {
		return backoff, true
	}
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode < 500 {
		return 0, false
	}
	asked := res.Header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(asked, 64); err == nil && seconds >= 0 {
		after := time.Duration(seconds * float64(time.Second))
		return after, after <= maxWait
	}
	if at, err := http.ParseTime(asked); err == nil {
		after := max(0, time.Until(at))
		return after, after <= maxWait
	}
	return backoff, true
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
