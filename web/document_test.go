package web

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"partnerhub/store"
	"partnerhub/tools"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew; then run npm run api in web/ui")

// bare is the whole surface without a database behind it: what it would answer, it describes.
func bare(t *testing.T) http.Handler {
	t.Helper()
	auth, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Auth: auth, Chat: NewChat(ChatConfig{Caller: auth.Caller}), Library: store.NewLibrary(nil), Tools: tools.All(tools.Deps{Now: time.Now, Zone: time.UTC}), Zone: time.UTC, Logger: slog.New(slog.DiscardHandler)})
}

// TestOpenAPI holds the document in the repository against the one that the code makes, and the router's routes against it.
func TestOpenAPI(t *testing.T) {
	h := bare(t)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/openapi.json", nil))
	var now bytes.Buffer
	if err := json.Indent(&now, rec.Body.Bytes(), "", " "); err != nil {
		t.Fatal(rec.Code, err)
	}
	now.WriteByte('\n')
	const file = "../docs/openapi.json"
	if *update {
		if err := os.WriteFile(file, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, now.Bytes()) {
		t.Errorf("%s is not what the code says: run go test ./web -run TestOpenAPI -update, then npm run api in web/ui, and read the difference", file)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(now.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	undescribed := map[string]bool{"/v1/openapi.json": true, "/v1/openapi.yaml": true, "/v1/openapi-3.0.json": true, "/v1/openapi-3.0.yaml": true, "/v1/schemas/{schema}": true, "/mcp": true}
	routes := 0
	err = chi.Walk(h.(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if routes++; !undescribed[route] && doc.Paths[route][lower(method)] == nil {
			t.Errorf("%s %s is not in the document", method, route)
		}
		return nil
	})
	if err != nil || routes < 20 {
		t.Errorf("%d routes, %v", routes, err)
	}
}

func lower(method string) string { return string(bytes.ToLower([]byte(method))) }
