package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeCurl runs the README's examples with curl, as they stand there, against the server. Only the address is another.
func TestReadmeCurl(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	address := serveDemoIn(t, home)
	// A refusal must end the script, which curl by itself takes for an answer like any other.
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte("fail-with-body\nsilent\nshow-error\nmax-time = 60\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants := [][]string{
		{`"accepted":2,"duplicate":0,"rejected":0,"deferred":0`},
		{`"commission":{"current":"`, `"type":"TOOL_CALL_RESULT"`, `"type":"RUN_FINISHED"`},
	}
	blocks := examples(string(readme), "curl ")
	if len(blocks) != len(wants) {
		t.Fatalf("%d examples with curl, and %d of them are known here", len(blocks), len(wants))
	}
	for i, block := range blocks {
		script := strings.NewReplacer("localhost:8080", address, "bin/partnerhub", "partnerhub").Replace(block)
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
		cmd.Env = append(os.Environ(), "PARTNERHUB_HOME="+home, "CURL_HOME="+home)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s\n%v\n%s", block, err, out)
		}
		for _, want := range wants[i] {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s\nprints no %s:\n%.2000s", block, want, out)
			}
		}
	}
}

// examples are the indented blocks of a text that hold a word.
func examples(text, word string) (out []string) {
	var block []string
	for line := range strings.Lines(text + "\n.") {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			block = append(block, code)
			continue
		}
		if all := strings.Join(block, ""); strings.Contains(all, word) {
			out = append(out, all)
		}
		block = nil
	}
	return out
}
