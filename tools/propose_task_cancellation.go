package tools

import "partnerhub/domain/proposal"

// ProposeTaskCancellation proposes to end a task at once.
func ProposeTaskCancellation(d Deps) Tool {
	return proposer(d, "propose_task_cancellation", "Propose to cancel a task that the partner created: what was earned is paid, the rest goes back to their fund.",
		proposal.CancelTask, func(in getTaskArgs) (any, error) { return in, nil })
}
