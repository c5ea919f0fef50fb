package main

import (
	"errors"
	"fmt"
	"time"

	"partnerhub/store"
)

// verifyCmd is `partnerhub verify`.
type verifyCmd struct {
	Sample float64 `default:"100" help:"Percentage of the trades whose attribution is worked out again."`
	JSON   bool    `name:"json" help:"Print the report as a JSON object."`
}

func (cmd *verifyCmd) Run(ctx ctxArg, a *app) error {
	if cmd.Sample <= 0 || cmd.Sample > 100 {
		return usagef("verify: --sample %v: want a percentage above 0", cmd.Sample)
	}
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	report, err := s.Verify(ctx, store.VerifyOptions{Sample: cmd.Sample, Progress: func(check string, done, total int) {
		fmt.Fprintf(a.stderr, "%d/%d %s\n", done+1, total, check)
	}})
	if err != nil {
		return err
	}
	if cmd.JSON {
		if err := a.print(report); err != nil {
			return err
		}
	} else {
		for _, c := range report.Checks {
			fmt.Fprintf(a.stdout, "%-40s %10d checked %6d wrong\n", c.Name, c.Rows, c.Mismatches)
		}
	}
	if !report.OK() {
		return errors.New("what is derived does not follow from the events: `partnerhub rebuild` derives it anew")
	}
	return nil
}

// settleCmd is `partnerhub settle`.
type settleCmd struct {
	Until time.Time `placeholder:"RFC3339" help:"Settle what was due by then; unset: by now."`
}

func (cmd *settleCmd) Run(ctx ctxArg, a *app) error {
	until := time.Now()
	if cmd.Until.After(until) {
		return usagef("settle: --until %s is still to come", cmd.Until.Format(time.RFC3339))
	}
	if !cmd.Until.IsZero() {
		until = cmd.Until
	}
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	done, err := s.Settle(ctx, until)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "settled until %s: %d records, %d postings, %d partners carried\n", done.Until.Format(time.DateOnly), done.Records, done.Posted, done.Carried)
	return err
}

// rebuildCmd is `partnerhub rebuild`. With another --zone than before, it cuts days and hours anew.
type rebuildCmd struct{}

func (rebuildCmd) Run(ctx ctxArg, a *app) error {
	pool, err := a.pool(ctx)
	if err != nil {
		return err
	}
	start, shown := time.Now(), time.Time{}
	err = store.RebuildWithZone(ctx, pool, a.zone, func(done, total int64) {
		if time.Since(shown) > time.Second {
			shown = time.Now()
			fmt.Fprintf(a.stderr, "%d of %d facts\n", done, total)
		}
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "rebuilt in %s\n", time.Since(start).Round(time.Millisecond))
	return err
}
