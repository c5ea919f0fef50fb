package anomalies

import (
	"math"
	"slices"
	"time"
)

// The ways to foresee a value.
const (
	byLast    = iota // the one before
	byRecent         // a short mean
	byLevel          // a long mean
	byDay            // the time of day
	byDayNow         // the time of day, and how far today is from it
	byWeekday        // the weekday and time of day
	ways
)

// pays is how much smaller the errors of a way must be for it to be taken instead of a simpler one.
const pays = 0.9

// forecast foresees the next value of a series in several ways, and knows which of them pay. The zero value is ready.
type forecast struct {
	seen   int
	at0    time.Time // of the newest point
	gaps   []float64 // seconds between the first points, sorted
	scale  float64   // mean size of the errors of the best way
	recent float64
	level  float64
	today  float64 // how far today is from the usual day

	slots    int // of a day; 0: the sampling is not known yet
	day      []slot
	week     []slot
	now      [2]int // the slots of the day and of the week of the newest point
	value    [ways]float64
	known    [ways]bool
	errors   [ways]float64
	measured [ways]int
}

// slot is the usual value at some time of the day or week.
type slot struct {
	value float64
	n     int
}

func (s *slot) learn(v, newest float64) {
	s.n++
	s.value += max(newest, 1/float64(s.n)) * (v - s.value)
}

// at moves on to the time of the next value, and foresees it. It reports whether that follows the last one without a gap.
func (f *forecast) at(t time.Time) (whole bool) {
	const sampling, most = 20, 101 // points that tell the sampling, and all that are used
	step := t.Sub(f.at0).Seconds()
	whole = f.seen == 0 || len(f.gaps) < sampling || step <= 5*f.gaps[len(f.gaps)/2]
	if f.seen > 0 && step > 0 && len(f.gaps) < most {
		i, _ := slices.BinarySearch(f.gaps, step)
		f.gaps = slices.Insert(f.gaps, i, step)
	}
	f.at0 = t
	if f.slots == 0 && len(f.gaps) >= sampling {
		f.slots = int(min(96, max(1, 86400/f.gaps[len(f.gaps)/2])))
		f.day, f.week = make([]slot, f.slots), make([]slot, 7*f.slots)
	}
	f.value[byRecent], f.value[byLevel] = f.recent, f.level
	for w := byLast; w <= byLevel; w++ {
		f.known[w] = f.seen > 0
	}
	if f.slots > 0 {
		second := t.Hour()*3600 + t.Minute()*60 + t.Second()
		f.now[0] = second * f.slots / 86400
		f.now[1] = int(t.Weekday())*f.slots + f.now[0]
		day, week := &f.day[f.now[0]], &f.week[f.now[1]]
		f.known[byDay], f.known[byDayNow], f.known[byWeekday] = day.n > 0, day.n > 0, week.n > 0
		f.value[byDay], f.value[byDayNow], f.value[byWeekday] = day.value, day.value+f.today, week.value
	}
	return whole
}

// best is the way with the smallest errors. Of the given, the first is the simplest.
func (f *forecast) best(of ...int) int {
	best := of[0]
	for _, w := range of[1:] {
		if f.measured[w] >= 50 && f.known[w] && f.errors[w] < pays*f.errors[best] {
			best = w
		}
	}
	return best
}

// season is the value that is usual at this time, without regard to what the series did just now, and how far off that
// is on average.
func (f *forecast) season() (value, miss float64) {
	w := f.best(byLevel, byDay, byWeekday)
	return f.value[w], f.errors[w]
}

// learn takes the value in for which at was called.
func (f *forecast) learn(v float64) {
	if f.seen == 0 {
		f.recent, f.level = v, v
		f.value[byLast] = v
		f.seen++
		return
	}
	// One value moves what is learned of errors by a bounded amount only.
	miss := math.Abs(v - f.value[f.best(byLast, byRecent, byLevel, byDay, byDayNow, byWeekday)])
	if f.scale > 0 && f.seen > 30 {
		miss = min(miss, 5*f.scale)
	}
	rate := 0.01
	if f.seen < 100 {
		rate = 1 / float64(f.seen)
	}
	f.scale += rate * (miss - f.scale)
	for w := range f.errors {
		if f.known[w] {
			e := math.Abs(v - f.value[w])
			if f.seen > 100 {
				e = min(e, 10*f.scale+2*f.errors[w])
			}
			f.measured[w]++
			f.errors[w] += max(0.003, 1/float64(f.measured[w])) * (e - f.errors[w])
		}
	}
	if f.slots > 0 {
		day := &f.day[f.now[0]]
		if day.n > 0 {
			f.today += 0.2 * (v - day.value - f.today)
		}
		day.learn(v, 0.25)
		f.week[f.now[1]].learn(v, 0.4)
	}
	f.recent += 0.2 * (v - f.recent)
	f.seen++
	f.level += max(0.003, 1/float64(f.seen)) * (v - f.level)
	f.value[byLast] = v
}
