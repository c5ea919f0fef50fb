package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"partnerhub/domain"
)

// Person is somebody whom development mode offers to sign in as.
type Person struct {
	UID  int64       `json:"uid"`
	Role domain.Role `json:"role"`
	Name string      `json:"name"`
	Note string      `json:"note"`
}

type session struct {
	UID  int64       `json:"uid"`
	Role domain.Role `json:"role"`
	Name string      `json:"name"`
	Zone string      `json:"zone" doc:"The reporting zone, an IANA name"`
	Dev  bool        `json:"dev" doc:"Development mode: anybody can sign in as anybody"`

	SignUpURL string `json:"signUpUrl,omitempty" doc:"Where people sign up at the exchange; {code} stands for the referral code"`
}

type sessionOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      session
}

// cookie keeps a session: out of reach of scripts and of other sites, and but for development, where there is no certificate, of plain http.
func (s *server) cookie(token string, age time.Duration) http.Cookie {
	return http.Cookie{Name: sessionCookie, Value: token, Path: "/", MaxAge: int(age.Seconds()), HttpOnly: true, Secure: s.People == nil, SameSite: http.SameSiteLaxMode}
}

// registerSession adds signing in and out, and what the first screens need.
func (s *server) registerSession(api huma.API) {
	security := []map[string][]string{{"token": {}}, {"cookie": {}}}
	guarded := huma.Middlewares{s.authenticate(api)}
	huma.Register(api, huma.Operation{OperationID: "get-session", Method: http.MethodGet, Path: "/v1/session", Summary: "Who am I", Security: security, Middlewares: guarded},
		func(ctx context.Context, in *struct {
			Name string `cookie:"-"`
		}) (*bodyOf[session], error) {
			c := caller(ctx)
			return &bodyOf[session]{session{UID: c.UID, Role: c.Role, Name: s.nameOf(ctx, c), Zone: s.Zone.String(), Dev: s.People != nil, SignUpURL: s.SignUpURL}}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "sign-in", Method: http.MethodPost, Path: "/v1/session", Summary: "Keep the bearer token of this request as the browser's session", Security: security[:1], Middlewares: guarded},
		func(ctx context.Context, in *struct {
			Authorization string `header:"Authorization"`
		}) (*sessionOutput, error) {
			c := caller(ctx)
			token := in.Authorization
			if len(token) > len("Bearer ") {
				token = token[len("Bearer "):]
			}
			return &sessionOutput{SetCookie: s.cookie(token, sessionLength), Body: session{UID: c.UID, Role: c.Role, Name: s.nameOf(ctx, c), Zone: s.Zone.String(), SignUpURL: s.SignUpURL}}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "sign-out", Method: http.MethodDelete, Path: "/v1/session", Summary: "Sign out", Security: security, DefaultStatus: http.StatusNoContent},
		func(context.Context, *struct{}) (*struct {
			SetCookie http.Cookie `header:"Set-Cookie"`
		}, error) {
			return &struct {
				SetCookie http.Cookie `header:"Set-Cookie"`
			}{s.cookie("", -time.Second)}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "get-welcome", Method: http.MethodGet, Path: "/v1/welcome", Summary: "Greeting and recommended questions", Security: security, Middlewares: guarded},
		func(context.Context, *struct{}) (*bodyOf[welcome], error) {
			return &bodyOf[welcome]{welcome{Message: "Ask about your commission, your referees and their trading.", Questions: s.Questions}}, nil
		})
	if s.People == nil {
		return
	}
	huma.Register(api, huma.Operation{OperationID: "list-people", Method: http.MethodGet, Path: "/v1/dev/people", Summary: "Development mode: whom to sign in as"},
		func(context.Context, *struct{}) (*bodyOf[[]Person], error) { return &bodyOf[[]Person]{s.People}, nil })
	huma.Register(api, huma.Operation{OperationID: "dev-sign-in", Method: http.MethodPost, Path: "/v1/dev/session", Summary: "Development mode: sign in as somebody"},
		func(ctx context.Context, in *struct {
			Body struct {
				UID  int64       `json:"uid" minimum:"1"`
				Role domain.Role `json:"role"`
			}
		}) (*sessionOutput, error) {
			c := domain.Caller{UID: in.Body.UID, Role: in.Body.Role}
			if !c.Role.Valid() || c.Role == domain.RoleService {
				return nil, problemOf(domain.Invalid("role", "unknown role %q", c.Role))
			}
			token, err := s.Auth.sign(c, s.nameOf(ctx, c), time.Now())
			if err != nil {
				return nil, problemOf(err)
			}
			return &sessionOutput{SetCookie: s.cookie(token, sessionLength), Body: session{UID: c.UID, Role: c.Role, Name: s.nameOf(ctx, c), Zone: s.Zone.String(), Dev: true, SignUpURL: s.SignUpURL}}, nil
		})
}

type welcome struct {
	Message   string   `json:"message"`
	Questions []string `json:"questions"`
}

// nameOf is a person's name where the hub knows it: from their token, or in development mode. Else the uid is all there is.
func (s *server) nameOf(ctx context.Context, c domain.Caller) string {
	if p, _ := ctx.Value(personKey{}).(person); p.name != "" {
		return p.name
	}
	for _, p := range s.People {
		if p.UID == c.UID {
			return p.Name
		}
	}
	return ""
}
