package eval

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"

	"partnerhub/domain/evaluation"
)

// Kept are results as they are kept: one for each way of saying a case, with how many of its repeats passed.
func Kept(all []Result) ([]evaluation.Result, error) {
	at := map[string]int{}
	var out []evaluation.Result
	failed := map[string]bool{}
	for _, r := range all {
		name := r.Name()
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name], out = i, append(out, evaluation.Result{Name: name})
		}
		if r.Passed() {
			out[i].Passed++
		}
		// The first that failed tells the most.
		if !ok || !r.Passed() && !failed[name] {
			detail, err := json.Marshal(r)
			if err != nil {
				return nil, err
			}
			out[i].Detail = detail
		}
		failed[name] = failed[name] || !r.Passed()
	}
	return out, nil
}

//go:embed report.html
var reportPage string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent": percent,
	// Of what no case asks for there is no share.
	"recall":    func(f Found) string { return percent(Score{f.Right, f.Right + f.Missed}) },
	"precision": func(f Found) string { return percent(Score{f.Right, f.Right + f.False}) },
	"share":     func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) },
	"deref":     func(v *float64) float64 { return *v },
	"total":     Total,
	"sorted":    func(m map[string]*Score) []string { return slices.Sorted(maps.Keys(m)) },
	"json":      func(v json.RawMessage) string { return string(v) },
}).Parse(reportPage))

// WriteHTML writes a report that needs nothing but itself. Results that failed come first.
func WriteHTML(w io.Writer, run evaluation.Run, reports map[string]Report, all []Result) error {
	var failed, passed []Result
	for _, r := range all {
		if r.Passed() {
			passed = append(passed, r)
		} else {
			failed = append(failed, r)
		}
	}
	return reportTemplate.Execute(w, map[string]any{"Run": run, "Reports": reports, "Failed": failed, "Passed": passed})
}

// percent is a share in words; of nothing it is none.
func percent(s Score) string {
	if s.Total == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*s.Share())
}
