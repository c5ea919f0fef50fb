package prompts

import (
	_ "embed"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
)

//go:embed system.md
var system string

// System is the system message of a model's turn: whom it speaks with, what the time is, and the rules.
func (p *Prompts) System(c domain.Caller, now time.Time, zone *time.Location) string {
	return strings.NewReplacer(
		"{{uid}}", strconv.FormatInt(c.UID, 10),
		"{{now}}", now.In(zone).Format("Monday, 2 January 2006, 15:04"),
		"{{zone}}", zone.String(),
	).Replace(system)
}
