package tools

import (
	"context"

	"partnerhub/domain"
	"partnerhub/domain/task"
)

type getTaskArgs struct {
	TaskID int64 `json:"taskId" min:"1" jsonschema:"the task's number"`
}

type taskResult struct {
	span
	Task   taskRow          `json:"task"`
	Rows   []participantRow `json:"rows"` // of a task that the partner created
	Total  int              `json:"total"`
	More   bool             `json:"more,omitempty"` // there are more participants than are listed
	Return *task.Return     `json:"return,omitempty"`
}

// GetTask looks one task up.
func GetTask(d Deps) Tool {
	return Define("get_task",
		"One task: terms, status, spending, each participant's progress and, after the end, what it brought beside what it paid. For a task assigned to the partner: their own progress, the gap to the next tier and when it is reached at this pace.",
		func(ctx context.Context, c domain.Caller, in getTaskArgs) (out taskResult, err error) {
			now := d.now()
			t, err := d.Tasks.Task(ctx, c, in.TaskID, now)
			if err != nil {
				return out, err
			}
			out = taskResult{span: d.span(domain.Period{From: t.Task.Start, To: t.Task.End}, now), Task: d.taskRow(t.Task), Rows: []participantRow{}, Total: t.Task.Participants, More: t.More, Return: t.Return}
			if t.Task.Mine == nil {
				out.Rows = d.participantRows(t.Rows)
			}
			return out, nil
		})
}
