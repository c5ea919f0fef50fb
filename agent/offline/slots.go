package offline

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/agent/offline/period"
)

// said is what a message, or one question of it, names.
type said struct {
	toks      []token
	periods   []period.Match
	against   int  // the period that something is compared with ("than last week"), -1: none
	since     int  // the period that is said with "since", -1: none
	further   bool // not the first question of its message
	metrics   []hit
	products  []hit
	relations []hit
	groups    []hit
	countries []hit
	uids      []hit // value: xuid or xsub, as which they are masked
	uid       []int64
	sub       int64
	code      string
	trade     string // the id of one
	trades    []hit  // where it stands; value: xtrade, as which it is masked
	reward    string // shared, task
	topic     string // activity, trace, root_cause: words that only these are about
	alert     string // a kind of alert
	limit     int
	note      string // words of a note, in quotation marks behind "tagged" and the like
	vip       int
	kyc       string
	deposited *bool
	traded    *bool
	activity  string
	sort      string
	order     string
	rank      string // referee, sub_partner, country, code
	all       []string
	compare   bool // a word that compares
	before    bool // "the previous one"
	pronoun   bool // "that user", "his", "them"
	nth       int  // "the first one": 1
	other     bool // "partner 20002": somebody who is not named as a sub-partner
	more      bool // "more", "next page"
	counted   bool // "how many"
}

func (s *said) word(i int) string {
	if i < 0 || i >= len(s.toks) {
		return ""
	}
	return s.toks[i].norm
}

func (s *said) has(words ...string) bool {
	return slices.ContainsFunc(s.toks, func(t token) bool { return slices.Contains(words, t.norm) || slices.Contains(words, t.text) })
}

// sequence reports whether the words stand side by side.
func (s *said) sequence(words ...string) bool {
	for i := range s.toks {
		k := 0
		for k < len(words) && (s.word(i+k) == words[k]) {
			k++
		}
		if k == len(words) {
			return true
		}
	}
	return false
}

// names finds every slot in one question.
func (l *lexicon) names(toks []token, found []period.Match) said {
	s := said{toks: toks, periods: found, against: -1, since: -1}
	s.metrics = l.find("metric", toks)
	if slices.ContainsFunc(s.metrics, func(h hit) bool { return !h.weak }) {
		s.metrics = slices.DeleteFunc(s.metrics, func(h hit) bool { return h.weak })
	}
	s.metrics = slices.DeleteFunc(s.metrics, func(h hit) bool { return h.from > s.metrics[0].from && s.relative(h) })
	s.metrics = slices.DeleteFunc(s.metrics, func(h hit) bool { return h.value == "newReferrals" && s.word(h.from-1) == "i" }) // "since I joined"
	s.metrics = slices.DeleteFunc(s.metrics, func(h hit) bool { return h.weak && s.word(h.from) == "make" && s.word(h.to) == "it" })
	if slices.ContainsFunc(s.metrics, func(h hit) bool { return strings.HasPrefix(h.value, "shared") }) && !s.has("and", "vs", "versus", "plus") { // "how much commission do I give back": one figure
		s.metrics = slices.DeleteFunc(s.metrics, func(h hit) bool { return h.value == "commission" })
	}
	s.groups = l.find("group", toks)
	s.bestUnit()
	s.products = outside(l.find("product", toks), s.groups)
	s.relations = outside(outside(l.find("relation", toks), s.groups), s.metrics) // "shared with my direct referees" is a figure
	s.countries = l.find("country", toks)
	s.shortCountries(l)
	if len(s.metrics) == 1 && s.metrics[0].value == "sharedCommission" { // paid to direct referees alone
		s.relations = nil
	}
	for slot, to := range map[string]*string{"kyc": &s.kyc, "activity": &s.activity, "sort": &s.sort, "order": &s.order} {
		if h := longest(l.find(slot, toks)); h != nil {
			*to = h.value
		}
	}
	for slot, to := range map[string]**bool{"deposited": &s.deposited, "traded": &s.traded} {
		if h := longest(l.find(slot, toks)); h != nil {
			yes := h.value == "true"
			*to = &yes
		}
	}
	if s.activity == "inactive" || s.activity == "dormant" { // "never traded" is a state, not a trade
		s.traded = nil
	}
	for _, h := range l.find("all", toks) {
		s.all = append(s.all, h.value)
	}
	// "the best sub-partner of my referees": what is asked for stands first; codes and countries are asked for by name
	for _, h := range l.find("rank", toks) {
		if s.rank == "" || s.rank == "referee" && h.value != "referee" {
			s.rank = h.value
		}
	}
	if h := longest(l.find("reward", toks)); h != nil {
		s.reward = h.value
	}
	if h := longest(l.find("topic", toks)); h != nil {
		s.topic = h.value
	}
	if h := longest(l.find("alert", toks)); h != nil {
		s.alert = h.value
	}
	s.tradeIDs()
	s.numbers()
	s.groups = slices.DeleteFunc(s.groups, func(h hit) bool {
		return h.value == "referee" && len(s.uid) > 0 && h.to < len(toks) && toks[h.to].number > 0
	}) // "by uid 12345"
	s.codes(l)
	s.comparing()
	s.references()
	if s.counted && s.rank == "referee" { // how many traded, not how much
		for i, h := range s.metrics {
			if h.weak && h.value == "volume" {
				s.metrics[i] = hit{value: "traders", from: h.from, to: h.to}
			}
		}
	}
	return s
}

// bestUnit takes "the best day" for a wish to see each day.
func (s *said) bestUnit() {
	for i, t := range s.toks {
		if !t.inPeriod && slices.Contains([]string{"day", "week", "month", "hour"}, t.norm) && slices.Contains([]string{"best", "worst", "strongest", "weakest", "highest", "lowest", "record"}, s.word(i-1)) {
			s.groups = append(s.groups, hit{value: t.norm, from: i, to: i + 1})
			return
		}
	}
}

// relative reports whether a metric only says of whom another one is asked: "commission from people who signed up directly".
func (s *said) relative(h hit) bool {
	for i := h.from - 1; i >= max(0, h.from-3); i-- {
		if w := s.word(i); w == "who" || w == "that" || w == "which" {
			return i > 0 && slices.Contains(people, s.word(i-1))
		}
	}
	return false
}

// people are words for referees.
var people = []string{"people", "referee", "user", "one", "those", "trader", "client", "customer", "invitee", "account", "member", "guy", "referral", "person"}

func outside(hits, of []hit) []hit {
	return slices.DeleteFunc(hits, func(h hit) bool {
		return slices.ContainsFunc(of, func(o hit) bool { return h.from >= o.from && h.to <= o.to })
	})
}

// longest prefers "never deposited" to "deposited".
func longest(hits []hit) *hit {
	var best *hit
	for i, h := range hits {
		if best == nil || h.to-h.from > best.to-best.from {
			best = &hits[i]
		}
	}
	return best
}

// shortCountries finds "from VN": two capitals that are a country's code, in a message that is not all capitals.
func (s *said) shortCountries(l *lexicon) {
	shouting := !slices.ContainsFunc(s.toks, func(t token) bool { return t.raw != strings.ToUpper(t.raw) })
	if shouting && len(s.toks) > 1 {
		return
	}
	for i, t := range s.toks {
		// "from vn users": small letters only between words that leave no other reading
		small := t.raw == strings.ToLower(t.raw) && (s.word(i-1) == "from" || s.word(i-1) == "in") && !slices.Contains([]string{"it", "my", "me", "us", "is", "no", "so", "to", "be", "at", "am", "do", "by", "an", "as", "in"}, t.raw)
		if len(t.raw) != 2 || !small && t.raw != strings.ToUpper(t.raw) || t.raw[0] >= '0' && t.raw[0] <= '9' || t.inPeriod {
			continue
		}
		value := strings.ToUpper(t.raw)
		for _, list := range l.phrases["country"] {
			if slices.ContainsFunc(list, func(p phrase) bool { return p.value == value }) {
				s.countries = append(s.countries, hit{value: value, from: i, to: i + 1})
				break
			}
		}
	}
}

// teams are words for those below somebody.
var teams = []string{"team", "network", "downline", "subtree", "branch", "group"}

// numbers tells uids, limits and VIP levels apart by what stands around a number.
func (s *said) numbers() {
	for i, t := range s.toks {
		if t.number < 0 || t.inPeriod || slices.ContainsFunc(s.trades, func(h hit) bool { return h.from <= i && i < h.to }) {
			continue
		}
		digits := t.raw[0] >= '0' && t.raw[0] <= '9' && t.number > 0 // no uid is 0
		back := i - 1
		for back >= 0 && slices.Contains([]string{"uid", "id", "number", "no", "is", "with", "nr"}, s.word(back)) && s.word(back) != s.word(back-1) {
			back--
		}
		named := back < i-1 && slices.ContainsFunc(s.toks[back+1:i], func(t token) bool { return t.norm == "uid" || t.norm == "id" })
		before, next := s.word(back), s.word(i+1)
		switch {
		case digits && (before == "subpartner" || before == "partner" && s.word(back-1) == "sub" ||
			(before == "under" || before == "below" || before == "through" || before == "via" || before == "of" && slices.Contains(teams, s.word(back-1)) || slices.Contains(teams, next)) && len(t.raw) >= 4):
			s.sub = t.number
			s.uids = append(s.uids, hit{value: "xsub", from: i, to: i + 1})
		case before == "vip" || before == "level" && (s.word(back-1) == "vip" || s.has("vip")):
			s.vip = int(min(t.number, 100))
		case (before == "above" || before == "over") && s.word(back-1) == "vip":
			s.vip = int(min(t.number, 100)) + 1
		case digits && (named || slices.Contains([]string{"user", "referee", "invitee", "client", "customer", "trader", "account", "member", "referral"}, before)) && next != "row" ||
			digits && len(t.raw) >= 5 && !slices.Contains([]string{"usdt", "usd", "dollar", "k"}, next) && before != "trade" && before != "task" && before != "partner" && before != "code":
			s.uid = append(s.uid, t.number)
			s.uids = append(s.uids, hit{value: "xuid", from: i, to: i + 1})
		case before == "partner" && digits:
			s.other = true
			s.uids = append(s.uids, hit{value: "xuid", from: i, to: i + 1})
		case s.limit == 0 && t.number > 0 && t.number <= 10000 && (slices.Contains([]string{"top", "show", "first", "limit", "to", "that", "best", "biggest", "only", "it", "list", "largest", "highest", "bottom", "worst", "give", "me", "just", "see", "display"}, before) ||
			slices.Contains([]string{"best", "biggest", "top", "highest", "largest", "most", "row", "result", "referee", "user", "more", "lowest", "worst", "trader", "entry", "country", "code"}, next)) && next != "day" && next != "usdt":
			if t.text == "one" && before != "top" || (before == "to" || before == "it" || before == "that") && s.word(back-1) != "limit" && s.word(back-1) != "it" && s.word(back-1) != "make" {
				continue
			}
			s.limit = int(t.number)
		}
	}
}

// tickers are words of capitals that are no codes.
var tickers = regexp.MustCompile(`^(?:[A-Z]{2,10}(?:USDT|USDC|USD)|USDT|USDC|USD|EUR|BTC|ETH|SOL|XRP|DOGE|BNB|KYC|VIP|UID|CSV|PDF|FAQ|ASAP|YTD|MTD|QTD|WTD|UTC|GMT|API|MCP|TG|BD|FTD|FTT)$`)

// codes finds "code ABC123": a word behind "code" that is spelled like one, or one of capitals among words that are not.
func (s *said) codes(l *lexicon) {
	quiet := slices.ContainsFunc(s.toks, func(t token) bool { return len(t.raw) > 3 && t.raw == strings.ToLower(t.raw) && t.number < 0 })
	for i, t := range s.toks {
		if quiet && len(t.raw) >= 4 && len(t.raw) <= 32 && t.raw == strings.ToUpper(t.raw) && t.raw[0] >= 'A' && t.raw[0] <= 'Z' && !t.inPeriod && !tickers.MatchString(t.raw) &&
			!l.known[strings.ToLower(t.raw)] && s.word(i-1) != "trade" && s.word(i-1) != "task" && !slices.ContainsFunc(s.trades, func(h hit) bool { return h.from <= i && i < h.to }) {
			s.code = t.raw
		}
	}
	for i := 1; i < len(s.toks); i++ {
		t := s.toks[i]
		if p := s.word(i - 1); p != "code" && !(p == "link" && i > 1) || t.inPeriod || len(t.raw) < 3 || len(t.raw) > 32 {
			continue
		}
		if strings.ContainsAny(t.raw, "0123456789") || t.raw == strings.ToUpper(t.raw) {
			s.code = t.raw
		}
	}
}

var comparers = []string{"compare", "compared", "comparing", "comparison", "versus", "vs", "v", "against", "than", "relative", "beside"}

// comparing finds out whether, and with which of the periods, something is compared.
func (s *said) comparing() {
	inMetric := func(i int) bool {
		return slices.ContainsFunc(s.metrics, func(h hit) bool { return h.from <= i && i < h.to }) // "more came in than went out"
	}
	for i, t := range s.toks {
		s.compare = s.compare || !inMetric(i) && (slices.Contains(comparers, t.norm) || slices.Contains(comparers, t.text))
	}
	s.compare = s.compare || s.rated()
	for n, m := range s.periods {
		first := slices.IndexFunc(s.toks, func(t token) bool { return t.start < m.End && t.end > m.Start })
		if first >= 0 && s.word(first) == "since" {
			s.since = n
		}
		for i := first - 1; i >= max(0, first-3); i-- {
			w := s.word(i)
			if slices.Contains([]string{"than", "versus", "vs", "v", "against", "with", "to", "since", "over"}, w) && (s.compare || w == "against") {
				s.against = n
			}
			if !slices.Contains([]string{"the", "that", "of", "in", "what", "it", "was", "those", "same", "my"}, w) {
				break
			}
		}
	}
	for _, w := range [][]string{{"previous", "one"}, {"previous", "period"}, {"one", "before"}, {"period", "before"}, {"prior", "period"}} {
		s.before = s.before || s.sequence(w...)
	}
}

// rated reports whether a rate of change is named: "week over week", "mom".
func (s *said) rated() bool {
	return s.has("mom", "yoy", "qoq") || s.has("wow") || slices.ContainsFunc([]string{"day", "week", "month", "quarter", "year"}, s.overUnit)
}

// overUnit reports whether "month over month", or "month on month", is said.
func (s *said) overUnit(unit string) bool {
	return s.sequence(unit, "over", unit) || s.sequence(unit, "on", unit)
}

// references finds words that point at what was just shown.
func (s *said) references() {
	s.pronoun = s.has("his", "him", "her", "him", "he", "she", "them", "their", "they", "those", "theirs", "it") ||
		s.sequence("that", "user") || s.sequence("this", "user") || s.sequence("the", "user") || s.sequence("that", "referee") || s.sequence("this", "referee") ||
		s.sequence("that", "one") || s.sequence("this", "one") || s.sequence("that", "person") || s.sequence("these", "user") || s.sequence("same", "user")
	for n, word := range []string{"", "first", "second", "third", "fourth", "fifth"} {
		if n > 0 && (s.sequence("the", word, "one") || s.sequence("the", word) && len(s.toks) <= 4 || s.sequence("the", word, "user") || s.sequence("the", word, "referee")) {
			s.nth = n
		}
	}
	for n, number := range []string{"", "one", "two", "three", "four", "five"} {
		if n > 0 && (s.sequence("number", number) || s.sequence("number", strconv.Itoa(n)) || s.sequence("no", strconv.Itoa(n))) && !s.sequence("number", "of") {
			s.nth = n
		}
	}
	if s.sequence("top", "one") || s.sequence("the", "top", "referee") || s.sequence("the", "top", "user") || s.sequence("the", "best", "one") || s.sequence("the", "biggest", "one") || s.sequence("the", "largest", "one") || s.sequence("the", "leader") {
		s.nth = 1
	}
	s.counted = s.sequence("how", "many") || s.sequence("number", "of") || s.has("count")
	s.more = s.sequence("next", "page") || s.sequence("show", "more") || len(s.toks) <= 2 && s.has("more", "next") && !s.sequence("more", "about")
}

// shareOf reports whether a part is asked for as a share of the whole: "what share of my commission is futures?".
func (s *said) shareOf() bool {
	return s.has("share", "percentage", "proportion", "percent", "fraction", "portion") && (s.has("of") || s.has("from"))
}

// eachOf is the unit of "each of the last 6 months", "" when nothing like it is said.
func (s *said) eachOf() string {
	if !s.sequence("each", "of") && !s.has("respectively") {
		return ""
	}
	for _, m := range s.periods {
		for _, unit := range []string{"day", "week", "month"} {
			if strings.HasPrefix(m.Arg, "last_") && strings.HasSuffix(m.Arg, "_"+unit+"s") {
				return unit
			}
		}
	}
	return ""
}

// future reports whether all periods named are still to come.
func (s *said) future(now time.Time) bool {
	return len(s.periods) > 0 && !slices.ContainsFunc(s.periods, func(m period.Match) bool { return !m.From.After(now) })
}

// excluded reports whether a word before the hit takes it out: "without indirect ones".
func (s *said) excluded(h hit) bool {
	return slices.Contains([]string{"exclude", "excluding", "without", "except", "not", "no", "minus"}, s.word(h.from-1))
}

// metricNames lists the metrics named, each once, in the order said.
func (s *said) metricNames() []string {
	var out []string
	replaced := s.replaced()
	for _, h := range s.metrics {
		if slices.Contains(replaced, h) && len(replaced) < len(s.metrics) {
			continue
		}
		for _, m := range strings.Split(h.value, ",") {
			if !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

// replaced are the metrics that the message takes back: "trades instead of volume", "volume, not commission".
func (s *said) replaced() []hit {
	var out []hit
	for _, h := range s.metrics {
		if s.excluded(h) || s.word(h.from-1) == "of" && s.word(h.from-2) == "instead" || s.word(h.from-1) == "than" && s.word(h.from-2) == "rather" {
			out = append(out, h)
		}
	}
	return out
}

// strong reports whether a metric is named by its name, not by a verb such as "made".
func (s *said) strong() bool {
	return len(s.metrics) > 0 && !s.metrics[0].weak
}

func values(hits []hit) []string {
	var out []string
	for _, h := range hits {
		if !slices.Contains(out, h.value) {
			out = append(out, h.value)
		}
	}
	return out
}

// fillers are words that leave open what is wanted of the slots beside them.
var fillers = []string{"show", "me", "my", "the", "check", "give", "see", "get", "of", "for", "in", "on", "from", "to", "a", "an", "total", "current", "what", "is", "are",
	"was", "i", "want", "display", "tell", "about", "and", "by", "with", "our", "how", "look", "doe", "do", "it", "s", "that", "now", "only", "just", "please", "then", "also"}

// bare reports whether a message names slots and asks nothing about them.
func (s *said) bare() bool {
	for _, w := range strings.Fields(s.masked()) {
		if !strings.HasPrefix(w, "x") && !slices.Contains(fillers, singular(w)) && !slices.ContainsFunc(s.relations, func(h hit) bool {
			return slices.ContainsFunc(s.toks[h.from:h.to], func(t token) bool { return t.text == w })
		}) {
			return false
		}
	}
	return true
}

// polite words say nothing about what is wanted.
var polite = []string{"please", "pls", "plz", "kindly"}

// masked is the question with each slot replaced by its kind, so that the classifier sees what is asked for and
// not which metric or week.
func (s *said) masked() string {
	mask := make([]string, len(s.toks))
	put := func(hits []hit, as string) {
		for _, h := range hits {
			if h.weak || slices.ContainsFunc(mask[h.from:h.to], func(m string) bool { return m != "" }) {
				continue
			}
			for i := h.from; i < h.to; i++ {
				mask[i] = "-"
			}
			mask[h.from] = as
			if as == "" {
				mask[h.from] = h.value
			}
		}
	}
	for _, m := range s.periods {
		first := true
		for i, t := range s.toks {
			if t.start < m.End && t.end > m.Start {
				if mask[i] = "-"; first {
					mask[i], first = "xperiod", false
				}
			}
		}
	}
	put(s.uids, "")
	put(s.trades, "")
	put(s.groups, "xgroup")
	put(s.metrics, "xmetric")
	put(s.products, "xproduct")
	put(s.countries, "xcountry")
	var b strings.Builder
	for i, t := range s.toks {
		switch {
		case mask[i] == "-", slices.Contains(polite, t.text) && len(s.toks) > 1:
			continue
		case mask[i] != "":
			b.WriteString(mask[i])
		case s.code != "" && t.raw == s.code:
			b.WriteString("xcode")
		case t.raw[0] >= '0' && t.raw[0] <= '9':
			b.WriteString("0")
		default:
			b.WriteString(t.text)
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// examplesAsOf is the date at which the examples' periods are read; any would do, for they are masked.
var examplesAsOf = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)
