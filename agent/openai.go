package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	openai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/llms"
)

// OpenAIConfig says which OpenAI-compatible endpoint to call, and how long to wait for it.
type OpenAIConfig struct {
	// BaseURL is the address up to and including the version, such as https://api.openai.com/v1.
	BaseURL string
	// APIKey is sent as bearer token; empty for endpoints without one. It is kept out of every error.
	APIKey string `json:"-"`
	// Model is the model's id, unless a call names another by llms.WithModel.
	Model string
	// HTTPClient replaces the built-in client, for a proxy or a private CA. Its Timeout must be zero:
	// it would cut long answers.
	HTTPClient *http.Client
	// IdleTimeout is how long the endpoint may send nothing at all, before the answer begins or within
	// it. Zero means 60 s.
	IdleTimeout time.Duration
	// RequestTimeout bounds a whole GenerateContent, its retries and their pauses included. Zero means
	// 5 minutes.
	RequestTimeout time.Duration
	// MaxRetries is how many further attempts follow a first one that failed; zero means none.
	MaxRetries int
	// Backoff is the pause before the first retry; it doubles with each, up to 16 times, with jitter.
	// Zero means 250 ms.
	Backoff time.Duration
	// MaxRetryAfter is the longest Retry-After that is waited for; a longer one fails the call at once
	// with its RateLimitedError. Zero means 20 s.
	MaxRetryAfter time.Duration
	// MaxResponseBytes caps one response, framing and comments included. Zero means 16 MiB.
	MaxResponseBytes int64
}

// String leaves the key out.
func (c OpenAIConfig) String() string { return fmt.Sprintf("model %q at %s", c.Model, c.BaseURL) }

// GoString leaves the key out.
func (c OpenAIConfig) GoString() string { return c.String() }

// OpenAI is a model behind an OpenAI-compatible chat completions endpoint. It is safe for concurrent
// use.
type OpenAI struct {
	cfg        OpenAIConfig
	httpClient *http.Client
	// noUsage is set once the endpoint has refused to be asked for the usage of a stream.
	noUsage atomic.Bool
}

var _ llms.Model = (*OpenAI)(nil)

// NewOpenAI checks the settings; it does not call the endpoint.
func NewOpenAI(cfg OpenAIConfig) (*OpenAI, error) {
	u, err := url.Parse(cfg.BaseURL)
	switch {
	case err != nil:
		return nil, errors.New("BaseURL: not a URL") // the parse error would repeat it, with a password in it
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("BaseURL: must begin with http:// or https:// and name a host")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("BaseURL: must not carry credentials, a query or a fragment")
	case cfg.Model == "":
		return nil, errors.New("Model: must not be empty")
	case strings.ContainsFunc(cfg.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("APIKey: must be printable ASCII without spaces")
	case cfg.MaxRetries < 0 || cfg.MaxRetries > 10:
		return nil, errors.New("MaxRetries: must be between 0 and 10")
	case cfg.IdleTimeout < 0, cfg.RequestTimeout < 0, cfg.Backoff < 0, cfg.MaxRetryAfter < 0, cfg.MaxResponseBytes < 0:
		return nil, errors.New("IdleTimeout, RequestTimeout, Backoff, MaxRetryAfter, MaxResponseBytes: must not be negative")
	case cfg.HTTPClient != nil && cfg.HTTPClient.Timeout != 0:
		return nil, errors.New("HTTPClient: its Timeout must be zero")
	}
	orDefault(&cfg.IdleTimeout, time.Minute)
	orDefault(&cfg.RequestTimeout, 5*time.Minute)
	orDefault(&cfg.Backoff, 250*time.Millisecond)
	orDefault(&cfg.MaxRetryAfter, 20*time.Second)
	orDefault(&cfg.MaxResponseBytes, 16<<20)

	m := &OpenAI{cfg: cfg, httpClient: cfg.HTTPClient}
	if m.httpClient == nil {
		m.httpClient = newOpenAIHTTPClient()
	}
	return m, nil
}

func orDefault[T int64 | time.Duration](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

func newOpenAIHTTPClient() *http.Client {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		// A redirect would carry the conversation to a host that nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// String names the model and the endpoint; the key is left out.
func (m *OpenAI) String() string { return m.cfg.String() }

// GoString leaves the key out.
func (m *OpenAI) GoString() string { return m.cfg.String() }

// Close closes idle connections.
func (m *OpenAI) Close() { m.httpClient.CloseIdleConnections() }

// Call answers a single prompt.
func (m *OpenAI) Call(ctx context.Context, prompt string, options ...llms.CallOption) (string, error) {
	return llms.GenerateFromSinglePrompt(ctx, m, prompt, options...)
}

// GenerateContent asks for one answer and returns it as one choice: its text, its tool calls, and
// StopReason "stop", "tool_calls" (whenever there are tool calls), "length" or "content_filter", or
// what else the endpoint says. Text is handed to llms.WithStreamingFunc as it arrives; tool calls are
// only returned once the answer is complete, and their arguments are then a JSON object each.
// GenerationInfo has Model (string) and, where the endpoint tells, PromptTokens, CompletionTokens,
// TotalTokens, PromptCachedTokens and ReasoningTokens (int).
//
// Model, MaxTokens, Temperature (zero is sent as zero), TopP, Seed, StopWords, both penalties, JSONMode,
// Tools and ToolChoice are honoured; sampling options are left out for models that refuse them.
//
// A failure before anything was streamed is tried again, up to MaxRetries times, if it may pass: a
// connection that fails or breaks, and HTTP 408, 429, 500, 502, 503, 504, 529. Text that was streamed
// before an error is not taken back; the caller must discard it.
//
// Errors: ErrModelRequest, ErrModelUnreachable, ErrModelStalled, ErrModelTimeout, ErrStreamCut,
// ErrBadFrame, ErrBadToolCall, ErrEmptyAnswer, ErrResponseTooLarge, *EndpointError, *RateLimitedError,
// the error of ctx, or that of the streaming function.
func (m *OpenAI) GenerateContent(
	ctx context.Context, messages []llms.MessageContent, options ...llms.CallOption,
) (*llms.ContentResponse, error) {
	opts := llms.CallOptions{Temperature: math.NaN(), Seed: seedUnset} // NaN: zero is a temperature
	for _, o := range options {
		o(&opts)
	}
	req, err := openaiRequest(m.cfg.Model, messages, opts)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, m.cfg.RequestTimeout,
		fmt.Errorf("%w of %s", ErrModelTimeout, m.cfg.RequestTimeout))
	defer cancel()

	for attempt := 0; ; {
		askUsage := !m.noUsage.Load()
		req.StreamOptions = nil
		if askUsage {
			req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
		}
		answer, streamed, err := m.try(ctx, req, opts.StreamingFunc)
		if err == nil {
			return answer, nil
		}
		if askUsage && refusesUsage(err) {
			m.noUsage.Store(true)
			continue
		}
		wait, again := m.pause(err, attempt)
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			again = false // waiting would only turn this error into a timeout
		}
		if streamed || !again {
			return nil, err
		}
		attempt++
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, contextError(ctx)
		}
	}
}

// try makes one request. streamed says that text has reached the streaming function.
func (m *OpenAI) try(
	ctx context.Context, req openai.ChatCompletionRequest, onText func(context.Context, []byte) error,
) (_ *llms.ContentResponse, streamed bool, _ error) {
	x := newOpenAIExchange(ctx, m)
	defer x.close()
	stream, err := x.client().CreateChatCompletionStream(x.ctx, req)
	if err != nil {
		return nil, false, x.explain(err)
	}

	answer := openaiAnswer{byIndex: map[int]*openaiCall{}, byID: map[string]*openaiCall{}}
	for {
		frame, err := receive(stream)
		if err == io.EOF { // the end of the stream; other errors may wrap io.EOF
			x.drain()
			break
		}
		if err != nil {
			err = x.explain(err)
			if answer.finish != "" && (errors.Is(err, ErrStreamCut) || errors.Is(err, ErrModelStalled)) {
				break // only the usage could still have come
			}
			return nil, streamed, err
		}
		text, err := answer.add(frame)
		if err != nil {
			return nil, streamed, x.explain(err)
		}
		if text != "" && onText != nil {
			streamed = true
			if err := onText(ctx, []byte(text)); err != nil {
				return nil, streamed, fmt.Errorf("streaming function: %w", err)
			}
		}
		if answer.finish != "" {
			x.idle = min(x.idle, trailerTimeout)
		}
	}
	response, err := answer.response()
	if err != nil {
		return nil, streamed, x.explain(err)
	}
	return response, streamed, nil
}

// pause returns how long to wait before the next attempt, and whether there is to be one.
func (m *OpenAI) pause(err error, attempt int) (time.Duration, bool) {
	if attempt >= m.cfg.MaxRetries {
		return 0, false
	}
	backoff := m.cfg.Backoff << min(attempt, 4)
	var endpoint *EndpointError
	switch {
	case errors.As(err, &endpoint):
		passing := slices.Contains([]int{408, 429, 500, 502, 503, 504, 529}, endpoint.Status)
		if !passing || endpoint.Code == "insufficient_quota" { // a 429 that only paying ends
			return 0, false
		}
		if endpoint.RetryAfter > 0 {
			// Jitter, so that those who were told the same do not come back together.
			return endpoint.RetryAfter + rand.N(m.cfg.Backoff), endpoint.RetryAfter <= m.cfg.MaxRetryAfter
		}
	case errors.Is(err, ErrModelUnreachable), errors.Is(err, ErrStreamCut):
	default:
		return 0, false
	}
	return backoff/2 + rand.N(backoff/2+1), true
}

// refusesUsage recognises an endpoint that does not know the request field stream_options.
func refusesUsage(err error) bool {
	var endpoint *EndpointError
	return errors.As(err, &endpoint) && (endpoint.Status == 400 || endpoint.Status == 422) &&
		strings.Contains(endpoint.Message, "stream_options")
}
