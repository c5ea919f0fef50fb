package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/store"
)

// pageInput asks for a page of a list.
type pageInput struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"nextCursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
}

// waiting is an event that waits, on the wire.
type waiting struct {
	ID       string             `json:"id"`
	Type     referral.EventType `json:"type"`
	Time     time.Time          `json:"time"`
	UID      int64              `json:"uid"`
	WaitsFor string             `json:"waitsFor" doc:"account:UID, code:CODE or trade:ID"`
	Arrived  time.Time          `json:"arrived"`
}

// registerOperator adds the lists by which an operator sees what the ingest could not apply, and what operators did.
func (s *server) registerOperator(api huma.API) {
	list(s, api, "list-waiting", "/v1/ingest/waiting", "Accepted events that wait for an account, a code or a trade",
		func(ctx context.Context, cursor string, limit int) ([]waiting, string, error) {
			events, next, err := s.Store.Waiting(ctx, cursor, limit)
			out := make([]waiting, len(events))
			for i, e := range events {
				out[i] = waiting{ID: e.ID, Type: e.Type, Time: e.At, UID: e.UID, WaitsFor: e.WaitsFor, Arrived: e.Arrived}
			}
			return out, next, err
		})
	list[store.VoidRelation](s, api, "list-void", "/v1/ingest/void", "Relations to oneself, or that would close a loop", s.Store.VoidRelations)
	list[store.Action](s, api, "list-actions", "/v1/operator/actions", "What operators did, the latest first", s.Store.Actions)
	huma.Register(api, s.operation(api, "get-ingest-health", http.MethodGet, "/v1/operator/health", "How the ingest does: lag by sender, what is not folded, waits or was refused, the last hour by minute"), func(ctx context.Context, _ *struct{}) (*bodyOf[store.IngestHealth], error) {
		return answerWith(s.Store.IngestHealth(ctx, caller(ctx), s.Now()))
	})
}

func list[T any](s *server, api huma.API, id, path, summary string, read func(context.Context, string, int) ([]T, string, error)) {
	type output struct{ Body page[T] }
	huma.Register(api, huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary,
		Security: []map[string][]string{{"token": {}}, {"cookie": {}}}, Middlewares: huma.Middlewares{s.authenticate(api)}},
		func(ctx context.Context, in *pageInput) (*output, error) {
			if err := caller(ctx).Require(domain.RoleOperator); err != nil {
				return nil, problemOf(err)
			}
			items, next, err := read(ctx, in.Cursor, in.Limit)
			if err != nil {
				return nil, problemOf(err)
			}
			if items == nil {
				items = []T{}
			}
			return &output{page[T]{items, next}}, nil
		})
}
