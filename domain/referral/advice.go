package referral

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"partnerhub/domain"
)

// Advice is a rule of what to do when figures say so: prompts/advice.txt holds them.
type Advice struct {
	Name string
	When []Condition // all of them
	Text string      // with {figure} where a figure's value stands
}

// Condition compares a figure with a number or with another figure.
type Condition struct {
	Figure string
	Op     string // <, <=, >, >=
	Than   string // a decimal, or a figure's name
}

// AdviceFigure is a figure that advice can rest on.
type AdviceFigure struct {
	Name  string
	Value int64  // in millionths, of counts and percentages too
	Text  string // the value for people
}

// ParseAdvice reads a rule: "name | figure > 3, other >= figure | text". The error is domain.CodeInvalid without a field.
func ParseAdvice(line string) (Advice, error) {
	parts := strings.SplitN(line, "|", 3)
	if len(parts) != 3 {
		return Advice{}, domain.Invalid("", `want "name | conditions | text", got %q`, line)
	}
	a := Advice{Name: strings.TrimSpace(parts[0]), Text: strings.TrimSpace(parts[2])}
	if a.Name == "" || a.Text == "" {
		return a, domain.Invalid("", "%q lacks a name or a text", line)
	}
	for _, c := range strings.Split(parts[1], ",") {
		if strings.TrimSpace(c) == "" {
			continue
		}
		f := strings.Fields(c)
		if len(f) != 3 || !slices.Contains([]string{"<", "<=", ">", ">="}, f[1]) {
			return a, domain.Invalid("", "%s: %q is not a figure, one of < <= > >=, and a number or figure", a.Name, strings.TrimSpace(c))
		}
		a.When = append(a.When, Condition{f[0], f[1], f[2]})
	}
	return a, nil
}

// Figures are the names of the figures that the rule speaks of, in conditions or text.
func (a Advice) Figures() []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, c := range a.When {
		add(c.Figure)
		if _, err := strconv.ParseFloat(c.Than, 64); err != nil {
			add(c.Than)
		}
	}
	for rest := a.Text; ; {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			return names
		}
		name, after, ok := strings.Cut(after, "}")
		if !ok {
			return names
		}
		add(name)
		rest = after
	}
}

// Apply fills the rule in, if the figures say so: ok is false where a condition does not hold or a figure is missing.
func (a Advice) Apply(figures []AdviceFigure) (text string, ok bool) {
	by := map[string]AdviceFigure{}
	for _, f := range figures {
		by[f.Name] = f
	}
	var pairs []string
	for _, name := range a.Figures() {
		f, known := by[name]
		if !known {
			return "", false
		}
		pairs = append(pairs, "{"+name+"}", f.Text)
	}
	for _, c := range a.When {
		than, known := by[c.Than]
		if !known {
			var n domain.Money // a decimal in millionths, with a sign
			if n.UnmarshalJSON([]byte(c.Than)) != nil {
				return "", false
			}
			than.Value = int64(n)
		}
		order := cmp.Compare(by[c.Figure].Value, than.Value)
		if order < 0 && c.Op[0] != '<' || order > 0 && c.Op[0] != '>' || order == 0 && len(c.Op) == 1 {
			return "", false
		}
	}
	return strings.NewReplacer(pairs...).Replace(a.Text), true
}
