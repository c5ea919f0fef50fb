package anomalies

import (
	"math"
	"time"
)

const (
	// window is the number of days that tell how far a subject usually strays.
	window = 42
	// leastZ is how many robust standard deviations of the number of trades raise an alert, one of a referee's more:
	// there are many of them.
	leastZ, leastRefereeZ = 4.0, 6.0
	// busy is the number of trades a day from which on a book, or a referee, has a usual volume.
	busyBook, busyReferee = 8.0, 20.0
	// What a drop leaves at most, and a spike is at least, as a multiple of the usual; and what ends either.
	dropTo, spikeTo     = 0.5, 2.2
	dropOver, spikeOver = 0.7, 1.5
	// An incident that lasts longer is the new usual.
	longest = 14
	// together is how many days are judged in one, so that an incident of a small book shows too.
	together = 3
	// rest days must be usual again before an incident of the kind is a new one.
	rest = 2
)

// usual follows the level and the weekday season of one series. Zero-valued it knows nothing.
type usual struct {
	trades, volume float64 // a day, without season
	known          int     // days
	weekday        [7]struct{ sum, n float64 }
	strays         []float64 // distances of the number of trades, variance-stabilised, of the last days
	volumes        []float64 // the same of the volume, as logarithms
}

// season is the weekday's factor, drawn to 1 while it has been seen a few times only.
func (u *usual) season(d time.Weekday) float64 {
	w := u.weekday[d]
	return (w.sum + 2) / (w.n + 2)
}

// stray is the distance of a number of trades from the usual: of standard deviation 1 if it were Poisson's.
func stray(seen, usual float64) float64 { return 2 * (math.Sqrt(seen) - math.Sqrt(usual)) }

// spread is how far the number of trades usually strays, as a robust standard deviation.
// What rests on a few days is widened.
func (u *usual) spread() float64 {
	return max(1.2, mad(u.strays)) * (1 + 4/float64(len(u.strays)+1))
}

// volumeSpread is the standard deviation of the logarithm of a day's volume.
func (u *usual) volumeSpread() float64 { return max(0.1, mad(u.volumes)) }

// mad is the median distance from zero, as the standard deviation of a normal distribution.
func mad(x []float64) float64 {
	d := make([]float64, len(x))
	for i := range x {
		d[i] = math.Abs(x[i])
	}
	if len(d) == 0 {
		return 0
	}
	return 1.4826 * median(d)
}

// add learns a whole day.
func (u *usual) add(d Day) {
	n, v := float64(d.Trades), float64(d.Volume)
	f := u.season(d.Date.Weekday())
	if u.known >= 3 {
		mu := u.trades * f
		u.strays = last(append(u.strays, stray(n, mu)), window)
		if n > 0 && u.volume > 0 {
			u.volumes = last(append(u.volumes, math.Log(v/(u.volume*f))), window)
		}
		// One day moves the level by a bounded amount only.
		n = min(n, 3*mu+3)
		v = min(v, 3*u.volume*f+1)
		if u.trades > 0 {
			w := &u.weekday[d.Date.Weekday()]
			w.sum = 0.9*w.sum + min(3, n/u.trades)
			w.n = 0.9*w.n + 1
		}
	}
	u.known++
	a := max(0.1, 1/float64(u.known))
	u.trades += a * (n/f - u.trades)
	u.volume += a * (v/f - u.volume)
}

// last keeps the newest n.
func last[T any](x []T, n int) []T {
	if len(x) > n {
		return x[len(x)-n:]
	}
	return x
}

// incident is a run of days that are out of the ordinary.
type incident struct {
	kind         Kind
	first, last  int     // days; last is the latest that was out of the ordinary
	expected     float64 // volume
	seen, square float64 // square: of the expected, summed
	z, least     float64
	spread       float64
	skipped      []Day // not learned while it lasts
}

// volumes finds drops and spikes of volume.
func (d *unfolded) volumes() []Alert {
	var (
		u      usual
		open   *incident
		found  []Alert
		recent []judged // the newest days that were usual by themselves
	)
	for i, day := range d.days {
		share, whole := 1.0, true
		if d.partial && i == len(d.days)-1 {
			share, whole = d.share, false
		}
		if open != nil {
			if !open.extend(&u, d, i, share, whole) {
				continue
			}
			found = append(found, open.alert(d))
			if i-open.first > longest { // the new usual
				for _, s := range open.skipped {
					u.add(s)
				}
			}
			open, recent = nil, nil
		}
		f := u.season(day.Date.Weekday()) * share
		recent = last(append(recent, judged{float64(day.Trades), u.trades * f, float64(day.Volume), u.volume * f}), together)
		if i >= d.learn {
			// A drop cannot be told before it is known how much of the day is missing.
			open = u.begins(d.Subject, i, recent, whole || share < 1)
		}
		if open == nil && whole {
			u.add(day)
		}
	}
	if open != nil {
		found = append(found, open.alert(d))
	}
	return found
}

// judged is a day beside what was usual then.
type judged struct{ trades, usual, volume, usualVolume float64 }

// begins tells whether the last of the days, which is day i, alone or with the ones before, is an incident.
func (u *usual) begins(who Subject, i int, days []judged, drops bool) *incident {
	least, enough := leastZ, busyBook
	if who.Kind == Referee {
		least, enough = leastRefereeZ, busyReferee
	}
	if u.trades < enough {
		return nil
	}
	spread := u.spread()
	var sum judged
	var square float64
	for k := len(days) - 1; k >= 0; k-- {
		day := days[k]
		lower := day.trades <= dropOver*day.usual && day.volume <= dropOver*day.usualVolume
		higher := day.trades >= spikeOver*day.usual && day.volume >= spikeOver*day.usualVolume
		if !lower && !higher {
			return nil // one ordinary day, and it is not a run
		}
		sum = judged{sum.trades + day.trades, sum.usual + day.usual, sum.volume + day.volume, sum.usualVolume + day.usualVolume}
		square += day.usualVolume * day.usualVolume
		in := &incident{first: i - len(days) + 1 + k, last: i, expected: sum.usualVolume, seen: sum.volume, square: square,
			z: stray(sum.trades, sum.usual) / spread, least: least, spread: u.volumeSpread()}
		switch {
		case drops && in.z <= -least && sum.trades <= dropTo*sum.usual && sum.volume <= dropTo*sum.usualVolume &&
			sum.usualVolume-sum.volume >= float64(LeastVolume):
			in.kind = VolumeDrop
			return in
		case in.z >= least && sum.trades >= spikeTo*sum.usual && sum.volume >= spikeTo*sum.usualVolume &&
			sum.volume-sum.usualVolume >= float64(LeastVolume):
			in.kind = VolumeSpike
			return in
		}
	}
	return nil
}

// extend takes day i in, and tells whether the incident was over before it.
func (in *incident) extend(u *usual, d *unfolded, i int, share float64, whole bool) (over bool) {
	day := d.days[i]
	f := u.season(day.Date.Weekday()) * share
	volume, v := u.volume*f, float64(day.Volume)
	ratio := v / max(1, volume)
	goesOn := in.kind == VolumeDrop && ratio <= dropOver || in.kind == VolumeSpike && ratio >= spikeOver
	if !whole && !goesOn {
		// A day that has only begun says little.
		return false
	}
	if goesOn {
		in.expected += volume
		in.square += volume * volume
		in.seen += v
		in.last = i
	}
	in.skipped = append(in.skipped, day)
	return i-in.last >= rest || i-in.first > longest
}

// alert is how the incident is told.
func (in *incident) alert(d *unfolded) Alert {
	a := Alert{Kind: in.kind, Subject: d.Subject, Since: d.days[in.first].Date,
		Expected: usdt(in.expected), Seen: usdt(in.seen), Size: usdt(in.seen - in.expected), Score: certainty(in.z, in.least)}
	// 99 of 100 usual times lie in the range. Days stray together as well as alone.
	w := 2.6 * in.spread * math.Sqrt(0.3+0.7*in.square/max(1, in.expected*in.expected))
	a.ExpectedLow, a.ExpectedHigh = usdt(in.expected*math.Exp(-w)), usdt(in.expected*math.Exp(w))
	if in.last < len(d.days)-1 {
		a.Until = next(d.days[in.last].Date)
	}
	return a
}
