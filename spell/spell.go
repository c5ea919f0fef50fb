// Package spell tells a slip of the fingers from another word.
package spell

// Near reports whether two words, in lower case, are at most limit slips apart: a letter too many, too few or
// wrong, or two swapped. Words of more than 23 bytes are near nothing.
func Near(a, b string, limit int) bool {
	if d := len(a) - len(b); d > limit || -d > limit {
		return false
	}
	var rows [3][24]int
	if len(b) >= len(rows[0]) {
		return false
	}
	before, prev, cur := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)] <= limit
}

// Limit is how many slips a word of known spelling may be away from what was typed, for its length.
func Limit(known, typed string) int {
	switch n := min(len(known), len(typed)); {
	case n >= 8:
		return 2
	case n >= 5:
		return 1
	}
	return 0
}
