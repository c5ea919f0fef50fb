package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5"
)

// copyBuffer writes rows in COPY's binary format. The facts and deltas go through it: pgx's CopyFrom boxes each
// value, which costs as much as PostgreSQL's own work on them.
type copyBuffer struct {
	buf  []byte
	rows int
}

var copyHeader = []byte("PGCOPY\n\377\r\n\000\000\000\000\000\000\000\000\000")

func newCopyBuffer(rows, bytesEach int) *copyBuffer {
	b := &copyBuffer{buf: make([]byte, 0, len(copyHeader)+rows*bytesEach+2)}
	b.buf = append(b.buf, copyHeader...)
	return b
}

func (b *copyBuffer) row(columns int) {
	b.rows++
	b.buf = binary.BigEndian.AppendUint16(b.buf, uint16(columns))
}

func (b *copyBuffer) int64(vs ...int64) {
	for _, v := range vs {
		b.buf = append(b.buf, 0, 0, 0, 8)
		b.buf = binary.BigEndian.AppendUint64(b.buf, uint64(v))
	}
}

func (b *copyBuffer) int32(vs ...int32) {
	for _, v := range vs {
		b.buf = append(b.buf, 0, 0, 0, 4)
		b.buf = binary.BigEndian.AppendUint32(b.buf, uint32(v))
	}
}

func (b *copyBuffer) int16(v int16) {
	b.buf = append(b.buf, 0, 0, 0, 2)
	b.buf = binary.BigEndian.AppendUint16(b.buf, uint16(v))
}

func (b *copyBuffer) bool(vs ...bool) {
	for _, v := range vs {
		b.buf = append(b.buf, 0, 0, 0, 1, 0)
		if v {
			b.buf[len(b.buf)-1] = 1
		}
	}
}

func (b *copyBuffer) text(vs ...string) {
	for _, v := range vs {
		b.buf = binary.BigEndian.AppendUint32(b.buf, uint32(len(v)))
		b.buf = append(b.buf, v...)
	}
}

func (b *copyBuffer) null() { b.buf = append(b.buf, 0xff, 0xff, 0xff, 0xff) }

// postgresEpoch is 2000-01-01, from which PostgreSQL counts microseconds and days.
const postgresEpoch = 946_684_800

// time writes a timestamptz; the zero time is null.
func (b *copyBuffer) time(t time.Time) {
	if t.IsZero() {
		b.null()
		return
	}
	b.int64(t.UnixMicro() - postgresEpoch*1_000_000)
}

// date writes a date given as midnight UTC.
func (b *copyBuffer) date(t time.Time) { b.int32(int32((t.Unix() - postgresEpoch) / 86_400)) }

// send copies the rows into the table's columns, given as "table (column, …)".
func (b *copyBuffer) send(ctx context.Context, tx pgx.Tx, into string) error {
	if b.rows == 0 {
		return nil
	}
	b.buf = append(b.buf, 0xff, 0xff)
	_, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(b.buf), "COPY "+into+" FROM STDIN (FORMAT binary)")
	return err
}
