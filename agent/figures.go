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
	plain   string // the sentence with western digits, which places are counted in
	numbers []figure
	dates   []saidDate
	times   []string // 08:00
	names   []string // words with digits in them: codes
	periods []saidPeriod
}

// saidPeriod is the name of a period, and where it stands.
type saidPeriod struct {
	phrase string
	at     int
}

// figure is a number as written. values are its readings: 1.234 is one thing in English and another in German.
type figure struct {
	written string
	values  []reading
	digits  string // when it is a plain integer
	at      int    // where it stands, in bytes
	percent bool
	points  bool     // percentage points
	times   bool     // 2x, twice
	money   bool     // USDT, or dollars, which stand for it
	alien   bool     // another currency
	length  bool     // of time: 7 days
	signed  bool     // written with a minus
	plus    bool     // written with one
	uid     bool     // announced as one
	rank    bool     // #3, 3rd
	about   bool     // rounded on purpose
	places  bool     // the top 3
	bound   int      // 1: more than it; -1: less than it
	metrics []string // of the noun that it counts: 9 trades
}

// reading is a value and the worth of its last written digit.
type reading struct{ value, unit float64 }

type saidDate struct {
	written          string
	day, month, year int // 0 for what is not said
	at               int // where it stands, in bytes
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
	isoRule      = regexp.MustCompile(`\b(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2})\S*)?\b`)
	monthDay     = regexp.MustCompile(`(?i)\b(` + months + `)\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:\s*(?:[–—-]|to|through)\s*(?:(` + months + `)\.?\s+)?(\d{1,2})(?:st|nd|rd|th)?)?(?:,?\s+(\d{4}))?\b`)
	dayMonth     = regexp.MustCompile(`(?i)\b(?:(\d{1,2})(?:st|nd|rd|th)?\s*(?:[–—-]|to|through)\s*)?(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(` + months + `)\b\.?(?:,?\s+(\d{4})\b)?`)
	monthYear    = regexp.MustCompile(`(?i)\b(` + months + `)\.?,?\s+(\d{4})\b`)
	clock        = regexp.MustCompile(`\b(\d{1,2}):(\d{2})(?::\d{2})?\b`)
	listMark     = regexp.MustCompile(`^\s*\d{1,2}[.)](\s|$)`)
	nameRule     = regexp.MustCompile(`[\pL_][\pL_-]*\d[\pL\d_-]*|\d+[\pL_]{4,}[\pL\d_-]*`)
	uidBefore    = regexp.MustCompile(`(?i)\b(?:uids?|user|referee|account|sub-partner)(?:\s+(?:id|uid|no\.?))?[\s:#]*$`)
	about        = regexp.MustCompile(`(?i)\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|over|more than|less than|under|some|ca\.?)\s*$|[~≈]\s*$`)
	above        = regexp.MustCompile(`(?i)\b(?:over|more than)\s*$`)
	below        = regexp.MustCompile(`(?i)\b(?:less than|under|nearly|almost)\s*$`)
	placesBefore = regexp.MustCompile(`(?i)\b(?:top|best|leading)\s+$`)
	numeral      = regexp.MustCompile(`[-−+]?[$€£¥]?\d+(?:[.,'’\x{00A0}\x{202F}]\d+)*`)
	scaleRule    = regexp.MustCompile(`(?i)^\s?(?:(hundred|k|thousand|nghìn|ngàn|тыс|tsd|mil|m|mn|mio|million(?:en|es)?|millones|triệu|млн|b|bn|mrd|billion|tỷ|млрд|lakh|crore)(?:\b|$|[^\pL])|([千万萬亿億]))`)
	unitRule     = regexp.MustCompile(`(?i)^\s?(?:(%|percent\b|per cent\b)|(pp\b|(?:percentage[ -])?points?\b)|([x×]|times)(?:\b|$|\s)|(usdt?\b|dollars?\b)|(btc|eth|bnb|usdc|eur|euros?|gbp|jpy|cny|vnd|bitcoins?|€|£|¥)|-?((?:calendar )?(?:days?|weeks?|months?|hours?|minutes?)\b)|(st|nd|rd|th)\b)`)
	periodRule   = regexp.MustCompile(`(?i)\b(today|yesterday|(?:this|last|previous|past) (?:week|month|quarter|year)|(?:last|past) \d{1,3} (?:days|weeks|months))\b`)
)

// scan reads the figures out of a text. What it has read it blanks out, so that nothing counts twice.
func scan(s string) found {
	var out found
	s = westernDigits(s)
	out.plain = s
	take := func(rule *regexp.Regexp, use func(at int, m []string)) {
		for _, at := range rule.FindAllStringSubmatchIndex(s, -1) {
			m := make([]string, len(at)/2)
			for i := range m {
				if at[2*i] >= 0 {
					m[i] = s[at[2*i]:at[2*i+1]]
				}
			}
			use(at[0], m)
			s = s[:at[0]] + strings.Repeat(" ", at[1]-at[0]) + s[at[1]:] // as long, so that places stay
		}
	}
	date := func(written string, at, day, month, year int) {
		out.dates = append(out.dates, saidDate{written, day, month, year, at})
	}
	take(listMark, func(int, []string) {})
	take(isoRule, func(at int, m []string) {
		date(m[0], at, atoi(m[3]), atoi(m[2]), atoi(m[1]))
		if m[4] != "" {
			out.times = append(out.times, m[4])
		}
	})
	take(dayMonth, func(at int, m []string) {
		if m[1] != "" {
			date(m[0], at, atoi(m[1]), monthOf(m[3]), atoi(m[4]))
		}
		date(m[0], at, atoi(m[2]), monthOf(m[3]), atoi(m[4]))
	})
	take(monthDay, func(at int, m []string) {
		date(m[0], at, atoi(m[2]), monthOf(m[1]), atoi(m[5]))
		if m[4] != "" {
			last := m[1]
			if m[3] != "" {
				last = m[3]
			}
			date(m[0], at, atoi(m[4]), monthOf(last), atoi(m[5]))
		}
	})
	take(monthYear, func(at int, m []string) { date(m[0], at, 0, monthOf(m[1]), atoi(m[2])) })
	take(clock, func(_ int, m []string) {
		if len(m[1]) == 1 {
			m[1] = "0" + m[1]
		}
		out.times = append(out.times, m[1]+":"+m[2])
	})
	take(periodRule, func(at int, m []string) { out.periods = append(out.periods, saidPeriod{strings.ToLower(m[0]), at}) })
	take(nameRule, func(_ int, m []string) { out.names = append(out.names, m[0]) })
	for _, at := range numeral.FindAllStringIndex(s, -1) {
		out.numbers = append(out.numbers, readFigure(s, at[0], at[1]))
	}
	out.numbers = append(out.numbers, spelledOut(s)...)
	out.numbers = append(out.numbers, parts(s)...)
	return out
}

// readFigure reads the number at s[from:to] with what stands around it.
func readFigure(s string, from, to int) figure {
	written := s[from:to]
	plain := strings.TrimLeft(written, "-−+$€£¥")
	before := s[:from]
	f := figure{written: written, at: from}
	f.around(before, s[to:])
	f.money = strings.Contains(written, "$") || f.money
	f.alien = strings.ContainsAny(written, "€£¥") || f.alien
	// A minus that follows a digit is a dash of a range.
	trimmed := strings.TrimRightFunc(before, unicode.IsSpace)
	f.plus = strings.HasPrefix(written, "+")
	f.signed = strings.HasPrefix(written, "-") || strings.HasPrefix(written, "−")
	if f.signed && len(trimmed) > 0 && unicode.IsDigit(rune(trimmed[len(trimmed)-1])) {
		f.signed = false
	}
	factor := scaleOf(s[to:])
	if factor == 1 && strings.IndexFunc(plain, func(r rune) bool { return !unicode.IsDigit(r) }) < 0 {
		f.digits = plain
	}
	for _, r := range readings(plain) {
		f.values = append(f.values, reading{r.value * factor, r.unit * factor})
	}
	return f
}

// around reads what stands before a number and behind it.
func (f *figure) around(before, behind string) {
	f.uid, f.about = uidBefore.MatchString(before), about.MatchString(before)
	switch {
	case above.MatchString(before):
		f.bound = 1
	case below.MatchString(before):
		f.bound = -1
	}
	trimmed := strings.ToLower(strings.TrimRightFunc(before, unicode.IsSpace))
	f.places = placesBefore.MatchString(before)
	f.rank = strings.HasSuffix(before, "#") || strings.HasSuffix(trimmed, " rank") || strings.HasSuffix(trimmed, "no.")
	if m := scaleRule.FindStringSubmatch(behind); m != nil {
		behind = behind[strings.Index(behind, m[1]+m[2])+len(m[1]+m[2]):]
	}
	if m := unitRule.FindStringSubmatch(behind); m != nil {
		f.percent, f.points, f.times = m[1] != "", m[2] != "", m[3] != ""
		f.money, f.alien, f.length = m[4] != "", m[5] != "", m[6] != ""
		f.rank = f.rank || m[7] != ""
	}
	if m := countNoun.FindStringSubmatch(behind); m != nil {
		f.metrics = nounMetrics(m[1], m[2])
	}
}

// scaleOf is what the word behind a number multiplies it by.
func scaleOf(behind string) float64 {
	m := scaleRule.FindStringSubmatch(behind)
	if m == nil {
		return 1
	}
	switch strings.ToLower(m[1] + m[2]) {
	case "hundred":
		return 1e2
	case "k", "thousand", "nghìn", "ngàn", "тыс", "tsd", "mil", "千":
		return 1e3
	case "万", "萬":
		return 1e4
	case "lakh":
		return 1e5
	case "crore":
		return 1e7
	case "亿", "億":
		return 1e8
	case "b", "bn", "mrd", "billion", "tỷ", "млрд":
		return 1e9
	}
	return 1e6
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
