package anomalies

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"partnerhub/domain"
)

// steady is 80 days of a subject with so many trades of about 1000 USDT on a weekday, and half on weekends, up to now,
// with its hours. change sets the part of the usual that a day has.
func steady(who Subject, trades float64, now time.Time, change func(daysAgo int) float64) Series {
	r := rand.New(rand.NewPCG(uint64(who.UID), 5))
	s := Series{Subject: who}
	for ago := 80; ago >= 0; ago-- {
		date := time.Date(now.Year(), now.Month(), now.Day()-ago, 0, 0, 0, 0, now.Location())
		n := trades * change(ago)
		if d := date.Weekday(); d == time.Saturday || d == time.Sunday {
			n /= 2
		}
		day := Day{Date: date}
		for h := range 24 {
			at := date.Add(time.Duration(h) * time.Hour)
			if !at.Before(now) {
				break
			}
			hour := Hour{At: at}
			share := n / 12
			if h < 12 { // the mornings are quiet
				share = 0
			}
			for x := share; x > 0; x-- {
				if x >= 1 || r.Float64() < x {
					v := domain.Money(500+r.IntN(1000)) * domain.USDT
					hour.Volume += v
					hour.Trades++
					s.LastTrade = at.Add(30 * time.Minute)
				}
			}
			if hour.Trades > 0 {
				s.Hours = append(s.Hours, hour)
				day.Volume += hour.Volume
				day.Trades += hour.Trades
			}
		}
		s.Days = append(s.Days, day)
	}
	return s
}

func always(int) float64 { return 1 }

// during is the part of the usual from so many days ago on, for so many days.
func during(ago, days int, part float64) func(int) float64 {
	return func(a int) float64 {
		if a <= ago && a > ago-days {
			return part
		}
		return 1
	}
}

var (
	noon  = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC) // a Thursday
	day10 = time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)   // ten days before
)

func TestFindTellsWhatHappened(t *testing.T) {
	withTransfer := func(kind Kind, amount domain.Money) Series {
		s := steady(Subject{Referee, 7}, 6, noon, always)
		for i := 40; i < 70; i += 5 {
			s.Days[i].LargestDeposit = Transfer{domain.Money(900+10*i) * domain.USDT, s.Days[i].Date.Add(time.Hour)}
			s.Days[i].LargestWithdrawal = s.Days[i].LargestDeposit
		}
		large := Transfer{amount, day10.Add(9 * time.Hour)}
		if kind == DepositSpike {
			s.Days[70].LargestDeposit = large
		} else {
			s.Days[70].LargestWithdrawal = large
		}
		return s
	}
	book, referee := Subject{Book, 1}, Subject{Referee, 7}
	for _, c := range []struct {
		name   string
		series Series
		kind   Kind // none: nothing
		since  time.Time
		until  time.Time
	}{
		{"as always", steady(book, 60, noon, always), "", time.Time{}, time.Time{}},
		{"drop", steady(book, 60, noon, during(10, 3, 0.1)), VolumeDrop, day10, day10.AddDate(0, 0, 3)},
		{"drop that goes on", steady(book, 60, noon, during(3, 9, 0.1)), VolumeDrop, day10.AddDate(0, 0, 7), time.Time{}},
		{"one ordinary day within is no second drop", steady(book, 60, noon, func(a int) float64 {
			if a == 9 {
				return 1
			}
			return during(10, 4, 0.1)(a)
		}), VolumeDrop, day10, day10.AddDate(0, 0, 4)},
		{"spike", steady(book, 60, noon, during(10, 2, 4)), VolumeSpike, day10, day10.AddDate(0, 0, 2)},
		{"drop of a tiny book", steady(book, 4, noon, during(10, 3, 0.1)), "", time.Time{}, time.Time{}},
		{"a little less", steady(book, 60, noon, during(10, 3, 0.75)), "", time.Time{}, time.Time{}},
		{"silence", steady(referee, 8, noon, during(10, 30, 0)), SilentTrader, time.Time{}, time.Time{}},
		{"silence that ended", steady(referee, 8, noon, during(10, 7, 0)), SilentTrader, time.Time{}, time.Time{}},
		{"silence of who seldom trades", steady(referee, 0.4, noon, during(10, 30, 0)), "", time.Time{}, time.Time{}},
		{"deposit", withTransfer(DepositSpike, 30_000*domain.USDT), DepositSpike, day10.Add(9 * time.Hour), time.Time{}},
		{"withdrawal", withTransfer(WithdrawalSpike, 30_000*domain.USDT), WithdrawalSpike, day10.Add(9 * time.Hour), time.Time{}},
		{"three times the usual deposit", withTransfer(DepositSpike, 4_000*domain.USDT), "", time.Time{}, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := Find([]Series{c.series}, noon)
			if c.kind == "" {
				if len(found) > 0 {
					t.Fatalf("found %+v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Kind != c.kind || found[0].Subject != c.series.Subject {
				t.Fatalf("found %+v", found)
			}
			a := found[0]
			if !c.since.IsZero() && !a.Since.Equal(c.since) {
				t.Errorf("since %s, want %s", a.Since, c.since)
			}
			if c.kind == SilentTrader && a.Ongoing() && !a.Since.Equal(c.series.LastTrade) {
				t.Errorf("since %s, but the last trade was at %s", a.Since, c.series.LastTrade)
			}
			if (c.kind == VolumeDrop || c.kind == VolumeSpike) && !a.Until.Equal(c.until) {
				t.Errorf("until %s, want %s", a.Until, c.until)
			}
			if a.ExpectedLow > a.Expected || a.Expected > a.ExpectedHigh || a.Size != a.Seen-a.Expected || a.Score < 0.5 || a.Score > 1 ||
				a.Seen >= a.ExpectedLow && a.Seen <= a.ExpectedHigh {
				t.Errorf("range %s..%s..%s, seen %s, size %d, score %f", a.ExpectedLow, a.Expected, a.ExpectedHigh, a.Seen, a.Size, a.Score)
			}
			if len(Find([]Series{c.series}, noon, c.kind)) != 1 || len(Find([]Series{c.series}, noon, other(c.kind))) != 0 {
				t.Error("kinds do not filter")
			}
		})
	}
}

func other(k Kind) Kind {
	if k == VolumeSpike {
		return DepositSpike
	}
	return VolumeSpike
}

// By noon nothing is usual yet in this book; in the evening it is.
func TestTheDayThatIsNotOver(t *testing.T) {
	evening := noon.Add(8 * time.Hour)
	for _, c := range []struct {
		name  string
		now   time.Time
		part  float64
		hours bool
		want  int
	}{
		{"noon, nothing yet", noon, 1, true, 0},
		{"evening, as always", evening, 1, true, 0},
		{"evening, almost nothing", evening, 0.05, true, 1},
		{"evening, almost nothing, but the hours are not known", evening, 0.05, false, 0},
		{"evening, much", evening, 5, true, 1},
		{"evening, much, and the hours are not known", evening, 5, false, 1},
	} {
		s := steady(Subject{Book, 1}, 60, c.now, during(0, 1, c.part))
		if !c.hours {
			s.Hours = nil
		}
		if found := Find([]Series{s}, c.now); len(found) != c.want || c.want == 1 && !found[0].Ongoing() {
			t.Errorf("%s: %+v", c.name, found)
		}
	}
}

func TestOneAlertOfWhatIsOneIncident(t *testing.T) {
	book, sub := Subject{Book, 1}, Subject{SubPartner, 2}
	add := func(a, b Series) Series {
		for i := range a.Days {
			a.Days[i].Volume += b.Days[i].Volume
			a.Days[i].Trades += b.Days[i].Trades
		}
		return a
	}
	fallen := during(10, 3, 0.05)
	alone := []Series{steady(sub, 80, noon, fallen)}
	alone = append(alone, add(steady(book, 40, noon, always), alone[0]))
	if found := Find(alone, noon); len(found) != 1 || found[0].Subject != sub {
		t.Errorf("of the sub-partner alone: %+v", found)
	}
	all := []Series{steady(sub, 80, noon, fallen)}
	all = append(all, add(steady(book, 80, noon, fallen), all[0]))
	if found := Find(all, noon); len(found) != 1 || found[0].Subject != book {
		t.Errorf("of the whole book: %+v", found)
	}
}

func TestTheMostSevereComesFirst(t *testing.T) {
	small, large := steady(Subject{SubPartner, 3}, 40, noon, during(10, 3, 0.05)), steady(Subject{SubPartner, 2}, 400, noon, during(20, 3, 0.05))
	found := Find([]Series{small, large}, noon)
	if len(found) != 2 || found[0].Subject.UID != 2 {
		t.Errorf("%+v", found)
	}
}

// What was said of a time that is over is said at any later time too.
func TestAlertsStay(t *testing.T) {
	s := steady(Subject{Book, 1}, 60, noon, func(a int) float64 { return during(30, 3, 0.1)(a) * during(12, 2, 4)(a) })
	var before []Alert
	for ago := 40; ago >= 0; ago-- {
		now := midnight(noon).AddDate(0, 0, -ago)
		cut := s
		cut.Days = slices.DeleteFunc(slices.Clone(s.Days), func(d Day) bool { return !d.Date.Before(now) })
		found := Find([]Series{cut}, now)
		for _, a := range before {
			if !a.Ongoing() && !slices.Contains(found, a) {
				t.Errorf("as of %s, gone: %+v", now, a)
			}
		}
		before = found
	}
	if len(before) != 2 {
		t.Errorf("%+v", before)
	}
}

func TestDaysOfAZoneWithSummerTime(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{time.Date(2026, 10, 28, 18, 0, 0, 0, zone), time.Date(2026, 4, 1, 18, 0, 0, 0, zone)} {
		if found := Find([]Series{steady(Subject{Book, 1}, 60, at, always)}, at); len(found) > 0 {
			t.Errorf("%+v", found)
		}
	}
}

func TestFindChangesNothingAndTakesAnything(t *testing.T) {
	if found := Find(nil, noon); len(found) != 0 {
		t.Errorf("%+v", found)
	}
	odd := []Series{{}, {Days: []Day{{Date: noon.AddDate(0, 0, 3)}}}, {Subject: Subject{Referee, 1}, Days: []Day{{Date: noon, Trades: 1 << 40, Volume: 1 << 60}}}}
	if found := Find(odd, noon); len(found) != 0 {
		t.Errorf("%+v", found)
	}
	a, b := steady(Subject{Book, 1}, 60, noon, during(10, 3, 0.1)), steady(Subject{Book, 1}, 60, noon, during(10, 3, 0.1))
	Find([]Series{a}, noon)
	if !reflect.DeepEqual(a, b) {
		t.Error("the series was changed")
	}
}
