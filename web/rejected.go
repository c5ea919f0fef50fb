package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/ingest"
	"partnerhub/store"
)

const (
	// replayMost bounds the lines of one request: what is left is told, and tried by the next.
	replayMost    = 20_000
	replayTimeout = 2 * time.Minute
)

type rejectedInput struct {
	Cause  string `query:"cause" maxLength:"400" doc:"those of one cause, as conflict:tradeId; none: all"`
	Cursor string `query:"cursor" maxLength:"200" doc:"nextCursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type replayInput struct {
	Body struct {
		IDs   []int64 `json:"ids,omitempty" minItems:"1" maxItems:"500" doc:"of refused lines"`
		Cause string  `json:"cause,omitempty" maxLength:"400" doc:"all lines of a cause"`
	}
}

func (in *replayInput) query() (q store.RejectedQuery, err error) {
	if (len(in.Body.IDs) > 0) == (in.Body.Cause != "") {
		return q, domain.Invalid("ids", "want either ids or a cause")
	}
	if q.IDs = in.Body.IDs; q.IDs != nil {
		return q, nil
	}
	cause, err := store.ParseCause(in.Body.Cause)
	q.Cause = &cause
	return q, err
}

// registerRejected adds the refused lines, and their replay.
func (s *server) registerRejected(api huma.API) {
	huma.Register(api, s.operation(api, "list-rejected", http.MethodGet, "/v1/ingest/rejected", "Refused lines with their reasons, the latest first"), func(ctx context.Context, in *rejectedInput) (*bodyOf[page[store.RejectedLine]], error) {
		if err := caller(ctx).Require(domain.RoleOperator); err != nil {
			return nil, problemOf(err)
		}
		var cause *store.Cause
		if in.Cause != "" {
			c, err := store.ParseCause(in.Cause)
			if err != nil {
				return nil, problemOf(err)
			}
			cause = &c
		}
		items, next, err := s.Store.RejectedLines(ctx, cause, in.Cursor, in.Limit)
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[page[store.RejectedLine]]{page[store.RejectedLine]{append([]store.RejectedLine{}, items...), next}}, nil
	})
	type causes struct {
		Items []store.RejectedCause `json:"items"`
	}
	huma.Register(api, s.operation(api, "list-rejected-causes", http.MethodGet, "/v1/ingest/rejected/causes", "Refused lines counted by cause, the most frequent first"), func(ctx context.Context, _ *struct{}) (*bodyOf[causes], error) {
		if err := caller(ctx).Require(domain.RoleOperator); err != nil {
			return nil, problemOf(err)
		}
		items, err := s.Store.RejectedCauses(ctx)
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[causes]{causes{append([]store.RejectedCause{}, items...)}}, nil
	})
	op := s.operation(api, "replay-rejected", http.MethodPost, "/v1/ingest/replays", "Try refused lines again, by the ordinary ingest: an event that is there already is a duplicate")
	op.Middlewares = huma.Middlewares{s.authenticateFor(api, replayTimeout)}
	op.MaxBodyBytes = 64 << 10
	op.Errors = append(op.Errors, http.StatusNotFound)
	huma.Register(api, op, func(ctx context.Context, in *replayInput) (*bodyOf[store.ReplayCounts], error) {
		if err := caller(ctx).Require(domain.RoleOperator); err != nil {
			return nil, problemOf(err)
		}
		q, err := in.query()
		if err != nil {
			return nil, problemOf(err)
		}
		sum, err := ingest.Replay(ctx, s.Store, caller(ctx), q, replayMost, time.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[store.ReplayCounts]{sum}, nil
	})
}
