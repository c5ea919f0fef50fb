package domain

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Money is an amount in micro-USDT (6 decimals, the token's own unit). Sums stay within int64: one event
// carries at most 10^9 USDT, so that even 9,000 of the largest fit.
type Money int64

// USDT is one USDT in micro-USDT.
const USDT Money = 1_000_000

// MaxEventAmount is the most that one event may carry: 10^9 USDT (SPEC 2).
const MaxEventAmount = 1_000_000_000 * USDT

// Rate is a fraction in millionths: 450000 is 45 %.
type Rate int64

// RateOne is the rate 1.
const RateOne Rate = 1_000_000

// Of is trunc(rate × amount), with the product in 128 bits. The dust stays with the platform (SPEC 2).
// Neither may be negative.
func (r Rate) Of(amount Money) Money {
	if r < 0 || amount < 0 {
		panic("domain: negative rate or amount") // a caller's bug: events are validated on their way in
	}
	hi, lo := bits.Mul64(uint64(r), uint64(amount))
	q, _ := bits.Div64(hi, lo, uint64(RateOne)) // hi < RateOne as long as amount < 2^63 and rate <= 1
	return Money(q)
}

// ParseMoney reads a decimal string: 0 ≤ x ≤ 10^9, at most 6 decimals, no sign, exponent or spaces.
// The error is CodeInvalid without a field.
func ParseMoney(s string) (Money, error) {
	v, err := parseMicro(s)
	if err != nil {
		return 0, err
	}
	if v > int64(MaxEventAmount) {
		return 0, Invalid("", "more than 1000000000 USDT")
	}
	return Money(v), nil
}

// ParseRate reads a decimal fraction: 0 ≤ x ≤ 1, at most 6 decimals. The error is CodeInvalid without a field.
func ParseRate(s string) (Rate, error) {
	v, err := parseMicro(s)
	if err != nil {
		return 0, err
	}
	if v > int64(RateOne) {
		return 0, Invalid("", "a fraction above 1")
	}
	return Rate(v), nil
}

// parseMicro reads digits[.digits] as millionths, at most 10 digits before the point.
func parseMicro(s string) (int64, error) {
	if s == "" {
		return 0, Invalid("", "empty, want a decimal number")
	}
	if s[0] == '-' {
		return 0, Invalid("", "negative")
	}
	whole, frac, point := 0, 0, false
	var v int64
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.' && !point && whole > 0:
			point = true
		case c < '0' || c > '9':
			return 0, Invalid("", "not a decimal number")
		case point:
			if frac++; frac > 6 {
				return 0, Invalid("", "more than 6 decimals")
			}
			v = v*10 + int64(c-'0')
		default:
			if whole++; whole > 10 {
				return 0, Invalid("", "more than 10 digits before the point")
			}
			v = v*10 + int64(c-'0')
		}
	}
	if point && frac == 0 {
		return 0, Invalid("", "no digits after the point")
	}
	for ; frac < 6; frac++ {
		v *= 10
	}
	return v, nil
}

// String is the shortest exact decimal: "12.5", "-0.000001", "0".
func (m Money) String() string { return formatMicro(int64(m)) }

// String is the shortest exact decimal fraction: "0.45".
func (r Rate) String() string { return formatMicro(int64(r)) }

func formatMicro(v int64) string {
	var buf [24]byte
	u, neg := uint64(v), v < 0
	if neg {
		u = -u
	}
	b := strconv.AppendUint(buf[:0], u/1_000_000, 10)
	if f := u % 1_000_000; f != 0 {
		b = append(b, '.')
		for d := uint64(100_000); f > 0; d /= 10 {
			b = append(b, byte('0'+f/d))
			f %= d
		}
	}
	if neg {
		return "-" + string(b)
	}
	return string(b)
}

// MarshalJSON writes a decimal string, as money is on every wire of the hub.
func (m Money) MarshalJSON() ([]byte, error) { return []byte(`"` + m.String() + `"`), nil }

// UnmarshalJSON reads a decimal string or number, with a sign for sums that may be negative.
func (m *Money) UnmarshalJSON(b []byte) error {
	v, err := unmarshalMicro(b)
	*m = Money(v)
	return err
}

// UnmarshalJSON reads a decimal string or number.
func (r *Rate) UnmarshalJSON(b []byte) error {
	v, err := unmarshalMicro(b)
	*r = Rate(v)
	return err
}

func unmarshalMicro(b []byte) (int64, error) {
	s := strings.Trim(string(b), `"`)
	digits, neg := strings.CutPrefix(s, "-")
	whole, frac, point := strings.Cut(digits, ".")
	switch {
	case len(frac) > 6:
		return 0, Invalid("", "more than 6 decimals")
	case whole == "" || whole[0] < '0' || whole[0] > '9' || point && frac == "":
		return 0, Invalid("", "not a decimal number")
	}
	if neg {
		whole = "-" + whole
	}
	v, err := strconv.ParseInt(whole+(frac + "000000")[:6], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("decimal %s: %w", b, err)
	}
	return v, nil
}

// MarshalJSON writes a decimal string.
func (r Rate) MarshalJSON() ([]byte, error) { return []byte(`"` + r.String() + `"`), nil }

// Percent is 100 × (current − previous) / |previous| as a decimal string with two decimals at most,
// rounded half away from zero; nil when previous is 0, since no percentage says how far that is.
func Percent(current, previous int64) *string {
	if previous == 0 {
		return nil
	}
	neg := current < previous
	var d uint64 // two's complement subtraction is exact for the distance of two int64
	if neg {
		d = uint64(previous) - uint64(current)
	} else {
		d = uint64(current) - uint64(previous)
	}
	p := uint64(previous)
	if previous < 0 {
		p = -p
	}
	hi, lo := bits.Mul64(d, 20_000) // hundredths of a percent, doubled so that the half can be seen
	var q uint64
	if hi >= p {
		q = 1 << 62 // beyond any figure a person reads
	} else {
		q, _ = bits.Div64(hi, lo, p)
	}
	q = (q + 1) / 2
	s := strconv.FormatUint(q/100, 10)
	if f := q % 100; f != 0 {
		s += "." + string([]byte{byte('0' + f/10)})
		if f%10 != 0 {
			s += string([]byte{byte('0' + f%10)})
		}
	}
	if neg && q != 0 {
		s = "-" + s
	}
	return &s
}
