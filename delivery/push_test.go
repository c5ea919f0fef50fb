package delivery

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"partnerhub/domain"
	"partnerhub/domain/notice"
)

var raw = base64.RawURLEncoding

// decrypt is what a browser does (RFC 8188, RFC 8291).
func decrypt(t *testing.T, key *ecdh.PrivateKey, auth, body []byte) []byte {
	t.Helper()
	salt, n := body[:16], int(body[20])
	sender, sealed := body[21:21+n], body[21+n:]
	pub, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := key.ECDH(pub)
	if err != nil {
		t.Fatal(err)
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		b, err := hkdf.Key(sha256.New, secret, salt, info, n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ikm := derive(shared, auth, "WebPush: info\x00"+string(key.PublicKey().Bytes())+string(sender), 32)
	block, err := aes.NewCipher(derive(ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gcm.Open(nil, derive(ikm, salt, "Content-Encoding: nonce\x00", 12), sealed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.TrimSuffix(strings.TrimRight(string(plain), "\x00"), "\x02"))
}

// TestPush has a push service that reads what a browser would, and one whose browser is gone.
func TestPush(t *testing.T) {
	w := newWorld(t)
	keys, err := NewKeys(make([]byte, 31), "x")
	if err == nil {
		t.Error("a short secret was taken")
	}
	if keys, err = NewKeys([]byte("0123456789abcdef0123456789abcdef"), "ops@example.com"); err != nil {
		t.Fatal(err)
	}
	browser, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := []byte("0123456789abcdef")
	var mu sync.Mutex
	var got []map[string]any
	var header http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/gone") {
			rw.WriteHeader(http.StatusNotFound)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) > 4096 {
			t.Error(len(body), err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		header = r.Header
		var m map[string]any
		if err := json.Unmarshal(decrypt(t, browser, auth, body), &m); err != nil {
			t.Error(err)
		}
		got = append(got, m)
		rw.WriteHeader(http.StatusCreated)
	}))
	defer srv.Close()
	point := raw.EncodeToString(browser.PublicKey().Bytes())
	for field, x := range map[string][3]string{
		"endpoint": {"http://10.0.0.1/", point, raw.EncodeToString(auth)}, "p256dh": {"https://push.example.com/x", point[:40], raw.EncodeToString(auth)}, "auth": {"https://push.example.com/x", point, "AAAA"},
	} {
		var refused *domain.Error
		if err := CheckSubscription(x[0], x[1], x[2], false); !errors.As(err, &refused) || refused.Field != field {
			t.Error(field, err)
		}
	}
	one, two := domain.Partner(1), domain.Partner(2)
	subscribe := func(c domain.Caller, path string) {
		t.Helper()
		if err := CheckSubscription(srv.URL+path, point, raw.EncodeToString(auth), true); err != nil {
			t.Fatal(err)
		}
		for range 2 { // again changes nothing
			if _, err := w.Subscribe(t.Context(), c, srv.URL+path, point, raw.EncodeToString(auth)); err != nil {
				t.Fatal(err)
			}
		}
	}
	subscribe(two, "/browser") // somebody who used it before
	subscribe(one, "/browser")
	subscribe(one, "/gone")
	w.start(t, func(x *Worker) { x.Keys, x.Logger = keys, slog.New(slog.DiscardHandler) })
	large := notice.JSON(map[string]string{"text": strings.Repeat("x", 3500)})
	if err := w.Tell(t.Context(), []notice.Notice{
		{Owner: 1, Kind: notice.Settlement, Key: "a", Data: notice.JSON(map[string]string{"day": "2026-11-20"}), Link: "/rewards", At: time.Now()},
		{Owner: 1, Kind: notice.Ticket, Key: "b", Data: large, At: time.Now()}, {Owner: 2, Kind: notice.Settlement, Key: "a", Data: large, At: time.Now()},
	}); err != nil {
		t.Fatal(err)
	}
	w.wait(t, "all came to an end", func() bool { return len(w.records(t, "pending")) == 0 })
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 2 {
		t.Fatal(got)
	}
	for _, m := range got {
		switch m["kind"] {
		case "settlement":
			if m["link"] != "/rewards" || m["data"].(map[string]any)["day"] != "2026-11-20" {
				t.Error(m)
			}
		case "ticket":
			if m["data"] != nil {
				t.Error("too much for a push")
			}
		}
	}
	var left int
	if err := w.pool.QueryRow(t.Context(), `SELECT count(*) FROM push_subscription`).Scan(&left); err != nil || left != 1 {
		t.Error(left, "subscriptions left, want the one that works", err)
	}
	// The push service knows the deployment by a token that its public key signs.
	text, public, _ := strings.Cut(strings.TrimPrefix(header.Get("Authorization"), "vapid t="), ", k=")
	x, y := elliptic.Unmarshal(elliptic.P256(), must(raw.DecodeString(public))) //nolint:staticcheck // the token's library wants the older type
	token, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}, nil }, jwt.WithAudience(srv.URL), jwt.WithValidMethods([]string{"ES256"}))
	if err != nil || public != keys.Public {
		t.Fatal(err)
	}
	if sub, _ := token.Claims.GetSubject(); sub != "mailto:ops@example.com" {
		t.Error(sub)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
