package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/google/jsonschema-go/jsonschema"

	"partnerhub/domain"
	"partnerhub/domain/referral"
	"partnerhub/tools"
)

// exportTimeout bounds a whole export, of which each page is bounded by operationTimeout, its query and its writing each.
const exportTimeout = 10 * time.Minute

// exportPage is how many rows of a list are read at once: what an export holds in memory.
const exportPage = 200

// exportedReward is a reward record with what only those of tasks have.
type exportedReward struct {
	Reward
	TaskID int64  `json:"taskId,omitempty"`
	Title  string `json:"title,omitempty"`
}

// exports are the lists that can be had as CSV. The rows are those of the list's own tool, so that a file and a page cannot differ.
func (cfg Config) exports() (out []export) {
	for _, t := range tools.Pages(tools.Deps{Metrics: cfg.Store, Referees: cfg.Store, Records: cfg.Store, Tasks: cfg.Store, Now: cfg.Now, Zone: cfg.Zone}) {
		switch t.Name {
		case "search_referees":
			out = append(out, export{list: "referees", summary: "The caller's referees that match", tool: t, columns: columnsOf(reflect.TypeFor[RefereeRow]())})
		case "export_metrics":
			out = append(out, export{list: "metrics", summary: "Metrics by period, dimension and filter, compared or not; every group unless there is a limit", tool: t})
		}
	}
	for _, t := range cfg.Tools {
		switch t.Name {
		case "list_rewards":
			out = append(out, export{list: "rewards", summary: "Reward records, settled and not, the latest day first", tool: t, columns: columnsOf(reflect.TypeFor[exportedReward]()),
				defaults: map[string]string{"period": "last_7_days", "kind": string(referral.RewardRebate)}})
		case "list_referral_codes":
			out = append(out, export{list: "codes", summary: "The caller's referral codes, and what each brought over a period", tool: t, columns: columnsOf(reflect.TypeFor[CodeRow]()),
				defaults: map[string]string{"period": "this_month"}})
		}
	}
	return out
}

// registerExports adds the lists as CSV, at once and in the background.
func (s *server) registerExports(api huma.API) {
	lists := s.exports()
	for _, e := range lists {
		s.registerExport(api, e)
	}
	s.registerExportJobs(api, lists)
}

// export is a list that can be had as CSV.
type export struct {
	list, summary string
	tool          tools.Tool
	columns       []string // nil: those of the metrics asked for
	defaults      map[string]string
}

// paged says whether the list comes a page at a time.
func (e export) paged() bool { return e.tool.Input.Properties["cursor"] != nil }

// input are the tool's arguments without those of pages, which are the export's own business.
func (e export) input() *jsonschema.Schema {
	in := *e.tool.Input
	in.Properties = map[string]*jsonschema.Schema{}
	for name, p := range e.tool.Input.Properties {
		if !e.paged() || name != "cursor" && name != "limit" {
			in.Properties[name] = p
		}
	}
	return &in
}

func (s *server) registerExport(api huma.API, e export) {
	op := s.operation(api, "export-"+e.list, http.MethodGet, "/v1/exports/"+e.list+".csv", e.summary+": as CSV")
	op.Description = "UTF-8, with a header row of the list's field names. Text that a spreadsheet would take for a formula has an apostrophe before it. A file that could not be finished ends in a broken connection, never as a shorter file."
	op.SkipValidateParams = true // toolInput does
	op.Middlewares = huma.Middlewares{s.authenticateFor(api, exportTimeout)}
	input := e.input()
	op.Parameters = toolParams(input, op.Path, e.defaults)
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}},
		Headers: map[string]*huma.Param{"Content-Disposition": {Schema: &huma.Schema{Type: "string"}}}}}
	huma.Register(api, op, func(ctx context.Context, in *toolInput) (*huma.StreamResponse, error) {
		c := caller(ctx)
		if err := c.Require(domain.RolePartner); err != nil {
			return nil, problemOf(err)
		}
		args, err := in.arguments(input, op.Path, e.defaults)
		if err != nil {
			return nil, problemOf(err)
		}
		first, err := e.page(ctx, c, args, "")
		if err != nil {
			return nil, problemOf(err)
		}
		name := e.fileName(s.Now().In(s.Zone))
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			_, w := humachi.Unwrap(hc)
			csvHeader(w.Header(), name)
			w.WriteHeader(http.StatusOK)
			if err := e.write(ctx, w, c, args, first); err != nil {
				// The status is out. A broken connection is what still tells a part from the whole.
				s.Logger.WarnContext(ctx, "export", "list", e.list, "error", err)
				panic(http.ErrAbortHandler)
			}
		}}, nil
	})
}

func (e export) fileName(day time.Time) string {
	return fmt.Sprintf("%s-%s.csv", e.list, day.Format(time.DateOnly))
}

func csvHeader(h http.Header, name string) {
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
}

// exportRows is what an export reads of a tool's answer.
type exportRows struct {
	Rows    []map[string]json.RawMessage `json:"rows"`
	Next    string                       `json:"nextCursor"`
	Total   json.RawMessage              `json:"total"`
	Metrics []string                     `json:"metrics"`
	ToDate  *bool                        `json:"toDate"` // of a comparison
	GroupBy string                       `json:"groupBy"`
}

// page asks the tool for the page behind a cursor, "" for the first.
func (e export) page(ctx context.Context, c domain.Caller, args json.RawMessage, cursor string) (out exportRows, err error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	if e.paged() {
		all := map[string]json.RawMessage{}
		if err := json.Unmarshal(args, &all); err != nil {
			return out, err
		}
		all["limit"] = fmt.Append(nil, exportPage)
		if cursor != "" {
			if all["cursor"], err = json.Marshal(cursor); err != nil {
				return out, err
			}
		}
		if args, err = json.Marshal(all); err != nil {
			return out, err
		}
	}
	answer, err := e.tool.Run(ctx, c, args)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(answer, &out)
}

// write sends page after page. A reader who takes nothing for operationTimeout is left.
func (e export) write(ctx context.Context, w http.ResponseWriter, c domain.Caller, args json.RawMessage, page exportRows) error {
	control := http.NewResponseController(w)
	columns := e.columnsOf(page)
	out := newCSV(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for {
		// Servers without deadlines, as in tests of handlers, write all the same.
		_ = control.SetWriteDeadline(time.Now().Add(operationTimeout))
		if err := writeRows(out, columns, page.Rows); err != nil {
			return err
		}
		if err := control.Flush(); err != nil {
			return err
		}
		if page.Next == "" {
			_ = control.SetWriteDeadline(time.Time{}) // the connection goes on to other requests
			return nil
		}
		next, err := e.page(ctx, c, args, page.Next)
		if err != nil {
			return err
		}
		page = next
	}
}

// columnsOf are the columns of the file whose first page this is.
func (e export) columnsOf(page exportRows) []string {
	if e.columns == nil {
		return page.metricColumns()
	}
	return e.columns
}

func newCSV(w io.Writer) *csv.Writer {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	return out
}

// writeRows writes rows and flushes.
func writeRows(out *csv.Writer, columns []string, rows []map[string]json.RawMessage) error {
	record := make([]string, len(columns))
	for _, row := range rows {
		for i, name := range columns {
			record[i] = cell(row, name)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// metricColumns are those of a query of metrics: the group, and each figure; beside an earlier period, with the parts of a change.
func (p exportRows) metricColumns() []string {
	out := []string{"key"}
	if p.ToDate == nil {
		return append(out, p.Metrics...)
	}
	if referral.GroupBy(p.GroupBy).Time() {
		out = append(out, "previousKey")
	}
	parts := []string{"current", "previous", "delta", "percent"}
	if *p.ToDate {
		parts = append(parts, "whole")
	}
	for _, m := range p.Metrics {
		for _, part := range parts {
			out = append(out, m+"."+part)
		}
	}
	return out
}

// columnsOf are the names of a row's JSON fields, in the order of the contract.
func columnsOf(row reflect.Type) (out []string) {
	for _, f := range reflect.VisibleFields(row) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && !f.Anonymous {
			out = append(out, name)
		}
	}
	return out
}

// cell is a row's field as text; "a.b" is field b of a. What is absent or null is empty.
func cell(row map[string]json.RawMessage, name string) string {
	raw := row[name]
	if outer, inner, nested := strings.Cut(name, "."); nested {
		var within map[string]json.RawMessage
		_ = json.Unmarshal(row[outer], &within) // no object: no such field
		raw = within[inner]
	}
	var text string
	if len(raw) == 0 || raw[0] != '"' {
		return strings.TrimPrefix(string(raw), "null")
	}
	_ = json.Unmarshal(raw, &text) // our own
	return harmless(text)
}

var plainNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

// harmless puts an apostrophe before text that a spreadsheet would run as a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) && !plainNumber.MatchString(text) {
		return "'" + text
	}
	return text
}
