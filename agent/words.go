package agent

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	ratioWords = map[string]float64{"doubled": 2, "twice": 2, "tripled": 3, "quadrupled": 4, "halved": 0.5}
	wordRule   = regexp.MustCompile(`\pL+`)
	hanNumber  = regexp.MustCompile(`[一二三四五六七八九两兩十百千]+[十百千万萬亿億][一二三四五六七八九十百千万萬亿億]*`)
)

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
	return c
}

var wordOrNumber = regexp.MustCompile(`[\pL\d_]+(?:-[\pL\d_]+)*`)
