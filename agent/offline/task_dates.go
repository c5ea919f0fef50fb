package offline

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"partnerhub/agent/offline/period"
)

var dayCount = regexp.MustCompile(`(?i)\b(\d{1,3})[ -]?(days?|d|weeks?|w|months?)\b`)

func daysIn(text string, found []period.Match, now time.Time) int {
	if m := dayCount.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		switch m[2][0] | 32 {
		case 'w':
			n *= 7
		case 'm':
			n *= 30
		}
		return n
	}
	if len(found) > 0 && !found[0].From.After(now) {
		return int(found[0].To.Sub(found[0].From).Hours()+12) / 24
	}
	return 0
}

var (
	endWord   = regexp.MustCompile(`(?i)\b(?:end(?:s|ing|ed)?(?:\s+(?:it\s+)?(?:on|at|by))?|until|till|to|through|by)\b\W*$`)
	startWord = regexp.MustCompile(`(?i)\b(?:start(?:s|ing)?|from|begin(?:s|ning)?)\b\W*(?:on|at)?\W*$`)
)

var (
	yearSaid    = regexp.MustCompile(`\b(?:19|20)\d\d\b`)
	weekdaySaid = regexp.MustCompile(`(?i)\b(?:mon|tue|wed|thu|fri|sat|sun)`)
	monthSaid   = regexp.MustCompile(`(?i)\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\b\d{1,2}[./]\d{1,2}\b`)
	sinceSaid   = regexp.MustCompile(`(?i)^(?:start|begin|from|since)`)
	daySaid     = regexp.MustCompile(`(?i)\b\d{1,2}(?:st|nd|rd|th)\b`)
	toSaid      = regexp.MustCompile(`(?i)(?:^|\s)\d{1,2}(?:st|nd|rd|th)?\s*[-–]\s*\d{1,2}(?:st|nd|rd|th)?(?:\s|$)|\s[-–]\s|\b(?:to|until|till|through|thru)\b`)
	lasting     = regexp.MustCompile(`(?i)\b(?:for|lasting|over|runs?|running)\s+(?:the next\s+)?(\d{1,3}|a|one|two|three|four|six)[ -](day|week|month)s?\b`)
)

// dates are a task's start and end. What is named lies ahead: a day that has passed is the next of its name. A last day that is named is the
// end as it was said, and a task ends as that day begins; a month or a week ends with it.
func dates(args map[string]any, text string, found []period.Match, now time.Time) {
	const day = time.DateOnly
	length := lasting.FindStringSubmatchIndex(text)
	var ahead []period.Match
	for _, m := range found {
		if length != nil && m.Start < length[1] && m.End > length[0] {
			continue // "for two weeks" is how long, not when
		}
		if m = forward(m, text, now); m.To.After(now) {
			ahead = append(ahead, m)
		}
	}
	switch {
	case len(ahead) == 1:
		m := ahead[0]
		inside, before := wordsOf(text, m)
		single := m.To.Sub(m.From) <= 25*time.Hour
		switch {
		case toSaid.MatchString(inside) && !strings.HasPrefix(strings.ToLower(inside), "until"):
			last := m.To.AddDate(0, 0, -1)
			if !last.After(m.From) { // "from tomorrow to next Friday", on a Thursday
				last = last.AddDate(0, 0, 7)
			}
			args["start"], args["end"] = m.From.Format(day), last.Format(day)
		case single && (endWord.MatchString(before) || strings.HasPrefix(strings.ToLower(inside), "until")):
			args["end"] = m.From.Format(day)
		case single && (startWord.MatchString(before) || sinceSaid.MatchString(inside) || args["start"] == nil):
			args["start"] = m.From.Format(day)
		case single:
			args["end"] = m.From.Format(day)
		default:
			args["start"], args["end"] = m.From.Format(day), m.To.Format(day)
		}
	case len(ahead) > 1:
		first, last := ahead[0], ahead[len(ahead)-1]
		if last.From.Before(first.From) {
			first, last = last, first
		}
		args["start"], args["end"] = first.From.Format(day), last.From.Format(day)
		if inside, _ := wordsOf(text, last); last.To.Sub(last.From) > 25*time.Hour && !daySaid.MatchString(inside) {
			args["end"] = last.To.Format(day)
		}
	}
	if start, ok := args["start"].(string); ok && length != nil {
		if from, err := time.Parse(day, start); err == nil {
			n, err := strconv.Atoi(text[length[2]:length[3]])
			if err != nil {
				n = map[string]int{"two": 2, "three": 3, "four": 4, "six": 6}[strings.ToLower(text[length[2]:length[3]])]
				n = max(n, 1)
			}
			switch text[length[4]] | 32 {
			case 'd':
				from = from.AddDate(0, 0, n)
			case 'w':
				from = from.AddDate(0, 0, 7*n)
			default:
				from = from.AddDate(0, n, 0)
			}
			args["end"] = from.Format(day)
		}
	}
}

// wordsOf are the words of a match, and those before it.
func wordsOf(text string, m period.Match) (inside, before string) {
	before = text[:min(max(m.Start, 0), len(text))]
	return text[len(before):min(max(m.End, len(before)), len(text))], before
}

// forward moves a period that was read as one gone by to the next of its name: plans lie ahead, where questions look back.
func forward(m period.Match, text string, now time.Time) period.Match {
	inside, _ := wordsOf(text, m)
	y, month, d := now.In(m.From.Location()).Date()
	today := time.Date(y, month, d, 0, 0, 0, 0, m.From.Location())
	move := func(years, months, days int) {
		for range 60 {
			if !m.From.Before(today) {
				return
			}
			m.From, m.To = m.From.AddDate(years, months, days), m.To.AddDate(years, months, days)
		}
	}
	if sinceSaid.MatchString(inside) && m.To.Sub(today) <= 25*time.Hour && !toSaid.MatchString(inside) { // "start on the 5th" is no "since the 5th"
		m.To = m.From.AddDate(0, 0, 1)
	}
	switch {
	case !m.From.Before(today) || yearSaid.MatchString(inside):
	case monthSaid.MatchString(inside) && !m.To.After(now):
		move(1, 0, 0)
	case weekdaySaid.MatchString(inside):
		move(0, 0, 7)
	case daySaid.MatchString(inside):
		move(0, 1, 0)
	}
	if m.From.Before(today) && m.To.After(now) { // of a week or month that has begun, what is left
		m.From = today
	}
	return m
}
