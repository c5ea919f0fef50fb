package anomalies

import (
	"math"
	"time"
)

const (
	// fewest is how many days with transfers must be known.
	fewest = 3
	// farther is how many times the usual amount a transfer must be.
	farther = 6.0
	// leastTransferZ is how many robust standard deviations of the logarithm.
	leastTransferZ = 4.0
	// calm is how long the same subject's further large transfers are part of one incident.
	calm = 3 * 24 * time.Hour
)

// transfers finds single deposits or withdrawals of many times the usual amount.
func (d *unfolded) transfers(kind Kind) []Alert {
	var found []Alert
	var past []float64 // logarithms of each day's largest
	for _, day := range d.days {
		t := day.LargestDeposit
		if kind == WithdrawalSpike {
			t = day.LargestWithdrawal
		}
		if t.Amount <= 0 {
			continue
		}
		x := math.Log(float64(t.Amount))
		if len(past) >= fewest {
			sorted := append([]float64(nil), last(past, window)...)
			m := median(sorted)
			away := make([]float64, len(sorted))
			for i := range sorted {
				away[i] = sorted[i] - m
			}
			spread := max(0.4, mad(away))
			expected := math.Exp(m)
			z := (x - m) / spread
			if z >= leastTransferZ && x-m >= math.Log(farther) && float64(t.Amount)-expected >= float64(LeastTransfer) {
				a := Alert{Kind: kind, Subject: d.Subject, Since: t.At, Until: t.At.Add(time.Microsecond),
					Expected: usdt(expected), ExpectedLow: usdt(math.Exp(m - 2.6*spread)), ExpectedHigh: usdt(math.Exp(m + 2.6*spread)),
					Seen: t.Amount, Score: certainty(z, leastTransferZ)}
				a.Size = a.Seen - a.Expected
				if n := len(found); n > 0 && a.Since.Sub(found[n-1].Until) < calm {
					f := &found[n-1] // the same incident goes on; its largest transfer stands for it
					f.Until = a.Until
					if a.Seen > f.Seen {
						f.Seen, f.Size, f.Score = a.Seen, a.Seen-f.Expected, a.Score
					}
				} else {
					found = append(found, a)
				}
				continue // is not learned
			}
		}
		past = append(past, x)
	}
	return found
}
