// Package eval measures the assistant: cases are dialogs with what each turn must come to, kept as readable files
// (README.md says how they are written), and run through the whole agent with real tools on a real database.
package eval

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"partnerhub/domain"
	"partnerhub/domain/feedback"
)

//go:embed cases measured
var shipped embed.FS

// Case is a dialog of a file.
type Case struct {
	Name  string // "file/dialog", a measured one's "measured/file/dialog"
	Turns []Turn
	// Measured says that it is of the labelled set: how much of that comes out right is a figure, not a condition.
	Measured bool

	// As and Now, where they are set, stand for the demo program's partner and its clock.
	As  int64
	Now time.Time
	// Fund is paid into the partner's fund account before the dialog.
	Fund domain.Money
	// Recorded are results that stand for the tools' own: see Replay.
	Recorded []feedback.Call
	// Was is what a turn marked unlike must not come to again.
	Was *Was
	// State, when not nil, is what the dialog may have changed in the database: see stateDiff.
	State *State
}

// Was is an answer that a person found bad.
type Was struct {
	Calls []feedback.Call `json:"calls"` // without their results
	Text  string          `json:"text"`
}

// State is a change of the partner's own rows, in the canonical form of store.Canonical: "+ table {…}" and "- table {…}", sorted.
type State struct {
	Tables  []string
	Changes []string
}

// Turn is what the partner says, in one of several ways, or does, and what must come of it.
type Turn struct {
	Says []string // alternatives: each is a run of its own
	Does Act      // "": says something; else Says is what it does
	Wait time.Duration
	Want Want
}

// Act is what a partner does beside talking.
type Act string

// The acts.
const (
	Approve Act = "approve" // with the button on the card of the proposal before
	Decline Act = "decline"
	Wait    Act = "wait" // for as long as Wait says
)

// Want is what a turn must come to. Empty fields are not checked, but for Calls: only the calls listed may be made.
type Want struct {
	Kind    string
	Calls   []Call
	Any     bool     // calls are not checked
	Never   []Call   // that must not be made, with these arguments
	Unlike  bool     // the answer must differ from the case's Was
	Abstain bool     // the library must say that it does not know, or the planner that it is out of scope
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
		if done, err := attach(cases, file, f); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", file, f.Name, err)
		} else if done {
			continue
		}
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

// The sections that belong to the dialog before them, by how their names end.
const (
	recordedSection = ".recorded"
	wasSection      = ".was"
	stateSection    = ".state"
)

// attach adds a section to the dialog whose name it bears. done is false when it is a dialog itself.
func attach(cases []Case, file string, f txtar.File) (done bool, err error) {
	ext := path.Ext(f.Name)
	if ext != recordedSection && ext != wasSection && ext != stateSection {
		return false, nil
	}
	i := slices.IndexFunc(cases, func(c Case) bool { return c.Name == file+"/"+strings.TrimSuffix(f.Name, ext) })
	if i < 0 {
		return true, errors.New("comes before its dialog")
	}
	c := &cases[i]
	if ext == wasSection {
		c.Was = &Was{}
		return true, json.Unmarshal(f.Data, c.Was)
	}
	for n, line := range strings.Split(string(f.Data), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		switch tables, isHead := strings.CutPrefix(line, "of "); {
		case ext == recordedSection:
			var call feedback.Call
			if err := json.Unmarshal([]byte(line), &call); err != nil {
				return true, fmt.Errorf("line %d: %w", n+1, err)
			}
			c.Recorded = append(c.Recorded, call)
		case isHead:
			c.State = &State{Tables: strings.Fields(tables)}
		case c.State == nil:
			return true, fmt.Errorf("line %d: want \"of TABLE …\" first", n+1)
		default:
			c.State.Changes = append(c.State.Changes, line)
		}
	}
	return true, nil
}

// callOf reads "TOOL arg=value …".
func callOf(text string) (Call, error) {
	call := Call{Args: map[string]string{}}
	for i, f := range strings.Fields(text) {
		name, value, ok := strings.Cut(f, "=")
		switch {
		case i == 0:
			call.Tool = f
		case f == "...":
			call.Open = true
		case !ok:
			return call, fmt.Errorf("%q: want argument=value", f)
		default:
			call.Args[name] = value
		}
	}
	return call, nil
}

// add takes one line of a dialog.
func (c *Case) add(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	if act := Act(word); act == Approve || act == Decline || act == Wait {
		t := Turn{Says: []string{line}, Does: act}
		var err error
		if act == Wait {
			t.Wait, err = time.ParseDuration(rest)
		} else if rest != "" {
			err = fmt.Errorf("%q stands alone", word)
		}
		c.Turns = append(c.Turns, t)
		return err
	}
	if flag := word == "any" || word == "unlike" || word == "abstain"; (rest == "") != flag {
		if flag {
			return fmt.Errorf("%q stands alone", word)
		}
		return fmt.Errorf("%q says nothing", line)
	}
	var err error
	switch word {
	case ">":
		c.Turns = append(c.Turns, Turn{Says: []string{rest}})
		return nil
	case "as":
		c.As, err = strconv.ParseInt(rest, 10, 64)
		return err
	case "now":
		c.Now, err = time.Parse(time.RFC3339, rest)
		return err
	case "fund":
		c.Fund, err = domain.ParseMoney(rest)
		return err
	}
	if len(c.Turns) == 0 {
		return fmt.Errorf("%q comes before anybody speaks", line)
	}
	t := &c.Turns[len(c.Turns)-1]
	switch word {
	case "or":
		if t.Does != "" {
			return fmt.Errorf("%q is no other way to %s", rest, t.Does)
		}
		t.Says = append(t.Says, rest)
	case "kind":
		t.Want.Kind = rest
	case "any":
		t.Want.Any = true
	case "unlike":
		t.Want.Unlike = true
	case "abstain":
		t.Want.Abstain = true
	case "call", "never":
		call, err := callOf(rest)
		if err != nil {
			return err
		}
		if word == "call" {
			t.Want.Calls, t.Want.Any = append(t.Want.Calls, call), false
		} else {
			call.Open = true
			t.Want.Never = append(t.Want.Never, call)
		}
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
