// Package tools holds what the assistant can do: one file a tool, all of them listed in all.go.
package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"

	"github.com/google/jsonschema-go/jsonschema"

	"partnerhub/domain"
)

// MaxArguments is the most that the arguments of one call may weigh, in bytes of JSON.
const MaxArguments = 16 << 10

// Effect says what a tool does besides answering.
type Effect int

// The effects. No tool writes a partner's data: a proposal is stored for a person to approve.
const (
	Reads    Effect = iota // nothing; several may run at the same time
	Proposes               // stores a proposal or opens a handoff ticket; never runs in a batch with reads
	Asks                   // asks the partner back, which ends the turn
)

// Tool is one tool, made by Define.
type Tool struct {
	Name        string
	Description string
	Input       *jsonschema.Schema
	Effect      Effect
	// Run checks the arguments against Input, calls the tool and returns its result as JSON. Its errors are
	// *domain.Error; for an argument at fault Field names it, as in "metrics[1]" or "targets.uids".
	Run func(ctx context.Context, c domain.Caller, args json.RawMessage) (json.RawMessage, error)
	// Check checks the arguments against Input, as Run begins with, and does no more.
	Check func(args json.RawMessage) error
}

var nameRule = regexp.MustCompile(`^[a-z][a-z0-9_]{1,63}$`)

// Define makes a read tool out of a function; set Effect on the result for another kind. The schema comes from
// In, a struct. Beside encoding/json's, these field tags count:
//
//	jsonschema:"what it means"   the description
//	enum:"a,b,c"                 the values allowed; a type with the method Enum() []string says them itself
//	min:"1" max:"100"            bounds: of a number, of a text's length, or of an array's
//
// A type with the method Describe() string adds its own words to the description. A field is required
// unless it is a pointer or has omitempty. An explicit null counts as absent.
//
// It panics, naming tool and field, when no schema can be made or an argument names the caller (DESIGN,
// decision 1): both are mistakes of whoever wrote the tool, and start-up is the time to learn of them.
func Define[In, Out any](
	name, description string, fn func(ctx context.Context, c domain.Caller, in In) (Out, error),
) Tool {
	if !nameRule.MatchString(name) {
		panic(fmt.Sprintf("tool %q: the name must match %s", name, nameRule))
	}
	if description == "" {
		panic(fmt.Sprintf("tool %s: no description", name))
	}
	input, err := schemaFor(reflect.TypeFor[In]())
	if err != nil {
		panic(fmt.Sprintf("tool %s: %v", name, err))
	}
	return Tool{
		Name: name, Description: description, Input: input,
		Check: func(args json.RawMessage) error {
			var in In
			return decode(input, args, &in)
		},
		Run: func(ctx context.Context, c domain.Caller, args json.RawMessage) (json.RawMessage, error) {
			var in In
			if err := decode(input, args, &in); err != nil {
				return nil, err
			}
			out, err := fn(ctx, c, in)
			if err != nil {
				return nil, err
			}
			result, err := json.Marshal(out)
			if err != nil {
				return nil, fmt.Errorf("tool %s: result: %w", name, err)
			}
			return result, nil
		},
	}
}
