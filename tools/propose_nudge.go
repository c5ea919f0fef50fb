package tools

import "partnerhub/domain/proposal"

// ProposeNudge proposes to tell a task's participants again.
func ProposeNudge(d Deps) Tool {
	return proposer(d, "propose_nudge", "Propose to remind the participants of a task that the partner created, once a day at most.",
		proposal.Nudge, func(in getTaskArgs) (any, error) { return in, nil })
}
