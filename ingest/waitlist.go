package ingest

import (
	"bufio"
	"io"
	"os"
	"slices"
	"strings"

	"partnerhub/store"
)

// heldIDs is how many ids of deferred events are held in memory; further ones go to a temporary file, since
// all of a stream may wait for its last line.
const heldIDs = 100_000

// waitlist holds the ids of events that were deferred and may have been applied since.
type waitlist struct {
	ids   []string
	count int
	spill *os.File
}

// add notes ids. The error is of the temporary file.
func (w *waitlist) add(ids []string) error {
	w.count += len(ids)
	for _, id := range ids {
		w.ids = append(w.ids, strings.Clone(id)) // it shares the memory of its line
	}
	if len(w.ids) < heldIDs {
		return nil
	}
	if w.spill == nil {
		f, err := os.CreateTemp("", "partnerhub-waiting-*")
		if err != nil {
			return err
		}
		w.spill = f
	}
	_, err := io.WriteString(w.spill, strings.Join(w.ids, "\n")+"\n") // an id has printable characters only
	w.ids = w.ids[:0]
	return err
}

func (w *waitlist) len() int { return w.count }

// each calls f with all ids, some thousands at a time. The error is f's or of the temporary file.
func (w *waitlist) each(f func(ids []string) error) error {
	for some := range slices.Chunk(w.ids, 10_000) {
		if err := f(some); err != nil {
			return err
		}
	}
	if w.spill == nil {
		return nil
	}
	if _, err := w.spill.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewScanner(w.spill)
	some := make([]string, 0, 10_000)
	for more := true; more; {
		if more = in.Scan(); more {
			some = append(some, in.Text())
		}
		if len(some) == cap(some) || !more && len(some) > 0 {
			if err := f(some); err != nil {
				return err
			}
			some = some[:0]
		}
	}
	return in.Err()
}

// close removes the temporary file. If that fails, it is left to whoever tidies the folder up.
func (w *waitlist) close() {
	if w.spill != nil {
		_ = w.spill.Close()
		_ = os.Remove(w.spill.Name())
	}
}

// firstRefusals merges more into the first by line of all refusals, at most so many.
func firstRefusals(first, more []store.Refusal, most int) []store.Refusal {
	first = append(first, more...)
	slices.SortFunc(first, func(a, b store.Refusal) int { return int(a.Line - b.Line) })
	return first[:min(len(first), most)]
}
