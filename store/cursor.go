package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"time"

	"partnerhub/domain"
)

// formatPosition writes where a page ended, and what it took for granted, behind a digest of that and of its query, so that a
// cursor of another query, of another partner, or one that was damaged, is not followed. That is against mistakes: whatever
// a cursor says, a page shows the caller's own alone.
func formatPosition(query []byte, position any) string {
	b, err := json.Marshal(position)
	if err != nil {
		panic(err) // texts and numbers
	}
	return base64.RawURLEncoding.EncodeToString(append(digest(query, b), b...))
}

// position is where a page of a list ended.
type position interface {
	// known reports whether the database knows the times and texts in it: whoever reads this code can write a cursor with a good digest.
	known() bool
}

// knownTimes reports whether instants, in unix microseconds, are of the years that the database and dates in texts have.
func knownTimes(micros ...int64) bool {
	for _, m := range micros {
		if y := time.UnixMicro(m).UTC().Year(); y < 1 || y > 9999 {
			return false
		}
	}
	return true
}

// parsePosition is formatPosition's opposite. The error is CodeInvalid on cursor.
func parsePosition(query []byte, cursor string, position position) error {
	bad := domain.Invalid("cursor", "not a cursor of this query: ask for the first page again, without one")
	if len(cursor) > maxCursor {
		return bad
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < digestSize || !bytes.Equal(b[:digestSize], digest(query, b[digestSize:])) || json.Unmarshal(b[digestSize:], position) != nil || !position.known() {
		return bad
	}
	return nil
}
