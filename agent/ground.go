package agent

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// ungrounded lists what a sentence says that the facts do not: figures, dates, uids, codes, names of periods, and
// directions.
func (f *facts) ungrounded(sentence string) []string {
	said := scan(sentence)
	var wrong []string
	claims := f.claims(said)
	for _, n := range said.numbers {
		i := slices.IndexFunc(claims, func(c claim) bool { return n.at < c.to })
		if !f.hasNumber(n, claims[max(i, 0)], said.plain) {
			wrong = append(wrong, n.written)
		}
	}
	for _, c := range claims {
		wrong = append(wrong, f.misdirected(c)...)
		wrong = append(wrong, f.misranked(c)...)
	}
	for _, d := range said.dates {
		if !f.hasDate(d) {
			wrong = append(wrong, d.written)
		}
	}
	for _, t := range said.times {
		if !f.times[t] {
			wrong = append(wrong, t)
		}
	}
	for _, name := range said.names {
		if !strings.Contains(f.text, strings.ToLower(name)) && !common.MatchString(name) {
			wrong = append(wrong, name)
		}
	}
	for _, p := range said.periods {
		if !f.hasPeriod(lastFor(p.phrase)) {
			wrong = append(wrong, p.phrase)
		}
	}
	return wrong
}

// lastFor calls a past period by its preset's name.
func lastFor(phrase string) string {
	return strings.NewReplacer("previous", "last", "past", "last").Replace(phrase)
}

// firstDay is the first day of a named period, "" when it is none of a result.
func (f *facts) firstDay(phrase string) string {
	p, err := domain.ParsePeriod(strings.ReplaceAll(lastFor(phrase), " ", "_"), f.now, f.zone)
	if err != nil {
		return ""
	}
	day := p.From.In(f.zone).Format(time.DateOnly)
	if !slices.ContainsFunc(f.spans, func(s span) bool { return s.from == day }) {
		return ""
	}
	return day
}

func dayKey(year, month, day int) string {
	return fmt.Sprintf("%04d-%02d-%02d", year, month, max(day, 1))
}

// common are words with a digit that are no codes: quarters, halves, hours.
var common = regexp.MustCompile(`(?i)^([qh][1-4]|vip-?\d|t\+\d|\d+(st|nd|rd|th)|\d+-?(day|week|month|hour)s?)$`)

// misdirected finds what went the other way, and what is said to be nothing though it is something.
func (f *facts) misdirected(c claim) []string {
	if negated.MatchString(c.text) && !nothing.MatchString(c.text) {
		return nil
	}
	up, down := rose.FindString(c.text), fell.FindString(c.text)
	var with, against, zero, some int
	for _, k := range f.numbers {
		if !c.metrics[k.metric] || len(c.keys) > 0 && !slices.Contains(c.keys, k.of) || k.of != "" && len(c.keys) == 0 {
			continue
		}
		switch {
		case k.change && k.value > 0:
			with++
		case k.change && k.value < 0:
			against++
		case k.change:
		case k.value == 0:
			zero++
		default:
			some++
		}
	}
	switch {
	case up != "" && down == "" && with == 0 && against > 0:
		return []string{up}
	case down != "" && up == "" && against == 0 && with > 0:
		return []string{down}
	}
	if none := nothing.FindString(c.text); none != "" && zero == 0 && some > 0 && len(c.keys) == 0 && !another.MatchString(c.text) {
		return []string{none}
	}
	return nil
}

// misranked finds the places that rows are said to have and do not.
func (f *facts) misranked(c claim) (wrong []string) {
	if negated.MatchString(c.text) {
		return nil
	}
	for _, m := range placed.FindAllStringSubmatch(c.text, -1) {
		place, has := placeOf(m[1]+m[2]+m[3]), false
		right := false
		for _, key := range c.keys {
			if rank, ok := f.ranked[key]; ok {
				has, right = true, right || rank == place
			}
		}
		if has && !right {
			wrong = append(wrong, m[0])
		}
	}
	return wrong
}

func (f *facts) hasNumber(n figure, c claim, sentence string) bool {
	if n.rank && len(n.values) > 0 {
		v := n.values[0].value
		for day := range f.dates { // the 17th
			if v >= 1 && day[8:] == fmt.Sprintf("%02d", int(v)) {
				return true
			}
		}
		return v >= 1 && v <= float64(f.ranks)
	}
	if len(n.digits) == 4 && !n.percent && !n.uid && !n.money && f.hasYear(n.digits) {
		return true
	}
	if n.alien && !f.hasAlien(n, sentence) {
		return false
	}
	for _, k := range f.numbers {
		if f.admits(k, n, c, sentence) && k.matches(n, c) {
			return true
		}
	}
	return false
}

// hasAlien says that a currency stands in a result or in the message beside that very number.
func (f *facts) hasAlien(n figure, sentence string) bool {
	behind := strings.ToLower(sentence[n.at:])
	m := unitRule.FindStringSubmatch(behind[len(n.written):])
	unit := ""
	if m != nil {
		unit = m[5]
	}
	return unit != "" && strings.Contains(f.text, unit)
}

// admits reports whether a fact may stand for a figure by where it comes from: what the partner or a note says is no
// result, and cannot be told as one.
func (f *facts) admits(k fact, n figure, c claim, sentence string) bool {
	if k.note && !quoting.MatchString(sentence) {
		return false
	}
	if !k.said && !k.quoted || n.length || n.uid || n.rank {
		return true
	}
	measured := n.money && f.money
	for m := range c.metrics {
		measured = measured || f.have[m]
	}
	return !measured || contrast.MatchString(sentence)
}

func (k fact) matches(n figure, c claim) bool {
	if n.uid && !k.uid || (k.percent != n.percent && !k.said && !k.quoted) {
		return false
	}
	if k.uid && (n.money || n.percent) || k.count && (n.money || n.percent || n.times) || n.points && !k.points {
		return false
	}
	if n.places && k.metric != "" {
		return false
	}
	if n.times && !k.ratio && !k.said && !k.quoted || k.ratio && !n.times && !k.said {
		return false
	}
	if k.uid && !k.said && n.digits == "" && k.metric == "" { // a uid is never rounded
		return false
	}
	if k.misplaced(n, c) {
		return false
	}
	direction := c.direction
	if n.plus { // a sign of its own says it better
		direction = 1
	} else if n.signed {
		direction = 0
	}
	if k.change && direction != 0 && k.value*float64(direction) < 0 {
		return false
	}
	if n.signed && k.value > 0 && !k.said {
		return false
	}
	if k.digits != "" && n.digits != "" && !n.about {
		return strings.TrimLeft(k.digits, "-0") == strings.TrimLeft(n.digits, "0")
	}
	return slices.ContainsFunc(n.values, func(r reading) bool { return near(math.Abs(k.value), r, n) })
}

// misplaced finds the right number for the wrong thing: another metric, row, or period.
func (k fact) misplaced(n figure, c claim) bool {
	if k.metric != "" {
		if len(n.metrics) > 0 && !slices.Contains(n.metrics, k.metric) || len(c.metrics) > 0 && !c.metrics[k.metric] && !(n.money && onlyCounts(c.metrics)) {
			return true
		}
		if m, ok := referral.MetricByName(k.metric); ok && n.money && m.Unit == referral.Count {
			return true
		}
	}
	if k.of != "" && len(c.keys) > 0 && !slices.Contains(c.keys, k.of) {
		return true
	}
	if c.day && k.metric == "" { // an alert's amounts are of its own days
		return false
	}
	return k.when != "" && c.period != "" && k.when != c.period && !earlier.MatchString(c.text[:max(0, min(n.at-c.from, len(c.text)))])
}

// onlyCounts reports whether none of the metrics is money: "your 9 trades made 40.1 USDT" names what earned, not what was earned.
func onlyCounts(metrics map[string]bool) bool {
	for name := range metrics {
		if m, ok := referral.MetricByName(name); !ok || m.Unit != referral.Count {
			return false
		}
	}
	return true
}

// loosest is how far a figure that is rounded on purpose may be off.
const loosest = 0.05

// near reports whether a value can be written so.
func near(value float64, r reading, n figure) bool {
	off := math.Abs(value - r.value)
	switch {
	case n.bound > 0:
		return value >= r.value && off <= value/5
	case n.bound < 0:
		return value <= r.value && off <= value/5
	case n.times && n.about:
		return off <= 0.1*r.value
	case n.about:
		unit := r.unit // "about 1,200" is rounded to its last figure that is not 0
		for unit < r.value && math.Mod(r.value, unit*10) == 0 {
			unit *= 10
		}
		return off <= unit/2*(1+1e-9) && off <= loosest*value
	}
	rounded, cut := off <= r.unit/2*(1+1e-9), value >= r.value && off < r.unit*(1-1e-9)
	if off > loosest*value && !(n.percent && r.value != 0) {
		return false
	}
	return rounded || cut
}

func (f *facts) hasYear(digits string) bool {
	for month := range f.months {
		if strings.HasPrefix(month, digits) {
			return true
		}
	}
	return false
}

func (f *facts) hasDate(d saidDate) bool {
	for _, year := range d.years(f.now) {
		t := time.Date(year, time.Month(d.month), max(d.day, 1), 0, 0, 0, 0, time.UTC)
		if d.day == 0 && f.months[t.Format("2006-01")] || d.day != 0 && f.dates[t.Format(time.DateOnly)] {
			return true
		}
	}
	return false
}
