package ingest

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"partnerhub/domain/referral/oracle"
)

// FuzzDecode: no line makes the decoder panic; what it refuses has a reason that can be stored; what it takes is a
// JSON object to encoding/json too, and its event written out again decodes to an equal one.
func FuzzDecode(f *testing.F) {
	golden, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(golden) == 0 {
		f.Fatal(err)
	}
	for _, path := range golden {
		all, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(all)) {
			if line, ok := strings.CutPrefix(line, "> "); ok {
				f.Add([]byte(strings.TrimSuffix(line, "\n")))
			}
		}
	}
	for _, c := range badLines() {
		f.Add([]byte(c.line[:min(len(c.line), 400)]))
	}
	d := NewDecoder()
	f.Fuzz(func(t *testing.T, line []byte) {
		e, bad := d.Decode(bytes.Clone(line))
		if fresh, again := NewDecoder().Decode(bytes.Clone(line)); !reflect.DeepEqual(fresh, e) || !reflect.DeepEqual(again, bad) {
			t.Fatalf("a fresh decoder says %+v %v, a used one %+v %v", fresh, again, e, bad)
		}
		if plain, whole := NewDecoder(), NewDecoder(); plain.splitPlain(line) {
			if whole.split(line); whole.err != nil || !reflect.DeepEqual(plain.fields, whole.fields) {
				t.Fatalf("taken for plain: %+v, but %v %+v", plain.fields, whole.err, whole.fields)
			}
		}
		if bad != nil {
			if bad.Message == "" || strings.Contains(bad.Message+bad.Field, "\x00") || !utf8.ValidString(bad.Message+bad.Field) {
				t.Fatalf("a reason that cannot be stored: %q %q", bad.Field, bad.Message)
			}
			return
		}
		var object map[string]any
		if err := json.Unmarshal(line, &object); err != nil {
			t.Fatalf("encoding/json does not take it: %v", err)
		}
		again, bad := d.Decode(bytes.TrimSuffix(oracle.Line(e), []byte("\n")))
		if bad != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%+v\nwritten out and decoded: %+v %v", e, again, bad)
		}
	})
}

// TestRoundTrip does so with random events.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		for _, e := range oracle.Random(rand.New(rand.NewPCG(seed, 7)), 300) {
			line := oracle.Line(e)
			got, err := NewDecoder().Decode(line[:len(line)-1])
			if err != nil || !reflect.DeepEqual(got, e) {
				t.Fatalf("%s%+v\n%+v %v", line, e, got, err)
			}
		}
	}
}
