package agent

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
)

// metricWords are the words by which prose names metrics, the longer before those they contain.
var metricWords = []struct {
	rule    *regexp.Regexp
	metrics []string
}{
	{words(`task rewards?`), []string{"taskRewards"}},
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

var (
	rising   = words(`up|rose|risen|rises?|grew|grown|growth|increased?|higher|gain(?:ed)?|more than|climbed|jumped|better`)
	falling  = words(`down|fell|fallen|dropp?(?:ed)?|decreased?|declined?|lower|lost|less|shrank|slipped|worse`)
	rose     = words(`rose|risen|grew|grown|increased|climbed|jumped|went up|(?:is|are|was|were) up`)
	fell     = words(`fell|fallen|dropped|decreased|declined|shrank|slipped|went down|(?:is|are|was|were) down`)
	negated  = regexp.MustCompile(`(?i)\b(?:not|no|never|nor|neither|without|if|would|could|should)\b|n['’]t\b`)
	contrast = regexp.MustCompile(`(?i)\b(?:you (?:said|mentioned|asked|wrote|expected)|your (?:message|question)|target|goal|aim|threshold|not|instead|rather|below|above|over|under|least|most|more than|less than|minimum|needed|remaining|note|wrote|written|says)\b|n['’]t\b|["“„«]`)
	quoting  = regexp.MustCompile(`(?i)\b(?:note|wrote|written|says|said|reads)\b|["“„«]`)
	earlier  = regexp.MustCompile(`(?i)\b(?:from|than|vs|versus|against|after|previous(?:ly)?|before|earlier|compared|instead|behind|ahead|whole|all of)\b`)
	nothing  = regexp.MustCompile(`(?i)\b(?:earned|made|received) nothing\b|\bno (?:commission|volume|trades|deposits|withdrawals|fees)\b`)
	another  = regexp.MustCompile(`(?i)\b(?:next|second|third|other|others|else|rest|another|followed|then|behind|ahead|remaining|more|further|new|since|outside|besides)\b`)
	clauseAt = regexp.MustCompile(`[,;]\s+|\s(?:and|but|while|whereas|versus|vs\.?)\s|\s[–—-]\s`)

	countNoun = regexp.MustCompile(`(?i)^\s(?:(active|first-time|new|distinct)\s)?(trades?|traders?)\b`)
	measured  = regexp.MustCompile(`(?i)^\s*(?:usdt?|dollars?|percent|%|points?|trades?|traders?|referees?|referrals?|users?|people|deposits?|withdrawals?|sub-partners?|times\b|(?:new|active|direct|indirect|verified) )`)
)

// nounMetrics are the metrics that a noun right behind a number counts.
func nounMetrics(adjective, noun string) []string {
	if strings.HasPrefix(strings.ToLower(noun), "trader") {
		if strings.EqualFold(adjective, "first-time") {
			return []string{"firstTraders"}
		}
		return []string{"traders", "firstTraders"}
	}
	return []string{"trades"}
}

// numberWords are what numbers are built of; a scale multiplies what stands before it.
var (
	numberWords = map[string]float64{
		"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
		"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
		"nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
	}
	scaleWords = map[string]float64{"dozen": 12, "hundred": 100, "thousand": 1e3, "million": 1e6, "billion": 1e9}
	ratioWords = map[string]float64{"doubled": 2, "twice": 2, "tripled": 3, "quadrupled": 4, "halved": 0.5, "twofold": 2, "threefold": 3, "fourfold": 4, "fivefold": 5, "tenfold": 10}
	wordRule   = regexp.MustCompile(`\pL+`)
	hanNumber  = regexp.MustCompile(`[一二三四五六七八九两兩十百千]+[十百千万萬亿億][一二三四五六七八九十百千万萬亿億]*`)
)

// Places of a ranking, as prose names them: of a row that is named, and instead of its name.
const ordinals = `first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth`

var (
	placed = regexp.MustCompile(`(?i)\b(?:(?:ranks?|ranked|comes?|came|placed|finished|is|in)\s+(?:in\s+)?(?:the\s+)?(?:(` + ordinals + `)\b|#?(\d{1,3})(?:st|nd|rd|th)\b)|number\s+(one|two|three|four|five|\d{1,3})\b)`)
	named  = regexp.MustCompile(`(?i)\b(?:your|the)\s+(best|top|leading|largest|biggest|` + ordinals + `)\s+(?:referee|user|trader|sub-partner|partner|code|country|one)\b`)
)

// placeOf is the place that a word or number names, 0 for none.
func placeOf(word string) int {
	word = strings.ToLower(word)
	if n, ok := numberWords[word]; ok {
		return int(n)
	}
	if i := slices.Index(strings.Split(ordinals, "|"), word); i >= 0 {
		return i + 1
	}
	if slices.Contains([]string{"best", "top", "leading", "largest", "biggest"}, word) {
		return 1
	}
	return atoi(word)
}

// part is a share in words: "half of your commission", "fell by a third". Halves of months and the like are none.
var (
	part      = regexp.MustCompile(`(?i)\b(?:(two|three)[ -](thirds?|quarters?)|(?:a[ -]|one[ -])?(half|third|quarter))\s+(?:of\s+)?(?:the|your|all|its?|that|this)\b(?:\s+(?:whole\s+)?(\pL+))?|\bby\s+(?:(two|three)[ -](thirds?|quarters?)|(?:an?|one)?\s*(half|third|quarter))\b`)
	partWords = map[string]float64{"half": 50, "third": 100. / 3, "quarter": 25}
	calendar  = words(`days?|weeks?|months?|quarters?|years?|hours?|periods?|time|` + months)
)

func parts(s string) (out []figure) {
	for _, at := range part.FindAllStringSubmatchIndex(s, -1) {
		group := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return strings.ToLower(s[at[2*i]:at[2*i+1]])
		}
		if noun := group(4); noun != "" && calendar.MatchString(noun) {
			continue
		}
		value := partWords[strings.TrimSuffix(group(2)+group(3)+group(6)+group(7), "s")] * max(1, numberWords[group(1)+group(5)])
		out = append(out, figure{written: s[at[0]:at[1]], at: at[0], percent: true, about: true, values: []reading{{value, 0.1 * value}}})
	}
	return out
}

// spelledOut reads the numbers that are written in words. The small ones count only before what can be measured:
// "one of them" is no figure.
func spelledOut(s string) (out []figure) {
	at := wordRule.FindAllStringIndex(s, -1)
	for i := 0; i < len(at); i++ {
		word := strings.ToLower(s[at[i][0]:at[i][1]])
		if ratio, ok := ratioWords[word]; ok {
			out = append(out, figure{written: word, at: at[i][0], times: true, about: true, values: []reading{{ratio, 0.1}}})
			continue
		}
		first, total, part, scaled := i, 0.0, 0.0, false
		for ; i < len(at); i++ {
			word = strings.ToLower(s[at[i][0]:at[i][1]])
			joined := i == first || strings.Trim(s[at[i-1][1]:at[i][0]], " -") == ""
			value, small := numberWords[word]
			scale, big := scaleWords[word]
			if !joined || !small && !big && !(word == "and" && i > first && i+1 < len(at) && isNumberWord(s[at[i+1][0]:at[i+1][1]]) && scaled) {
				break
			}
			switch {
			case small:
				part += value
			case big && scale <= 100:
				part, scaled = max(part, 1)*scale, true
			case big:
				total, part, scaled = total+max(part, 1)*scale, 0, true
			}
		}
		if i == first {
			continue
		}
		from, to := at[first][0], at[i-1][1]
		i--
		if digitBefore(s[:from]) || total+part < 11 && !measured.MatchString(s[to:]) || strings.HasSuffix(strings.ToLower(s[from:to]), "s") {
			continue
		}
		f := figure{written: s[from:to], at: from, values: []reading{{total + part, 1}}, digits: strconv.FormatFloat(total+part, 'f', -1, 64)}
		f.around(s[:from], s[to:])
		out = append(out, f)
	}
	for _, at := range hanNumber.FindAllStringIndex(s, -1) { // told to be unreadable: without values nothing matches
		out = append(out, figure{written: s[at[0]:at[1]], at: at[0]})
	}
	return out
}

func isNumberWord(s string) bool {
	_, ok := numberWords[strings.ToLower(s)]
	return ok
}

// digitBefore says that a scale belongs to a number in digits: 2 million.
func digitBefore(s string) bool {
	s = strings.TrimRight(s, " ")
	return s != "" && strings.ContainsAny(s[len(s)-1:], "0123456789")
}

// claim is what a figure is said of: by its clause, and by the sentence where the clause is silent.
type claim struct {
	from, to  int // of the clause, in the sentence
	text      string
	metrics   map[string]bool
	direction int
	keys      []string // rows that are named
	period    string   // the first day of the one period that is named
	day       bool     // that is today or yesterday, of which no result is
}

// claims cuts a sentence into clauses, and finds what each is about.
func (f *facts) claims(said found) []claim {
	s := said.plain
	whole := f.claim(said, 0, len(s))
	if len(said.periods) > 1 {
		whole.period = ""
	}
	var out []claim
	from, ordered := 0, true
	for _, at := range append(clauseAt.FindAllStringIndex(s, -1), []int{len(s), len(s)}) {
		c := f.claim(said, from, at[0])
		has := slices.ContainsFunc(said.numbers, func(n figure) bool { return n.at >= from && n.at < at[0] })
		ordered = ordered && (has || len(c.metrics) == 0)
		out = append(out, c)
		from = at[0]
	}
	for i := range out {
		c := &out[i]
		if !ordered || len(c.metrics) == 0 { // "commission and volume were 5 and 6": which is which cannot be told
			c.metrics = whole.metrics
		}
		if c.direction == 0 {
			c.direction = whole.direction
		}
		if c.period == "" {
			c.period = whole.period
		}
	}
	return out
}

// claim reads one stretch of a sentence.
func (f *facts) claim(said found, from, to int) claim {
	c := claim{from: from, to: to, text: said.plain[from:to]}
	c.metrics = mentioned(c.text)
	if up, down := rising.MatchString(c.text), falling.MatchString(c.text); up != down {
		if c.direction = 1; down {
			c.direction = -1
		}
	}
	for _, p := range said.periods {
		if p.at >= from && p.at < to {
			c.period = f.firstDay(p.phrase)
			if c.period == "" && (p.phrase == "today" || p.phrase == "yesterday") && !until.MatchString(said.plain[:p.at]) {
				f.ofDay(&c, p.phrase)
			}
		}
	}
	for _, d := range said.dates {
		if d.at >= from && d.at < to {
			for _, year := range d.years(f.now) {
				if key := dayKey(year, d.month, d.day); f.keys[key] {
					c.keys = append(c.keys, key)
				}
			}
		}
	}
	for _, word := range wordOrNumber.FindAllString(c.text, -1) {
		if f.keys[word] && (len(word) > 1) {
			c.keys = append(c.keys, word)
		}
	}
	if m := named.FindStringSubmatch(c.text); m != nil && len(c.keys) == 0 && f.lists == 1 {
		for key, rank := range f.ranked {
			if rank == placeOf(m[1]) {
				c.keys = append(c.keys, key)
			}
		}
	}
	return c
}

// until is before "today" where that is an end: "as of today".
var until = regexp.MustCompile(`(?i)\b(?:of|until|till|through|to|by|up to|since|from|than|and|vs\.?)\s*$`)

// ofDay binds a clause to a day that lies within a longer period: to its row where there is one, else to no figure at all.
func (f *facts) ofDay(c *claim, phrase string) {
	p, err := domain.ParsePeriod(phrase, f.now, f.zone)
	if err != nil || len(f.spans) == 0 {
		return
	}
	if day := p.From.In(f.zone).Format(time.DateOnly); f.keys[day] {
		c.keys = append(c.keys, day)
	} else {
		c.period, c.day = day, true
	}
}

var wordOrNumber = regexp.MustCompile(`[\pL\d_]+(?:-[\pL\d_]+)*`)
