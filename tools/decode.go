package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"

	"partnerhub/domain"
)

// decode checks arguments against the schema and reads them into in. The schema library would say "no" as
// well, but not to which field in words a person or a model can act on, and it would compare integers as
// float64, which cannot tell large uids apart.
func decode(s *jsonschema.Schema, args json.RawMessage, in any) error {
	if len(bytes.TrimSpace(args)) == 0 {
		args = json.RawMessage("{}")
	}
	if len(args) > MaxArguments {
		return domain.Errorf(domain.CodeTooLarge, "", "arguments of %d bytes: at most %d are allowed", len(args), MaxArguments)
	}
	if !utf8.Valid(args) {
		return domain.Invalid("", "arguments are not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(args))
	d.UseNumber() // exact to 2^63-1
	v, err := parse(d, "", 0)
	if err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return domain.Invalid("", "arguments: text after the JSON object")
	}
	if v, err = check(s, v, ""); err != nil {
		return err
	}
	checked, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("arguments: %w", err)
	}
	if err := json.Unmarshal(checked, in); err != nil {
		return culprit(v.(map[string]any), in, err)
	}
	return nil
}

// maxDepth bounds nesting; no tool's arguments come near.
const maxDepth = 16

// parse reads one JSON value. Unlike json.Unmarshal it refuses a name that comes twice, since what was checked
// and what is used could then differ.
func parse(d *json.Decoder, path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, domain.Invalid(path, "nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return nil, notJSON(path, err)
	}
	switch token {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, notJSON(path, err)
			}
			name := key.(string)
			at := join(path, clip(name))
			if _, twice := object[name]; twice {
				return nil, domain.Invalid(at, "given twice")
			}
			if object[name], err = parse(d, at, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return object, notJSON(path, err)
	case json.Delim('['):
		array := []any{}
		for d.More() {
			item, err := parse(d, index(path, len(array)), depth+1)
			if err != nil {
				return nil, err
			}
			array = append(array, item)
		}
		_, err := d.Token()
		return array, notJSON(path, err)
	}
	return token, nil
}

func notJSON(path string, err error) error {
	if err == nil {
		return nil
	}
	return domain.Invalid(path, "arguments are not JSON: %v", err)
}

// check walks value and schema together and returns the value without its nulls.
func check(s *jsonschema.Schema, v any, path string) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if !allows(s, "object") {
			break
		}
		return checkObject(s, v, path)
	case []any:
		if !allows(s, "array") {
			break
		}
		if err := checkLength(len(v), s.MinItems, s.MaxItems, path, "values"); err != nil {
			return nil, err
		}
		for i := range v {
			var err error
			if v[i], err = check(s.Items, v[i], index(path, i)); err != nil {
				return nil, err
			}
		}
		return v, nil
	case string:
		if !allows(s, "string") {
			break
		}
		if strings.ContainsRune(v, 0) {
			return nil, domain.Invalid(path, "contains a NUL character")
		}
		if s.Enum != nil && !slices.Contains(s.Enum, any(v)) {
			return nil, domain.Invalid(path, "%q is not one of %s", clip(v), list(s.Enum))
		}
		return v, checkLength(utf8.RuneCountInString(v), s.MinLength, s.MaxLength, path, "characters")
	case bool:
		if allows(s, "boolean") {
			return v, nil
		}
	case json.Number:
		if allows(s, "number") || allows(s, "integer") {
			return v, checkNumber(s, v, path)
		}
	}
	want := append(slices.Clone(s.Types), s.Type)
	return nil, domain.Invalid(path, "is %s, want %s", kindOf(v), article(want[0]))
}

func allows(s *jsonschema.Schema, kind string) bool {
	return s.Type == kind || slices.Contains(s.Types, kind)
}

func checkObject(s *jsonschema.Schema, object map[string]any, path string) (any, error) {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names) // so that the same input is always refused for the same reason
	for _, name := range names {
		p, known := s.Properties[name]
		if !known {
			return nil, domain.Invalid(join(path, clip(name)), "is not an argument: want %s", strings.Join(s.PropertyOrder, ", "))
		}
		if object[name] == nil {
			delete(object, name)
			continue
		}
		var err error
		if object[name], err = check(p, object[name], join(path, name)); err != nil {
			return nil, err
		}
	}
	for _, name := range s.Required {
		if _, given := object[name]; !given {
			return nil, domain.Invalid(join(path, name), "is missing")
		}
	}
	return object, nil
}

func checkNumber(s *jsonschema.Schema, n json.Number, path string) error {
	if s.Type == "integer" {
		if _, err := strconv.ParseInt(n.String(), 10, 64); err != nil {
			return domain.Invalid(path, "%s is not an integer of 64 bits", clip(n.String()))
		}
	}
	f, err := n.Float64()
	if err != nil {
		return domain.Invalid(path, "%s is out of range", clip(n.String()))
	}
	if s.Minimum != nil && f < *s.Minimum {
		return domain.Invalid(path, "%s is less than %v", clip(n.String()), *s.Minimum)
	}
	if s.Maximum != nil && f > *s.Maximum {
		return domain.Invalid(path, "%s is more than %v", clip(n.String()), *s.Maximum)
	}
	return nil
}

func checkLength(n int, least, most *int, path, what string) error {
	if least != nil && n < *least {
		return domain.Invalid(path, "has %d %s, want at least %d", n, what, *least)
	}
	if most != nil && n > *most {
		return domain.Invalid(path, "has %d %s, want at most %d", n, what, *most)
	}
	return nil
}

// culprit finds the field whose own decoder refused its value, which passed the schema: a date, an amount.
func culprit(object map[string]any, in any, cause error) error {
	for name, v := range object {
		one, err := json.Marshal(map[string]any{name: v})
		if err == nil {
			err = json.Unmarshal(one, in)
		}
		var said *domain.Error
		if errors.As(err, &said) {
			return domain.Invalid(name, "%s", said.Message)
		}
		if err != nil {
			return domain.Invalid(name, "%s", strings.TrimPrefix(err.Error(), "json: "))
		}
	}
	return domain.Invalid("", "arguments: %v", cause)
}

func kindOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	}
	return "null"
}

func article(kind string) string {
	if strings.ContainsAny(kind[:1], "aio") {
		return "an " + kind
	}
	return "a " + kind
}

func list(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// clip shortens what was sent, for an error that repeats it.
func clip(s string) string {
	const limit = 40
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
