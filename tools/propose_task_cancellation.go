package tools

import (
	"context"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
)

// ProposeTaskCancellation proposes to end a task at once.
func ProposeTaskCancellation(d Deps) Tool {
	return proposer(d, "propose_task_cancellation", "Propose to cancel a task that the partner created: what was earned is paid, the rest goes back to their fund.",
		func(_ context.Context, _ domain.Caller, in getTaskArgs) (proposal.Kind, any, error) {
			return proposal.CancelTask, in, nil
		})
}
