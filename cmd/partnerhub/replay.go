package main

import (
	"fmt"
	"time"

	"partnerhub/domain"
	"partnerhub/ingest"
	"partnerhub/store"
)

// replayCmd is `partnerhub replay`.
type replayCmd struct {
	IDs   []int64 `arg:"" optional:"" name:"id" help:"Refused lines, by the ids that \"list rejected\" tells."`
	Cause string  `placeholder:"CODE:FIELD" help:"All lines of a cause, as \"list causes\" tells them: conflict:tradeId."`
	All   bool    `help:"All refused lines."`
	JSON  bool    `name:"json" help:"Print the counts as a JSON object."`
}

func (cmd *replayCmd) Run(ctx ctxArg, a *app) error {
	q, ways := store.RejectedQuery{}, 0
	if len(cmd.IDs) > 0 {
		q.IDs = cmd.IDs
		ways++
	}
	if cmd.Cause != "" {
		cause, err := store.ParseCause(cmd.Cause)
		if err != nil {
			return usagef("replay: --%v", err)
		}
		q.Cause = &cause
		ways++
	}
	if cmd.All {
		ways++
	}
	if ways != 1 {
		return usagef("replay: want ids, or --cause, or --all")
	}
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	sum, err := ingest.Replay(ctx, s, domain.Caller{Role: domain.RoleOperator}, q, 0, time.Now())
	if err == nil {
		_, err = s.Fold(ctx)
	}
	if err != nil {
		return err
	}
	if cmd.JSON {
		return a.print(sum)
	}
	_, err = fmt.Fprintf(a.stdout, "%d accepted (%d of them waiting), %d duplicate, %d refused again, %d not kept whole\n", sum.Accepted, sum.Deferred, sum.Duplicate, sum.Rejected, sum.Left)
	return err
}
