package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"partnerhub/domain"
	"partnerhub/tools"
)

// registerMCP adds /mcp: the assistant's read tools for a partner's own MCP client, by streamable HTTP without sessions. Tools that propose
// or ask are left out: they need the chat, where a person confirms.
func (s *server) registerMCP(r chi.Router) { r.Post("/mcp", s.mcp) }

// mcp answers one message. Each request has a server of its own, bound to the caller of its token, so that there is no session to
// take over and nothing that two callers share.
func (s *server) mcp(w http.ResponseWriter, r *http.Request) {
	c, err := s.Auth.Caller(r)
	if err == nil {
		err = s.callers.allow(c.UID, time.Now())
	}
	if err == nil {
		err = c.Require(domain.RolePartner)
	}
	if err == nil {
		err = oneMessage(w, r)
	}
	if err != nil {
		if domain.AsError(err).Code == domain.CodeUnauthenticated {
			w.Header().Set("WWW-Authenticate", "Bearer") // what MCP clients look for
		}
		writeProblem(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), operationTimeout)
	defer cancel()
	leave, err := s.places.enter(ctx, c.UID)
	if err != nil {
		writeProblem(w, err)
		return
	}
	defer leave()
	r = r.WithContext(ctx)

	offered := mcp.NewServer(&mcp.Implementation{Name: "partnerhub", Title: "Partner Hub", Version: "1"}, &mcp.ServerOptions{
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}, // no logging, and the list does not change
	})
	closed := false
	for _, t := range s.Tools {
		if t.Effect != tools.Reads {
			continue
		}
		offered.AddTool(&mcp.Tool{
			Name: t.Name, Description: t.Description, InputSchema: t.Input,
			Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &closed},
		}, func(_ context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			// The SDK's context outlives the request of older clients; this one ends with it.
			return s.mcpCall(ctx, c, t, req.Params.Arguments), nil
		})
	}
	mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return offered }, &mcp.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxJSONBody, PropagateRequestCancellation: true,
		// It refuses every host but localhost behind a proxy on the same machine. A page that rebinds a name has no token to send.
		DisableLocalhostProtection: true,
	}).ServeHTTP(w, r)
}

// oneMessage reads the body, and refuses one that is too large or a batch, which older protocols have: a thousand calls would count as one.
func oneMessage(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSONBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return domain.Errorf(domain.CodeTooLarge, "", "the body is larger than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return domain.Invalid("", "the body ended early")
	}
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		return domain.Invalid("", "batches are not taken: send one message in a request")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// mcpCall runs a tool. Its error is a result too, so that a model can read which field was wrong and mend it.
func (s *server) mcpCall(ctx context.Context, c domain.Caller, t tools.Tool, args json.RawMessage) *mcp.CallToolResult {
	result, err := s.runRecovered(ctx, c, t, args)
	if err == nil {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: string(result)}}, StructuredContent: result}
	}
	e := domain.AsError(err)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e = domain.Errorf(domain.CodeUnavailable, "", "%s took too long", t.Name)
	}
	if e.Code == domain.CodeInternal && ctx.Err() == nil {
		s.Logger.ErrorContext(ctx, "mcp", "id", middleware.GetReqID(ctx), "tool", t.Name, "error", err)
	}
	said, err := json.Marshal(e)
	if err != nil {
		said = []byte(`{"code":"internal"}`)
	}
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: string(said)}}, StructuredContent: json.RawMessage(said)}
}

// runRecovered runs a tool whose panic is an error: the SDK calls it outside the goroutine that recover guards.
func (s *server) runRecovered(ctx context.Context, c domain.Caller, t tools.Tool, args json.RawMessage) (result json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return t.Run(ctx, c, args)
}
