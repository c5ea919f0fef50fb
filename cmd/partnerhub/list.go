package main

import (
	"context"

	"partnerhub/store"
)

// listCmd is `partnerhub list`: what the ingest could not apply, one JSON object a line.
type listCmd struct {
	What string `arg:"" enum:"waiting,rejected,causes,void" help:"Which list: ${enum}."`
}

const listPage = 1000

func (cmd *listCmd) Run(ctx ctxArg, a *app) error {
	s, _, err := a.store(ctx)
	if err != nil {
		return err
	}
	switch cmd.What {
	case "waiting":
		return printAll(ctx, a, s.Waiting, func(w store.WaitingEvent) any {
			return map[string]any{"id": w.ID, "type": w.Type, "time": w.At, "uid": w.UID, "waitsFor": w.WaitsFor, "arrived": w.Arrived}
		})
	case "rejected":
		read := func(ctx context.Context, cursor string, limit int) ([]store.RejectedLine, string, error) {
			return s.RejectedLines(ctx, nil, cursor, limit)
		}
		return printAll(ctx, a, read, func(l store.RejectedLine) any { return l })
	case "causes":
		causes, err := s.RejectedCauses(ctx)
		for _, c := range causes {
			if err := a.print(c); err != nil {
				return err
			}
		}
		return err
	default:
		return printAll(ctx, a, s.VoidRelations, func(v store.VoidRelation) any { return v })
	}
}

// printAll prints a list page by page.
func printAll[T any](ctx context.Context, a *app, read func(context.Context, string, int) ([]T, string, error), line func(T) any) error {
	for cursor := ""; ; {
		items, next, err := read(ctx, cursor, listPage)
		if err != nil {
			return err
		}
		for _, i := range items {
			if err := a.print(line(i)); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		cursor = next
	}
}
