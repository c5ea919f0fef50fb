package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"partnerhub/domain"
	"partnerhub/knowledge"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

const articleFront = "---\ntitle: Payouts\nslug: payouts\nkind: rule\n---\n"

// newLibraryServer serves a library of one article.
func newLibraryServer(t *testing.T) (*httptest.Server, *knowledge.Library) {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	stored := store.NewLibrary(pool)
	lib := knowledge.New(stored, knowledge.BuiltIn{}, nil, time.UTC)
	a, err := knowledge.Parse("gift.md", []byte("---\ntitle: Crypto gift\nslug: gift\nkind: rule\n---\n## How do I send a gift?\nOpen the toolbox and choose a gift.\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lib.Publish(t.Context(), domain.Caller{UID: 9, Role: domain.RoleContent}, []knowledge.Article{a}, "first", now); err != nil {
		t.Fatal(err)
	}
	auth, err := NewAuth(t.Context(), AuthConfig{Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(New(Config{Store: s, Auth: auth, Chat: NewChat(ChatConfig{Conversations: store.NewConversations(pool), Caller: auth.Caller}),
		Rules: lib, Library: stored, Zone: time.UTC, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)}))
	t.Cleanup(srv.Close)
	return srv, lib
}

func as(t *testing.T, uid, role string) string {
	return "Bearer " + token(t, jwt.SigningMethodHS256, testSecret, func(c jwt.MapClaims) { c["sub"], c["role"] = uid, role })
}

// form is an upload of files, by name and text in turn.
func form(t *testing.T, files ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="files"; filename="%s"`, files[i])}, "Content-Type": {"application/octet-stream"}}
		part, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestLibraryIsEdited(t *testing.T) {
	srv, _ := newLibraryServer(t)
	editor := as(t, "9", "content")
	do := func(want int, method, path, body string) string {
		t.Helper()
		status, got := get(t, srv.Client(), method, srv.URL+path, body, "Authorization", editor, "Content-Type", "application/json")
		if status != want {
			t.Fatalf("%s %s: %d %s", method, path, status, got)
		}
		return got
	}
	body, kind := form(t, "payouts.md", articleFront+"## What time do I get my salary?\nAt ten.\n")
	if status, got := get(t, srv.Client(), "POST", srv.URL+"/v1/library/uploads?checkOnly=true", body, "Authorization", editor, "Content-Type", kind); status != 200 || !strings.Contains(got, `"kept":false`) || !strings.Contains(got, `"change":"new"`) {
		t.Fatalf("%d %s", status, got)
	}
	if got := do(200, "GET", "/v1/library/drafts", ""); got != `{"items":[]}`+"\n" {
		t.Fatalf("a check kept %s", got)
	}
	if status, got := get(t, srv.Client(), "POST", srv.URL+"/v1/library/uploads", body, "Authorization", editor, "Content-Type", kind); status != 200 || !strings.Contains(got, `"kept":true`) {
		t.Fatalf("%d %s", status, got)
	}
	const question = `{"question":"what time do i get my salary","drafts":%t}`
	if got := do(200, "POST", "/v1/library/preview", fmt.Sprintf(question, true)); !strings.Contains(got, `"key":"payouts#what-time-do-i-get-my-salary"`) || !strings.Contains(got, `"draft":true,"enough":true`) || !strings.Contains(got, `"as":"salari"`) {
		t.Errorf("with the draft: %s", got)
	}
	if got := do(200, "POST", "/v1/library/preview", fmt.Sprintf(question, false)); strings.Contains(got, "payouts#") {
		t.Errorf("without the draft: %s", got)
	}
	do(409, "POST", "/v1/library/publish", `{"version":7}`)
	if got := do(200, "POST", "/v1/library/publish", `{"version":1,"note":"salaries"}`); !strings.Contains(got, `"version":2,"articles":2`) {
		t.Errorf("published %s", got)
	}
	do(422, "POST", "/v1/library/publish", `{"version":2}`)
	if got := do(200, "GET", "/v1/library/articles/payouts", ""); !strings.Contains(got, "At ten.") {
		t.Errorf("the article is %s", got)
	}
	do(200, "DELETE", "/v1/library/articles/payouts", "")
	if got := do(200, "GET", "/v1/library/drafts", ""); !strings.Contains(got, `"change":"removed"`) {
		t.Errorf("drafts: %s", got)
	}
	if got := do(200, "POST", "/v1/library/publish", `{"version":2}`); !strings.Contains(got, `"removed":1`) {
		t.Errorf("published %s", got)
	}
	// A citation opens the text of its version, also when that is gone.
	partner := as(t, "1", "partner")
	status, got := get(t, srv.Client(), "GET", srv.URL+"/v1/library/sections/payouts/what-time-do-i-get-my-salary?version=2", "", "Authorization", partner)
	var cited store.Cited
	if err := json.Unmarshal([]byte(got), &cited); err != nil || status != 200 || cited.Text != "At ten." || cited.Current || cited.Version != 2 {
		t.Errorf("%d %s", status, got)
	}
	if status, _ := get(t, srv.Client(), "GET", srv.URL+"/v1/library/sections/payouts/what-time-do-i-get-my-salary", "", "Authorization", partner); status != 404 {
		t.Errorf("a section that is gone: %d", status)
	}
	do(200, "POST", "/v1/library/versions/2/serve", "")
	if got := do(200, "GET", "/v1/library/versions", ""); !strings.Contains(got, `"version":2,"publishedAt":"2026-11-20T12:00:00Z","publishedBy":9,"note":"salaries","articles":2,"sections":2,"active":true`) {
		t.Errorf("versions: %s", got)
	}
}

func TestLibraryIsForEditors(t *testing.T) {
	srv, _ := newLibraryServer(t)
	for _, path := range []string{"GET /v1/library/articles", "GET /v1/library/drafts", "GET /v1/library/versions", "GET /v1/library/gaps", "DELETE /v1/library/articles/gift", "POST /v1/library/versions/1/serve"} {
		method, p, _ := strings.Cut(path, " ")
		if status, _ := get(t, srv.Client(), method, srv.URL+p, "", "Authorization", as(t, "1", "partner")); status != 403 {
			t.Errorf("a partner may %s: %d", path, status)
		}
		if status, _ := get(t, srv.Client(), method, srv.URL+p, ""); status != 401 {
			t.Errorf("anybody may %s: %d", path, status)
		}
	}
	body, kind := form(t, "a.md", articleFront+"Text.\n")
	if status, _ := get(t, srv.Client(), "POST", srv.URL+"/v1/library/uploads", body, "Authorization", as(t, "1", "partner"), "Content-Type", kind); status != 403 {
		t.Errorf("a partner uploads: %d", status)
	}
}

func TestHostileUploads(t *testing.T) {
	srv, _ := newLibraryServer(t)
	editor := as(t, "9", "content")
	for _, c := range []struct {
		what, name, data string
		status           int
		reason           string
	}{
		{"an archive", "articles.zip", "PK\x03\x04", 422, "is none of"},
		{"an archive by another name", "a.md", "PK\x03\x04", 422, "is an archive"},
		{"a PDF that is an archive", "a.pdf", "PK\x03\x04", 422, "does not begin like one"},
		{"invalid UTF-8", "a.md", articleFront + "Text\xff\n", 422, "line 6"},
		{"a path that climbs out", "../../etc/a.md", articleFront + "Text.\n", 422, "not a path within"},
		{"a path of another system", `..\\a.md`, articleFront + "Text.\n", 422, "not a path within"},
		{"an unknown field", "a.md", "---\ntitle: A\nslug: a\nkind: rule\nadmin: true\n---\nText.\n", 422, "line 5: admin"},
		{"more than a megabyte of text", "a.md", articleFront + strings.Repeat("x", 1<<20), 422, "larger than"},
		{"100 MB", "a.pdf", strings.Repeat("x", 100<<20), 413, "at most"},
	} {
		body, kind := form(t, c.name, c.data)
		status, got := get(t, srv.Client(), "POST", srv.URL+"/v1/library/uploads", body, "Authorization", editor, "Content-Type", kind)
		if status != c.status || !strings.Contains(got, c.reason) {
			t.Errorf("%s: %d %.300s", c.what, status, got)
		}
	}
	// One bad file of several: all are told, none is kept.
	body, kind := form(t, "good.md", articleFront+"Text.\n", "bad.md", "nothing", "same.md", articleFront+"Text.\n")
	status, got := get(t, srv.Client(), "POST", srv.URL+"/v1/library/uploads", body, "Authorization", editor, "Content-Type", kind)
	if status != 200 || !strings.Contains(got, `"kept":false`) || !strings.Contains(got, "bad.md") || !strings.Contains(got, "same.md") {
		t.Errorf("%d %s", status, got)
	}
	if _, got := get(t, srv.Client(), "GET", srv.URL+"/v1/library/drafts", "", "Authorization", editor); got != `{"items":[]}`+"\n" {
		t.Errorf("kept: %s", got)
	}
}
