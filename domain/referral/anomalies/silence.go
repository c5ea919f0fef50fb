package anomalies

import (
	"math"
	"time"
)

const (
	// missed is how many usual trades must be missing for silence to be more than a pause.
	missed = 9.0
	// hush is the shortest silence, and longer is what it must be as a multiple of the longest pause of late.
	hush   = 2 * 24 * time.Hour
	longer = 2.0
	// telling is the number of days that must tell: whoever trades so seldom that it takes longer is no regular.
	telling = 8
	// surprising is the power of ten of the chance below which as many days without a trade in a row are a surprise.
	surprising = 5.5
)

// silences finds the times in which a large trader did not trade at all, as never before. Who goes slowly is no
// surprise: the days before must have been usual.
func (d *unfolded) silences() []Alert {
	var found []Alert
	var u usual
	lastActive := -1
	var pauses []int // days between days with trades
	for i := 0; i < len(d.days); i++ {
		if d.days[i].Trades == 0 {
			continue
		}
		if lastActive >= 0 {
			if a, ok := d.silence(&u, lastActive, i, pauses); ok {
				found = append(found, a)
			} else {
				for j := lastActive + 1; j < i; j++ {
					u.add(d.days[j])
				}
				pauses = append(pauses, i-lastActive-1)
			}
		}
		if !d.partial || i < len(d.days)-1 {
			u.add(d.days[i])
		}
		lastActive = i
	}
	if lastActive >= 0 && lastActive < len(d.days) {
		if a, ok := d.silence(&u, lastActive, len(d.days), pauses); ok {
			found = append(found, a)
		}
	}
	return found
}

// silence judges the time without trades after day from and before day to.
func (d *unfolded) silence(u *usual, from, to int, pauses []int) (Alert, bool) {
	if from < d.learn-1 || to-from < 3 || u.trades <= 0 {
		return Alert{}, false
	}
	since, end := d.lastTradeOn(from), d.now
	if to < len(d.days) {
		end = d.days[to].Date
	}
	// The newest days against the level: who fades away is below it.
	var late, usually float64
	for j := max(0, from-27); j <= from; j++ {
		if j > from-5 {
			late += float64(d.days[j].Trades) / 5
		} else {
			usually += float64(d.days[j].Trades) / float64(from-4-max(0, from-27))
		}
	}
	rate := late / max(usually, late)
	var trades, volume, soon float64
	for j := from + 1; j < to; j++ {
		share := 1.0
		if d.partial && j == len(d.days)-1 {
			share = d.share
		}
		f := u.season(d.days[j].Date.Weekday()) * share * rate
		trades += u.trades * f
		volume += u.volume * f
		if j <= from+telling {
			soon = trades
		}
	}
	idle := 0
	for j := max(0, from-window); j <= from; j++ {
		if d.days[j].Trades == 0 {
			idle++
		}
	}
	known := min(from+1, window+1)
	surprise := -(float64(min(to-from-1, telling)) - 0.3) * math.Log10(float64(idle+1)/float64(known+2))
	longest := 0
	for _, p := range pauses[max(0, len(pauses)-window):] {
		longest = max(longest, p)
	}
	gap := end.Sub(since)
	if rate < 0.5 || surprise < surprising || soon < missed || volume < float64(LeastVolume) || gap < hush ||
		float64(to-from-1) < longer*float64(longest) {
		return Alert{}, false
	}
	a := Alert{Kind: SilentTrader, Subject: d.Subject, Since: since, Expected: usdt(volume), Size: -usdt(volume),
		Score: certainty(trades, missed)}
	w := 2.6 * u.volumeSpread() * math.Sqrt(0.3+0.7/float64(to-from-1))
	a.ExpectedLow, a.ExpectedHigh = usdt(volume*math.Exp(-w)), usdt(volume*math.Exp(w))
	if to < len(d.days) {
		a.Until = d.firstTradeOn(to)
	}
	return a, true
}

// lastTradeOn is when the last trade of day i was, as near as it is known: its hour's end, or the day's.
func (d *unfolded) lastTradeOn(i int) time.Time {
	from, to := d.days[i].Date, next(d.days[i].Date)
	if !d.LastTrade.Before(from) && d.LastTrade.Before(to) {
		return d.LastTrade
	}
	at := to
	for _, h := range d.Hours {
		if h.Trades > 0 && !h.At.Before(from) && h.At.Before(to) {
			at = h.At.Add(time.Hour)
		}
	}
	return at
}

// firstTradeOn is when the first trade of day i was, as near as it is known: its hour's beginning, or the day's.
func (d *unfolded) firstTradeOn(i int) time.Time {
	from, to := d.days[i].Date, next(d.days[i].Date)
	for _, h := range d.Hours {
		if h.Trades > 0 && !h.At.Before(from) && h.At.Before(to) {
			return h.At
		}
	}
	return from
}
