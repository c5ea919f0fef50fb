package agent

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// found is what a sentence says in figures.
type found struct {
	numbers []figure
	dates   []saidDate
	times   []string // 08:00
	names   []string // words with digits in them: codes
}

// figure is a number as written. values are its readings: 1.234 is one thing in English and another in German.
type figure struct {
	written string
	values  []reading
	digits  string // when it is a plain integer
	percent bool
	signed  bool // written with a minus
	uid     bool // announced as one
	rank    bool // #3
	about   bool // rounded on purpose
}

// reading is a value and the worth of its last written digit.
type reading struct{ value, unit float64 }

type saidDate struct {
	written          string
	day, month, year int // 0 for what is not said
}

// years are those that a date may mean: the one it says, else the ones around now.
func (d saidDate) years(now time.Time) []int {
	if d.year != 0 {
		return []int{d.year}
	}
	return []int{now.Year() - 1, now.Year(), now.Year() + 1}
}

const months = `jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?`

var (
	isoRule   = regexp.MustCompile(`\b(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2})\S*)?\b`)
	monthDay  = regexp.MustCompile(`(?i)\b(` + months + `)\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:\s*(?:[–—-]|to|through)\s*(?:(` + months + `)\.?\s+)?(\d{1,2})(?:st|nd|rd|th)?)?(?:,?\s+(\d{4}))?\b`)
	dayMonth  = regexp.MustCompile(`(?i)\b(?:(\d{1,2})(?:st|nd|rd|th)?\s*(?:[–—-]|to|through)\s*)?(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(` + months + `)\b\.?(?:,?\s+(\d{4})\b)?`)
	monthYear = regexp.MustCompile(`(?i)\b(` + months + `)\.?,?\s+(\d{4})\b`)
	clock     = regexp.MustCompile(`\b(\d{1,2}):(\d{2})(?::\d{2})?\b`)
	listMark  = regexp.MustCompile(`^\s*\d{1,2}[.)](\s|$)`)
	nameRule  = regexp.MustCompile(`[\pL_][\pL_-]*\d[\pL\d_-]*|\d+[\pL_]{4,}[\pL\d_-]*`)
	uidBefore = regexp.MustCompile(`(?i)\b(?:uid|user|referee|account|sub-partner)s?(?:\s+(?:id|uid|no\.?))?[\s:#]*$`)
	about     = regexp.MustCompile(`(?i)\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|over|more than|less than|under|some|ca\.?)\s*$|[~≈]\s*$`)
	numeral   = regexp.MustCompile(`[-−+]?\$?\d+(?:[.,'’\x{00A0}\x{202F}]\d+)*`)
	unitRule  = regexp.MustCompile(`(?i)^\s?(?:(%|percent\b|per cent\b|pp\b|percentage points?\b)|(k|thousand|m|mn|million|b|bn|billion)(?:\b|$)|([x×])(?:\b|$|\s))`)
	periods   = regexp.MustCompile(`(?i)\b(today|yesterday|(?:this|last|previous|past) (?:week|month|quarter|year)|(?:last|past) \d{1,3} (?:days|weeks|months))\b`)
	rising    = regexp.MustCompile(`(?i)\b(up|rose|risen|rise|grew|grown|growth|increased?|higher|gain(?:ed)?|more than)\b`)
	falling   = regexp.MustCompile(`(?i)\b(down|fell|fallen|dropp?(?:ed)?|decreased?|decline[ds]?|lower|lost|less|shrank)\b`)
)

// scan reads the figures out of a text. What it has read it blanks out, so that nothing counts twice.
func scan(s string) found {
	var out found
	s = westernDigits(s)
	take := func(rule *regexp.Regexp, use func(m []string)) {
		s = rule.ReplaceAllStringFunc(s, func(whole string) string {
			use(rule.FindStringSubmatch(whole))
			return " "
		})
	}
	date := func(written string, day, month, year int) {
		out.dates = append(out.dates, saidDate{written, day, month, year})
	}
	s = listMark.ReplaceAllString(s, " ")
	take(isoRule, func(m []string) {
		date(m[0], atoi(m[3]), atoi(m[2]), atoi(m[1]))
		if m[4] != "" {
			out.times = append(out.times, m[4])
		}
	})
	take(dayMonth, func(m []string) {
		if m[1] != "" {
			date(m[0], atoi(m[1]), monthOf(m[3]), atoi(m[4]))
		}
		date(m[0], atoi(m[2]), monthOf(m[3]), atoi(m[4]))
	})
	take(monthDay, func(m []string) {
		date(m[0], atoi(m[2]), monthOf(m[1]), atoi(m[5]))
		if m[4] != "" {
			last := m[1]
			if m[3] != "" {
				last = m[3]
			}
			date(m[0], atoi(m[4]), monthOf(last), atoi(m[5]))
		}
	})
	take(monthYear, func(m []string) { date(m[0], 0, monthOf(m[1]), atoi(m[2])) })
	take(clock, func(m []string) {
		if len(m[1]) == 1 {
			m[1] = "0" + m[1]
		}
		out.times = append(out.times, m[1]+":"+m[2])
	})
	take(nameRule, func(m []string) { out.names = append(out.names, m[0]) })
	for _, at := range numeral.FindAllStringIndex(s, -1) {
		out.numbers = append(out.numbers, readFigure(s, at[0], at[1]))
	}
	return out
}

// readFigure reads the number at s[from:to] with what stands around it.
func readFigure(s string, from, to int) figure {
	written := s[from:to]
	plain := strings.TrimLeft(written, "-−+$")
	before := s[:from]
	f := figure{written: written, uid: uidBefore.MatchString(before), about: about.MatchString(before)}
	trimmed := strings.TrimRightFunc(before, unicode.IsSpace)
	f.rank = strings.HasSuffix(before, "#") || strings.HasSuffix(strings.ToLower(trimmed), " rank") || strings.HasSuffix(strings.ToLower(trimmed), "no.")
	// A minus that follows a digit is a dash of a range.
	f.signed = strings.HasPrefix(written, "-") || strings.HasPrefix(written, "−")
	if f.signed && len(trimmed) > 0 && unicode.IsDigit(rune(trimmed[len(trimmed)-1])) {
		f.signed = false
	}
	if strings.IndexFunc(plain, func(r rune) bool { return !unicode.IsDigit(r) }) < 0 {
		f.digits = plain
	}
	factor := 1.0
	if m := unitRule.FindStringSubmatch(s[to:]); m != nil {
		f.percent = m[1] != ""
		if m[2] != "" {
			f.digits = ""
			factor = map[byte]float64{'k': 1e3, 't': 1e3, 'm': 1e6, 'b': 1e9}[strings.ToLower(m[2])[0]]
		}
	}
	for _, r := range readings(plain) {
		f.values = append(f.values, reading{r.value * factor, r.unit * factor})
	}
	return f
}

// readings are the values that digits with separators can mean.
func readings(s string) []reading {
	groups := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
	last := strings.LastIndexAny(s, ".,'’\u00A0\u202F")
	var out []reading
	read := func(whole, fraction string) {
		text := whole
		if fraction != "" {
			text += "." + fraction
		}
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			out = append(out, reading{v, math.Pow(10, -float64(len(fraction)))})
		}
	}
	if last < 0 {
		read(s, "")
		return out
	}
	thousands := true
	for _, g := range groups[1:] {
		thousands = thousands && len(g) == 3
	}
	mark := s[last]
	if thousands && len(groups[0]) <= 3 {
		read(strings.Join(groups, ""), "")
	}
	if mark == '.' || mark == ',' {
		whole, fraction := groups[:len(groups)-1], groups[len(groups)-1]
		if strings.Count(s, string(mark)) == 1 {
			read(strings.Join(whole, ""), fraction)
		}
	}
	return out
}

// ungrounded lists what a sentence says that the facts do not: figures, dates, uids, codes, and names of periods.
func (f *facts) ungrounded(sentence string) []string {
	said := scan(sentence)
	var wrong []string
	metrics := mentioned(sentence)
	direction := 0
	if up, down := rising.MatchString(sentence), falling.MatchString(sentence); up != down {
		if direction = 1; down {
			direction = -1
		}
	}
	for _, n := range said.numbers {
		if !f.hasNumber(n, metrics, direction) {
			wrong = append(wrong, n.written)
		}
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
	for _, phrase := range periods.FindAllString(strings.ToLower(sentence), -1) {
		phrase = strings.NewReplacer("previous", "last", "past", "last").Replace(phrase)
		if !f.hasPeriod(phrase) {
			wrong = append(wrong, phrase)
		}
	}
	return wrong
}

// common are words with a digit that are no codes: quarters, halves, ordinals, hours.
var common = regexp.MustCompile(`(?i)^([qh][1-4]|vip-?\d|t\+\d|\d+(st|nd|rd|th)|\d+-?(day|week|month|hour)s?)$`)

func (f *facts) hasNumber(n figure, metrics map[string]bool, direction int) bool {
	if n.rank && len(n.values) > 0 && n.values[0].value >= 1 && n.values[0].value <= float64(f.ranks) {
		return true
	}
	if len(n.digits) == 4 && !n.percent && !n.uid && f.hasYear(n.digits) {
		return true
	}
	for _, k := range f.numbers {
		if k.matches(n, metrics, direction) {
			return true
		}
	}
	return false
}

func (k fact) matches(n figure, metrics map[string]bool, direction int) bool {
	if n.uid && !k.uid || k.percent != n.percent && !k.said {
		return false
	}
	if k.uid && !k.said && n.digits == "" && k.metric == "" { // a uid is never rounded
		return false
	}
	if k.metric != "" && len(metrics) > 0 && !metrics[k.metric] {
		return false // the right number for the wrong thing
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
	for _, r := range n.values {
		unit := r.unit
		if n.about { // "about 1,200" is rounded to its last figure that is not 0
			for unit < r.value && math.Mod(r.value, unit*10) == 0 {
				unit *= 10
			}
		}
		value := math.Abs(k.value)
		off := math.Abs(value - r.value)
		rounded, cut := off <= unit/2*(1+1e-9), value >= r.value && off < unit*(1-1e-9)
		if rounded || cut {
			return true
		}
	}
	return false
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

// metricWords are the words by which prose names metrics, the longer before those they contain.
var metricWords = []struct {
	rule    *regexp.Regexp
	metrics []string
}{
	{words(`shared commissions? received`), []string{"sharedReceived"}},
	{words(`shared commissions?`), []string{"sharedCommission", "sharedReceived"}},
	{words(`commissions?|earn|earned|earnings|rebates?|income`), []string{"commission"}},
	{words(`eligible (?:trading )?volume`), []string{"eligibleVolume"}},
	{words(`(?:trading )?volume|traded`), []string{"volume", "eligibleVolume"}},
	{words(`fees?`), []string{"fees"}},
	{words(`first-time traders|first-time trades?`), []string{"firstTraders"}},
	{words(`active traders|traders|active`), []string{"traders"}},
	{words(`trades?`), []string{"trades"}},
	{words(`net deposits?`), []string{"netDeposits"}},
	{words(`deposit(?:s|ed)?`), []string{"deposits", "deposited"}},
	{words(`withdr(?:awals?|ew|awn)`), []string{"withdrawals"}},
	{words(`new (?:referrals|referees)|signed up|sign-?ups|registered`), []string{"newReferrals"}},
	{words(`verified|kyc`), []string{"verified"}},
}

func words(pattern string) *regexp.Regexp { return regexp.MustCompile(`(?i)\b(?:` + pattern + `)\b`) }

// mentioned are the metrics that a sentence names; none when it names no metric, and may speak of any.
func mentioned(sentence string) map[string]bool {
	out := map[string]bool{}
	for _, w := range metricWords {
		if w.rule.MatchString(sentence) {
			for _, m := range w.metrics {
				out[m] = true
			}
			sentence = w.rule.ReplaceAllString(sentence, " ")
		}
	}
	return out
}

func monthOf(name string) int {
	return slices.Index([]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"},
		strings.ToLower(name)[:3]) + 1
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// westernDigits writes the digits of all scripts, and full-width ones, as 0 to 9.
func westernDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII || !unicode.IsDigit(r) {
			return r
		}
		zero := r
		for unicode.IsDigit(zero-1) && r-zero < 9 {
			zero--
		}
		return '0' + (r - zero)
	}, s)
}
