package ingest

import "testing"

// BenchmarkDecode is the hot path: one trade, ~300 bytes.
func BenchmarkDecode(b *testing.B) {
	line := []byte(`{"id":"e000000012345","type":"trade.executed","time":"2026-11-16T12:34:56.789Z","uid":10023456,"tradeId":"98765432123",` +
		`"product":"futures","symbol":"BTCUSDT","side":"sell","volume":"12345.6789","feeGross":"12.345678","feePaid":"11.345678",` +
		`"eligible":false,"reason":"paid from bonus funds, not from the account"}`)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	d := NewDecoder()
	for b.Loop() {
		if _, err := d.Decode(line); err != nil {
			b.Fatal(err)
		}
	}
}
