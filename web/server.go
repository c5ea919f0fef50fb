// Package web serves Partner Hub over HTTP: the REST API, the chat, and the web app embedded in the binary.
package web

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"partnerhub/domain"
	"partnerhub/knowledge"
	"partnerhub/store"
	"partnerhub/tools"
)

// Config is what the server is made of.
type Config struct {
	Store   *store.Store
	Events  *store.Store // takes events in, on connections of its own; nil: Store
	Auth    *Auth
	Chat    *Chat
	Inbox   *Inbox // nil: no push to open windows
	Tickets *store.Tickets
	PushKey string // public key of Web Push; "": none
	// PrivateWebhooks lets webhooks and pushes go to http and to private addresses: for development.
	PrivateWebhooks bool
	Tools           []tools.Tool
	Rules           *knowledge.Library
	Library         *store.Library // the store of Rules; nil: no pages for the content team
	Questions       []string       // recommended on the welcome screen
	People          []Person       // whom development mode offers to sign in as; nil: no development mode
	Articles        Articles       // for campaigns; nil: those of Library
	Ingest          IngestLimits
	Zone            *time.Location
	Now             func() time.Time // nil: time.Now
	PerMinute       int              // requests that a caller may make of the REST API; 0: 1200
	KeyPerMinute    int              // requests that an API key without a limit of its own may make; 0: 6000
	Logger          *slog.Logger
	Reviews         *store.Reviews
	// CaseFolder is where the cases made of reviews are written as files, besides the database; "": nowhere.
	CaseFolder string
	// SignUpURL is where people sign up at the exchange, with {code} in it; "": not known, and no links are shared.
	SignUpURL string
}

// server holds what the handlers share.
type server struct {
	Config
	tools   map[string]tools.Tool
	callers limiter[int64]
	keys    limiter[string] // by name
	places  places
}

// maxJSONBody bounds the bodies of the REST API; events have a limit of their own.
const maxJSONBody = 1 << 20

// New is the whole HTTP surface.
func New(cfg Config) http.Handler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Articles == nil && cfg.Library != nil {
		cfg.Articles = cfg.Library.ListArticles
	}
	if cfg.Events == nil {
		cfg.Events = cfg.Store
	}
	if cfg.PerMinute == 0 {
		cfg.PerMinute = 1200
	}
	if cfg.KeyPerMinute == 0 {
		cfg.KeyPerMinute = 6000
	}
	s := &server{Config: cfg, tools: map[string]tools.Tool{}, callers: limiter[int64]{perMinute: cfg.PerMinute}}
	for _, t := range cfg.Tools {
		s.tools[t.Name] = t
	}
	r := chi.NewRouter()
	r.Use(middleware.RequestID, s.log, s.recover, headers)
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	r.Get("/readyz", s.ready)
	r.Method(http.MethodPost, "/v1/events", s.withKey(store.ScopeEvents, NewEvents(cfg.Events, cfg.Ingest, keyName)))
	cfg.Chat.Register(r)
	s.registerMCP(r)
	if cfg.Inbox != nil {
		r.Get("/v1/notices/ws", cfg.Inbox.socket)
	}

	api := humachi.New(r, s.apiConfig())
	wireTypes(api.OpenAPI().Components.Schemas)
	s.registerSession(api)
	s.registerMetrics(api)
	s.registerOperator(api)
	s.registerRejected(api)
	s.registerTerms(api)
	s.registerFund(api)
	s.registerInbox(api)
	s.registerCodes(api)
	s.registerProposals(api)
	s.registerWebhooks(api)
	s.registerPush(api)
	s.registerTasks(api)
	s.registerPartner(api)
	s.registerExports(api)
	if cfg.Chat != nil {
		s.registerFeedback(api)
	}
	s.registerLibrary(api)
	s.registerHandoff(api)
	s.registerPrograms(api)
	s.registerReviews(api)
	s.describe(api)
	r.NotFound(s.app)
	r.MethodNotAllowed(methodNotAllowed(r))
	return r
}

// methodNotAllowed names the methods that the path has.
func methodNotAllowed(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if routes.Match(chi.NewRouteContext(), method, r.URL.Path) {
				w.Header().Add("Allow", method)
			}
		}
		writeProblem(w, &Problem{Type: "about:blank", Title: http.StatusText(http.StatusMethodNotAllowed), Status: http.StatusMethodNotAllowed,
			Detail: "this path has no " + r.Method, Code: domain.CodeInvalid})
	}
}

func (s *server) apiConfig() huma.Config {
	c := huma.DefaultConfig("Partner Hub", "1")
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/v1/openapi", "", "/v1/schemas"
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", namer())
	c.CreateHooks = nil // no $schema field in the answers
	c.RejectUnknownQueryParameters = true
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":  {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
		"cookie": {Type: "apiKey", In: "cookie", Name: sessionCookie},
		"key":    {Type: "apiKey", In: "header", Name: "X-API-Key"},
	}
	// huma's own refusals, of a parameter that is no number and the like, take our form.
	c.Transformers = append(c.Transformers, func(_ huma.Context, _ string, v any) (any, error) {
		m, ok := v.(*huma.ErrorModel)
		if !ok {
			return v, nil
		}
		p := problemOf(domain.Invalid("", "%s", m.Detail))
		p.Status, p.Title = m.Status, http.StatusText(m.Status)
		if len(m.Errors) > 0 {
			at := m.Errors[0].Location
			p.Field = at[strings.LastIndex(at, ".")+1:]
			p.Detail = p.Field + ": " + m.Errors[0].Message
		}
		return p, nil
	})
	return c
}

type (
	callerKey struct{}
	personKey struct{}
)

// caller is who the request is from; operations behind authenticate have one.
func caller(ctx context.Context) domain.Caller {
	c, _ := ctx.Value(callerKey{}).(domain.Caller)
	return c
}

// operationTimeout bounds an operation of the REST API.
const operationTimeout = 30 * time.Second

// authenticate puts the caller into the operation's context, which it bounds, or refuses.
func (s *server) authenticate(api huma.API) func(huma.Context, func(huma.Context)) {
	return s.authenticateFor(api, operationTimeout)
}

// authenticateFor is authenticate with a bound of its own.
func (s *server) authenticateFor(_ huma.API, bound time.Duration) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		c, p, err := s.Auth.identify(r)
		if err != nil {
			writeProblem(w, err)
			return
		}
		if err := s.callers.allow(c.UID, time.Now()); err != nil {
			writeProblem(w, err)
			return
		}
		bounded, cancel := context.WithTimeout(context.WithValue(context.WithValue(ctx.Context(), callerKey{}, c), personKey{}, p), bound)
		defer cancel()
		leave, err := s.places.enter(bounded, c.UID)
		if err != nil {
			writeProblem(w, err)
			return
		}
		defer leave()
		next(huma.WithContext(ctx, bounded))
	}
}

type keyNameKey struct{}

// keyName is the name of the API key by which a request was let in.
func keyName(r *http.Request) string { return keyOf(r.Context()) }

func keyOf(ctx context.Context) string {
	name, _ := ctx.Value(keyNameKey{}).(string)
	return name
}

// key is the API key of a request, which has the scope and is within its limit.
func (s *server) key(ctx context.Context, r *http.Request, scope string) (store.APIKey, error) {
	k, err := s.Events.APIKey(ctx, bearerKey(r), scope) // a sender does not wait for callers
	if err == nil {
		err = s.keys.allowUpTo(k.Name, cmp.Or(k.PerMinute, s.KeyPerMinute), time.Now())
	}
	return k, err
}

// withKey lets requests through whose API key has a scope.
func (s *server) withKey(scope string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k, err := s.key(r.Context(), r, scope)
		if err != nil {
			writeProblem(w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), keyNameKey{}, k.Name)))
	})
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if _, err := s.Store.Empty(ctx); err != nil {
		writeProblem(w, domain.Errorf(domain.CodeUnavailable, "", "the database does not answer"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// log writes one line a request: no query strings, bodies or tokens, which may hold personal data.
func (s *server) log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(ww, r)
		level := slog.LevelDebug
		if ww.Status() >= http.StatusInternalServerError && r.Context().Err() == nil { // a client that went away is no fault
			level = slog.LevelError
		}
		s.Logger.Log(r.Context(), level, "request", "id", middleware.GetReqID(r.Context()), "method", r.Method, "path", r.URL.Path,
			"status", ww.Status(), "bytes", ww.BytesWritten(), "ms", time.Since(start).Milliseconds())
	})
}

// recover answers 500 when a handler panics, and says where in the log.
func (s *server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.Logger.ErrorContext(r.Context(), "panic", "id", middleware.GetReqID(r.Context()), "panic", p, "stack", string(debug.Stack()))
				writeProblem(w, domain.Errorf(domain.CodeInternal, "", "something went wrong on our side"))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// headers close what the app does not need. Styles may be inline: the charts set them on their elements. Sockets go to this host alone, as all else.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Request-Id", middleware.GetReqID(r.Context()))
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
