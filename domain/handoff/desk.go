package handoff

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"partnerhub/domain"
)

// Desk is how the people who take tickets work.
type Desk struct {
	Hours Hours
	// Support is the link to live support, shown where no BD is at work; "" when there is none.
	Support string
	// Mail says that tickets go to the desk's mailbox too.
	Mail bool
}

// PerDay is how many tickets a partner may open in 24 hours over the network: more than anybody in trouble needs, and few enough that who
// floods the desk is soon told to wait.
const PerDay = 100

// firstReply is how long a BD may take to claim a ticket, in office hours; an urgent one's clock never rests.
var firstReply = map[Priority]time.Duration{Urgent: 15 * time.Minute, High: time.Hour, Normal: 4 * time.Hour}

// Due is by when a ticket that is queued at an instant should be claimed.
func (d Desk) Due(p Priority, from time.Time) time.Time {
	if p == Urgent {
		return from.Add(firstReply[p])
	}
	return d.Hours.Add(from, firstReply[p])
}

// Route is where a new ticket goes.
type Route struct {
	BD int64 // 0: the shared queue
	// Reason says why not to the partner's own BD: "no_bd" or "closed"; "" when it does go there.
	Reason string
	// Opens is when the office opens next, for Reason "closed".
	Opens time.Time
}

// Route finds who gets a ticket: the partner's BD in office hours, else whoever is there first.
func (d Desk) Route(bd int64, at time.Time) Route {
	switch {
	case bd == 0:
		return Route{Reason: "no_bd"}
	case !d.Hours.Open(at):
		return Route{Reason: "closed", Opens: d.Hours.next(at)}
	}
	return Route{BD: bd}
}

// Hours are office hours: on some days of the week from one time of day to another, by the clock of a zone. The zero value
// is always open.
type Hours struct {
	days     [7]bool // by time.Weekday
	from, to int     // minutes after midnight, half-open
	zone     *time.Location
}

// ParseDesk reads the settings: hours as "Mon-Fri 09:00-18:00", "always" or "", a zone, and the link to live support. The
// error is CodeInvalid on hours or support.
func ParseDesk(hours string, zone *time.Location, support string) (Desk, error) {
	d := Desk{Support: support}
	if support != "" {
		if u, err := url.Parse(support); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return d, domain.Invalid("support-url", "%q is not a web address", support)
		}
	}
	var err error
	d.Hours, err = parseHours(hours, zone)
	return d, err
}

func parseHours(text string, zone *time.Location) (Hours, error) {
	if text == "" || text == "always" {
		return Hours{}, nil
	}
	bad := domain.Invalid("office-hours", `%q is not like "Mon-Fri 09:00-18:00" or "always"`, text)
	days, times, ok := strings.Cut(text, " ")
	if !ok {
		return Hours{}, bad
	}
	h := Hours{zone: zone}
	for _, part := range strings.Split(days, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, to := weekday(first), weekday(last)
		if from < 0 || to < 0 {
			return Hours{}, bad
		}
		for d := from; ; d = (d + 1) % 7 {
			h.days[d] = true
			if d == to {
				break
			}
		}
	}
	from, to, ok := strings.Cut(times, "-")
	if !ok || !minutes(from, &h.from) || !minutes(to, &h.to) || h.from >= h.to {
		return Hours{}, bad
	}
	return h, nil
}

func weekday(name string) int {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if len(name) >= 3 && strings.EqualFold(d.String()[:3], name[:3]) {
			return int(d)
		}
	}
	return -1
}

func minutes(text string, out *int) bool {
	var h, m int
	if n, err := fmt.Sscanf(text, "%d:%d", &h, &m); err != nil || n != 2 || h < 0 || h > 24 || m < 0 || m > 59 || h*60+m > 24*60 {
		return false
	}
	*out = h*60 + m
	return true
}

// Open reports whether somebody is at work.
func (h Hours) Open(at time.Time) bool {
	if h.zone == nil {
		return true
	}
	from, to := h.of(at)
	return h.days[at.In(h.zone).Weekday()] && !at.Before(from) && at.Before(to)
}

// of are the hours of the day that an instant lies in, whether or not it is a working day.
func (h Hours) of(at time.Time) (from, to time.Time) {
	y, m, d := at.In(h.zone).Date()
	return time.Date(y, m, d, 0, h.from, 0, 0, h.zone), time.Date(y, m, d, 0, h.to, 0, 0, h.zone)
}

// next is when the office opens, at or after an instant at which it is closed.
func (h Hours) next(at time.Time) time.Time {
	y, m, d := at.In(h.zone).Date()
	for i := range 8 {
		day := time.Date(y, m, d+i, 12, 0, 0, 0, h.zone)
		if from, _ := h.of(day); h.days[day.Weekday()] && !from.Before(at) {
			return from
		}
	}
	return at // unreachable: some day of the week is a working day
}

// Add is the instant at which so much office time has gone by.
func (h Hours) Add(at time.Time, d time.Duration) time.Time {
	if h.zone == nil {
		return at.Add(d)
	}
	for range 1000 { // of days: d is a few hours
		if !h.Open(at) {
			at = h.next(at)
		}
		_, to := h.of(at)
		if left := to.Sub(at); d > left {
			d -= left
			at = to
			continue
		}
		return at.Add(d)
	}
	return at.Add(d)
}
