package web

import (
	"context"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"partnerhub/domain"
)

const (
	sessionCookie = "partnerhub_session"
	sessionLength = 12 * time.Hour
	clockSkew     = 30 * time.Second
)

// AuthConfig says whose tokens are believed. Exactly one of Secret and JWKSURL is set.
type AuthConfig struct {
	Secret   []byte // shared with the exchange: HS256, HS384, HS512
	JWKSURL  string // the exchange's public keys: RS256, ES256, EdDSA and their like
	Issuer   string // when set, the token's iss must be it
	Audience string // when set, the token's aud must hold it
}

// Auth takes the caller from a request: a signed token in the Authorization header or the session cookie. It never looks
// at a message, a body or a URL (SPEC 1).
type Auth struct {
	key    jwt.Keyfunc
	parser *jwt.Parser
	secret []byte
}

// claims are what a token must say: sub is the uid, role one of the roles.
type claims struct {
	jwt.RegisteredClaims
	Role domain.Role `json:"role"`
	Name string      `json:"name,omitempty"` // shown to the caller alone
	// Email is where a BD's tickets are sent; a token need not have one.
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"` // false: nobody knows whose mailbox it is
}

// person is who a caller is to others, as far as the token says: "" where it does not.
type person struct{ name, email string }

// person leaves out what is no address.
func (cl claims) person() person {
	p := person{name: cl.Name}
	if a, err := mail.ParseAddress(cl.Email); err == nil && len(a.Address) <= 254 && (cl.EmailVerified == nil || *cl.EmailVerified) {
		p.email = a.Address
	}
	return p
}

// NewAuth fetches the JWKS, if one is named, and keeps it fresh until ctx ends.
func NewAuth(ctx context.Context, cfg AuthConfig) (*Auth, error) {
	a := &Auth{secret: cfg.Secret}
	methods := []string{"HS256", "HS384", "HS512"}
	a.key = func(*jwt.Token) (any, error) { return cfg.Secret, nil }
	if cfg.JWKSURL != "" {
		// Only asymmetric methods: a public key must never be taken for a shared secret.
		methods = []string{"RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"}
		keys, err := keyfunc.NewDefaultCtx(ctx, []string{cfg.JWKSURL})
		if err != nil {
			return nil, domain.Errorf(domain.CodeUnavailable, "jwks-url", "fetching the keys: %v", err)
		}
		a.key = keys.Keyfunc
	} else if len(cfg.Secret) < 32 {
		return nil, domain.Invalid("jwt-secret", "want at least 32 bytes")
	}
	opts := []jwt.ParserOption{jwt.WithValidMethods(methods), jwt.WithExpirationRequired(), jwt.WithLeeway(clockSkew)}
	if cfg.Issuer != "" {
		opts = append(opts, jwt.WithIssuer(cfg.Issuer))
	}
	if cfg.Audience != "" {
		opts = append(opts, jwt.WithAudience(cfg.Audience))
	}
	a.parser = jwt.NewParser(opts...)
	return a, nil
}

// Caller is who sent the request. The error is CodeUnauthenticated, or CodeForbidden for a request that another site's page
// made the browser send.
func (a *Auth) Caller(r *http.Request) (domain.Caller, error) {
	c, _, err := a.identify(r)
	return c, err
}

func (a *Auth) identify(r *http.Request) (c domain.Caller, p person, err error) {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		cookie, err := r.Cookie(sessionCookie)
		if err != nil {
			return c, p, domain.Errorf(domain.CodeUnauthenticated, "", "sign in first")
		}
		// A cookie travels with requests that other sites cause; a header does not.
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !sameOrigin(r) {
			return c, p, domain.Errorf(domain.CodeForbidden, "Origin", "the request comes from another site")
		}
		token = cookie.Value
	}
	return a.verify(token)
}

func (a *Auth) verify(token string) (c domain.Caller, p person, err error) {
	var cl claims
	if _, err := a.parser.ParseWithClaims(token, &cl, a.key); err != nil {
		return c, p, domain.Errorf(domain.CodeUnauthenticated, "", "the token is not valid or has expired")
	}
	uid, err := strconv.ParseInt(cl.Subject, 10, 64)
	if err != nil || uid <= 0 {
		return c, p, domain.Errorf(domain.CodeUnauthenticated, "sub", "the token's subject is not a uid")
	}
	if !cl.Role.Valid() || cl.Role == domain.RoleService {
		return c, p, domain.Errorf(domain.CodeUnauthenticated, "role", "the token names no known role")
	}
	return domain.Caller{UID: uid, Role: cl.Role}, cl.person(), nil
}

// sign makes a session token; development sign-in uses it.
func (a *Auth) sign(c domain.Caller, name string, now time.Time) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: strconv.FormatInt(c.UID, 10), IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(sessionLength))},
		Role:             c.Role, Name: name,
	}).SignedString(a.secret)
}

// sameOrigin reports whether the browser says that a page of this host sent the request.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && origin.Host == r.Host
}

// bearerKey is the API key that a request carries: X-API-Key, or a bearer token that looks like one.
func bearerKey(r *http.Request) string {
	if k := r.Header.Get("X-API-Key"); k != "" {
		return k
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if strings.HasPrefix(token, "phk_") {
		return token
	}
	return ""
}
