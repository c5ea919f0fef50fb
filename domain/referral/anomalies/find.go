package anomalies

import (
	"cmp"
	"math"
	"slices"
	"time"

	"partnerhub/domain"
)

const (
	// learn is how many days of a series must be known before one of them can be out of the ordinary.
	learn = 14
	// learnCut is the same of a series that is a cut: what came before it was known once.
	learnCut = 35
	// explained is the part of a book's alert that alerts below it must make up, for it to be theirs.
	explained = 0.6
	// apart is the part of a book that must be left beside them, for the book itself to be judged.
	apart = 0.2
)

// The least sizes that are worth an alert: of volume, and of one transfer. A series with less of both has none.
const (
	LeastVolume   = 20_000 * domain.USDT
	LeastTransfer = 1_000 * domain.USDT
)

// Find returns the incidents in the series of one partner's tree up to now, the most severe first. Days are those
// of now's location, the reporting zone. Without kinds all are looked for. Each day is judged by the days before it, so
// that an alert of a time that is over stays what it was. The series are not changed. Time is linear in their days,
// but for the alerts among each other.
func Find(series []Series, now time.Time, kinds ...Kind) []Alert {
	var found []Alert
	under := map[Subject]int64{}
	var days []Day // of one series after the other
	for i := range series {
		s := &series[i]
		under[s.Subject] = s.Under
		d := unfold(s, now, days[:0])
		days = d.days
		if len(d.days) == 0 {
			continue
		}
		var silences []Alert
		if s.Subject.Kind == Referee {
			silences = d.silences()
			found = append(found, silences...)
			found = append(found, d.transfers(DepositSpike)...)
			found = append(found, d.transfers(WithdrawalSpike)...)
		}
		for _, a := range d.volumes() {
			// Silence says more than a drop does.
			if !slices.ContainsFunc(silences, func(b Alert) bool { return a.Kind == VolumeDrop && a.overlaps(b) }) {
				found = append(found, a)
			}
		}
	}
	found = oneEach(found, under)
	if len(kinds) > 0 {
		found = slices.DeleteFunc(found, func(a Alert) bool { return !slices.Contains(kinds, a.Kind) })
	}
	slices.SortStableFunc(found, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(b.severity(), a.severity()), b.Since.Compare(a.Since),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject.UID, b.Subject.UID))
	})
	return found
}

// severity orders alerts: by how much money, weighed by how sure.
func (a Alert) severity() float64 { return math.Abs(float64(a.Size)) * a.Score }

func (a Alert) overlaps(b Alert) bool {
	return (b.Ongoing() || a.Since.Before(b.Until)) && (a.Ongoing() || b.Since.Before(a.Until))
}

// oneEach keeps one alert of what is one incident. A book whose drop or spike is mostly the doing of a sub-partner or
// referee in it, while the rest is as usual, is not said to drop too; one that drops all over is, instead of its parts.
func oneEach(found []Alert, under map[Subject]int64) []Alert {
	slices.SortStableFunc(found, func(a, b Alert) int { return cmp.Compare(a.Subject.Kind.width(), b.Subject.Kind.width()) })
	dropped := make([]bool, len(found))
	for i, whole := range found {
		var parts []int
		var expected, seen domain.Money
		var widest SubjectKind // parts overlap each other: a referee is in a sub-partner's book too
		for j := i - 1; j >= 0; j-- {
			part := found[j]
			if dropped[j] || !part.overlaps(whole) || !within(part.Subject, whole.Subject, under) ||
				part.Kind != whole.Kind && !(part.Kind == SilentTrader && whole.Kind == VolumeDrop) {
				continue
			}
			parts = append(parts, j)
			if widest == "" {
				widest = part.Subject.Kind
			}
			if part.Subject.Kind == widest {
				expected += part.Expected
				seen += part.Seen
			}
		}
		if len(parts) == 0 {
			continue
		}
		rest := float64(whole.Expected - expected)
		left := float64(whole.Seen-seen) / max(1, rest)
		broad := rest > (1-explained)*float64(whole.Expected) || whole.Kind == VolumeDrop && left < dropTo || whole.Kind == VolumeSpike && left > spikeTo
		if rest < apart*float64(whole.Expected) || !broad {
			dropped[i] = true
			continue
		}
		for _, j := range parts {
			dropped[j] = dropped[j] || found[j].Kind != SilentTrader
		}
	}
	kept := found[:0]
	for i, a := range found {
		if !dropped[i] {
			kept = append(kept, a)
		}
	}
	return kept
}

// width orders the kinds of subjects: what contains comes after what is contained.
func (k SubjectKind) width() int {
	switch k {
	case Referee:
		return 0
	case SubPartner:
		return 1
	}
	return 2
}

func within(part, whole Subject, under map[Subject]int64) bool {
	switch whole.Kind {
	case Book:
		return part != whole
	case SubPartner:
		return part.Kind == Referee && (under[part] == whole.UID || part.UID == whole.UID)
	}
	return false
}

// unfolded is a series without gaps, up to now.
type unfolded struct {
	*Series
	now  time.Time
	days []Day
	// share is the part of the last day that is usually done by now: 1 when nothing is known about it, and the day
	// can be judged by what it has too much only.
	share   float64
	partial bool // the last day is not over
	learn   int  // the first day that can be judged
}

// unfold fills the days that are missing, up to and with the day of now. It writes them into days, which holds none.
func unfold(s *Series, now time.Time, days []Day) *unfolded {
	u := &unfolded{Series: s, now: now, share: 1, learn: learn, days: days}
	if len(s.Days) > 0 && !s.From.IsZero() && s.From.Before(s.Days[0].Date.AddDate(0, 0, -1)) {
		u.learn = learnCut
	}
	today := midnight(now)
	for i := range s.Days {
		d := s.Days[i]
		d.Date = midnight(d.Date.In(now.Location()))
		if d.Date.After(today) {
			break
		}
		u.fill(d.Date)
		u.days = append(u.days, d)
	}
	if len(u.days) == 0 {
		return u
	}
	u.fill(today)
	if now.After(today) {
		if u.days[len(u.days)-1].Date.Before(today) {
			u.days = append(u.days, Day{Date: today})
		}
		u.partial = true
		u.share = u.usualBy(now)
	} else if last := len(u.days) - 1; !u.days[last].Date.Before(today) {
		u.days = u.days[:last] // now is a midnight: that day has not begun
	}
	return u
}

// fill adds days without anything, up to that one.
func (u *unfolded) fill(until time.Time) {
	if len(u.days) == 0 {
		return
	}
	for d := next(u.days[len(u.days)-1].Date); d.Before(until); d = next(d) {
		u.days = append(u.days, Day{Date: d})
	}
}

// usualBy is the part of a day's trades that is usually done by this time of the day, from the hours of the days
// before; a day without a season is mixed in, so that a few trades do not make one. 1: no hours are known.
func (u *unfolded) usualBy(now time.Time) float64 {
	today := midnight(now)
	elapsed := now.Sub(today).Hours()
	var before, all float64
	for _, h := range u.Hours {
		if !h.At.Before(today) {
			break
		}
		at := h.At.In(now.Location())
		// The hour by the clock: days of 23 or 25 hours do not move the season.
		done := min(1, max(0, elapsed-float64(at.Hour())))
		before += done * float64(h.Trades)
		all += float64(h.Trades)
	}
	if len(u.Hours) == 0 || !u.Hours[0].At.Before(today) {
		return 1
	}
	const flat = 24
	return min(1, (before+flat*elapsed/24)/(all+flat))
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func next(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
}

// certainty maps a distance in robust standard deviations to a score: half at the least that raises an alert.
func certainty(z, least float64) float64 {
	z = math.Abs(z)
	return z / (z + least)
}

// median sorts x in place; NaN of nothing.
func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	slices.Sort(x)
	if n := len(x); n%2 == 0 {
		return (x[n/2-1] + x[n/2]) / 2
	}
	return x[len(x)/2]
}

func usdt(micro float64) domain.Money { return domain.Money(math.Round(micro)) }
