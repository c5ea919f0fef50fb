package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestAudit: `make audit` says of each database that does not answer that nothing is known, in one line, and passes; a hole that a registry
// knows of fails, by the package's name.
func TestAudit(t *testing.T) {
	audit := func(registry string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "../../scripts/audit")
		cmd.Env = append(os.Environ(), "VULNDB=http://127.0.0.1:1", "npm_config_registry="+registry, "npm_config_cache="+t.TempDir())
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := audit("http://127.0.0.1:1/")
	if err != nil || strings.Count(out, "\n") != 2 || strings.Count(out, "SKIPPED") != 2 {
		t.Errorf("without databases: %v\n%s", err, out)
	}
	asked := false
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/-/npm/v1/security/advisories/bulk" {
			http.NotFound(w, r)
			return
		}
		asked = true
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"dompurify": []any{map[string]any{
			"id": 1, "url": "https://example.com/1", "title": "a planted hole", "severity": "high", "vulnerable_versions": "<1000.0.0", "cwe": []string{}, "cvss": map[string]any{"score": 0},
		}}})
	}))
	defer registry.Close()
	out, err = audit(registry.URL + "/")
	if err == nil || !asked || !strings.Contains(out, "dompurify") || !strings.Contains(out, "a planted hole") {
		t.Errorf("with a hole, asked %v: %v\n%s", asked, err, out)
	}
}
