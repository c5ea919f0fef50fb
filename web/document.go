package web

import (
	"net/http"
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
)

// describe adds to the OpenAPI document what is not served through huma: the events, whose bodies are streams, and the chat.
func (s *server) describe(api huma.API) {
	doc := api.OpenAPI()
	schema := func(v any, name string) *huma.Schema {
		return doc.Components.Schemas.Schema(reflect.TypeOf(v), true, name)
	}
	content := func(mediaType string, of *huma.Schema) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{mediaType: {Schema: of}}
	}
	// Problems are described once for all operations.
	problem := &huma.Response{Description: "Error", Content: content("application/problem+json", schema(Problem{}, "Problem"))}
	add := func(op *huma.Operation, answers map[string]*huma.Response) {
		op.Responses = answers
		op.Responses["default"] = problem
		if op.Security == nil {
			op.Security = signedIn
		}
		doc.AddOperation(op)
	}
	text := &huma.Schema{Type: "string"}
	id := &huma.Param{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string", Format: "uuid"}}
	after := &huma.Param{Name: "after", In: "query", Description: "The sequence number behind which to begin; the header Last-Event-ID counts before it", Schema: &huma.Schema{Type: "integer", Format: "int64", Default: 0}}
	event := schema(conversation.Event{}, "Event")
	stream := &huma.Schema{Type: "string", Description: "Server-sent events: id is the sequence number, data an AG-UI event as JSON (Event). A comment line comes every 20 seconds."}
	empty := map[string]*huma.Response{"204": {Description: "Done"}}

	add(&huma.Operation{OperationID: "send-events", Method: http.MethodPost, Path: "/v1/events", Summary: "Facts of the exchange: one JSON object a line, one transaction, idempotent by id",
		Security: []map[string][]string{{"key": {}}}, Parameters: []*huma.Param{{Name: "Content-Encoding", In: "header", Schema: &huma.Schema{Type: "string", Enum: []any{"gzip", "identity"}}}},
		RequestBody: &huma.RequestBody{Required: true, Description: "At most 32 MiB, 256 MiB unpacked, 200,000 lines", Content: content("application/x-ndjson", &huma.Schema{Type: "string",
			Description: "Each line: id, type, time (RFC 3339), uid, and the type's own fields in camelCase. Amounts are decimal strings of USDT."})},
	}, map[string]*huma.Response{"200": {Description: "What became of the lines. Refused ones do not hold up the others.", Content: content("application/json", schema(eventsAnswer{}, "EventsAnswer"))}})

	socket := "The subprotocol " + chatProtocol + ". A client sends ClientFrame: send (clientId, text or option, threadId to go on), resume (threadId, after), stop (threadId, runId), signal (threadId, typing, delivered, seen), ping. " +
		"A BD sends resume and signal, with ticketId instead of threadId. " +
		"The server sends ServerFrame: accepted, event, signal, error, pong. The events are those of AG-UI."
	schema(clientFrame{}, "ClientFrame")
	schema(serverFrame{}, "ServerFrame")
	add(&huma.Operation{OperationID: "chat-socket", Method: http.MethodGet, Path: "/v1/chat/ws", Summary: "Chat over WebSocket", Description: socket},
		map[string]*huma.Response{"101": {Description: "The socket is open"}})
	add(&huma.Operation{OperationID: "chat-run", Method: http.MethodPost, Path: "/v1/chat/sse", Summary: "One turn of an AG-UI client, answered by the run's events",
		Description: "The body is AG-UI's RunAgentInput. Only the last user message counts: history comes from the database. The same message id again gives the same run's events.",
		RequestBody: &huma.RequestBody{Required: true, Content: content("application/json", schema(runInput{}, "RunAgentInput"))}},
		map[string]*huma.Response{"200": {Description: "The run's events", Content: content("text/event-stream", stream)}})
	type conversations struct {
		Items []conversation.Conversation `json:"items"`
		Next  string                      `json:"nextCursor,omitempty"`
	}
	add(&huma.Operation{OperationID: "list-conversations", Method: http.MethodGet, Path: "/v1/conversations", Summary: "The caller's conversations, the latest first", Parameters: []*huma.Param{
		{Name: "search", In: "query", Schema: &huma.Schema{Type: "string", MaxLength: new(maxSearch)}}, {Name: "cursor", In: "query", Schema: text},
		{Name: "limit", In: "query", Schema: &huma.Schema{Type: "integer", Minimum: new(1.0), Maximum: new(100.0), Default: 30}}}},
		map[string]*huma.Response{"200": {Description: "OK", Content: content("application/json", schema(conversations{}, "Conversations"))}})
	add(&huma.Operation{OperationID: "list-conversation-events", Method: http.MethodGet, Path: "/v1/conversations/{id}/events", Summary: "What a conversation's log holds; for one who accepts an event stream, also what comes",
		Parameters: []*huma.Param{id, after}}, map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json":  {Schema: &huma.Schema{Type: "object", Required: []string{"items"}, Properties: map[string]*huma.Schema{"items": {Type: "array", Items: event}}}},
		"text/event-stream": {Schema: stream}}}})
	add(&huma.Operation{OperationID: "list-ticket-events", Method: http.MethodGet, Path: "/v1/tickets/{id}/events", Summary: "The conversation of a ticket, up to the ticket's end, for those who may see it; for one who accepts an event stream, also what comes",
		Parameters: []*huma.Param{id, after}}, map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json":  {Schema: &huma.Schema{Type: "object", Required: []string{"items"}, Properties: map[string]*huma.Schema{"items": {Type: "array", Items: event}}}},
		"text/event-stream": {Schema: stream}}}})
	add(&huma.Operation{OperationID: "rename-conversation", Method: http.MethodPatch, Path: "/v1/conversations/{id}", Summary: "Rename a conversation", Parameters: []*huma.Param{id},
		RequestBody: &huma.RequestBody{Required: true, Content: content("application/json", &huma.Schema{Type: "object", Required: []string{"title"}, AdditionalProperties: false, Properties: map[string]*huma.Schema{"title": text}})}}, empty)
	add(&huma.Operation{OperationID: "delete-conversation", Method: http.MethodDelete, Path: "/v1/conversations/{id}", Summary: "Delete a conversation", Parameters: []*huma.Param{id}}, map[string]*huma.Response{"204": {Description: "Done"}})
	for _, probe := range []string{"/healthz", "/readyz"} {
		add(&huma.Operation{OperationID: probe[1:], Method: http.MethodGet, Path: probe, Summary: "Whether the replica lives, and whether its database answers", Security: []map[string][]string{}}, map[string]*huma.Response{"204": {Description: "Yes"}})
	}
	// huma knows its own model of errors; ours stands in its place.
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			for status, answer := range op.Responses {
				if status >= "400" {
					answer.Content = problem.Content
				}
			}
		}
	}
	for _, of := range doc.Components.Schemas.Map() {
		notNull(of)
	}
	delete(doc.Components.Schemas.Map(), "ErrorModel")
	delete(doc.Components.Schemas.Map(), "ErrorDetail")
}

// notNull says of every array that it is one, also when it is empty.
func notNull(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	notNull(s.Items)
	for _, p := range s.Properties {
		notNull(p)
	}
}

// namer names the types of the document. Of two types of one name the later one takes its package's name before its own.
func namer() func(reflect.Type, string) string {
	types, names := map[string]reflect.Type{}, map[reflect.Type]string{}
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := huma.DefaultSchemaNamer(t, hint)
		if t.PkgPath() == "" { // has no name of its own: it goes by where it stands
			return name
		}
		if known, ok := names[t]; ok {
			return known
		}
		for was := types[name]; was != nil; was = types[name] {
			pkg := path.Base(t.PkgPath())
			name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
		}
		types[name], names[t] = t, name
		return name
	}
}

// wireTypes: money and rates are decimal strings on the wire.
func wireTypes(r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[domain.Money](), reflect.TypeFor[string]())
	r.RegisterTypeAlias(reflect.TypeFor[domain.Rate](), reflect.TypeFor[string]())
}
