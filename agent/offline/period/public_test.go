package period

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
	"time"
)

// TestPublicSet holds the parser against half of a public set (see testdata/NOTICE).
func TestPublicSet(t *testing.T) {
	f, err := os.Open("testdata/dates.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	right, all := 0, 0
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var c struct {
			ID, Ref, Input string
			Accept         [][2]*string
		}
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		ref, err := time.Parse("2006-01-02T15:04:05", c.Ref)
		if err != nil {
			t.Fatal(err)
		}
		from, to, ok := FirstDayPeriod(c.Input, ref)
		good := false
		for _, a := range c.Accept {
			good = good || ok && *a[0] == from && a[1] != nil && *a[1] == to
		}
		all++
		if good {
			right++
		} else {
			t.Logf("%s: %q at %s: got %s %s", c.ID, c.Input, c.Ref[:10], from, to)
		}
	}
	share := float64(right) / float64(all)
	t.Logf("%d of %d right: %.1f %%", right, all, 100*share)
	if share < 0.85 {
		t.Errorf("%.3f of the public set right, want 0.85", share)
	}
}
