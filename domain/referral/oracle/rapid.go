package oracle

import (
	"math/rand/v2"

	"pgregory.net/rapid"

	"partnerhub/domain/referral"
)

// Events draws at most size events as Random makes them. Each of them is then kept or not by a draw of its
// own, so that rapid shrinks a failure to the few events that it needs.
func Events(t *rapid.T, size int) []referral.Event {
	seed := rapid.Uint64().Draw(t, "world")
	all := Random(rand.New(rand.NewPCG(seed, 0)), size)
	var kept []referral.Event
	for i, draw := range rapid.SliceOfN(rapid.IntRange(0, 1000), size, size).Draw(t, "kept") {
		if draw > 0 { // rarely not: rapid tries 0 when it shrinks
			kept = append(kept, all[i])
		}
	}
	return kept
}
