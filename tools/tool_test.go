package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"partnerhub/domain"
	"partnerhub/tools"
)

type colour string

func (colour) Enum() []string   { return []string{"red", "green"} }
func (colour) Describe() string { return "One of the two." }

type inner struct {
	Threshold int64        `json:"threshold" min:"1"`
	Reward    domain.Money `json:"reward,omitempty"`
}

type shared struct {
	Limit int `json:"limit,omitempty" min:"1" max:"50"`
}

type input struct {
	shared
	Colours []colour   `json:"colours" min:"1" max:"3" jsonschema:"which colours"`
	Size    string     `json:"size,omitempty" enum:"s,m,l"`
	UID     *int64     `json:"uid,omitempty"`
	Sub     *int64     `json:"subPartnerUid"`
	Note    string     `json:"note,omitempty" max:"5"`
	Start   *time.Time `json:"start,omitempty"`
	Tiers   []inner    `json:"tiers,omitempty"`
	Deep    *inner     `json:"deep,omitempty"`
	Share   float64    `json:"share,omitempty" max:"1"`
	Fast    bool       `json:"fast,omitempty"`
	Hidden  string     `json:"-"`
}

func echo() tools.Tool {
	return tools.Define("echo", "Says it back.", func(_ context.Context, c domain.Caller, in input) (map[string]any, error) {
		return map[string]any{"caller": c.UID, "in": in}, nil
	})
}

func TestSchema(t *testing.T) {
	schema, err := json.Marshal(echo().Input)
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Required             []string
		AdditionalProperties any
		Properties           map[string]json.RawMessage
	}
	// "additionalProperties": false is written as {"not":{}}, which means the same.
	if err := json.Unmarshal(schema, &s); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(s.Required) != "[colours]" {
		t.Errorf("required: %v", s.Required)
	}
	if s.AdditionalProperties != false && fmt.Sprint(s.AdditionalProperties) != "map[not:map[]]" {
		t.Errorf("additionalProperties: %v", s.AdditionalProperties)
	}
	for name, want := range map[string]string{
		"colours": `{"type":"array","description":"which colours","minItems":1,"maxItems":3,"items":{"type":"string","description":"One of the two.","enum":["red","green"]}}`,
		"size":    `{"type":"string","enum":["s","m","l"]}`,
		"uid":     `{"type":"integer"}`,
		"limit":   `{"type":"integer","minimum":1,"maximum":50}`,
		"note":    `{"type":"string","maxLength":5}`,
	} {
		if got := normal(t, s.Properties[name]); got != normal(t, []byte(want)) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	if _, there := s.Properties["Hidden"]; there {
		t.Error("a field that JSON leaves out is an argument")
	}
	if strings.Contains(string(schema), "null") {
		t.Errorf("null in the schema: %s", schema)
	}
}

func normal(t *testing.T, b []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	out, _ := json.Marshal(v)
	return string(out)
}

func TestArguments(t *testing.T) {
	deep := strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40)
	for _, tt := range []struct {
		args, field, says string // no says: accepted
	}{
		{`{"colours":["red"]}`, "", ""},
		{` {"colours":["red","green"],"size":"l","uid":7,"limit":50,"note":"äöüßé","share":0.5,"fast":true} `, "", ""},
		{`{"colours":["red"],"uid":null,"size":null,"tiers":null}`, "", ""},
		{`{"colours":["red"],"start":"2026-11-01T00:00:00Z","tiers":[{"threshold":1,"reward":"1.5"},{"threshold":2}]}`, "", ""},

		{`{}`, "colours", "missing"},
		{``, "colours", "missing"},
		{`{"colours":null}`, "colours", "missing"},
		{`{"colours":[]}`, "colours", "at least 1"},
		{`{"colours":["red","red","red","red"]}`, "colours", "at most 3"},
		{`{"colours":["red","blue"]}`, "colours[1]", "red, green"},
		{`{"colours":["Red"]}`, "colours[0]", "red, green"},
		{`{"colours":[null]}`, "colours[0]", "null"},
		{`{"colours":"red"}`, "colours", "want an array"},
		{`{"colours":["red"],"size":"xl"}`, "size", "s, m, l"},
		{`{"colours":["red"],"size":3}`, "size", "want a string"},
		{`{"colours":["red"],"uid":"7"}`, "uid", "want an integer"},
		{`{"colours":["red"],"uid":7.5}`, "uid", "integer"},
		{`{"colours":["red"],"uid":1e3}`, "uid", "integer"},
		{`{"colours":["red"],"uid":9223372036854775808}`, "uid", "64 bits"},
		{`{"colours":["red"],"uid":true}`, "uid", "want an integer"},
		{`{"colours":["red"],"UID":7}`, "UID", "not an argument"},
		{`{"colours":["red"],"colours":["green"]}`, "colours", "twice"},
		{`{"colours":["red"],"role":"operator"}`, "role", "not an argument"},
		{`{"colours":["red"],"Hidden":"x"}`, "Hidden", "not an argument"},
		{`{"colours":["red"],"` + strings.Repeat("x", 300) + `":1}`, strings.Repeat("x", 40) + "…", "not an argument"},
		{`{"colours":["red"],"limit":0}`, "limit", "less than 1"},
		{`{"colours":["red"],"limit":51}`, "limit", "more than 50"},
		{`{"colours":["red"],"share":1e400}`, "share", "out of range"},
		{`{"colours":["red"],"note":"toolong"}`, "note", "at most 5"},
		{`{"colours":["red"],"note":"a\u0000b"}`, "note", "NUL"},
		{`{"colours":["red"],"fast":"yes"}`, "fast", "want a boolean"},
		{`{"colours":["red"],"start":"yesterday"}`, "start", "parsing time"},
		{`{"colours":["red"],"tiers":[{"threshold":1},{"threshold":0}]}`, "tiers[1].threshold", "less than 1"},
		{`{"colours":["red"],"tiers":[{}]}`, "tiers[0].threshold", "missing"},
		{`{"colours":["red"],"tiers":[{"threshold":1,"x":1}]}`, "tiers[0].x", "not an argument"},
		{`{"colours":["red"],"deep":{"threshold":1,"reward":"0.0000001"}}`, "deep", "more than 6 decimals"},
		{`{"colours":["red"],"deep":7}`, "deep", "want an object"},
		{`{"colours":` + deep + `}`, "colours", "deep"},
		{`[]`, "", "want an object"},
		{`null`, "", "want an object"},
		{`{"colours":["red"]`, "", "not JSON"},
		{`{"colours":["red"]} {}`, "", "after"},
		{`{"colours" ["red"]}`, "colours", "not JSON"},
		{"{\"colours\":[\"\xff\"]}", "", "UTF-8"},
	} {
		_, err := echo().Run(t.Context(), domain.Partner(5), json.RawMessage(tt.args))
		if tt.says == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.args, err)
			}
			continue
		}
		var e *domain.Error
		if !errors.As(err, &e) || e.Code != domain.CodeInvalid || !strings.HasPrefix(e.Field, tt.field) || (tt.field == "") != (e.Field == "") {
			t.Errorf("%.80s: got %#v, want an invalid field %q", tt.args, err, tt.field)
		} else if !strings.Contains(e.Error(), tt.says) {
			t.Errorf("%.80s: got %q, want it to say %q", tt.args, e, tt.says)
		}
	}
}

func TestArgumentsTooLarge(t *testing.T) {
	args := `{"colours":["red"],"note":"` + strings.Repeat("x", tools.MaxArguments) + `"}`
	_, err := echo().Run(t.Context(), domain.Partner(5), json.RawMessage(args))
	if e := domain.AsError(err); e.Code != domain.CodeTooLarge {
		t.Errorf("got %v", err)
	}
}

func TestLargeIntegersStayExact(t *testing.T) {
	for _, uid := range []string{"9223372036854775807", "9007199254740993", "-9223372036854775808"} {
		out, err := echo().Run(t.Context(), domain.Partner(5), json.RawMessage(`{"colours":["red"],"uid":`+uid+`}`))
		if err != nil || !strings.Contains(string(out), `"uid":`+uid+`,`) {
			t.Errorf("%s: %s %v", uid, out, err)
		}
	}
}

func TestErrorsOfTheToolPass(t *testing.T) {
	want := domain.Errorf(domain.CodeNotFound, "uid", "no such referee")
	tool := tools.Define("fails", "Fails.", func(context.Context, domain.Caller, struct{}) (struct{}, error) {
		return struct{}{}, fmt.Errorf("looking: %w", want)
	})
	_, err := tool.Run(t.Context(), domain.Partner(5), nil)
	if !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}

func TestDefinePanics(t *testing.T) {
	type list struct {
		Items []struct {
			PartnerUID int64 `json:"partnerUid"`
		} `json:"items"`
	}
	define := func(f func()) (said string) {
		defer func() { said = fmt.Sprint(recover()) }()
		f()
		return ""
	}
	for name, tt := range map[string]struct {
		define func()
		says   []string
	}{
		"role": {func() {
			of[struct {
				Role string `json:"role"`
			}]("bad_tool")
		}, []string{"bad_tool", "role", "caller"}},
		"as": {func() {
			of[struct {
				As *int64 `json:"as,omitempty"`
			}]("bad_tool")
		}, []string{"bad_tool", "argument as"}},
		"caller_uid": {func() {
			of[struct {
				X int64 `json:"caller_uid"`
			}]("bad_tool")
		}, []string{"bad_tool", "caller_uid"}},
		"nested":   {func() { of[list]("bad_tool") }, []string{"bad_tool", "items[].partnerUid"}},
		"channel":  {func() { of[struct{ A, B chan int }]("bad_tool") }, []string{"bad_tool", "argument A"}},
		"anything": {func() { of[struct{ X any }]("bad_tool") }, []string{"bad_tool", "argument X"}},
		"map":      {func() { of[struct{ X map[string]int }]("bad_tool") }, []string{"bad_tool", "argument X"}},
		"enum": {func() {
			of[struct {
				X int `enum:"1,2"`
			}]("bad_tool")
		}, []string{"bad_tool", "argument X", "enum"}},
		"bound": {func() {
			of[struct {
				X int `max:"many"`
			}]("bad_tool")
		}, []string{"bad_tool", "argument X", "many"}},
		"no struct": {func() { of[int]("bad_tool") }, []string{"bad_tool", "struct"}},
		"name":      {func() { of[struct{}]("Bad Tool") }, []string{"Bad Tool", "name"}},
	} {
		said := define(tt.define)
		for _, word := range tt.says {
			if !strings.Contains(said, word) {
				t.Errorf("%s: panic %q does not say %q", name, said, word)
			}
		}
	}
	if said := define(func() {
		of[struct {
			UID        int64 `json:"uid"`
			SubPartner int64 `json:"subPartnerUid"`
		}]("good_tool")
	}); said != "<nil>" {
		t.Errorf("filters by uid are allowed, but: %s", said)
	}
}

func of[In any](name string) tools.Tool {
	return tools.Define(name, "A tool.", func(context.Context, domain.Caller, In) (int, error) { return 0, nil })
}

func TestAskUser(t *testing.T) {
	ask := tools.AskUser()
	if ask.Effect != tools.Asks {
		t.Error("does not ask")
	}
	out, err := ask.Run(t.Context(), domain.Partner(5), json.RawMessage(
		`{"question":"Which?","options":["a","b"],"pending":{"tool":"propose_task","missing":["end"]}}`))
	if err != nil || string(out) != `{"asked":true}` {
		t.Errorf("%s %v", out, err)
	}
	_, err = ask.Run(t.Context(), domain.Partner(5), json.RawMessage(`{"question":"Which?","options":["a",""]}`))
	if domain.AsError(err).Field != "options[1]" {
		t.Errorf("got %v", err)
	}
}

func FuzzArguments(f *testing.F) {
	f.Add(`{"colours":["red"],"tiers":[{"threshold":1,"reward":"1.5"}]}`)
	f.Add(`{"a":{"a":{"a":[1,2,{}]}}}`)
	tool := echo()
	f.Fuzz(func(t *testing.T, args string) {
		_, err := tool.Run(t.Context(), domain.Partner(5), json.RawMessage(args))
		if e := new(domain.Error); err != nil && !errors.As(err, &e) {
			t.Fatalf("%q: %v is no *domain.Error", args, err)
		}
	})
}
