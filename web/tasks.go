package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
	"partnerhub/domain/task"
)

type tasksInput struct {
	Side   task.Side  `query:"side" enum:"created,assigned" default:"created" doc:"created by the caller, or assigned to them"`
	Status task.State `query:"status" enum:"pending,active,closing,settled,cancelled" doc:"all without it"`
	Cursor string     `query:"cursor" maxLength:"20" doc:"nextCursor of the page before"`
	Limit  int        `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type taskInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type (
	draftInput struct{ Body task.Draft }

	createInput struct {
		Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"100" doc:"the same key again returns the task that it made"`
		Body task.Draft
	}

	simulateInput struct {
		Body struct {
			task.Draft
			Days int `json:"days" doc:"1 to 366"`
		}
	}

	extendInput struct {
		ID   int64 `path:"id" minimum:"1"`
		Body struct {
			End string `json:"end" doc:"the later end: RFC 3339, or a date"`
		}
	}

	topUpTaskInput struct {
		ID   int64 `path:"id" minimum:"1"`
		Body task.More
	}
)

// registerTasks adds the Task Center. Amounts are decimal strings of USDT, times RFC 3339.
func (s *server) registerTasks(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, MaxBodyBytes: 256 << 10,
			SkipValidateBody: true, // the domain names the field at fault, and takes numbers for amounts too
			Security:         []map[string][]string{{"token": {}}, {"cookie": {}}}, Middlewares: huma.Middlewares{s.authenticate(api)}}
	}
	type listOutput struct{ Body page[task.Task] }
	huma.Register(api, op("list-tasks", http.MethodGet, "/v1/tasks", "The caller's tasks, the latest first"), func(ctx context.Context, in *tasksInput) (*listOutput, error) {
		items, next, err := s.Store.Tasks(ctx, caller(ctx), task.Query{Side: in.Side, Status: in.Status, Cursor: in.Cursor, Limit: in.Limit}, s.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		if items == nil {
			items = []task.Task{}
		}
		return &listOutput{page[task.Task]{items, next}}, nil
	})
	type detailOutput struct{ Body task.Detail }
	detail := func(ctx context.Context, id int64, err error) (*detailOutput, error) {
		if err != nil {
			return nil, problemOf(err)
		}
		d, err := s.Store.Task(ctx, caller(ctx), id, s.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		return &detailOutput{d}, nil
	}
	huma.Register(api, op("get-task", http.MethodGet, "/v1/tasks/{id}", "A task with its participants"), func(ctx context.Context, in *taskInput) (*detailOutput, error) {
		return detail(ctx, in.ID, nil)
	})
	type previewOutput struct{ Body task.Preview }
	huma.Register(api, op("preview-task", http.MethodPost, "/v1/tasks/preview", "Whom a task would be for, and what it costs at most"), func(ctx context.Context, in *draftInput) (*previewOutput, error) {
		spec, err := in.Body.Spec(s.Zone)
		if err != nil {
			return nil, problemOf(err)
		}
		p, err := s.Store.PreviewTask(ctx, caller(ctx), spec, s.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		return &previewOutput{p}, nil
	})
	type simulateOutput struct{ Body task.Simulation }
	huma.Register(api, op("simulate-task", http.MethodPost, "/v1/tasks/simulate", "What a task would have cost over the last days"), func(ctx context.Context, in *simulateInput) (*simulateOutput, error) {
		spec, err := in.Body.Spec(s.Zone)
		if err != nil {
			return nil, problemOf(err)
		}
		out, err := s.Store.SimulateTask(ctx, caller(ctx), spec, in.Body.Days, s.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		return &simulateOutput{out}, nil
	})
	huma.Register(api, op("create-task", http.MethodPost, "/v1/tasks", "Create a task and set its worst case aside"), func(ctx context.Context, in *createInput) (*detailOutput, error) {
		spec, err := in.Body.Spec(s.Zone)
		if err != nil {
			return nil, problemOf(err)
		}
		id, err := s.Store.CreateTask(ctx, caller(ctx), spec, "rest:"+in.Key, s.Now())
		if err != nil {
			if e := domain.AsError(err); e.Field == "request" {
				err = domain.Errorf(e.Code, "Idempotency-Key", "was used for another task")
			}
		}
		return detail(ctx, id, err)
	})
	huma.Register(api, op("cancel-task", http.MethodPost, "/v1/tasks/{id}/cancel", "End a task: what was earned is paid, the rest goes back"), func(ctx context.Context, in *taskInput) (*detailOutput, error) {
		return detail(ctx, in.ID, s.Store.CancelTask(ctx, caller(ctx), in.ID, s.Now()))
	})
	huma.Register(api, op("extend-task", http.MethodPost, "/v1/tasks/{id}/extend", "Give a task a later end"), func(ctx context.Context, in *extendInput) (*detailOutput, error) {
		end, err := task.Instant("end", in.Body.End, s.Zone)
		if err == nil {
			err = s.Store.ExtendTask(ctx, caller(ctx), in.ID, end, s.Now())
		}
		return detail(ctx, in.ID, err)
	})
	huma.Register(api, op("top-up-task", http.MethodPost, "/v1/tasks/{id}/top-up", "Give a task's participants more to earn: the whole new maxRepeats or tiers"), func(ctx context.Context, in *topUpTaskInput) (*detailOutput, error) {
		return detail(ctx, in.ID, s.Store.TopUpTask(ctx, caller(ctx), in.ID, in.Body, s.Now()))
	})
	huma.Register(api, op("nudge-task", http.MethodPost, "/v1/tasks/{id}/nudge", "Tell a task's participants again, once a day"), func(ctx context.Context, in *taskInput) (*detailOutput, error) {
		return detail(ctx, in.ID, s.Store.NudgeTask(ctx, caller(ctx), in.ID, s.Now()))
	})
}
