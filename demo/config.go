// Package demo writes the event stream of a made-up referral program (SPEC 3): lifelike enough to look at, with
// planted incidents whose truth is known, and of any size, so that the benchmarks use it too.
package demo

import (
	"time"

	"partnerhub/domain"
)

// The sizes of a Config whose fields are zero.
const (
	DefaultPartners = 12
	DefaultReferees = 600
	DefaultDays     = 120
)

// The largest sizes. Account ids stay within 5 to 8 digits.
const (
	MaxPartners = 80_000
	MaxReferees = 10_000_000
	MaxDays     = 3660
)

// Config says how large the program is. The same Config gives the same bytes.
type Config struct {
	Seed     uint64
	Partners int // enrolled partners, the main one and its sub-partners among them; 0: DefaultPartners
	Referees int // main accounts that are no partners; 0: DefaultReferees
	Days     int // whole days before the day of Now; 0: DefaultDays
	Now      time.Time
	Zone     *time.Location // reporting zone: days and weeks of the program; nil: UTC

	// MainReferees is how many main accounts are within three levels below the main partner, its sub-partners
	// among them. 0: what a program of this size has.
	MainReferees int
	// Trades is the number of trades to aim for; within two percent in programs of some size. 0: about one a referee and day.
	Trades int
}

// complete fills the defaults in. The error is domain.CodeInvalid and names the field.
func (c Config) complete() (Config, error) {
	for _, f := range []struct {
		name               string
		value              *int
		def, least, atMost int
	}{
		{"partners", &c.Partners, DefaultPartners, 2, MaxPartners},
		{"referees", &c.Referees, DefaultReferees, 10, MaxReferees},
		{"days", &c.Days, DefaultDays, 1, MaxDays},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < f.least || *f.value > f.atMost {
			return c, domain.Invalid(f.name, "%d is not between %d and %d", *f.value, f.least, f.atMost)
		}
	}
	if c.Trades == 0 {
		c.Trades = c.Referees * c.Days
	}
	if c.Trades < 0 || c.Trades > 1_000_000_000 {
		return c, domain.Invalid("trades", "%d is not between 0 and 1000000000", c.Trades)
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	first := c.Now.AddDate(0, 0, -c.Days-1)
	if first.Year() < domain.MinYear || c.Now.Year() > domain.MaxYear {
		return c, domain.Invalid("now", "the program would begin before %d or end after %d", domain.MinYear, domain.MaxYear)
	}
	// Everybody is below the main partner unless there is a partner outside its tree.
	below := min(c.Partners, len(mainTree)) - 1
	if c.Partners > upline {
		below-- // the partner above the main one
	}
	most, least := c.Referees+below, below+friends+2
	if c.Partners <= upline {
		least = most
	}
	switch {
	case c.MainReferees == 0 && c.Partners <= upline:
		c.MainReferees = most
	case c.MainReferees == 0:
		c.MainReferees = max(least, c.Referees*38/100)
	}
	if c.MainReferees < least || c.MainReferees > most {
		return c, domain.Invalid("mainReferees", "%d is not between %d and %d, with %d partners and %d referees",
			c.MainReferees, least, most, c.Partners, c.Referees)
	}
	return c, nil
}
