package tools

import (
	"context"

	"partnerhub/domain"
)

type simulateArgs struct {
	taskTerms
	Start string `json:"start,omitempty" max:"40" jsonschema:"not needed: the days say when"`
	End   string `json:"end,omitempty" max:"40" jsonschema:"not needed"`
	Days  int    `json:"days" min:"1" max:"366" jsonschema:"over so many days until now"`
}

type simulateResult struct {
	span
	Type  taskType         `json:"type"`
	Days  int              `json:"days"`
	Rows  []participantRow `json:"rows"` // earned is what they would have earned
	Total simulateTotal    `json:"total"`
}

type simulateTotal struct {
	Participants int          `json:"participants"`
	Qualified    int          `json:"qualified"`
	Cost         domain.Money `json:"cost"`
	WorstCase    domain.Money `json:"worstCase"`
}

// SimulateTask works out what a task would have cost.
func SimulateTask(d Deps) Tool {
	return Define("simulate_task",
		"What a task would have cost, had it run over the last days, and which of its participants would have earned what. Nothing is created.",
		func(ctx context.Context, c domain.Caller, in simulateArgs) (out simulateResult, err error) {
			now := d.now()
			spec, err := in.draft(in.Start, in.End).Spec(d.Zone)
			if err != nil {
				return out, err
			}
			s, err := d.Tasks.SimulateTask(ctx, c, spec, in.Days, now)
			if err != nil {
				return out, err
			}
			return simulateResult{
				span: d.span(domain.Period{From: s.From, To: s.To}, now), Type: in.Type, Days: in.Days, Rows: d.participantRows(s.Rows),
				Total: simulateTotal{s.Count, s.Qualified, s.Cost, s.WorstCase},
			}, nil
		})
}
