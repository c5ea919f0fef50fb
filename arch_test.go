package partnerhub

import (
	"encoding/json"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// below says which of our packages each package may import; an arrow that is not here does not exist. The picture is in
// docs/architecture.md.
var below = map[string][]string{
	"domain":                    {},
	"domain/referral":           {"domain"},
	"domain/referral/oracle":    {"domain", "domain/referral"}, // a model for tests
	"domain/referral/anomalies": {"domain"},
	"domain/referral/explain":   {"domain", "domain/referral"},
	"domain/conversation":       {"domain"},
	"domain/ledger":             {"domain"},
	"domain/program":            {"domain", "domain/referral"},
	"domain/handoff":            {"domain", "domain/conversation", "domain/ledger"},
	"domain/proposal":           {"domain"},
	"domain/feedback":           {"domain", "domain/conversation"},
	"domain/evaluation":         {"domain"},
	"domain/task":               {"domain"},
	"library":                   {},
	"knowledge":                 {"domain", "knowledge/lexical", "language", "spell"},
	"language":                  {},
	"knowledge/lexical":         {},
	"store":                     {"domain/program", "domain/handoff", "knowledge", "knowledge/lexical", "domain", "domain/proposal", "domain/referral", "domain/referral/anomalies", "domain/conversation", "domain/ledger", "domain/task", "domain/notice", "domain/webhook", "domain/feedback", "domain/evaluation"},
	"domain/notice":             {"domain"},
	"domain/webhook":            {"domain"},
	"delivery":                  {"domain", "domain/webhook"},
	"delivery/mailtest":         {},
	"faults":                    {}, // tests alone
	"store/localpg":             {},
	"store/storetest":           {"store", "store/localpg"},
	"ingest":                    {"domain", "domain/referral", "store"},
	"importer/bingx":            {"domain", "store"},
	"importer/binance":          {"domain", "store"},
	"demo":                      {"domain", "domain/referral"},
	"prompts":                   {"domain/program", "domain", "domain/referral"},
	"tools":                     {"domain/program", "domain/handoff", "domain/ledger", "knowledge", "domain", "domain/conversation", "domain/proposal", "domain/referral", "domain/task", "domain/referral/anomalies", "domain/referral/explain"},
	"agent":                     {"domain/handoff", "domain", "domain/proposal", "domain/conversation", "domain/referral", "tools"},
	"agent/modeltest":           {},
	"agent/offline/trigger":     {"agent/offline/classify"},
	"agent/offline":             {"agent/offline/trigger", "domain/handoff", "domain", "domain/proposal", "domain/referral", "prompts", "agent/offline/classify", "agent/offline/period", "language", "spell"},
	"agent/offline/classify":    {},
	"agent/offline/period":      {"domain", "spell"},
	"spell":                     {},
	"eval":                      {"domain", "domain/evaluation", "domain/feedback", "agent", "tools", "demo"},
	"eval/retrieval":            {"knowledge", "knowledge/lexical"},
	"web":                       {"domain/program", "domain/handoff", "domain", "domain/proposal", "domain/ledger", "domain/task", "domain/conversation", "domain/referral", "store", "ingest", "tools", "agent", "domain/notice", "domain/feedback", "domain/webhook", "delivery", "domain/evaluation", "eval", "knowledge", "language"},
	"bench":                     {"web", "agent", "agent/modeltest", "agent/offline", "domain/conversation", "domain/ledger", "domain/task", "knowledge", "library", "prompts", "tools", "domain", "domain/referral", "demo", "ingest", "store", "store/localpg"},
	"cmd/partnerhub": {"domain/program", "domain/evaluation", "domain/feedback", "domain/handoff", "domain/ledger", "delivery", "domain", "domain/conversation", "domain/referral", "store", "store/localpg", "ingest", "importer/bingx", "importer/binance", "demo", "prompts", "tools", "agent",
		"domain/referral/anomalies", "domain/referral/explain", "agent/offline", "agent/offline/classify", "agent/offline/period", "eval", "eval/retrieval", "knowledge", "knowledge/lexical", "library", "web"},
}

// domainOnly are the packages of the domain, which import nothing but the standard library and each other.
func domainOnly(pkg string) bool {
	return strings.HasPrefix(pkg, "domain") && pkg != "domain/referral/oracle"
}

func TestArrows(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkg := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, "partnerhub"), "/")
		if pkg == "" {
			continue
		}
		allowed, ok := below[pkg]
		if !ok {
			t.Errorf("package %s has no place: add it to the table, and to docs/architecture.md", pkg)
			continue
		}
		seen[pkg] = true
		if base := path.Base(pkg); base == "util" || base == "utils" || base == "common" || base == "helpers" {
			t.Errorf("package %s: name it after what it does", pkg)
		}
		for _, imp := range p.Imports {
			ours, isOurs := strings.CutPrefix(imp, "partnerhub/")
			if isOurs && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s: an arrow the house does not have", pkg, ours)
			}
			if !isOurs && domainOnly(pkg) && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
				t.Errorf("%s imports %s: the domain imports the standard library only", pkg, imp)
			}
		}
	}
	for pkg := range below {
		if !seen[pkg] {
			t.Errorf("the table names %s, which does not exist", pkg)
		}
	}
}
