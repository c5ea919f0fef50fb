package tools

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"partnerhub/domain"
)

// callerNames are argument names that say who asks, in lower case without separators. Whoever asks is known
// from the token; an argument could only contradict it.
var callerNames = []string{
	"as", "asuid", "asuser", "role", "roles", "caller", "calleruid", "callerid", "callerrole", "actor", "actoruid", "actorid",
	"partner", "partneruid", "partnerid", "owner", "owneruid", "ownerid", "user", "useruid", "userid", "username",
	"me", "self", "myuid", "identity", "principal", "onbehalfof", "impersonate", "runas", "sudo",
	"tenant", "tenantid", "session", "sessionid", "token", "apikey", "auth", "authorization",
}

// enumerated is a type that knows its values; described is one that has something to say about itself.
type (
	enumerated interface{ Enum() []string }
	described  interface{ Describe() string }
)

// typeSchemas are the types whose JSON is not what their Go kind suggests.
var typeSchemas = map[reflect.Type]*jsonschema.Schema{
	reflect.TypeFor[domain.Money](): {Types: []string{"string", "number"}},
	reflect.TypeFor[domain.Rate]():  {Types: []string{"string", "number"}},
}

// schemaFor makes the schema of a tool's arguments. The error names the field.
func schemaFor(t reflect.Type) (*jsonschema.Schema, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("arguments of type %s: must be a struct", t)
	}
	opts := &jsonschema.ForOptions{TypeSchemas: typeSchemas}
	s, err := jsonschema.ForType(t, opts)
	if err != nil {
		for _, f := range fieldsOf(t) { // the library does not say which field it was
			only := reflect.StructOf([]reflect.StructField{{Name: f.Name, Type: f.Type, Tag: f.Tag}})
			if _, err := jsonschema.ForType(only, opts); err != nil {
				return nil, fmt.Errorf("argument %s: %w", jsonName(f), err)
			}
		}
		return nil, err
	}
	if s.Properties == nil {
		s.Properties = map[string]*jsonschema.Schema{}
	}
	if err := refine(s, t, ""); err != nil {
		return nil, err
	}
	if _, err := s.Resolve(nil); err != nil {
		return nil, err
	}
	return s, nil
}

// fieldsOf lists the fields that encoding/json sees, embedded ones included.
func fieldsOf(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
		return f.Anonymous || !f.IsExported() || f.Tag.Get("json") == "-"
	})
}

func jsonName(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	return f.Name
}

// refine adds to the schema of struct t what the library does not read: values, bounds, and that a pointer or
// a slice need not be null to be left out.
func refine(s *jsonschema.Schema, t reflect.Type, path string) error {
	for _, f := range fieldsOf(t) {
		name := jsonName(f)
		at := join(path, name)
		if plain := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name)); slices.Contains(callerNames, plain) {
			return fmt.Errorf("argument %s names the caller, who is known from the token", at)
		}
		if f.Type.Kind() == reflect.Pointer {
			s.Required = slices.DeleteFunc(s.Required, func(r string) bool { return r == name })
		}
		p := s.Properties[name]
		if p == nil {
			return fmt.Errorf("argument %s: no schema", at)
		}
		if err := refineType(p, f.Type, at); err != nil {
			return err
		}
		if err := applyTags(p, f.Tag); err != nil {
			return fmt.Errorf("argument %s: %w", at, err)
		}
	}
	return nil
}

func refineType(s *jsonschema.Schema, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s.Types = slices.DeleteFunc(s.Types, func(name string) bool { return name == "null" }); len(s.Types) == 1 {
		s.Type, s.Types = s.Types[0], nil
	}
	if s.Type == "" && len(s.Types) == 0 {
		return fmt.Errorf("argument %s: type %s accepts anything", path, t)
	}
	zero := reflect.Zero(t).Interface()
	if e, ok := zero.(enumerated); ok {
		setEnum(s, e.Enum())
	}
	if d, ok := zero.(described); ok {
		s.Description = strings.TrimSpace(s.Description + " " + d.Describe())
	}
	switch {
	case s.Type == "array":
		if err := refineType(s.Items, t.Elem(), path+"[]"); err != nil {
			return err
		}
		if s.Items.Description != "" && s.Description == "" { // a model reads the field's, not the item's
			s.Description = s.Items.Description
		}
	case s.Type == "object" && t.Kind() == reflect.Struct:
		return refine(s, t, path)
	case s.Type == "object":
		return fmt.Errorf("argument %s: a map has no fields to name in an error; use a struct", path)
	}
	return nil
}

func setEnum(s *jsonschema.Schema, values []string) {
	s.Enum = nil
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
}

func applyTags(s *jsonschema.Schema, tag reflect.StructTag) error {
	if values, ok := tag.Lookup("enum"); ok {
		to := s
		if s.Type == "array" {
			to = s.Items
		}
		if to.Type != "string" {
			return fmt.Errorf("enum on type %q", to.Type)
		}
		setEnum(to, strings.Split(values, ","))
	}
	for _, bound := range []struct {
		tag    string
		number **float64
		text   **int
		items  **int
	}{{"min", &s.Minimum, &s.MinLength, &s.MinItems}, {"max", &s.Maximum, &s.MaxLength, &s.MaxItems}} {
		value, ok := tag.Lookup(bound.tag)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("%s:%q is not a number", bound.tag, value)
		}
		switch s.Type {
		case "integer", "number":
			*bound.number = jsonschema.Ptr(float64(n))
		case "string":
			*bound.text = &n
		case "array":
			*bound.items = &n
		default:
			return fmt.Errorf("%s on type %q", bound.tag, s.Type)
		}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
