package task

import (
	"time"

	"partnerhub/domain"
)

// Draft is a task in the words of the tools and the API: times are RFC 3339, or dates, which begin in the reporting zone.
type Draft struct {
	Type       Type         `json:"type"`
	Title      string       `json:"title,omitempty"`
	Targets    Targets      `json:"targets"`
	Start      string       `json:"start,omitempty"`
	End        string       `json:"end,omitempty"` // excluded: a date ends as it begins
	Product    Product      `json:"product,omitempty"`
	Tiers      []Tier       `json:"tiers,omitempty"`
	EveryX     int64        `json:"everyX,omitempty"`
	Reward     domain.Money `json:"reward,omitzero"`
	MaxRepeats int64        `json:"maxRepeats,omitempty"`
}

// Spec reads the times. The error is CodeInvalid on "start" or "end".
func (d Draft) Spec(zone *time.Location) (s Spec, err error) {
	s = Spec{Type: d.Type, Title: d.Title, Targets: d.Targets, Product: d.Product, Tiers: d.Tiers, EveryX: d.EveryX, Reward: d.Reward, MaxRepeats: d.MaxRepeats}
	if s.Start, err = Instant("start", d.Start, zone); err != nil {
		return s, err
	}
	s.End, err = Instant("end", d.End, zone)
	return s.Normal(), err
}

// Instant reads RFC 3339, or a date as its beginning in the zone; "" is the zero time. The error is CodeInvalid on the field.
func Instant(field, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		y, m, d := t.Date()
		return inYears(field, domain.Midnight(y, m, d, zone).UTC())
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, domain.Invalid(field, "want RFC 3339, as 2026-12-01T08:00:00Z, or a date, as 2026-12-01")
	}
	return inYears(field, t.UTC())
}

func inYears(field string, t time.Time) (time.Time, error) {
	if t.Year() < domain.MinYear || t.Year() >= domain.MaxYear {
		return t, domain.Invalid(field, "want a year from %d to %d", domain.MinYear, domain.MaxYear-1)
	}
	return t, nil
}

// DraftOf is the draft that says a spec exactly.
func DraftOf(s Spec) Draft {
	d := Draft{Type: s.Type, Title: s.Title, Targets: s.Targets, Product: s.Product, Tiers: s.Tiers, EveryX: s.EveryX, Reward: s.Reward, MaxRepeats: s.MaxRepeats}
	d.Start, d.End = s.Start.UTC().Format(time.RFC3339Nano), s.End.UTC().Format(time.RFC3339Nano)
	return d
}
