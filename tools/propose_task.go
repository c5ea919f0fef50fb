package tools

import (
	"context"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
)

type proposeTaskArgs struct {
	taskTerms
	Start string `json:"start" min:"1" max:"40" jsonschema:"RFC 3339, or a date, which begins in the reporting zone"`
	End   string `json:"end" min:"1" max:"40" jsonschema:"RFC 3339, or a date; excluded: a date ends as it begins"`
}

// ProposeTask proposes a task (SPEC 10).
func ProposeTask(d Deps) Tool {
	return proposer(d, "propose_task", "Propose a task for sub-partners: who takes part, when, and what earns which reward. Its worst case is set aside from the partner's fund when it is confirmed. Ask for what the partner has not said; never choose amounts.",
		func(_ context.Context, _ domain.Caller, in proposeTaskArgs) (proposal.Kind, any, error) {
			draft := in.draft(in.Start, in.End)
			_, err := draft.Spec(d.Zone)
			return proposal.CreateTask, draft, err
		})
}
