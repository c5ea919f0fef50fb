package spell

import "testing"

func TestNear(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		limit int
		want  bool
	}{
		{"today", "today", 0, true}, {"tody", "today", 1, true}, {"toady", "today", 1, true}, {"todday", "today", 1, true},
		{"tudey", "today", 1, false}, {"tudey", "today", 2, true}, {"", "a", 1, true}, {"", "ab", 1, false},
		{"comision", "commission", 2, true}, {"mission", "commission", 2, false},
	} {
		if got := Near(c.a, c.b, c.limit); got != c.want {
			t.Errorf("Near(%q, %q, %d) = %v", c.a, c.b, c.limit, got)
		}
	}
}
