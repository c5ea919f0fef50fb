package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"partnerhub/domain/conversation"
	"partnerhub/domain/referral"
)

// cardStyle says how a tool's result is drawn: the kind of card, and what its title begins with.
type cardStyle struct {
	kind  string
	title func(cardArgs) string
}

// cardStyles is the one table: a tool that is not in it has no card.
var cardStyles = map[string]cardStyle{
	"query_metrics":   {"metrics", metricsTitle},
	"compare_metrics": {"comparison", metricsTitle},
	"leaderboard":     {"leaderboard", func(a cardArgs) string { return "Top " + plural(a.By) + " by " + lower(label(a.Metric)) }},
	"list_referees":   {"referees", func(cardArgs) string { return "Referees" }},
	"get_referee":     {"referee", func(a cardArgs) string { return "Referee " + a.UID.String() }},

	"referee_activity":    {"activity", func(cardArgs) string { return "Referee activity" }},
	"trace_commission":    {"trace", traceTitle},
	"list_rewards":        {"rewards", rewardsTitle},
	"list_referral_codes": {"codes", func(cardArgs) string { return "Referral codes" }},
	"program_progress":    {"programs", func(cardArgs) string { return "Programs" }},

	"list_tasks":                {"tasks", tasksTitle},
	"get_task":                  {"task", func(a cardArgs) string { return "Task " + a.TaskID.String() }},
	"simulate_task":             {"simulation", func(a cardArgs) string { return "Simulated " + a.Type + " task" }},
	"hand_off":                  {"handoff", func(cardArgs) string { return "Handed over to a person" }},
	"propose_referral_code":     {"proposal", func(cardArgs) string { return "Referral code" }},
	"propose_task":              {"proposal", func(a cardArgs) string { return "New " + a.Type + " task" }},
	"propose_task_cancellation": {"proposal", func(a cardArgs) string { return "Cancel task " + a.TaskID.String() }},
	"propose_nudge":             {"proposal", func(a cardArgs) string { return "Remind the participants of task " + a.TaskID.String() }},

	"search_rules": {"rules", func(cardArgs) string { return "From the rule library" }},
	"recommend":    {"resources", resourcesTitle},

	"explain_change":        {"explain", func(a cardArgs) string { return "Why " + lower(label(a.Metric)) + " changed" }},
	"summarize_performance": {"summary", func(cardArgs) string { return "Business review" }},
	"list_anomalies":        {"anomalies", alertsTitle},
}

// cardArgs are the arguments that a title speaks of.
type cardArgs struct {
	Metrics []string
	Metric  string
	By      string
	GroupBy string
	Period  string
	UID     json.Number
	TradeID string
	Kind    string
	Side    string
	Status  string
	Type    string
	TaskID  json.Number

	Product       string
	Relation      string
	SubPartnerUID json.Number
	Country       string
	Code          string
	KYC           string
	Activity      string
}

// cardData is the part of a result that a title speaks of.
type cardData struct {
	From, To  time.Time
	CompareTo *struct{ From, To time.Time }
}

// cardFor draws a result, if its tool has a card. The title is made from metrics, period and filters.
func cardFor(p planned, result json.RawMessage, zone *time.Location) (conversation.Card, bool) {
	style, ok := cardStyles[p.name]
	if !ok {
		return conversation.Card{}, false
	}
	var args cardArgs
	var data cardData
	// Both were made by our own code to this form; what does not fit stays empty, and the card is still right.
	_ = json.Unmarshal(p.args, &args)
	_ = json.Unmarshal(result, &data)

	title := style.title(args)
	if args.GroupBy != "" {
		title += " by " + strings.ReplaceAll(args.GroupBy, "_", "-")
	}
	if when := periodTitle(args.Period, data.From, data.To, zone); when != "" {
		title += ", " + when
	}
	if c := data.CompareTo; c != nil {
		title += " vs " + dates(c.From, c.To, zone)
	}
	return conversation.Card{
		ID: p.id, Kind: style.kind, Title: strings.Join(append([]string{title}, filters(p.name, args)...), " · "),
		Tool: p.name, ToolCallID: p.id, Args: p.args, Data: result,
	}, true
}

func metricsTitle(a cardArgs) string {
	names := make([]string, len(a.Metrics))
	for i, m := range a.Metrics {
		if names[i] = label(m); i > 0 {
			names[i] = lower(names[i])
		}
	}
	switch n := len(names); {
	case n == 0:
		return "Metrics"
	case n <= 3:
		return strings.Join(names, ", ")
	default:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), n-2)
	}
}

func tasksTitle(a cardArgs) string {
	title := "Tasks created by me"
	if a.Side == "assigned" {
		title = "Tasks assigned to me"
	}
	if a.Status != "" {
		title += ": " + a.Status
	}
	return title
}

func traceTitle(a cardArgs) string {
	if a.TradeID != "" {
		return "Trade " + a.TradeID
	}
	return "Trades"
}

func resourcesTitle(a cardArgs) string {
	switch a.Kind {
	case "event":
		return "Events to promote"
	case "material":
		return "Promotional materials"
	case "learning":
		return "Learning resources"
	}
	return "Announcements"
}

func alertsTitle(a cardArgs) string {
	if a.Kind == "" {
		return "Alerts"
	}
	return "Alerts: " + strings.ReplaceAll(a.Kind, "_", " ")
}

func rewardsTitle(a cardArgs) string {
	switch referral.RewardKind(a.Kind) {
	case referral.RewardShared:
		return "Shared commission records"
	case referral.RewardTask:
		return "Task rewards"
	}
	return "Commission rebate records"
}

func label(metric string) string {
	if m, ok := referral.MetricByName(metric); ok {
		return m.Label
	}
	return metric
}

func lower(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = unicode.ToLower(r[0])
	}
	return string(r)
}

func plural(by string) string {
	switch by {
	case "":
		return "referees"
	case "country":
		return "countries"
	}
	return strings.ReplaceAll(by, "_", "-") + "s"
}

// periodTitle is the preset in words, else the dates.
func periodTitle(preset string, from, to time.Time, zone *time.Location) string {
	if preset != "" && !strings.Contains(preset, "..") {
		return strings.ReplaceAll(preset, "_", " ")
	}
	if from.IsZero() || to.IsZero() {
		return ""
	}
	return dates(from, to, zone)
}

// dates are the first and the last day of [from, to).
func dates(from, to time.Time, zone *time.Location) string {
	first, last := from.In(zone), to.In(zone).Add(-time.Nanosecond)
	const day, withYear = "2 Jan", "2 Jan 2006"
	switch {
	case first.Format(time.DateOnly) == last.Format(time.DateOnly):
		return first.Format(withYear)
	case first.Year() == last.Year():
		return first.Format(day) + " – " + last.Format(withYear)
	default:
		return first.Format(withYear) + " – " + last.Format(withYear)
	}
}

func filters(tool string, a cardArgs) []string {
	words := []string{a.Product, a.Relation, a.Country, a.Activity}
	if a.UID != "" && tool != "get_referee" {
		words = append(words, "UID "+a.UID.String())
	}
	if a.SubPartnerUID != "" {
		words = append(words, "sub-partner "+a.SubPartnerUID.String())
	}
	if a.Code != "" {
		words = append(words, "code "+a.Code)
	}
	if a.KYC != "" {
		words = append(words, "KYC "+a.KYC)
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}
