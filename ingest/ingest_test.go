package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/store"
	"partnerhub/store/storetest"
)

func open(t *testing.T) (*store.Store, *pgxpool.Pool) {
	t.Helper()
	pool := storetest.New(t)
	s, err := store.Open(t.Context(), pool, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return s, pool
}

// run takes in lines that must be read without fault.
func take(t *testing.T, s *store.Store, o Options, lines ...string) Summary {
	t.Helper()
	sum, err := Run(t.Context(), s, strings.NewReader(strings.Join(lines, "\n")), o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func check(t *testing.T, what string, got Summary, accepted, duplicate, rejected, deferred int) {
	t.Helper()
	if got.Accepted != accepted || got.Duplicate != duplicate || got.Rejected != rejected || got.Deferred != deferred {
		t.Errorf("%s: %+v, want %d accepted, %d duplicate, %d rejected, %d deferred", what, got, accepted, duplicate, rejected, deferred)
	}
}

func query[T any](t *testing.T, pool *pgxpool.Pool, q string) (v T) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), q).Scan(&v); err != nil {
		t.Fatal(q, err)
	}
	return v
}

func registered(uid int, more string) string {
	return fmt.Sprintf(`{"id":"r%d","type":"account.registered","time":"2026-11-01T08:00:00Z","uid":%d%s}`, uid, uid, more)
}

func coded(uid int, code string) string {
	return fmt.Sprintf(`{"id":"c%s%d","type":"referral_code.created","time":"2026-11-01T08:00:00Z","uid":%d,"code":"%s"}`, code, uid, uid, code)
}

func traded(id string, uid int) string {
	return fmt.Sprintf(`{"id":"%s","type":"trade.executed","time":"2026-11-16T09:00:00Z","uid":%d,"tradeId":"t%s","product":"spot","symbol":"BTCUSDT","side":"buy","volume":"100","feeGross":"10","feePaid":"8"}`, id, uid, id)
}

func reversed(id string, uid int, trade string) string {
	return fmt.Sprintf(`{"id":"%s","type":"trade.reversed","time":"2026-11-16T10:00:00Z","uid":%d,"tradeId":"t%s","reason":"error"}`, id, uid, trade)
}

// TestBadLinesAmongGood lands every good line of a stream in which every second one is bad, and keeps the bad ones.
func TestBadLinesAmongGood(t *testing.T) {
	s, pool := open(t)
	lines := []string{registered(10023, "")}
	bad := badLines()
	for i, c := range bad {
		lines = append(lines, c.line, traded(fmt.Sprint("good", i), 10023))
	}
	sum := take(t, s, Options{Source: "bad\xff.ndjson", Refusals: 1000}, lines...)
	check(t, "first", sum, 1+len(bad), 0, len(bad), 0)
	for i, c := range bad {
		if r := sum.Refused[i]; r.Line != int64(2+2*i) || r.Err.Field != c.field || !strings.Contains(r.Err.Message, c.reason) {
			t.Errorf("%s: line %d, %v", c.name, r.Line, r.Err)
		}
	}
	if n := query[int](t, pool, `SELECT count(*) FROM trade`); n != len(bad) {
		t.Errorf("%d trades", n)
	}
	check(t, "again", take(t, s, Options{}, lines...), 0, 1+len(bad), len(bad), 0)

	// The listing has them all, page by page, the latest first.
	var kept []store.RejectedLine
	for cursor, more := "", true; more; more = cursor != "" {
		var page []store.RejectedLine
		var err error
		if page, cursor, err = s.RejectedLines(t.Context(), nil, cursor, 7); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, page...)
	}
	if len(kept) != 2*len(bad) {
		t.Fatalf("%d rejected lines are kept", len(kept))
	}
	slices.Reverse(kept)
	for i, c := range bad {
		k := kept[i]
		if k.Source != "bad?.ndjson" || k.Line != int64(2+2*i) || k.Field != c.field || !strings.Contains(k.Reason, c.reason) ||
			!strings.HasPrefix(k.Raw, strings.ToValidUTF8(c.line[:min(len(c.line), 20)], "\uFFFD")) || len(k.Raw) > 4100 || time.Since(k.Arrived) > time.Hour {
			t.Errorf("%s: kept as %+v", c.name, k)
		}
	}
	if _, _, err := s.RejectedLines(t.Context(), nil, "x", 7); domain.AsError(err).Field != "cursor" {
		t.Errorf("a bad cursor: %v", err)
	}
}

// TestConflicts: what contradicts an earlier event is refused by its field, and the rest lands.
func TestConflicts(t *testing.T) {
	s, pool := open(t)
	sum := take(t, s, Options{},
		registered(1, ""), coded(1, "ONE"), registered(2, `,"referralCode":"ONE"`), traded("a", 2), reversed("x", 2, "a"),
		strings.Replace(traded("a", 2), `"8"`, `"7"`, 1),          // 6: the same id with other content
		strings.Replace(traded("b", 2), `"tb"`, `"ta"`, 1),        // 7: its tradeId is taken
		strings.Replace(coded(2, "ONE"), `"cONE2"`, `"other"`, 1), // 8: the code is taken
		strings.Replace(registered(2, ""), `"r2"`, `"again"`, 1),  // 9: the account is
		reversed("y", 2, "a"),                                     // 10: a second reversal
		traded("c", 2),                                            // 11: lands
		registered(3, `,"referralCode":"SELF"`), coded(3, "SELF"), // void: itself
		registered(4, `,"referralCode":"FIVE"`), coded(4, "FOUR"), // void: a loop
		registered(5, `,"referralCode":"FOUR"`), coded(5, "FIVE"), //
		traded("c", 2)) // 18: a duplicate
	check(t, "conflicts", sum, 12, 1, 5, 0)
	for i, want := range []struct {
		line          int64
		field, reason string
	}{
		{6, "id", "other content came earlier"}, {7, "tradeId", "already taken"}, {8, "code", "already taken"},
		{9, "uid", "already registered"}, {10, "tradeId", "already reversed"},
	} {
		if r := sum.Refused[i]; r.Line != want.line || r.Err.Field != want.field || r.Err.Code != domain.CodeConflict || !strings.Contains(r.Err.Message, want.reason) {
			t.Errorf("%d %+v, want %+v", r.Line, r.Err, want)
		}
	}
	if void := query[string](t, pool, `SELECT string_agg(uid || ' ' || void, ', ' ORDER BY uid) FROM account WHERE void <> ''`); void != "3 self, 5 loop" {
		t.Errorf("void are %s", void)
	}
	if n := query[int](t, pool, `SELECT count(*) FROM account WHERE uid = 2 AND u1 = 1`); n != 1 {
		t.Error("the relation to the owner of ONE is not there")
	}
}

// TestDeferred: what comes too early waits, is counted and listed, and is applied when the other has come.
func TestDeferred(t *testing.T) {
	s, pool := open(t)
	check(t, "too early", take(t, s, Options{}, traded("a", 2), reversed("x", 2, "b"), registered(1, `,"referralCode":"NEW"`)), 3, 0, 0, 3)
	var waits []string
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := s.Waiting(t.Context(), cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		cursor = next
		for _, w := range page {
			waits = append(waits, w.ID+" "+w.WaitsFor)
			if w.ID == "a" && w.Body.(referral.Trade).FeePaid != 8*domain.USDT {
				t.Errorf("%+v", w)
			}
		}
	}
	if got := strings.Join(waits, ", "); got != "a account:2, r1 code:NEW, x trade:tb" {
		t.Errorf("waiting: %s", got)
	}
	if _, _, err := s.Waiting(t.Context(), "x", 2); domain.AsError(err).Field != "cursor" {
		t.Errorf("a bad cursor: %v", err)
	}
	// A duplicate that waits is not this run's; what this run itself brings later does not wait at its end.
	check(t, "the account", take(t, s, Options{}, traded("a", 2), traded("d", 3), traded("b", 2), registered(2, ""), coded(1, "NEW")), 4, 1, 0, 1)
	if n := query[int](t, pool, `SELECT count(*) FROM trade WHERE (reversed_at IS NOT NULL) = (id = 'b')`); n != 2 {
		t.Errorf("%d trades applied", n)
	}
	page, next, err := s.Waiting(t.Context(), "", 10)
	if err != nil || next != "" || len(page) != 1 || page[0].ID != "d" {
		t.Errorf("%+v %q %v", page, next, err)
	}
}

// TestDeferredAcrossSlices: events that a later slice applies do not count as waiting.
func TestDeferredAcrossSlices(t *testing.T) {
	s, _ := open(t)
	var lines []string
	for i := range sliceLines + 10 {
		lines = append(lines, traded(fmt.Sprint(i), 1+i%2))
	}
	check(t, "two slices", take(t, s, Options{}, append(lines, registered(1, ""))...), sliceLines+11, 0, 0, sliceLines/2+5)
}

// TestWaitlist spills, loses and repeats nothing, and removes its file.
func TestWaitlist(t *testing.T) {
	var w waitlist
	want := map[string]bool{}
	for i := range 3 {
		var ids []string
		for k := range heldIDs - 20_000 {
			ids = append(ids, fmt.Sprintf("%d-%d", i, k))
			want[ids[k]] = true
		}
		if err := w.add(ids); err != nil {
			t.Fatal(err)
		}
	}
	if w.len() != len(want) || len(w.ids) >= heldIDs {
		t.Errorf("%d ids, %d in memory", w.len(), len(w.ids))
	}
	if err := w.each(func(ids []string) error {
		for _, id := range ids {
			if !want[id] {
				t.Fatalf("%q was not added, or came twice", id)
			}
			delete(want, id)
		}
		return nil
	}); err != nil || len(want) != 0 {
		t.Errorf("%d ids are missing, %v", len(want), err)
	}
	name := w.spill.Name()
	w.close()
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", name, err)
	}
}

// TestForms: plain and gzip, in several members, with CRLF, a byte order mark, blank lines and no newline at the end.
func TestForms(t *testing.T) {
	pack := func(parts ...string) string {
		var b bytes.Buffer
		for _, p := range parts {
			z := gzip.NewWriter(&b)
			if _, err := io.WriteString(z, p); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	}
	a, b := registered(1, ""), registered(2, "")
	for name, stream := range map[string]string{
		"plain":       a + "\n" + b,
		"CRLF":        a + "\r\n" + b + "\r\n",
		"blank lines": "\n\n" + a + "\n \t\r\n\n" + b + "\n\n",
		"marked":      "\uFEFF" + a + "\n" + b + "\n",
		"gzip":        pack(a + "\n" + b + "\n"),
		"two members": pack(a+"\n"+b[:20], b[20:]),
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := open(t)
			check(t, name, take(t, s, Options{}, stream), 2, 0, 0, 0)
		})
	}
	s, _ := open(t)
	for name, empty := range map[string]string{"nothing": "", "blank": "\n\r\n \n", "packed": pack("")} {
		check(t, name, take(t, s, Options{}, empty), 0, 0, 0, 0)
	}
}

// TestBrokenStream: whole slices before the fault stay, and a resend completes them.
func TestBrokenStream(t *testing.T) {
	s, _ := open(t)
	lines := []string{registered(1, "")}
	for i := range 2 * sliceLines {
		lines = append(lines, traded(fmt.Sprint(i), 1))
	}
	whole := strings.Join(lines, "\n")
	fault := errors.New("the disk is gone")
	for name, c := range map[string]struct {
		in   io.Reader
		o    Options
		code domain.Code
	}{
		"read error":     {io.MultiReader(strings.NewReader(whole[:len(whole)-50]), failing{fault}), Options{}, ""},
		"too large":      {strings.NewReader(whole), Options{MaxBytes: int64(len(whole) - 1)}, domain.CodeTooLarge},
		"truncated gzip": {strings.NewReader(gzipped(t, whole)[:20_000]), Options{}, domain.CodeInvalid},
		"not gzip":       {strings.NewReader("\x1f\x8b" + whole), Options{}, domain.CodeInvalid},
	} {
		sum, err := Run(t.Context(), s, c.in, c.o)
		var ours *domain.Error
		if c.code == "" && !errors.Is(err, fault) || c.code != "" && (!errors.As(err, &ours) || ours.Code != c.code || ours.Field != "body") {
			t.Errorf("%s: %v", name, err)
		}
		if (sum.Accepted+sum.Duplicate)%sliceLines != 0 || sum.Accepted+sum.Duplicate > 2*sliceLines {
			t.Errorf("%s: %+v", name, sum)
		}
	}
	sum := take(t, s, Options{Writers: 2, MaxBytes: int64(len(whole))}, whole)
	if sum.Accepted+sum.Duplicate != len(lines) || sum.Duplicate == 0 || sum.Deferred != 0 {
		t.Errorf("resent: %+v", sum)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func gzipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCancel: a run ends between slices when its context does, also while nothing comes from its source.
func TestCancel(t *testing.T) {
	s, pool := open(t)
	in, out := io.Pipe()
	defer out.Close()
	go func() {
		fmt.Fprintln(out, registered(1, ""))
		for i := range sliceLines { // one more than the first slice, then silence
			fmt.Fprintln(out, traded(fmt.Sprint(i), 1))
		}
	}()
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	var seen []Progress
	sum, err := Run(ctx, s, in, Options{Progress: func(p Progress) {
		seen = append(seen, p)
		cancel(enough)
	}})
	if !errors.Is(err, enough) || sum.Accepted != sliceLines || len(seen) != 1 || seen[0].Lines != sliceLines || seen[0].Bytes < 900_000 {
		t.Errorf("%v %+v %v", err, sum, seen)
	}
	if n := query[int](t, pool, `SELECT count(*) FROM trade`); n != sliceLines-1 {
		t.Errorf("%d trades", n)
	}
}

// TestOrder: one writer lands the lines in their order, so that of two lines that contradict each other across slices
// the first stays.
func TestOrder(t *testing.T) {
	s, _ := open(t)
	lines := []string{registered(1, "")}
	for i := range 3 * sliceLines {
		lines = append(lines, strings.Replace(traded(fmt.Sprint(i), 1), `"time"`, `"side":"buy","time"`, 1))
		lines[i+1] = strings.Replace(lines[i+1], `"symbol":"BTCUSDT","side":"buy"`, `"symbol":"BTCUSDT"`, 1)
	}
	for i := 1; i < len(lines); i += sliceLines + 1 { // the same tradeId once in each slice
		lines[i] = strings.Replace(lines[i], fmt.Sprintf(`"t%d"`, i-1), `"same"`, 1)
	}
	var last Progress
	sum := take(t, s, Options{Refusals: 1, Progress: func(p Progress) { last = p }}, lines...)
	check(t, "order", sum, len(lines)-2, 0, 2, 0)
	if len(sum.Refused) != 1 || sum.Refused[0].Line != sliceLines+3 {
		t.Errorf("%+v", sum.Refused)
	}
	if want := (Progress{Bytes: int64(len(strings.Join(lines, "\n"))), Lines: int64(len(lines))}); last != want {
		t.Errorf("%+v, want %+v", last, want)
	}
}

// TestFolds: a run leaves nothing for readers to add up.
func TestFolds(t *testing.T) {
	s, pool := open(t)
	take(t, s, Options{Writers: 2}, registered(1, ""), coded(1, "A"), registered(2, `,"referralCode":"A"`), traded("a", 2))
	if n := query[int](t, pool, `SELECT count(*) FROM delta`); n != 0 {
		t.Errorf("%d deltas", n)
	}
	if n := query[int](t, pool, `SELECT sum(trades) FROM referee_day WHERE owner = 1`); n != 1 {
		t.Errorf("%d trades in the rollup", n)
	}
}

// TestMemory: it stays flat, however long the stream and its lines.
func TestMemory(t *testing.T) {
	s, _ := open(t)
	const total = 200 << 20
	block := strings.Repeat(traded("a", 1)+"\n", 20_000) + strings.Repeat("x", 20<<20) + "\n" + strings.Repeat(strings.Repeat("y", 60<<10)+"\n", 100)
	blocks := total / len(block)
	parts := make([]io.Reader, blocks)
	for i := range parts {
		parts[i] = strings.NewReader(block)
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, uint64(0)
	sum, err := Run(t.Context(), s, io.MultiReader(parts...), Options{Writers: 2, Progress: func(Progress) {
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
	}})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "memory", sum, 1, 20_000*blocks-1, 101*blocks, 1)
	if len(sum.Refused) != 100 || most > before+100<<20 {
		t.Errorf("the heap grew by %d MiB, %d refusals are held", (most-before)>>20, len(sum.Refused))
	}
}

// TestFile is what a command does: a packed file, two writers.
func TestFile(t *testing.T) {
	s, _ := open(t)
	var lines []string
	for i := range 12_000 {
		lines = append(lines, registered(i+1, ""))
	}
	path := filepath.Join(t.TempDir(), "events.ndjson.gz")
	packed := gzipped(t, strings.Join(lines, "\n"))
	if err := os.WriteFile(path, []byte(packed), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var last Progress
	sum, err := Run(t.Context(), s, f, Options{Source: path, Writers: 2, Progress: func(p Progress) { last = p }})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "file", sum, 12_000, 0, 0, 0)
	if last.Lines != 12_000 || last.Bytes != int64(len(packed)) {
		t.Errorf("%+v of %d bytes", last, len(packed))
	}
}
