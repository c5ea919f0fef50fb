package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"partnerhub/domain"
	"partnerhub/store"
)

// partPages is how many pages of a list one part of a file has: what is done again when a worker dies, at most.
const partPages = 25

type exportJobInput struct {
	Body struct {
		List  string `json:"list" enum:"referees,rewards,codes,metrics"`
		Query string `json:"query,omitempty" maxLength:"2000" doc:"the parameters of the list's CSV, as in its URL: period=last_month&sort=volume"`
	}
}

// exportJob is an export in the background.
type exportJob struct {
	store.Export
	File string `json:"file,omitempty" doc:"where the finished file is, for a day"`
}

func jobOf(e store.Export) exportJob {
	j := exportJob{Export: e}
	if e.State == store.ExportDone {
		j.File = "/v1/exports/" + e.ID + "/file"
	}
	return j
}

// registerExportJobs adds exports in the background, for lists that take longer than anybody waits.
func (s *server) registerExportJobs(api huma.API, lists []export) {
	op := func(id, method, path, summary string) huma.Operation {
		o := s.operation(api, id, method, path, summary)
		o.MaxBodyBytes = 8 << 10
		return o
	}
	begin := op("begin-export", http.MethodPost, "/v1/exports", "Have a list written into a file in the background")
	begin.DefaultStatus = http.StatusAccepted
	huma.Register(api, begin, func(ctx context.Context, in *exportJobInput) (*bodyOf[exportJob], error) {
		c := caller(ctx)
		if err := c.Require(domain.RolePartner); err != nil {
			return nil, problemOf(err)
		}
		i := slices.IndexFunc(lists, func(e export) bool { return e.list == in.Body.List })
		if i < 0 {
			return nil, problemOf(domain.Invalid("list", "there is no list %q", in.Body.List))
		}
		query, err := url.ParseQuery(in.Body.Query)
		if err != nil {
			return nil, problemOf(domain.Invalid("query", "%v", err))
		}
		args, err := (&toolInput{query: query}).arguments(lists[i].input(), "", lists[i].defaults)
		if err == nil {
			err = lists[i].check(args, s.Now(), s.Zone)
		}
		if err != nil {
			return nil, problemOf(err)
		}
		e, err := s.Store.BeginExport(ctx, c, in.Body.List, string(args), time.Now())
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[exportJob]{jobOf(e)}, nil
	})
	huma.Register(api, op("list-exports", http.MethodGet, "/v1/exports", "The caller's exports in the background, the latest first"), func(ctx context.Context, _ *struct{}) (*bodyOf[page[exportJob]], error) {
		c := caller(ctx)
		if err := c.Require(domain.RolePartner); err != nil {
			return nil, problemOf(err)
		}
		all, err := s.Store.Exports(ctx, c)
		if err != nil {
			return nil, problemOf(err)
		}
		out := page[exportJob]{Items: make([]exportJob, len(all))}
		for i, e := range all {
			out.Items[i] = jobOf(e)
		}
		return &bodyOf[page[exportJob]]{out}, nil
	})
	one := func(o huma.Operation) huma.Operation {
		o.Errors = append(o.Errors, http.StatusNotFound)
		return o
	}
	huma.Register(api, one(op("get-export", http.MethodGet, "/v1/exports/{id}", "How an export stands")), func(ctx context.Context, in *uuidInput) (*bodyOf[exportJob], error) {
		e, err := s.exportOf(ctx, in.ID)
		if err != nil {
			return nil, problemOf(err)
		}
		return &bodyOf[exportJob]{jobOf(e)}, nil
	})
	huma.Register(api, one(op("remove-export", http.MethodDelete, "/v1/exports/{id}", "End an export, and remove its file")), func(ctx context.Context, in *uuidInput) (*struct{}, error) {
		e, err := s.exportOf(ctx, in.ID)
		if err == nil {
			err = s.Store.RemoveExport(ctx, e.Caller, e.ID)
		}
		if err != nil {
			return nil, problemOf(err)
		}
		return nil, nil
	})
	s.registerExportFile(api, one(op("get-export-file", http.MethodGet, "/v1/exports/{id}/file", "The file of an export that is done")))
}

func (s *server) registerExportFile(api huma.API, file huma.Operation) {
	file.Errors = append(file.Errors, http.StatusConflict)
	file.Middlewares = huma.Middlewares{s.authenticateFor(api, exportTimeout)}
	file.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}},
		Headers: map[string]*huma.Param{"Content-Disposition": {Schema: &huma.Schema{Type: "string"}}}}}
	huma.Register(api, file, func(ctx context.Context, in *uuidInput) (*huma.StreamResponse, error) {
		e, err := s.exportOf(ctx, in.ID)
		if err == nil && e.State != store.ExportDone {
			err = domain.Errorf(domain.CodeConflict, "state", "the export is %s", e.State)
		}
		if err != nil {
			return nil, problemOf(err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			_, w := humachi.Unwrap(hc)
			csvHeader(w.Header(), export{list: e.List}.fileName(e.CreatedAt.In(s.Zone)))
			w.WriteHeader(http.StatusOK)
			for n := range e.Parts {
				body, err := s.Store.ExportPart(ctx, e.Caller, e.ID, n)
				if err == nil {
					_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(operationTimeout)) // tests of handlers have none
					_, err = w.Write(body)
				}
				if err != nil {
					panic(http.ErrAbortHandler) // the status is out: a broken connection still tells a part from the whole
				}
			}
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		}}, nil
	})
}

// check refuses arguments that the list's tool would refuse, before anybody waits for a file.
func (e export) check(args json.RawMessage, now time.Time, zone *time.Location) error {
	if err := e.tool.Check(args); err != nil {
		return err
	}
	var periods struct{ Period, Registered, CompareTo string }
	if err := json.Unmarshal(args, &periods); err != nil {
		return err
	}
	for name, period := range map[string]string{"period": periods.Period, "registered": periods.Registered, "compareTo": periods.CompareTo} {
		if period == "" {
			continue
		}
		if _, err := domain.ParsePeriod(period, now, zone); err != nil {
			return domain.Invalid(name, "%s", domain.AsError(err).Message)
		}
	}
	return nil
}

// exportOf is one of the caller's exports.
func (s *server) exportOf(ctx context.Context, id string) (store.Export, error) {
	c := caller(ctx)
	if err := c.Require(domain.RolePartner); err != nil {
		return store.Export{}, err
	}
	return s.Store.Export(ctx, c, id)
}

// ExportWorker makes the exports in the background. Each replica has one; what one leaves unfinished, another goes on with.
type ExportWorker struct {
	store *store.Store
	lists map[string]export
	pages int // of a list in a part of a file
}

// NewExportWorker makes it, for the lists that New serves with the same settings.
func NewExportWorker(cfg Config) *ExportWorker {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	w := &ExportWorker{store: cfg.Store, lists: map[string]export{}, pages: partPages}
	for _, e := range cfg.exports() {
		w.lists[e.list] = e
	}
	return w
}

// Step makes one export as far as it can, and says whether there was one.
func (w *ExportWorker) Step(ctx context.Context) (worked bool, err error) {
	if err := w.store.SweepExports(ctx, time.Now()); err != nil {
		return false, err
	}
	job, ok, err := w.store.ClaimExport(ctx, time.Now())
	if err != nil || !ok {
		return false, err
	}
	for ok && err == nil && (job.Parts == 0 || job.Next != "") {
		ok, err = w.part(ctx, &job)
	}
	if err == nil || ctx.Err() != nil {
		return true, err
	}
	if domain.AsError(err).Code == domain.CodeInternal || domain.AsError(err).Code == domain.CodeUnavailable {
		return true, err // tried again when the lease is over
	}
	return true, w.store.FailExport(ctx, job, err.Error(), time.Now())
}

// part adds the next part of a file. False when the export is no longer this worker's.
func (w *ExportWorker) part(ctx context.Context, job *store.Export) (bool, error) {
	e, known := w.lists[job.List]
	if !known {
		return false, domain.Invalid("list", "there is no list %q any more", job.List)
	}
	var body bytes.Buffer
	out, rows, next, total := newCSV(&body), int64(0), job.Next, job.Total
	for n := range w.pages {
		page, err := e.page(ctx, job.Caller, json.RawMessage(job.Args), next)
		if err != nil {
			return false, err
		}
		columns := e.columnsOf(page)
		if job.Parts == 0 && n == 0 {
			_ = json.Unmarshal(page.Total, &total) // where it is a number
			if err := out.Write(columns); err != nil {
				return false, err
			}
		}
		if err := writeRows(out, columns, page.Rows); err != nil {
			return false, err
		}
		rows, next = rows+int64(len(page.Rows)), page.Next
		if next == "" {
			break
		}
	}
	return w.store.AddExportPart(ctx, job, body.Bytes(), rows, next, total, time.Now())
}
