package demo

import (
	"math"
	"time"
)

const (
	hour = int64(time.Hour / time.Millisecond)
	day  = 24 * hour
)

// season says when, within one day of the reporting zone, the accounts of each country are busy.
// Days have 23 to 25 hours, and the last one ends at Now.
type season struct {
	from, to int64
	hours    int
	upTo     [][26]float64 // by country: the weight of all hours up to and with this one
}

// averageHour scales the weights so that an ordinary week's days weigh 1 on average.
var averageHour = func() float64 {
	var h, d float64
	for _, w := range hourOfDay {
		h += w
	}
	for _, w := range dayOfWeek {
		d += w
	}
	return h * d / 7
}()

// of sets the season to the day [from, to), in milliseconds of Unix time.
func (s *season) of(from, to int64) {
	s.from, s.to = from, to
	s.hours = int((to - from + hour - 1) / hour)
	if s.upTo == nil {
		s.upTo = make([][26]float64, len(countries))
	}
	for c := range countries {
		var sum float64
		for h := range s.hours {
			at := from + int64(h)*hour
			part := float64(min(at+hour, to)-at) / float64(hour)
			sum += part * weightAt(at, countries[c].offset)
			s.upTo[c][h] = sum
		}
	}
}

// weightAt is the weight of the hour in which the instant lies, by local time.
func weightAt(at int64, offset int) float64 {
	local := at + int64(offset)*60_000
	weekday := (local/day + 4) % 7 // 1 January 1970 was a Thursday
	return hourOfDay[local%day/hour] * dayOfWeek[weekday] / averageHour
}

// total is the weight of the whole day: 1 on an average one.
func (s *season) total(c int) float64 {
	if s.hours == 0 {
		return 0
	}
	return s.upTo[c][s.hours-1]
}

// within is the weight of the part of the day that lies in [from, to).
func (s *season) within(c int, from, to int64) float64 {
	return s.before(c, to) - s.before(c, from)
}

func (s *season) before(c int, at int64) float64 {
	at = min(max(at, s.from), s.to)
	h := int((at - s.from) / hour)
	var low float64
	if h > 0 {
		low = s.upTo[c][h-1]
	}
	if h >= s.hours {
		return low
	}
	start := s.from + int64(h)*hour
	return low + (s.upTo[c][h]-low)*float64(at-start)/float64(min(start+hour, s.to)-start)
}

// moment draws an instant of the day.
func (s *season) moment(d draw, c int) int64 {
	u := d.Float64() * s.total(c)
	h := 0
	for h < s.hours-1 && s.upTo[c][h] <= u {
		h++
	}
	start := s.from + int64(h)*hour
	return start + d.Int64N(min(start+hour, s.to)-start)
}

// market draws a factor for each day that all traders share: calm and lively times that last for some days.
// The week before the current one is calm and the current one lively, so that a comparison has something to show.
func market(d draw, days []int64, zone *time.Location) []float64 {
	f := make([]float64, len(days)-1)
	now := time.UnixMilli(days[len(days)-1] - 1).In(zone)
	monday := time.Date(now.Year(), now.Month(), now.Day()-(int(now.Weekday())+6)%7, 0, 0, 0, 0, zone)
	this, last := monday.UnixMilli(), monday.AddDate(0, 0, -7).UnixMilli()
	var x float64
	for i := range f {
		x = 0.8*x + 0.06*d.NormFloat64()
		f[i] = math.Exp(x)
		switch {
		case days[i] >= this:
			f[i] = 1.28 * math.Exp(x/3)
		case days[i] >= last:
			f[i] = 0.93 * math.Exp(x/3)
		}
	}
	return f
}
