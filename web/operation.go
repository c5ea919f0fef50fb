package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/jsonschema-go/jsonschema"

	"partnerhub/domain"
	"partnerhub/tools"
)

// signedIn is how a person's request says who they are.
var signedIn = []map[string][]string{{"token": {}}, {"cookie": {}}}

// operation is one of a person's operations.
func (s *server) operation(api huma.API, id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Security: signedIn, Middlewares: huma.Middlewares{s.authenticate(api)},
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests}}
}

// bodyOf is an answer that is its body.
type bodyOf[T any] struct{ Body T }

// serveTool offers a tool as a GET for partners: its arguments are the path's and the query's parameters, as its schema describes them, so
// that a page and the assistant can never read the same question differently. Out describes the answer. Defaults stand for what
// is not asked.
func serveTool[Out any](s *server, api huma.API, id, path, summary string, tool tools.Tool, defaults map[string]string) {
	op := s.operation(api, id, http.MethodGet, path, summary)
	op.SkipValidateParams = true // toolInput does
	op.Parameters = toolParams(tool.Input, path, defaults)
	answer := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Out](), true, id)
	op.Responses = map[string]*huma.Response{
		"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: answer}}, Headers: map[string]*huma.Param{"ETag": {Schema: &huma.Schema{Type: "string"}}}},
		"304": {Description: "The same as If-None-Match names"},
	}
	huma.Register(api, op, func(ctx context.Context, in *toolInput) (*huma.StreamResponse, error) {
		c := caller(ctx)
		if err := c.Require(domain.RolePartner); err != nil {
			return nil, problemOf(err)
		}
		args, err := in.arguments(tool.Input, path, defaults)
		if err != nil {
			return nil, problemOf(err)
		}
		result, err := tool.Run(ctx, c, args)
		if err != nil {
			return nil, problemOf(err)
		}
		return answerJSON(in.match, result), nil
	})
}

// toolParams describes a tool's arguments as parameters of a path.
func toolParams(input *jsonschema.Schema, path string, defaults map[string]string) (out []*huma.Param) {
	for _, name := range slices.Sorted(maps.Keys(input.Properties)) {
		p := input.Properties[name]
		param := &huma.Param{Name: name, In: "query", Description: p.Description, Required: slices.Contains(input.Required, name), Schema: schemaOf(p)}
		if strings.Contains(path, "{"+name+"}") {
			param.In, param.Required = "path", true
		}
		if d, ok := defaults[name]; ok {
			param.Required, param.Schema.Default = false, d
		}
		if p.Type == "array" {
			explode := false
			param.Explode = &explode
		}
		out = append(out, param)
	}
	return out
}

// answerJSON answers with a body that is JSON, or with 304 when the client has it.
func answerJSON(match string, body []byte) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		tag := etag(body)
		ctx.SetHeader("ETag", tag)
		ctx.SetHeader("Cache-Control", "private, no-cache")
		if slices.Contains(strings.Split(strings.ReplaceAll(match, " ", ""), ","), tag) {
			ctx.SetStatus(http.StatusNotModified)
			return
		}
		ctx.SetHeader("Content-Type", "application/json")
		ctx.SetStatus(http.StatusOK)
		_, _ = ctx.BodyWriter().Write(body) // the client is gone: nothing is left to tell it
	}}
}

var asOf = regexp.MustCompile(`"asOf":"[^"]*",?`)

// etag is weak: it leaves out the time at which an answer was made.
func etag(body []byte) string {
	sum := sha256.Sum256(asOf.ReplaceAll(body, nil))
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// toolInput is a request whose parameters a tool's schema describes.
type toolInput struct {
	query url.Values
	param func(string) string
	match string
}

// Resolve keeps what the handler reads.
func (in *toolInput) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	in.query, in.param, in.match = u.Query(), ctx.Param, ctx.Header("If-None-Match")
	return nil
}

// arguments are the parameters as the tool takes them. The error names the one at fault.
func (in *toolInput) arguments(schema *jsonschema.Schema, path string, defaults map[string]string) (json.RawMessage, error) {
	args := map[string]any{}
	for name, value := range defaults {
		args[name] = value
	}
	for name, values := range in.query {
		p := schema.Properties[name]
		if p == nil || strings.Contains(path, "{"+name+"}") {
			return nil, domain.Invalid(name, "unknown query parameter")
		}
		if len(values) != 1 && p.Type != "array" {
			return nil, domain.Invalid(name, "is there more than once")
		}
		if values[0] == "" {
			continue // an empty field of a form
		}
		v, err := argument(name, p, values)
		if err != nil {
			return nil, err
		}
		args[name] = v
	}
	for name, p := range schema.Properties {
		if strings.Contains(path, "{"+name+"}") {
			v, err := argument(name, p, []string{in.param(name)})
			if err != nil {
				return nil, err
			}
			args[name] = v
		}
	}
	return json.Marshal(args)
}

func argument(name string, p *jsonschema.Schema, values []string) (any, error) {
	switch p.Type {
	case "integer":
		n, err := strconv.ParseInt(values[0], 10, 64)
		if err != nil {
			return nil, domain.Invalid(name, "want a whole number")
		}
		return n, nil
	case "boolean":
		b, err := strconv.ParseBool(values[0])
		if err != nil {
			return nil, domain.Invalid(name, "want true or false")
		}
		return b, nil
	case "array":
		var all []string
		for _, v := range values {
			all = append(all, strings.Split(v, ",")...)
		}
		return all, nil
	}
	return values[0], nil
}

// schemaOf is a tool argument's schema as huma has it.
func schemaOf(p *jsonschema.Schema) *huma.Schema {
	s := &huma.Schema{Type: p.Type, Enum: p.Enum, Minimum: p.Minimum, Maximum: p.Maximum, MinLength: p.MinLength, MaxLength: p.MaxLength, MinItems: p.MinItems, MaxItems: p.MaxItems}
	if p.Type == "integer" {
		s.Format = "int64"
	}
	if p.Items != nil {
		s.Items = schemaOf(p.Items)
	}
	return s
}
