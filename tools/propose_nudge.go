package tools

import (
	"context"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
)

// ProposeNudge proposes to tell a task's participants again.
func ProposeNudge(d Deps) Tool {
	return proposer(d, "propose_nudge", "Propose to remind the participants of a task that the partner created, once a day at most.",
		func(_ context.Context, _ domain.Caller, in getTaskArgs) (proposal.Kind, any, error) {
			return proposal.Nudge, in, nil
		})
}
