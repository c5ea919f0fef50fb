package agent

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// What a call of a model can fail with; test with errors.Is.
var (
	// ErrModelRequest: the messages or options cannot be sent to this model.
	ErrModelRequest = errors.New("model request refused")
	// ErrModelUnreachable: the connection failed before the endpoint answered.
	ErrModelUnreachable = errors.New("model endpoint unreachable")
	// ErrModelStalled: the endpoint sent nothing for the idle timeout.
	ErrModelStalled = errors.New("model stalled")
	// ErrModelTimeout: the request timeout passed, retries included.
	ErrModelTimeout = errors.New("model exceeded its time limit")
	// ErrStreamCut: the answer ended without finish_reason, so it is not complete.
	ErrStreamCut = errors.New("model answer cut off")
	// ErrBadFrame: a frame of the answer is not what the protocol says.
	ErrBadFrame = errors.New("model answer unreadable")
	// ErrBadToolCall: a tool call without name, with arguments that are not a JSON object, or in an
	// answer that was cut short. None of the answer's calls is handed out.
	ErrBadToolCall = errors.New("malformed tool call")
	// ErrEmptyAnswer: neither text nor tool calls.
	ErrEmptyAnswer = errors.New("model answered nothing")
	// ErrResponseTooLarge: the response is larger than MaxResponseBytes.
	ErrResponseTooLarge = errors.New("model response too large")
)

// EndpointError is an error that the endpoint reported: by HTTP status, or inside a stream.
type EndpointError struct {
	// Status is the HTTP status, or for an error inside a stream the status it names, or 0.
	Status int
	// Code is the endpoint's own code, such as "context_length_exceeded"; often empty.
	Code string
	// Message is the endpoint's text, shortened, without the API key.
	Message string
	// RetryAfter is what the endpoint asked to wait, or 0.
	RetryAfter time.Duration
}

func (e *EndpointError) Error() string {
	var b strings.Builder
	b.WriteString("model endpoint error")
	if e.Status != 0 {
		fmt.Fprintf(&b, " %d %s", e.Status, http.StatusText(e.Status))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return b.String()
}

// RateLimitedError says that the endpoint refused with 429 and retrying did not help, or would take
// longer than allowed. It wraps the *EndpointError.
type RateLimitedError struct {
	// RetryAfter is what the endpoint asked to wait, or 0 when it did not say.
	RetryAfter time.Duration
	Err        *EndpointError
}

func (e *RateLimitedError) Error() string {
	if e.RetryAfter > 0 {
		return fmt.Sprintf("%v (retry after %s)", e.Err, e.RetryAfter)
	}
	return e.Err.Error()
}

// Unwrap returns the *EndpointError.
func (e *RateLimitedError) Unwrap() error { return e.Err }

// cleanMessage makes an endpoint's text fit for errors and logs. Endpoints are known to repeat the key
// when they refuse it.
func cleanMessage(message, key string) string {
	if key != "" {
		message = strings.ReplaceAll(message, key, "[key]")
	}
	message = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, message)
	const limit = 300
	if r := []rune(message); len(r) > limit {
		message = string(r[:limit]) + "…"
	}
	return strings.TrimSpace(message)
}
