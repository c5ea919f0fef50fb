package tools

import (
	"context"
	"strconv"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/task"
)

// Tasks is who knows the tasks.
type Tasks interface {
	Tasks(ctx context.Context, c domain.Caller, q task.Query, now time.Time) (list []task.Task, next string, err error)
	Task(ctx context.Context, c domain.Caller, id int64, now time.Time) (task.Detail, error)
	SimulateTask(ctx context.Context, c domain.Caller, spec task.Spec, days int, now time.Time) (task.Simulation, error)
}

// Arguments about tasks. Each type says its own values, from the one list of them in the domain.
type (
	taskSide    string
	taskState   string
	taskType    string
	taskProduct string
)

func (taskSide) Enum() []string    { return names(task.Sides...) }
func (taskState) Enum() []string   { return names(task.States...) }
func (taskType) Enum() []string    { return names(task.Types...) }
func (taskProduct) Enum() []string { return names(task.Products...) }

type taskTier struct {
	Threshold domain.Money `json:"threshold" jsonschema:"eligible volume in USDT"`
	Reward    domain.Money `json:"reward" jsonschema:"10, 30, 50 or 100 USDT"`
}

type taskTargets struct {
	DirectPartners bool    `json:"directPartners,omitempty" jsonschema:"all partners among the direct referees"`
	UIDs           []int64 `json:"uids,omitempty" max:"1000" jsonschema:"or these sub-partners"`
}

// taskTerms are what a task asks and pays.
type taskTerms struct {
	Type       taskType     `json:"type" jsonschema:"referral: new users who register and pass advanced KYC; trading: eligible volume of the participant and their direct referees"`
	Title      string       `json:"title,omitempty" max:"400"`
	Targets    taskTargets  `json:"targets"`
	Product    taskProduct  `json:"product,omitempty" jsonschema:"of a trading task; margin counts as spot"`
	Tiers      []taskTier   `json:"tiers,omitempty" max:"5" jsonschema:"of a trading task: rising thresholds; each pays once, beside those below it"`
	EveryX     int64        `json:"everyX,omitempty" min:"1" max:"100000" jsonschema:"of a referral task: so many new users earn one reward"`
	Reward     domain.Money `json:"reward,omitempty" jsonschema:"of a referral task: 10, 30, 50 or 100 USDT"`
	MaxRepeats int64        `json:"maxRepeats,omitempty" min:"1" max:"1000" jsonschema:"of a referral task: how often a participant can earn it"`
}

// draft is the terms with the dates.
func (a taskTerms) draft(start, end string) task.Draft {
	d := task.Draft{
		Type: task.Type(a.Type), Title: a.Title, Targets: task.Targets{DirectPartners: a.Targets.DirectPartners, UIDs: a.Targets.UIDs}, Start: start, End: end,
		Product: task.Product(a.Product), EveryX: a.EveryX, Reward: a.Reward, MaxRepeats: a.MaxRepeats,
	}
	for _, t := range a.Tiers {
		d.Tiers = append(d.Tiers, task.Tier{Threshold: t.Threshold, Reward: t.Reward})
	}
	return d
}

// taskRow is a task in a result. What only its creator, or only a participant, may know is left out for the other.
type taskRow struct {
	Key        string       `json:"key"` // its number
	Title      string       `json:"title,omitempty"`
	Type       task.Type    `json:"type"`
	Status     task.State   `json:"status"`
	Start      string       `json:"start"`
	End        string       `json:"end"`
	SettlesAt  string       `json:"settlesAt"`
	Product    task.Product `json:"product,omitempty"`
	Tiers      []task.Tier  `json:"tiers,omitempty"`
	EveryX     int64        `json:"everyX,omitempty"`
	Reward     domain.Money `json:"reward,omitzero"`
	MaxRepeats int64        `json:"maxRepeats,omitempty"`

	*taskSpending
	*taskProgress
}

// taskSpending is what the creator sees of all participants.
type taskSpending struct {
	Participants int          `json:"participants"`
	Started      int          `json:"started"`
	Completed    int          `json:"completed"`
	Review       int          `json:"toReview"` // participants; a name of its own, or encoding/json drops both
	Funded       domain.Money `json:"funded"`
	Paid         domain.Money `json:"paid"`
	Reserved     domain.Money `json:"reserved"`
	Refunded     domain.Money `json:"refunded"`
}

// taskProgress is what one participant did.
type taskProgress struct {
	Progress task.Amount  `json:"progress"` // USDT of eligible volume, or new users
	Steps    int64        `json:"steps"`    // reached
	Earned   domain.Money `json:"earned"`
	Review   bool         `json:"review,omitempty"`
	Late     *task.Amount `json:"late,omitempty"` // came after the settlement and is not paid
	Next     *nextStep    `json:"next,omitempty"`
}

// nextStep is what comes next, and when at the pace so far.
type nextStep struct {
	Threshold task.Amount  `json:"threshold"`
	Gap       task.Amount  `json:"gap"`
	Reward    domain.Money `json:"reward"`
	ETA       string       `json:"eta,omitempty"`
}

func (d Deps) taskRow(t task.Task) taskRow {
	r := taskRow{
		Key: strconv.FormatInt(t.ID, 10), Title: t.Title, Type: t.Type, Status: t.Status, Start: d.instant(t.Start), End: d.instant(t.End), SettlesAt: d.instant(t.SettlesAt),
		Product: t.Product, Tiers: t.Tiers, EveryX: t.EveryX, Reward: t.Reward, MaxRepeats: t.MaxRepeats,
	}
	if t.Mine != nil {
		p := d.progress(*t.Mine)
		r.taskProgress = &p
	} else {
		r.taskSpending = &taskSpending{t.Participants, t.Started, t.Completed, t.Review, t.Funded, t.Paid, t.Reserved, t.Refunded}
	}
	return r
}

func (d Deps) progress(p task.Participant) taskProgress {
	out := taskProgress{Progress: p.Progress, Steps: p.Steps, Earned: p.Paid, Review: p.Review, Late: p.Late}
	if n := p.Next; n != nil {
		out.Next = &nextStep{Threshold: n.Threshold, Gap: n.Gap, Reward: n.Reward}
		if n.ETA != nil {
			out.Next.ETA = d.instant(*n.ETA)
		}
	}
	return out
}

// participantRow is a participant in a result.
type participantRow struct {
	Key      string `json:"key"`
	Relation string `json:"relation,omitempty"`
	Country  string `json:"country,omitempty"`
	taskProgress
	Recent *recent `json:"last30Days,omitempty"` // what the partner had of them and those below
}

type recent struct {
	Commission domain.Money `json:"commission"`
	Volume     domain.Money `json:"volume"`
	Traders    int64        `json:"traders"`
}

func (d Deps) participantRows(list []task.Participant) []participantRow {
	out := make([]participantRow, len(list))
	for i, p := range list {
		out[i] = participantRow{Key: uidKey(p.UID), Relation: p.Relation, Country: p.Country, taskProgress: d.progress(p)}
		if g := p.Glance; g != nil {
			out[i].Recent = &recent{g.Commission, g.Volume, g.Traders}
		}
	}
	return out
}
