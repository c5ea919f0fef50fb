package knowledge

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"partnerhub/domain"
)

// conform is what any embedder must do.
func conform(t *testing.T, e Embedder) {
	embed := func(texts ...string) [][]float32 {
		t.Helper()
		v, err := e.Embed(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	texts := []string{"when is commission settled", "telegram bot", "", " \n", "Hoa hồng được thanh toán khi nào?", strings.Repeat("long ", 20_000), "telegram bot"}
	all := embed(texts...)
	if len(all) != len(texts) || e.Dimensions() == 0 || e.Name() == "" || e.Strength() <= 0 {
		t.Fatalf("%d vectors for %d texts, %q of %d dimensions and strength %v", len(all), len(texts), e.Name(), e.Dimensions(), e.Strength())
	}
	for i, v := range all {
		sum := 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		if len(v) != e.Dimensions() || math.Abs(sum-1) > 1e-4 {
			t.Errorf("text %d: %d dimensions, length %v", i, len(v), math.Sqrt(sum))
		}
		if !slices.Equal(v, embed(texts[i])[0]) {
			t.Errorf("text %d has another vector alone than among others", i)
		}
	}
	if !slices.Equal(all[1], all[6]) || slices.Equal(all[0], all[1]) {
		t.Error("the same text has the same vector, and another one another")
	}
	if v := embed(); len(v) != 0 {
		t.Errorf("no text has %d vectors", len(v))
	}
	many := make([]string, 200)
	for i := range many {
		many[i] = texts[i%2]
	}
	for i, v := range embed(many...) {
		if !slices.Equal(v, all[i%2]) {
			t.Fatalf("the vector of text %d of 200 is another's", i)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Embed(ctx, texts); err == nil {
		t.Error("a cancelled call succeeded")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if v, err := e.Embed(t.Context(), texts[:2]); err != nil || !slices.Equal(v[0], all[0]) {
				t.Errorf("side by side: %v", err)
			}
		})
	}
	wg.Wait()
}

func TestBuiltInConforms(t *testing.T) { conform(t, BuiltIn{}) }

// endpoint answers as an OpenAI-compatible one does, with the built-in vectors, the last text's first. before may answer instead.
func endpoint(t *testing.T, before func(w http.ResponseWriter, n int64) bool) (*httptest.Server, *atomic.Int64) {
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before != nil && before(w, n.Add(1)) {
			return
		}
		var in struct {
			Input []string
			Model string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Model != "m" || r.URL.Path != "/v1/embeddings" || r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "what is this?", http.StatusBadRequest)
			return
		}
		vectors, err := BuiltIn{}.Embed(r.Context(), in.Input)
		if err != nil {
			return
		}
		data := make([]map[string]any, len(vectors))
		for i, v := range vectors {
			data[len(data)-1-i] = map[string]any{"index": i, "embedding": v, "object": "embedding"}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": data, "model": in.Model})
	}))
	t.Cleanup(srv.Close)
	return srv, &n
}

func openAI(t *testing.T, srv *httptest.Server, waited *[]time.Duration) *OpenAI {
	e, err := NewOpenAI(OpenAIConfig{BaseURL: srv.URL + "/v1", APIKey: "secret", Model: "m", PerMinute: 60_000_000, Wait: func(ctx context.Context, d time.Duration) error {
		if waited != nil && d > time.Millisecond {
			*waited = append(*waited, d)
		}
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestOpenAIConforms(t *testing.T) {
	srv, _ := endpoint(t, nil)
	conform(t, openAI(t, srv, nil))
}

func TestOpenAIIsPatient(t *testing.T) {
	srv, _ := endpoint(t, func(w http.ResponseWriter, n int64) bool {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "7")
			http.Error(w, `{"error":{"message":"slow down"}}`, http.StatusTooManyRequests)
		case 2:
			http.Error(w, "gone", http.StatusBadGateway)
		default:
			return false
		}
		return true
	})
	var waited []time.Duration
	if _, err := openAI(t, srv, &waited).Embed(t.Context(), []string{"x"}); err != nil {
		t.Fatal(err)
	}
	if len(waited) != 2 || waited[0] != 7*time.Second || waited[1] < 500*time.Millisecond {
		t.Errorf("waited %v", waited)
	}
}

func TestOpenAIGivesUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter)
		tries  int64
	}{
		{"it is broken for good", func(w http.ResponseWriter) { http.Error(w, "secret is wrong", http.StatusInternalServerError) }, 5},
		{"the key is wrong", func(w http.ResponseWriter) {
			http.Error(w, `{"error":{"message":"no such key: secret"}}`, http.StatusUnauthorized)
		}, 1},
		{"it wants an hour", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}, 1},
		{"too few vectors", func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"data":[]}`)) }, 1},
		{"another text's vector", func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"data":[{"index":3,"embedding":[1]}]}`)) }, 1},
		{"nonsense", func(w http.ResponseWriter) { _, _ = w.Write([]byte(`<html>`)) }, 1},
	} {
		var n atomic.Int64
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { n.Add(1); c.answer(w) }))
		_, err := openAI(t, srv, nil).Embed(t.Context(), []string{"x"})
		srv.Close()
		if domain.AsError(err).Code != domain.CodeUnavailable || strings.Contains(err.Error(), "secret") || n.Load() != c.tries {
			t.Errorf("%s: %v after %d tries", c.name, err, n.Load())
		}
	}
}

func TestOpenAITurns(t *testing.T) {
	p := &patient{cfg: OpenAIConfig{PerMinute: 60}}
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i, want := range []time.Duration{0, time.Second, 2 * time.Second} {
		if got := p.turn(now); got != want {
			t.Errorf("request %d waits %s", i, got)
		}
	}
	if got := p.turn(now.Add(time.Hour)); got != 0 {
		t.Errorf("after a pause it waits %s", got)
	}
}
