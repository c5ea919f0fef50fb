package partnerhub

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThreatsHaveTests reads the table of docs/security.md: each threat names a test, and each test that is named is in the package that is named.
func TestThreatsHaveTests(t *testing.T) {
	doc, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 3 || strings.Contains(line, "---") || strings.TrimSpace(cells[2]) == "shown by" {
			continue
		}
		rows++
		if named := checkNamed(t, cells[2]); named == 0 {
			t.Errorf("no test is named: %s", cells[0])
		}
	}
	if rows < 20 {
		t.Errorf("%d threats were read", rows)
	}
}

var (
	inPackage = regexp.MustCompile("`([a-z/]+(?:\\.e2e\\.ts)?)`|((?:Test|Fuzz)[A-Za-z0-9]+)")
	declared  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
)

// checkNamed checks the tests of a text such as "`store` TestApproval, TestExpiry; `web/ui/e2e/x.e2e.ts`", and returns how many there are.
func checkNamed(t *testing.T, text string) (named int) {
	t.Helper()
	var folder string
	var known map[string]bool
	for _, m := range inPackage.FindAllStringSubmatch(text, -1) {
		switch {
		case strings.HasSuffix(m[1], ".e2e.ts"):
			named++
			if _, err := os.Stat(m[1]); err != nil {
				t.Error(err)
			}
		case m[1] != "":
			folder, known = m[1], testsIn(t, m[1])
		default:
			named++
			if !known[m[2]] {
				t.Errorf("%s has no %s", folder, m[2])
			}
		}
	}
	return named
}

func testsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		return map[string]bool{}
	}
	known := map[string]bool{}
	for _, f := range files {
		code, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllStringSubmatch(string(code), -1) {
			known[m[1]] = true
		}
	}
	return known
}
