package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// refereeCursor is where a page of referees ended, and what the first page took for granted.
type refereeCursor struct {
	asOf                         int64 // unix microseconds, as all the times here
	from, to                     int64
	registeredFrom, registeredTo int64
	value                        int64 // what the last row is sorted by: micro-USDT, or a time
	uid                          int64 // 0: before the first row
	total                        int64 // how many match, where the first page counted them
}

func (c *refereeCursor) numbers() []*int64 {
	return []*int64{&c.asOf, &c.from, &c.to, &c.registeredFrom, &c.registeredTo, &c.value, &c.uid, &c.total}
}

// firstPage takes the query's periods as they stand at now.
func firstPage(q referral.RefereeQuery, now time.Time) refereeCursor {
	return refereeCursor{
		asOf: now.UnixMicro(), from: q.Period.From.UnixMicro(), to: q.Period.To.UnixMicro(),
		registeredFrom: q.Registered.From.UnixMicro(), registeredTo: q.Registered.To.UnixMicro(),
	}
}

// apply puts what the first page took for granted into the query of a page.
func (c refereeCursor) apply(q *referral.RefereeQuery) (asOf time.Time) {
	at := func(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
	q.Period = domain.Period{From: at(c.from), To: at(c.to)}
	q.Registered = domain.Period{From: at(c.registeredFrom), To: at(c.registeredTo)}
	return at(c.asOf)
}

// after is the cursor behind a row.
func (c refereeCursor) after(sort referral.RefereeSort, r referral.RefereeRow, total int64) refereeCursor {
	c.uid, c.total = r.UID, total
	switch sort {
	case referral.SortRegisteredAt:
		c.value = r.RegisteredAt.UnixMicro()
	case referral.SortLastTradeAt:
		c.value = r.LastTradeAt.UnixMicro()
	case referral.SortCommission:
		c.value = int64(r.Commission)
	case referral.SortVolume:
		c.value = int64(r.Volume)
	}
	return c
}

// maxCursor is the most that a cursor weighs, in bytes.
const maxCursor = 512

// queryDigest binds cursors to a caller and a query, whose presets stand as they were written: the periods that they
// stood for on the first page are in the cursor.
func queryDigest(c domain.Caller, q referral.RefereeQuery, zone *time.Location) []byte {
	filters, err := json.Marshal(q)
	if err != nil {
		panic(err) // texts and numbers
	}
	return fmt.Appendf(nil, "%s %s %s %s", c, q.Period.Arg(zone), q.Registered.Arg(zone), filters)
}

// format writes the cursor down behind a digest of itself and of its query, so that one of another query, of another
// partner, or one that was damaged, is not followed. That is against mistakes: whatever a cursor says, only the
// caller's own referees are listed.
func (c refereeCursor) format(query []byte) string {
	var b []byte
	for _, n := range c.numbers() {
		b = binary.AppendVarint(b, *n)
	}
	return base64.RawURLEncoding.EncodeToString(append(digest(query, b), b...))
}

// parseRefereeCursor is format's opposite. The error is CodeInvalid on cursor.
func parseRefereeCursor(s string, query []byte) (c refereeCursor, err error) {
	bad := domain.Invalid("cursor", "not a cursor of this query: ask for the first page again, without one")
	if len(s) > maxCursor {
		return c, bad
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < digestSize || !bytes.Equal(b[:digestSize], digest(query, b[digestSize:])) {
		return c, bad
	}
	b = b[digestSize:]
	for _, n := range c.numbers() {
		value, size := binary.Varint(b)
		if size <= 0 {
			return c, bad
		}
		*n, b = value, b[size:]
	}
	if !knownTimes(c.asOf, c.from, c.to, c.registeredFrom, c.registeredTo) || c.from >= c.to {
		return c, bad
	}
	return c, nil
}

const digestSize = 12

func digest(query, text []byte) []byte {
	sum := sha256.Sum256(bytes.Join([][]byte{query, text}, []byte{0}))
	return sum[:digestSize]
}
