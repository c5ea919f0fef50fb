package anomalies

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"partnerhub/demo"
	"partnerhub/domain"
)

// event is what the backtest reads of a line of the stream (SPEC 3).
type event struct {
	Type         string    `json:"type"`
	Time         time.Time `json:"time"`
	UID          int64     `json:"uid"`
	ReferralCode string    `json:"referralCode"`
	MasterUID    int64     `json:"masterUid"`
	Code         string    `json:"code"`
	Volume       string    `json:"volume"`
	AmountUSDT   string    `json:"amountUsdt"`
}

// program is the state of a generated program up to an instant of its stream.
type program struct {
	parent, master map[int64]int64
	codes          map[string]int64
	partners       []int64
	referees       map[int64]*Series
	books          map[int64]*Series // of a partner and everybody below
	children       map[int64][]int64
}

func newProgram() *program {
	return &program{parent: map[int64]int64{}, master: map[int64]int64{}, codes: map[string]int64{},
		referees: map[int64]*Series{}, books: map[int64]*Series{}, children: map[int64][]int64{}}
}

func (p *program) apply(e *event) error {
	switch e.Type {
	case "account.registered":
		if e.MasterUID != 0 {
			p.master[e.UID] = e.MasterUID
			return nil
		}
		up := p.codes[e.ReferralCode]
		p.parent[e.UID] = up
		p.children[up] = append(p.children[up], e.UID)
		p.referees[e.UID] = &Series{Subject: Subject{Referee, e.UID}}
	case "partner.enrolled":
		p.partners = append(p.partners, e.UID)
		p.books[e.UID] = &Series{}
	case "referral_code.created":
		p.codes[e.Code] = e.UID
	case "trade.executed", "deposit.completed", "withdrawal.completed":
		amount, err := domain.ParseMoney(e.Volume + e.AmountUSDT)
		if err != nil {
			return err
		}
		uid := e.UID
		if m := p.master[uid]; m != 0 {
			uid = m
		}
		record(p.referees[uid], e, amount)
		for up := uid; up != 0; up = p.parent[up] {
			if b := p.books[up]; b != nil {
				record(b, e, amount)
			}
		}
	}
	return nil
}

// record adds an event to the day and hour buckets of a series.
func record(s *Series, e *event, amount domain.Money) {
	if date := midnight(e.Time); len(s.Days) == 0 || s.Days[len(s.Days)-1].Date.Before(date) {
		s.Days = append(s.Days, Day{Date: date})
	}
	d := &s.Days[len(s.Days)-1]
	t := Transfer{Amount: amount, At: e.Time}
	switch e.Type {
	case "trade.executed":
		d.Volume += amount
		d.Trades++
		s.LastTrade = e.Time
		if at := e.Time.Truncate(time.Hour); len(s.Hours) == 0 || s.Hours[len(s.Hours)-1].At.Before(at) {
			s.Hours = append(s.Hours, Hour{At: at})
		}
		h := &s.Hours[len(s.Hours)-1]
		h.Volume += amount
		h.Trades++
	case "deposit.completed":
		d.Deposits += amount
		if amount > d.LargestDeposit.Amount {
			d.LargestDeposit = t
		}
	case "withdrawal.completed":
		d.Withdrawals += amount
		if amount > d.LargestWithdrawal.Amount {
			d.LargestWithdrawal = t
		}
	}
}

// of is what a partner would ask about at that time: its direct referees, its sub-partners and its whole book.
func (p *program) of(partner int64, now time.Time) []Series {
	recent := func(s *Series, subject Subject) Series {
		r := *s
		r.Subject = subject
		if len(r.Days) > 0 {
			r.From = r.Days[0].Date
		}
		from := slices.IndexFunc(r.Days, func(d Day) bool { return d.Date.After(now.AddDate(0, 0, -90)) })
		r.Days = r.Days[max(0, from):]
		i, _ := slices.BinarySearchFunc(r.Hours, now.AddDate(0, 0, -21), func(h Hour, at time.Time) int { return h.At.Compare(at) })
		r.Hours = r.Hours[i:]
		return r
	}
	all := []Series{recent(p.books[partner], Subject{Book, partner})}
	for _, uid := range p.children[partner] {
		all = append(all, recent(p.referees[uid], Subject{Referee, uid}))
		if b := p.books[uid]; b != nil {
			all = append(all, recent(b, Subject{SubPartner, uid}))
		}
	}
	return all
}

// raised is an alert as it was first seen; later sights of the same incident are merged.
type raised struct {
	Alert
	found   time.Time
	planted bool // it is in the truth
	effect  bool // not in the truth, but something planted within its book explains it
}

// watch runs Find for every partner day by day, at changing hours, as the stream goes on, and at the stream's end.
func watch(t *testing.T, cfg demo.Config) (*demo.Truth, []*raised, *program) {
	t.Helper()
	r, w := io.Pipe()
	truth := make(chan *demo.Truth, 1)
	go func() {
		tr, err := demo.Generate(cfg, w)
		w.CloseWithError(err)
		truth <- tr
	}()
	p := newProgram()
	seen := map[string][]*raised{}
	var all []*raised
	look := func(now time.Time) {
		for _, partner := range p.partners {
			for _, a := range Find(p.of(partner, now), now) {
				if a.Subject.Kind == Book {
					a.Subject.Kind = SubPartner // its upline sees the same book
				}
				key := fmt.Sprint(a.Kind, a.Subject)
				i := slices.IndexFunc(seen[key], func(b *raised) bool {
					return b.Since.Before(a.end(now).Add(3*24*time.Hour)) && a.Since.Before(b.end(now).Add(3*24*time.Hour))
				})
				if i < 0 {
					seen[key] = append(seen[key], &raised{Alert: a, found: now})
					all = append(all, seen[key][len(seen[key])-1])
				} else {
					seen[key][i].Until = a.Until
				}
			}
		}
	}
	var at time.Time
	lines := bufio.NewReaderSize(r, 1<<20)
	for n := 0; ; {
		line, err := lines.ReadSlice('\n')
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if at.IsZero() {
			at = midnight(e.Time).AddDate(0, 0, learn)
		}
		for !e.Time.Before(at) {
			look(at)
			n++
			at = midnight(at).AddDate(0, 0, 1).Add(time.Duration(n*7%24) * time.Hour)
		}
		if err := p.apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	look(cfg.Now)
	return <-truth, all, p
}

func (a Alert) end(now time.Time) time.Time {
	if a.Ongoing() {
		return now
	}
	return a.Until
}

// subjectOf is the truth's subject as an alert would name it.
func subjectOf(in demo.Incident) Subject {
	switch {
	case in.RefereeUID != 0:
		return Subject{Referee, in.RefereeUID}
	case in.SubPartnerUID != 0:
		return Subject{SubPartner, in.SubPartnerUID}
	}
	return Subject{SubPartner, in.PartnerUID}
}

// within reports whether an account is, or is below, another one.
func (p *program) within(uid, top int64) bool {
	for ; uid != 0; uid = p.parent[uid] {
		if uid == top {
			return true
		}
	}
	return false
}

type tally struct {
	planted, caught, alerts, right, effects int
	late                                    []float64 // hours
}

// compare matches alerts with the truth: the same kind and subject, and times that overlap. An alert of a book above
// or below a planted one, which has dropped or risen too, is true and counts neither as right nor as wrong.
func compare(truth *demo.Truth, all []*raised, p *program, by map[Kind]*tally) (wrong, missed []string) {
	for _, in := range truth.Incidents {
		if in.Kind == demo.RateChange {
			continue
		}
		k := Kind(in.Kind)
		subject := subjectOf(in)
		by[k].planted++
		found := time.Time{}
		for _, a := range all {
			overlap := a.Since.Before(in.To.Add(time.Hour)) && in.From.Before(a.end(truth.Now).Add(time.Hour))
			if a.Kind != k && !(a.Kind == VolumeDrop && k == SilentTrader) || !overlap {
				continue
			}
			if a.Kind == k && a.Subject == subject {
				a.planted = true
				if found.IsZero() || a.found.Before(found) {
					found = a.found
				}
			}
			if p.within(subject.UID, a.Subject.UID) && a.Subject.Kind == SubPartner || p.within(a.Subject.UID, subject.UID) {
				a.effect = true
			}
		}
		if found.IsZero() {
			missed = append(missed, fmt.Sprintf("%s %v %s to %s expected %s seen %s", k, subject, in.From.Format(time.DateTime),
				in.To.Format(time.DateTime), in.Expected, in.Seen))
			continue
		}
		by[k].caught++
		by[k].late = append(by[k].late, found.Sub(in.From).Hours())
	}
	for _, a := range all {
		t := by[a.Kind]
		t.alerts++
		switch {
		case a.planted:
			t.right++
		case a.effect:
			t.effects++
		default:
			wrong = append(wrong, fmt.Sprintf("%s %v since %s until %s found %s expected %s..%s seen %s score %.2f", a.Kind, a.Subject,
				a.Since.Format(time.DateTime), a.Until.Format(time.DateTime), a.found.Format(time.DateTime), a.ExpectedLow, a.ExpectedHigh, a.Seen, a.Score))
		}
	}
	return wrong, missed
}

// backtest watches the programs and prints precision and recall by kind. It asserts that most of what was planted is
// found and that most alerts are true.
func backtest(t *testing.T, leastPlanted int, programs ...demo.Config) {
	by := map[Kind]*tally{}
	for _, k := range Kinds {
		by[k] = &tally{}
	}
	for _, cfg := range programs {
		truth, all, p := watch(t, cfg)
		wrong, missed := compare(truth, all, p, by)
		t.Logf("seed %d: %d trades\nwrong:\n%s\nmissed:\n%s", cfg.Seed, truth.Trades, strings.Join(wrong, "\n"), strings.Join(missed, "\n"))
	}
	var sum tally
	for _, k := range Kinds {
		s := by[k]
		slices.Sort(s.late)
		t.Logf("%-17s planted %3d  recall %.3f  alerts %3d  precision %.3f (beside %d above or below one planted)  found after %.0f h (median), %.0f h (9 of 10)",
			k, s.planted, s.recall(), s.alerts, s.precision(), s.effects, quantile(s.late, .5), quantile(s.late, .9))
		if s.recall() < 0.8 || s.precision() < 0.65 {
			t.Errorf("%s: recall %.3f, precision %.3f", k, s.recall(), s.precision())
		}
		sum.planted += s.planted
		sum.caught += s.caught
		sum.alerts += s.alerts
		sum.right += s.right
		sum.effects += s.effects
		sum.late = append(sum.late, s.late...)
	}
	slices.Sort(sum.late)
	t.Logf("overall: planted %d, recall %.3f, alerts %d, precision %.3f, found after %.0f h (median)", sum.planted, sum.recall(),
		sum.alerts, sum.precision(), quantile(sum.late, .5))
	if sum.planted < leastPlanted || sum.recall() < 0.9 || sum.precision() < 0.85 {
		t.Errorf("overall: %d planted, recall %.3f, precision %.3f", sum.planted, sum.recall(), sum.precision())
	}
}

func (s tally) recall() float64    { return ratio(s.caught, s.planted) }
func (s tally) precision() float64 { return ratio(s.right, s.alerts-s.effects) }

var now = time.Date(2026, 11, 18, 14, 30, 0, 0, time.UTC)

func TestBacktestOverPlantedIncidents(t *testing.T) {
	backtest(t, 100,
		demo.Config{Seed: 13, Now: now},
		demo.Config{Seed: 15, Partners: 24, Referees: 1000, Days: 150, Trades: 110_000, Now: now.Add(7 * time.Hour)})
}

func ratio(a, b int) float64 { return float64(a) / float64(max(1, b)) }

func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return 0
	}
	return x[min(len(x)-1, int(q*float64(len(x))))]
}
