package modeltest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Step answers one request.
type Step struct {
	play    func(*Exchange)
	endless bool
}

// Exchange is a request on its way to be answered.
type Exchange struct {
	Request Request

	server *Server
	w      http.ResponseWriter
	r      *http.Request
}

// Call is one tool call of an answer. Args is sent as it is, so it can be malformed.
type Call struct {
	ID, Name, Args string
}

// Text answers with text, one frame a chunk.
func Text(chunks ...string) Step { return TextAndCalls(chunks) }

// Calls answers with parallel tool calls, their arguments in small deltas, interleaved by index.
func Calls(calls ...Call) Step { return TextAndCalls(nil, calls...) }

// TextAndCalls answers with text and then tool calls.
func TextAndCalls(chunks []string, calls ...Call) Step {
	var parts []Part
	for _, c := range chunks {
		parts = append(parts, Chunk(c))
	}
	finish := "stop"
	if len(calls) > 0 {
		parts, finish = append(parts, interleave(calls)...), "tool_calls"
	}
	return Stream(append(parts, Finish(finish), Usage(100, 20), Done())...)
}

// Endless answers this and every later request with the same step, as a model that loops does.
func Endless(s Step) Step {
	s.endless = true
	return s
}

// Reply chooses the step from the request.
func Reply(choose func(Request) Step) Step {
	return Step{play: func(x *Exchange) { choose(x.Request).play(x) }}
}

// Status answers with an HTTP status and an error object. Headers come in pairs: name, value.
func Status(code int, message string, headers ...string) Step {
	return Step{play: func(x *Exchange) {
		for i := 0; i+1 < len(headers); i += 2 {
			x.w.Header().Set(headers[i], headers[i+1])
		}
		writeError(x.w, code, message)
	}}
}

// RateLimited answers 429 with a Retry-After header, which is left out when empty.
func RateLimited(retryAfter string) Step {
	if retryAfter == "" {
		return Status(http.StatusTooManyRequests, "Rate limit reached")
	}
	return Status(http.StatusTooManyRequests, "Rate limit reached", "Retry-After", retryAfter)
}

// Body answers with an HTTP status and a body that is no event stream.
func Body(code int, contentType, body string) Step {
	return Step{play: func(x *Exchange) {
		x.w.Header().Set("Content-Type", contentType)
		x.w.WriteHeader(code)
		_, _ = x.w.Write([]byte(body))
	}}
}

// Hang never answers, not even with headers, until the client gives up.
func Hang() Step {
	return Step{play: func(x *Exchange) { x.stall() }}
}

// Drop closes the connection without an answer.
func Drop() Step {
	return Step{play: func(*Exchange) { panic(http.ErrAbortHandler) }}
}

// Stream answers with an event stream of the given parts. It ends cleanly after the last one: without
// [Finish] that is a cut that only its content shows.
func Stream(parts ...Part) Step {
	return Step{play: func(x *Exchange) {
		x.w.Header().Set("Content-Type", "text/event-stream")
		x.w.WriteHeader(http.StatusOK)
		for _, p := range parts {
			p(x)
		}
	}}
}

// Part is a piece of an event stream.
type Part func(*Exchange)

// Chunk is a frame with a piece of text.
func Chunk(text string) Part {
	return Delta(fmt.Sprintf(`{"content":%s}`, quote(text)))
}

// Delta is a frame with the given JSON as the delta of the first choice.
func Delta(deltaJSON string) Part {
	return Data(fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"scripted",`+
		`"choices":[{"index":0,"delta":%s,"finish_reason":null}]}`, deltaJSON))
}

// ToolDelta is a frame with the given JSON objects as its tool_calls.
func ToolDelta(toolCallJSON ...string) Part {
	return Delta(`{"tool_calls":[` + strings.Join(toolCallJSON, ",") + `]}`)
}

// Finish is the frame with the finish reason.
func Finish(reason string) Part {
	return Data(fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"scripted",`+
		`"choices":[{"index":0,"delta":{},"finish_reason":%s}]}`, quote(reason)))
}

// Usage is the frame with the token counts, sent only when the request asked for it, as endpoints do.
func Usage(prompt, completion int) Part {
	frame := Data(fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"scripted",`+
		`"choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}`,
		prompt, completion, prompt+completion))
	return func(x *Exchange) {
		if o := x.Request.Chat.StreamOptions; o != nil && o.IncludeUsage {
			frame(x)
		}
	}
}

// Done is the closing "[DONE]" frame.
func Done() Part { return Data("[DONE]") }

// ErrorFrame is an error inside a stream that began well.
func ErrorFrame(code int, message string) Part { return Data(string(errorJSON(code, message))) }

// Pings are n comment lines, as proxies send to keep a connection open.
func Pings(n int) Part { return Raw(strings.Repeat(": ping\n\n", n)) }

// PingsUntilGone sends a comment line each interval until the client gives up: alive, and of no use.
func PingsUntilGone(interval time.Duration) Part {
	ping := Pings(1)
	return func(x *Exchange) {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				ping(x)
			case <-x.r.Context().Done():
				return
			case <-x.server.closing:
				return
			}
		}
	}
}

// Data is a frame with the given data.
func Data(data string) Part { return Raw("data: " + data + "\n\n") }

// Raw is sent as it is.
func Raw(s string) Part {
	return func(x *Exchange) {
		_, _ = x.w.Write([]byte(s))
		_ = http.NewResponseController(x.w).Flush()
	}
}

// Pause sends nothing for a while, as a model does that thinks.
func Pause(d time.Duration) Part {
	return func(x *Exchange) {
		select {
		case <-time.After(d):
		case <-x.r.Context().Done():
		case <-x.server.closing:
		}
	}
}

// Stall sends nothing more until the client gives up.
func Stall() Part { return (*Exchange).stall }

// Cut breaks the connection in the middle of the stream.
func Cut() Part {
	return func(*Exchange) { panic(http.ErrAbortHandler) }
}

func (x *Exchange) stall() {
	select {
	case <-x.r.Context().Done():
		x.server.mu.Lock()
		x.server.aborted++
		x.server.mu.Unlock()
	case <-x.server.closing:
	}
}

// interleave deals out the arguments of parallel calls in deltas of a few bytes, one call after the
// other, as endpoints do that generate them at the same time.
func interleave(calls []Call) []Part {
	const size = 7 // not a divisor of anything: tokens, escapes and numbers are torn apart
	var parts []Part
	rest := make([][]rune, len(calls))
	for i, c := range calls {
		rest[i] = []rune(c.Args)
		parts = append(parts, ToolDelta(fmt.Sprintf(
			`{"index":%d,"id":%s,"type":"function","function":{"name":%s,"arguments":""}}`, i, quote(c.ID), quote(c.Name))))
	}
	for more := true; more; {
		more = false
		for i := range rest {
			n := min(size, len(rest[i]))
			if n == 0 {
				continue
			}
			parts = append(parts, ToolDelta(fmt.Sprintf(
				`{"index":%d,"function":{"arguments":%s}}`, i, quote(string(rest[i][:n])))))
			rest[i] = rest[i][n:]
			more = true
		}
	}
	return parts
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always marshals
	return string(b)
}
