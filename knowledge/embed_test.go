package knowledge

import (
	"slices"
	"testing"
)

// The same text has the same vector, to the last bit.
func TestBuiltInIsDeterministic(t *testing.T) {
	const text = "Does the VIP level of a referee affect my commission, and up to which level do I earn it on spot, margin and futures?"
	embed := func() []float32 {
		v, err := BuiltIn{}.Embed(t.Context(), []string{text})
		if err != nil {
			t.Fatal(err)
		}
		return v[0]
	}
	for first, i := embed(), 0; i < 200; i++ {
		if !slices.Equal(first, embed()) {
			t.Fatalf("embedded anew, it is another vector (time %d)", i+2)
		}
	}
}
