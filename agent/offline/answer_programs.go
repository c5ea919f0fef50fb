package offline

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// programRow is a program of a result of program_progress, as far as words tell of it.
type programRow struct {
	Title    string        `json:"title"`
	Deadline time.Time     `json:"deadline"`
	DaysLeft int           `json:"daysLeft"`
	Enrolled bool          `json:"enrolled"`
	Status   string        `json:"status"`
	Tier     string        `json:"tier"`
	Reward   string        `json:"reward"`
	Next     *programTier  `json:"next"`
	Needs    []programNeed `json:"needs"`
	History  []struct {
		From time.Time `json:"from"`
		Tier string    `json:"tier"`
	} `json:"history"`
}

type programTier struct {
	Name   string        `json:"name"`
	Reward string        `json:"reward"`
	Needs  []programNeed `json:"needs"`
}

type programNeed struct {
	Metric  string          `json:"metric"`
	Product string          `json:"product"`
	Missing json.RawMessage `json:"missing"`
	Met     bool            `json:"met"`
}

// renderPrograms puts the result of program_progress into words; ok is false for other tools.
func (p *Planner) renderPrograms(c call) (text string, ok bool) {
	if c.tool != "program_progress" {
		return "", false
	}
	var r struct {
		Rows  []programRow  `json:"rows"`
		Error *domain.Error `json:"error"`
	}
	if json.Unmarshal([]byte(c.result), &r) != nil {
		return p.prompts.Answer("error.internal"), true
	}
	switch {
	case r.Error != nil && r.Error.Field == "program":
		return p.prompts.Answer("programs.unknown", "message", r.Error.Message), true
	case r.Error != nil:
		return p.refusal(r.Error), true
	case len(r.Rows) == 0:
		return p.prompts.Answer("programs.none"), true
	}
	lines := make([]string, len(r.Rows))
	for i, x := range r.Rows {
		lines[i] = p.programWords(x)
	}
	return strings.Join(lines, "\n\n"), true
}

func (p *Planner) programWords(x programRow) string {
	days := strconv.Itoa(x.DaysLeft) + " days"
	if x.DaysLeft == 1 {
		days = "1 day"
	}
	words := []string{"title", x.Title, "deadline", p.day(x.Deadline.Add(-time.Second), true), "days", days, "tier", x.Tier, "reward", x.Reward}
	name := "programs." + x.Status
	if x.Status == "not_eligible" && !x.Enrolled {
		name = "programs.not_enrolled"
	}
	out := p.prompts.Answer(name, append(words, "missing", p.missing(x.Needs))...)
	if x.Next != nil {
		out += " " + p.prompts.Answer("programs.next", "tier", x.Next.Name, "reward", x.Next.Reward, "missing", p.missing(x.Next.Needs))
	}
	if len(x.History) > 0 && x.History[0].Tier != "" {
		out += " " + p.prompts.Answer("programs.before", "tier", x.History[0].Tier)
	}
	return out
}

// missing lists what is missing of needs: "1,200.00 USDT of futures trading volume and 3 active futures traders".
func (p *Planner) missing(needs []programNeed) string {
	var parts []string
	for _, n := range needs {
		if n.Met {
			continue
		}
		amount, metric := row{"v": n.Missing}.text("v"), strings.ToLower(n.Metric)
		m, known := referral.MetricByName(n.Metric)
		if known {
			metric = strings.ToLower(m.Label)
		}
		if n.Product != "" {
			metric = n.Product + " " + metric
			if n.Metric == "traders" {
				metric = "active " + n.Product + " traders"
			}
		}
		if known && m.Unit == referral.USDT {
			parts = append(parts, decimal(amount, 2)+" USDT of "+metric)
			continue
		}
		if amount == "1" {
			metric = strings.TrimSuffix(metric, "s")
		}
		parts = append(parts, decimal(amount, 0)+" more "+strings.TrimPrefix(metric, "more "))
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}
