// Package eval measures the assistant: cases are dialogs with what each turn must come to, kept as readable files
// (README.md says how they are written), and run through the whole agent with real tools on a real database.
package eval

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed cases measured
var shipped embed.FS

// Case is a dialog of a file.
type Case struct {
	Name  string // "file/dialog", a measured one's "measured/file/dialog"
	Turns []Turn
	// Measured says that it is of the labelled set: how much of that comes out right is a figure, not a condition.
	Measured bool
}

// Turn is what the partner says, in one of several ways, and what must come of it.
type Turn struct {
	Says []string // alternatives: each is a run of its own
	Want Want
}

// Want is what a turn must come to. Empty fields are not checked, but for Calls: only the calls listed may be made.
type Want struct {
	Kind    string
	Calls   []Call
	Cards   []string // kinds of cards, in order
	Options []string // each must be among those offered
	Text    []string // each must be in the answer, whatever its case
	Not     []string // none may be
	Handoff string   // category
	Missing []string // slots that are still to be collected
}

// Call is a tool call with its arguments by name, in the form of the files: see matches.
type Call struct {
	Tool string
	Args map[string]string
	Open bool // further arguments are allowed
}

// Shipped are the cases of the repository: each must come to what it says.
func Shipped() ([]Case, error) { return load("cases") }

// Measured is the repository's labelled set, written before the planner saw any of it.
func Measured() ([]Case, error) {
	all, err := load("measured")
	for i := range all {
		all[i].Name, all[i].Measured = "measured/"+all[i].Name, true
	}
	return all, err
}

// load reads the files of a folder and of those below it, each named by its path in it.
func load(folder string) (all []Case, err error) {
	err = fs.WalkDir(shipped, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".txtar" {
			return err
		}
		data, err := shipped.ReadFile(name)
		if err != nil {
			return err
		}
		cases, err := Parse(strings.TrimSuffix(strings.TrimPrefix(name, folder+"/"), ".txtar"), data)
		all = append(all, cases...)
		return err
	})
	return all, err
}

// Parse reads the dialogs of a file. Its errors name file, dialog and line.
func Parse(file string, data []byte) ([]Case, error) {
	var cases []Case
	for _, f := range txtar.Parse(data).Files {
		c := Case{Name: file + "/" + f.Name}
		for i, line := range strings.Split(string(f.Data), "\n") {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			if err := c.add(line); err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", c.Name, i+1, err)
			}
		}
		if len(c.Turns) == 0 {
			return nil, fmt.Errorf("%s: nobody says anything", c.Name)
		}
		if slices.ContainsFunc(cases, func(other Case) bool { return other.Name == c.Name }) {
			return nil, fmt.Errorf("%s: there are two of that name", c.Name)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// add takes one line of a dialog.
func (c *Case) add(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return fmt.Errorf("%q says nothing", line)
	}
	if word == ">" {
		c.Turns = append(c.Turns, Turn{Says: []string{rest}})
		return nil
	}
	if len(c.Turns) == 0 {
		return fmt.Errorf("%q comes before anybody speaks", line)
	}
	t := &c.Turns[len(c.Turns)-1]
	switch word {
	case "or":
		t.Says = append(t.Says, rest)
	case "kind":
		t.Want.Kind = rest
	case "call":
		call := Call{Args: map[string]string{}}
		for i, f := range strings.Fields(rest) {
			name, value, ok := strings.Cut(f, "=")
			switch {
			case i == 0:
				call.Tool = f
			case f == "...":
				call.Open = true
			case !ok:
				return fmt.Errorf("%q: want argument=value", f)
			default:
				call.Args[name] = value
			}
		}
		t.Want.Calls = append(t.Want.Calls, call)
	case "card":
		t.Want.Cards = append(t.Want.Cards, rest)
	case "option":
		t.Want.Options = append(t.Want.Options, rest)
	case "text":
		t.Want.Text = append(t.Want.Text, rest)
	case "not":
		t.Want.Not = append(t.Want.Not, rest)
	case "handoff":
		t.Want.Handoff = rest
	case "missing":
		t.Want.Missing = strings.Split(rest, ",")
	default:
		return fmt.Errorf("unknown word %q", word)
	}
	return nil
}
