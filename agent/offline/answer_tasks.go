package offline

import (
	"encoding/json"
	"strconv"
	"time"

	"partnerhub/domain"
)

// taskResults is what the tools about tasks return, together.
type taskResults struct {
	result
	Side   string `json:"side"`
	Status string `json:"status"`
	Type   string `json:"type"`
	Days   int    `json:"days"`
	More   bool   `json:"more"`
	Task   row    `json:"task"`
	Return row    `json:"return"`
}

// renderTasks puts the result of a tool about tasks into words; ok is false for other tools.
func (p *Planner) renderTasks(c call) (text string, ok bool) {
	var render func(taskResults) string
	switch c.tool {
	case "list_tasks":
		render = p.renderTaskList
	case "get_task":
		render = p.renderTask
	case "simulate_task":
		render = p.renderSimulation
	default:
		return "", false
	}
	var r taskResults
	if json.Unmarshal([]byte(c.result), &r) != nil {
		return p.prompts.Answer("error.internal"), true
	}
	if r.Error != nil {
		return p.taskRefusal(r.Error), true
	}
	return render(r), true
}

// taskRefusal says why a tool about tasks refused: its messages are made for people.
func (p *Planner) taskRefusal(e *domain.Error) string {
	if e.Code == domain.CodeInvalid || e.Code == domain.CodeConflict || e.Code == domain.CodeNotFound || e.Code == domain.CodeBusy {
		name := "tasks.refused." + e.Field
		if !p.prompts.Has(name) {
			name = "tasks.refused"
		}
		return p.prompts.Answer(name, "message", e.Message, "field", e.Field)
	}
	return p.refusal(e)
}

// shownTasks is how many tasks a list tells of in words; its card has them all.
const shownTasks = 3

func (p *Planner) renderTaskList(r taskResults) string {
	status := ""
	if r.Status != "" {
		status = " " + r.Status
	}
	if len(r.Rows) == 0 {
		return p.prompts.Answer("tasks.none."+r.Side, "status", status)
	}
	total := fields(r.Total)
	name := "tasks." + r.Side
	if len(r.Rows) == 1 {
		name += ".one"
	}
	out := p.prompts.Answer(name, "count", strconv.Itoa(len(r.Rows)), "status", status, "paid", usdt(total.text("paid")), "reserved", usdt(total.text("reserved")), "funded", usdt(total.text("funded")), "earned", usdt(total.text("earned")))
	for _, t := range r.Rows[:min(len(r.Rows), shownTasks)] {
		out += "\n- " + p.prompts.Answer("tasks."+r.Side+".row", append(p.taskWords(t), "done", p.progressWords(t, t.text("type")))...)
	}
	return out
}

// taskWords are what a template may say of a task.
func (p *Planner) taskWords(t row) []string {
	title := t.text("title")
	if title != "" {
		title = " “" + title + "”"
	}
	day := func(name string) string {
		at, err := time.Parse(time.RFC3339, t.text(name))
		if err != nil {
			return t.text(name)
		}
		return p.day(at, true)
	}
	return []string{
		"id", t.text("key"), "title", title, "type", t.text("type"), "status", t.text("status"), "start", day("start"), "end", day("end"), "settles", day("settlesAt"),
		"participants", t.text("participants"), "started", t.text("started"), "completed", t.text("completed"), "review", t.text("toReview"),
		"paid", usdt(t.text("paid")), "funded", usdt(t.text("funded")), "reserved", usdt(t.text("reserved")), "refunded", usdt(t.text("refunded")),
	}
}

func usdt(v string) string { return decimal(v, 2) + " USDT" }

// amountWords are a progress in words.
func amountWords(v, kind string) string {
	if kind == "referral" {
		if v == "1" {
			return "1 new user"
		}
		return decimal(v, 0) + " new users"
	}
	return usdt(v)
}

// progressWords are how far a participant is, and what comes next.
func (p *Planner) progressWords(t row, kind string) string {
	out := p.prompts.Answer("tasks.progress", "progress", amountWords(t.text("progress"), kind), "earned", usdt(t.text("earned")))
	next := fields(t["next"])
	if next == nil {
		return out
	}
	out += p.prompts.Answer("tasks.next", "gap", amountWords(next.text("gap"), kind), "reward", usdt(next.text("reward")))
	if eta, err := time.Parse(time.RFC3339, next.text("eta")); err == nil {
		out += p.prompts.Answer("tasks.eta", "day", p.day(eta, true))
	}
	return out
}

func (p *Planner) renderTask(r taskResults) string {
	kind, words := r.Task.text("type"), p.taskWords(r.Task)
	out := p.prompts.Answer("task.head", words...)
	if r.Task.text("funded") == "" {
		return out + " " + p.prompts.Answer("task.mine", "done", p.progressWords(r.Task, kind))
	}
	out += " " + p.prompts.Answer("task.spending", words...)
	if n := r.Task.text("toReview"); n != "" && n != "0" {
		out += " " + p.prompts.Answer("task.review", words...)
	}
	if len(r.Rows) > 0 && sign(r.Rows[0].text("progress")) > 0 {
		out += " " + p.prompts.Answer("task.leader", "uid", r.Rows[0].text("key"), "done", p.progressWords(r.Rows[0], kind))
	}
	if r.Return != nil {
		out += " " + p.prompts.Answer("task.return", "volume", usdt(r.Return.text("extraVolume")), "commission", usdt(r.Return.text("extraCommission")), "spent", usdt(r.Return.text("spent")), "net", usdt(r.Return.text("net")))
	}
	return out
}

func (p *Planner) renderSimulation(r taskResults) string {
	total := fields(r.Total)
	out := p.prompts.Answer("simulation.sum", "days", strconv.Itoa(r.Days), "dates", p.dates(r.From, r.To), "cost", usdt(total.text("cost")), "worst", usdt(total.text("worstCase")),
		"qualified", total.text("qualified"), "participants", total.text("participants"))
	if len(r.Rows) > 0 && sign(r.Rows[0].text("earned")) > 0 {
		out += " " + p.prompts.Answer("simulation.top", "uid", r.Rows[0].text("key"), "earned", usdt(r.Rows[0].text("earned")), "progress", amountWords(r.Rows[0].text("progress"), r.Type))
	}
	return out
}
