package tools

import (
	"context"

	"partnerhub/domain"
	"partnerhub/domain/task"
)

type tasksArgs struct {
	Side   taskSide  `json:"side" jsonschema:"created: by the partner; assigned: to the partner"`
	Status taskState `json:"status,omitempty" jsonschema:"only these; closing: over, but late events still count"`
}

type tasksResult struct {
	AsOf   string     `json:"asOf"`
	Zone   string     `json:"zone"`
	Side   taskSide   `json:"side"`
	Status taskState  `json:"status,omitempty"`
	Rows   []taskRow  `json:"rows"`
	Total  tasksTotal `json:"total"`
	More   bool       `json:"more,omitempty"` // there are older ones than are listed
}

// tasksTotal are sums over the rows: of what was funded for the tasks created, of what was earned for those assigned.
type tasksTotal struct {
	Tasks    int           `json:"tasks"`
	Funded   *domain.Money `json:"funded,omitempty"`
	Paid     *domain.Money `json:"paid,omitempty"`
	Reserved *domain.Money `json:"reserved,omitempty"`
	Earned   *domain.Money `json:"earned,omitempty"`
}

// maxTaskRows is how many tasks a list holds.
const maxTaskRows = 50

// ListTasks lists the tasks that the caller created, or takes part in, the latest first.
func ListTasks(d Deps) Tool {
	return Define("list_tasks",
		"The Task Center's tasks: those that the partner created, with completion and spending, or those assigned to the partner, with their own progress and what comes next. The latest first.",
		func(ctx context.Context, c domain.Caller, in tasksArgs) (out tasksResult, err error) {
			now := d.now()
			list, next, err := d.Tasks.Tasks(ctx, c, task.Query{Side: task.Side(in.Side), Status: task.State(in.Status), Limit: maxTaskRows}, now)
			if err != nil {
				return out, err
			}
			out = tasksResult{AsOf: d.instant(now), Zone: d.Zone.String(), Side: in.Side, Status: in.Status, Rows: make([]taskRow, len(list)), Total: tasksTotal{Tasks: len(list)}, More: next != ""}
			var funded, paid, reserved, earned domain.Money
			for i, t := range list {
				out.Rows[i] = d.taskRow(t)
				funded, paid, reserved = funded+t.Funded, paid+t.Paid, reserved+t.Reserved
				if t.Mine != nil {
					earned += t.Mine.Paid
				}
			}
			if task.Side(in.Side) == task.Assigned {
				out.Total.Earned = &earned
			} else {
				out.Total.Funded, out.Total.Paid, out.Total.Reserved = &funded, &paid, &reserved
			}
			return out, nil
		})
}
