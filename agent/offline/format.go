package offline

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"partnerhub/domain/referral"
)

// label is a metric's name for people.
func label(metric string) string {
	if m, ok := referral.MetricByName(metric); ok {
		return m.Label
	}
	return metric
}

func (p *Planner) labels(metrics []string) string {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = label(m)
	}
	return enumerate(names)
}

// value is a figure with its unit. What is not a known metric is taken for a count.
func value(metric, v string) string {
	if m, _ := referral.MetricByName(metric); m.Unit == referral.USDT {
		return decimal(v, 2) + " USDT"
	}
	return decimal(v, 0)
}

// decimal groups thousands and rounds to places, half away from zero. What would round to nothing is kept as it is.
func decimal(v string, places int) string {
	r, ok := new(big.Rat).SetString(v)
	if !ok {
		return v
	}
	s := r.FloatString(places)
	if r.Sign() != 0 && strings.Trim(s, "-0.") == "" {
		s = strings.TrimRight(strings.TrimRight(r.FloatString(6), "0"), ".")
	}
	s, negative := strings.CutPrefix(s, "-")
	whole, rest, found := strings.Cut(s, ".")
	var b strings.Builder
	if negative {
		b.WriteString("−")
	}
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if found {
		b.WriteString("." + rest)
	}
	return b.String()
}

// hundredfold is a fraction as a percentage.
func hundredfold(v string) string {
	r, ok := new(big.Rat).SetString(v)
	if !ok {
		return v
	}
	return r.Mul(r, big.NewRat(100, 1)).FloatString(4)
}

func signed(v string) string {
	if sign(v) > 0 {
		return "+" + decimal(v, 2)
	}
	return decimal(v, 2)
}

func sign(v string) int {
	r, ok := new(big.Rat).SetString(v)
	if !ok {
		return 0
	}
	return r.Sign()
}

// sum adds two decimals exactly.
func sum(a, b string) string {
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	if !ok1 || !ok2 {
		return a
	}
	return x.Add(x, y).FloatString(6)
}

func compareDecimals(a, b string) int {
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	if !ok1 || !ok2 {
		return 0
	}
	return x.Cmp(y)
}

// periodName is a period argument in words: "this week", "the last 7 days"; of dates, the argument.
func periodName(arg string) string {
	name := strings.ReplaceAll(arg, "_", " ")
	if f := strings.Fields(name); len(f) == 3 && f[0] == "last" {
		if f[1] == "1" {
			return "the last " + strings.TrimSuffix(f[2], "s")
		}
		return "the last " + name[len("last "):]
	}
	return name
}

// when is a result's period in words with its dates: "this week (16–22 Nov 2026)".
func (p *Planner) when(f Frame, r result) string {
	dates := p.dates(r.From, r.To)
	switch name := periodName(f.Period); {
	case r.From.IsZero() || r.To.IsZero():
		return name
	case f.Period == "":
		return dates
	case name == f.Period && strings.Contains(name, ".."):
		if p.day(r.From, true) == dates {
			return "on " + dates
		}
		return "from " + strings.ReplaceAll(dates, "–", " to ")
	case strings.HasPrefix(name, "the "):
		return "over " + name + " (" + dates + ")"
	default:
		return name + " (" + dates + ")"
	}
}

// dates are the days of a period, the last one included: "16–22 Nov 2026".
func (p *Planner) dates(from, to time.Time) string {
	from, last := from.In(p.zone), to.Add(-1).In(p.zone)
	switch {
	case !from.Before(to) || from.Format(time.DateOnly) == last.Format(time.DateOnly):
		return p.day(from, true)
	case from.Year() != last.Year():
		return p.day(from, true) + "–" + p.day(last, true)
	case from.Month() != last.Month():
		return p.day(from, false) + "–" + p.day(last, true)
	}
	return strconv.Itoa(from.Day()) + "–" + p.day(last, true)
}

func (p *Planner) day(t time.Time, year bool) string {
	if year {
		return t.In(p.zone).Format("2 Jan 2006")
	}
	return t.In(p.zone).Format("2 Jan")
}

// groupName is a dimension in words.
func groupName(group string) string {
	return strings.ReplaceAll(strings.Replace(group, "sub_partner", "sub-partner", 1), "_", " ")
}

// key is a row's key in words.
func (p *Planner) key(group, key string) string {
	switch group {
	case "referee":
		return "UID " + key
	case "sub_partner":
		if key == "" {
			return "no sub-partner"
		}
		return "sub-partner " + key
	case "code":
		if key == "" {
			return "no code"
		}
		return "code " + key
	case "country":
		return p.country(key)
	case "hour":
		if t, err := time.Parse(time.RFC3339, key); err == nil {
			return t.In(p.zone).Format("15:04")
		}
	case "day", "week", "month":
		if t, err := time.Parse(time.DateOnly, key); err == nil {
			switch group {
			case "day":
				return t.Format("Mon 2 Jan")
			case "week":
				return "the week of " + t.Format("2 Jan")
			}
			return t.Format("Jan 2006")
		}
	}
	return key
}

// country is a country's name in English, or its code where that is not in prompts/countries.txt.
func (p *Planner) country(code string) string {
	for _, w := range p.prompts.Words {
		if w.Slot == "country" && w.Value == code && len(w.Phrases) > 0 && code != "unknown" {
			return w.Phrases[0]
		}
	}
	if code == "unknown" {
		return "an unknown country"
	}
	return code
}

// only says the filters of figures: ", futures only, direct referees".
func (p *Planner) only(f Frame) string {
	var out []string
	if f.Product != "" {
		out = append(out, f.Product+" only")
	}
	if f.Relation != "" {
		out = append(out, f.Relation+" referees")
	}
	out = append(out, p.whose(f)...)
	if len(out) == 0 {
		return ""
	}
	return ", " + strings.Join(out, ", ")
}

// whose says the filters that name somebody.
func (p *Planner) whose(f Frame) []string {
	var out []string
	if f.UID != 0 {
		out = append(out, "UID "+strconv.FormatInt(f.UID, 10))
	}
	if f.SubPartnerUID != 0 {
		out = append(out, "below sub-partner "+strconv.FormatInt(f.SubPartnerUID, 10))
	}
	if f.Country != "" {
		out = append(out, "from "+p.country(f.Country))
	}
	if f.Code != "" {
		out = append(out, "code "+f.Code)
	}
	return out
}

// listFilters says what a list of referees was narrowed to: " (dormant, from Vietnam)".
func (p *Planner) listFilters(f Frame) string {
	var out []string
	add := func(on bool, text string) {
		if on {
			out = append(out, text)
		}
	}
	add(f.Relation != "", f.Relation)
	add(f.Activity != "", f.Activity)
	add(f.KYC == "advanced", "verified")
	add(f.KYC == "basic", "basic KYC")
	add(f.KYC == "none", "no KYC")
	add(f.Deposited != nil && *f.Deposited, "deposited")
	add(f.Deposited != nil && !*f.Deposited, "without a deposit")
	add(f.Traded != nil && *f.Traded, "have traded")
	add(f.Traded != nil && !*f.Traded, "never traded")
	add(f.VIPMin > 0, "VIP "+strconv.Itoa(f.VIPMin)+" and above")
	add(f.Registered != "", "registered "+p.registered(f.Registered))
	out = append(out, p.whose(f)...)
	add(f.Sort != "", "sorted by "+map[string]string{"registeredAt": "registration", "lastTradeAt": "last trade", "commission": "commission", "volume": "volume"}[f.Sort])
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

// registered is a period argument; dates are said as they are, the last day included.
func (p *Planner) registered(arg string) string {
	from, to, ok := strings.Cut(arg, "..")
	a, err1 := time.ParseInLocation(time.DateOnly, from, p.zone)
	b, err2 := time.ParseInLocation(time.DateOnly, to, p.zone)
	if !ok || err1 != nil || err2 != nil {
		return periodName(arg)
	}
	return p.dates(a, b)
}

// enumerate is "a, b and c".
func enumerate(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// lower begins a name in lower case, but for abbreviations.
func lower(s string) string {
	if f := strings.Fields(s); len(f) > 0 && slices.Contains([]string{"UID", "KYC", "VIP"}, f[0]) {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
