package demo

import (
	"io"
	"strconv"
	"time"

	"partnerhub/domain"
)

// wire writes events as JSON lines. It appends to a buffer by hand: encoding/json takes several times as long as
// drawing a trade does, and all texts here are known to need no escaping.
type wire struct {
	out    io.Writer
	buf    []byte
	events int
	date   int64  // the UTC day of dateAs, in days since 1970
	dateAs string // "2006-01-02T"
}

// Buffered before they are written, in bytes.
const flushAt = 64 << 10

// begin starts an event: the envelope.
func (w *wire) begin(typ string, at, uid int64) {
	w.events++
	w.buf = append(w.buf, `{"id":"e`...)
	w.padded(int64(w.events), 12) // of one width, so that ids order as texts too
	w.buf = append(w.buf, `","type":"`...)
	w.buf = append(w.buf, typ...)
	w.buf = append(w.buf, `","time":"`...)
	if d := at / day; d != w.date || w.dateAs == "" {
		w.date, w.dateAs = d, time.UnixMilli(at).UTC().Format("2006-01-02T")
	}
	w.buf = append(w.buf, w.dateAs...)
	ms := at % day
	w.padded(ms/hour, 2)
	w.buf = append(w.buf, ':')
	w.padded(ms/minute%60, 2)
	w.buf = append(w.buf, ':')
	w.padded(ms/1000%60, 2)
	w.buf = append(w.buf, '.')
	w.padded(ms%1000, 3)
	w.buf = append(w.buf, `Z","uid":`...)
	w.buf = strconv.AppendInt(w.buf, uid, 10)
}

// text, quoted and money add a field that is a JSON string; name is `,"name":"`.
func (w *wire) text(name, value string) {
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, value...)
	w.buf = append(w.buf, '"')
}

func (w *wire) quoted(name string, v int64) {
	w.integer(name, v)
	w.buf = append(w.buf, '"')
}

func (w *wire) money(name string, v domain.Money) {
	w.buf = append(w.buf, name...)
	w.micro(int64(v))
	w.buf = append(w.buf, '"')
}

// integer adds a number without quotes; name is `,"name":`.
func (w *wire) integer(name string, v int64) {
	w.buf = append(w.buf, name...)
	w.buf = strconv.AppendInt(w.buf, v, 10)
}

// end finishes the line.
func (w *wire) end() { w.buf = append(w.buf, '}', '\n') }

func (w *wire) flush() error {
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// micro is the decimal of millionths, as domain.Money and domain.Rate write it. v is not negative.
func (w *wire) micro(v int64) {
	w.buf = strconv.AppendInt(w.buf, v/1_000_000, 10)
	f := v % 1_000_000
	if f == 0 {
		return
	}
	w.buf = append(w.buf, '.')
	w.padded(f, 6)
	for w.buf[len(w.buf)-1] == '0' {
		w.buf = w.buf[:len(w.buf)-1]
	}
}

// padded writes v with at least so many digits, at most 12.
func (w *wire) padded(v int64, digits int) {
	var b [12]byte
	for i := digits - 1; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
	w.buf = append(w.buf, b[:digits]...)
}

// usdt is an amount in USDT as money, rounded down to a cent.
func usdt(v float64) domain.Money { return domain.Money(v*100) * (domain.USDT / 100) }
