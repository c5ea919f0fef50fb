package agent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

const (
	// trailerTimeout is how long the usage may take once the answer is complete.
	trailerTimeout = time.Second
	// drainTimeout is how long the end of the body may take, for the connection to be used again.
	drainTimeout = 100 * time.Millisecond
	// maxRequestBytes bounds what is sent; no model reads that much.
	maxRequestBytes = 16 << 20
	// zeroTemperature stands for 0 until the body is built: go-openai leaves a zero out, and an endpoint
	// then takes its own default, mostly 1.
	zeroTemperature = math.SmallestNonzeroFloat32
)

// openaiExchange is one HTTP request and its response. It is go-openai's HTTP client for that one
// request, because go-openai shows neither Retry-After nor the body underneath a stream.
type openaiExchange struct {
	model *OpenAI
	// ctx ends with the call, or with ErrModelStalled.
	ctx    context.Context
	cancel context.CancelCauseFunc
	// idle is how long a read may last, and watch the timer that ends it.
	idle  time.Duration
	watch *time.Timer

	body       io.ReadCloser
	status     int // 0 until there is a response
	retryAfter time.Duration
}

func newOpenAIExchange(ctx context.Context, m *OpenAI) *openaiExchange {
	x := &openaiExchange{model: m, idle: m.cfg.IdleTimeout}
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	// Only the time spent waiting for the endpoint counts: the timer runs while something is awaited,
	// not while the streaming function works.
	x.watch = time.AfterFunc(time.Hour, func() {
		x.cancel(fmt.Errorf("%w: nothing received for the idle timeout", ErrModelStalled))
	})
	x.watch.Stop()
	return x
}

func (x *openaiExchange) client() *openai.Client {
	config := openai.DefaultConfig(x.model.cfg.APIKey)
	config.BaseURL = x.model.cfg.BaseURL
	config.HTTPClient = x
	config.EmptyMessagesLimit = math.MaxUint // pings are bounded by MaxResponseBytes and RequestTimeout
	return openai.NewClientWithConfig(config)
}

// close frees the connection; go-openai leaves the body of an error response open.
func (x *openaiExchange) close() {
	x.watch.Stop()
	x.cancel(nil)
	if x.body != nil {
		_ = x.body.Close()
	}
}

// drain reads what follows the last frame, so that the connection can be used again.
func (x *openaiExchange) drain() {
	x.idle = drainTimeout
	_, _ = io.CopyN(io.Discard, x.body, 4<<10)
}

// Do sends go-openai's request.
func (x *openaiExchange) Do(req *http.Request) (*http.Response, error) {
	if req.ContentLength > maxRequestBytes {
		return nil, fmt.Errorf("%w: messages: %d bytes are more than %d", ErrModelRequest, req.ContentLength, maxRequestBytes)
	}
	if err := sendZeroTemperature(req); err != nil {
		return nil, err
	}
	x.watch.Reset(x.idle)
	resp, err := x.model.httpClient.Do(req)
	x.watch.Stop()
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // its text repeats the address
			err = u.Err
		}
		return nil, fmt.Errorf("%w: %w", ErrModelUnreachable, err)
	}
	x.body = resp.Body
	x.status = resp.StatusCode
	x.retryAfter = parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
	if resp.StatusCode != http.StatusOK && resp.StatusCode < 400 { // go-openai takes redirects for success
		return nil, &EndpointError{Status: resp.StatusCode, Message: "redirects are not followed"}
	}
	limited := &openaiBody{x: x, raw: resp.Body, left: x.model.cfg.MaxResponseBytes}
	x.body = struct {
		io.Reader
		io.Closer
	}{&sseFilter{in: bufio.NewReader(limited)}, resp.Body}
	resp.Body = x.body
	return resp, nil
}

// sendZeroTemperature puts the zero in. The stand-in cannot be met before: only strings come earlier
// in the body, and quotes in them are escaped.
func sendZeroTemperature(req *http.Request) error {
	r, err := req.GetBody()
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	body = bytes.Replace(body, []byte(`"temperature":1e-45`), []byte(`"temperature":0`), 1)
	req.ContentLength = int64(len(body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, err = req.GetBody()
	return err
}

// parseRetryAfter reads seconds or an HTTP date; 0 when there is none, or it has passed.
func parseRetryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// explain turns what go-openai or the network says into the errors of this package.
func (x *openaiExchange) explain(err error) error {
	if x.ctx.Err() != nil {
		return contextError(x.ctx)
	}
	var api *openai.APIError
	var plain *openai.RequestError
	var endpoint *EndpointError
	switch {
	case errors.As(err, &api):
		endpoint = &EndpointError{Status: api.HTTPStatusCode, Message: api.Message}
		if api.Code != nil {
			endpoint.Code = fmt.Sprint(api.Code)
		}
		if n, ok := api.Code.(int); ok && endpoint.Status == 0 && n >= 400 && n < 600 {
			endpoint.Status = n // an error inside a stream
		}
	case errors.As(err, &plain):
		endpoint = &EndpointError{Status: plain.HTTPStatusCode, Message: string(plain.Body)}
	case errors.As(err, &endpoint):
	case errors.Is(err, ErrModelRequest), errors.Is(err, ErrModelUnreachable), errors.Is(err, ErrResponseTooLarge),
		errors.Is(err, ErrStreamCut), errors.Is(err, ErrBadFrame), errors.Is(err, ErrBadToolCall), errors.Is(err, ErrEmptyAnswer):
		return err
	case x.status == 0: // go-openai did not get as far as sending it
		return fmt.Errorf("%w: %w", ErrModelRequest, err)
	case x.status >= 400: // and its body could not be read
		endpoint = &EndpointError{Status: x.status}
	default:
		return fmt.Errorf("%w: %w", ErrStreamCut, err)
	}
	endpoint.RetryAfter = x.retryAfter
	endpoint.Code = cleanMessage(endpoint.Code, x.model.cfg.APIKey)
	endpoint.Message = cleanMessage(endpoint.Message, x.model.cfg.APIKey)
	if endpoint.Status == http.StatusTooManyRequests {
		return &RateLimitedError{RetryAfter: endpoint.RetryAfter, Err: endpoint}
	}
	return endpoint
}

// contextError says why ctx ended: a time limit of ours, or the caller.
func contextError(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, ErrModelStalled) || errors.Is(cause, ErrModelTimeout) {
		return cause
	}
	return fmt.Errorf("model call given up: %w", ctx.Err())
}

// openaiFrame is a frame of the stream. Some endpoints put an error beside the choices.
type openaiFrame struct {
	openai.ChatCompletionStreamResponse
	Error *openai.APIError `json:"error"`
}

// receive reads a frame. It returns io.EOF, exactly, at the end of the stream.
func receive(stream *openai.ChatCompletionStream) (openaiFrame, error) {
	var f openaiFrame
	raw, err := stream.RecvRaw()
	switch {
	case err != nil:
		return f, err
	case len(raw) == 0: // what go-openai makes of an error frame of unknown shape
		return f, &EndpointError{Message: "an error inside the stream that could not be read"}
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("%w: %w", ErrBadFrame, err)
	}
	if f.Error != nil {
		return f, f.Error
	}
	if f.Object == "error" {
		return f, &EndpointError{Message: "an error inside the stream"}
	}
	return f, nil
}

// openaiBody is a response body under the idle timeout and the size cap.
type openaiBody struct {
	x    *openaiExchange
	raw  io.Reader
	left int64
}

func (b *openaiBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrResponseTooLarge, b.x.model.cfg.MaxResponseBytes)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	b.x.watch.Reset(b.x.idle)
	n, err := b.raw.Read(p)
	b.x.watch.Stop()
	b.left -= int64(n)
	return n, err
}

// sseFilter drops comments, empty data and other fields from an event stream. go-openai collects them
// as the text of an error, and can then no longer read a real one.
type sseFilter struct {
	in       *bufio.Reader
	rest     []byte // read, not handed out yet; part of the buffer of in
	err      error  // comes after rest
	midLine  bool
	skipping bool
}

func (f *sseFilter) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		piece, err := f.in.ReadSlice('\n')
		if !f.midLine {
			f.skipping = isSSENoise(piece)
		}
		f.midLine = errors.Is(err, bufio.ErrBufferFull)
		if !f.skipping {
			f.rest = piece
		}
		if err != nil && !f.midLine {
			f.err = err
			if err == io.EOF { // go-openai forgets a last line without a line end
				f.rest = append(bytes.Clone(f.rest), '\n')
			}
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func isSSENoise(line []byte) bool {
	line = bytes.TrimSpace(line)
	for _, prefix := range []string{":", "event:", "id:", "retry:"} {
		if bytes.HasPrefix(line, []byte(prefix)) {
			return true
		}
	}
	return bytes.Equal(line, []byte("data:"))
}
