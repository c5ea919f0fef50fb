// Package bingx reads what BingX's agent API tells of a partner's invitees, and keeps it beside our own figures (SPEC 12).
//
// Shapes and limits are those of the public reference, https://github.com/BingX-API/api-ai-skills (skills/agent/api-reference.md).
package bingx

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"partnerhub/domain"
)

const (
	// gap between two requests: the gateway takes 2 a second from one address.
	gap         = 550 * time.Millisecond
	recvWindow  = 5000 // ms for which a request is valid, their most
	callTimeout = 10 * time.Second
	maxTries    = 6
	maxBackoff  = 5 * time.Second
	maxAnswer   = 8 << 20
)

// Codes of the answers, of which those that pass are tried again.
const (
	codeRateLimited = 100410
	codeBusy        = 100500
	codeClock       = 100421
	codeClockAgent  = 80014
)

// Client makes signed requests, one after the other and no more than the gateway takes.
type Client struct {
	base, key, secret string
	http              *http.Client
	last              time.Time // of the latest request

	now   func() time.Time
	pause func(context.Context, time.Duration) error
}

// NewClient makes a client of an API key with the permission to read. base is https://open-api.bingx.com in production.
func NewClient(base, key, secret string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !net.ParseIP(u.Hostname()).IsLoopback()) {
		return nil, domain.Invalid("base-url", "want an address as https://open-api.bingx.com")
	}
	if key == "" || secret == "" {
		return nil, domain.Invalid("api-key", "want the key and its secret")
	}
	// A redirect would take the key elsewhere.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: strings.TrimSuffix(base, "/"), key: key, secret: secret, http: &http.Client{Timeout: callTimeout, CheckRedirect: stay}, now: time.Now, pause: pause}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// errPasses is a failure that may be over at the next try.
type errPasses struct{ error }

// get reads the data of an answer. The error is CodeUnavailable where the exchange refused or did not answer, at the last of several tries.
func (c *Client) get(ctx context.Context, path string, params map[string]string, data any) error {
	var err error
	for try := range maxTries {
		if wait := c.last.Add(gap).Sub(c.now()); try == 0 && wait > 0 {
			if err := c.pause(ctx, wait); err != nil {
				return err
			}
		}
		if try > 0 {
			most := min(gap<<try, maxBackoff)
			if err := c.pause(ctx, most+rand.N(most/2)); err != nil {
				return err
			}
		}
		c.last = c.now()
		var passes errPasses
		if err = c.once(ctx, path, params, data); err == nil || !errors.As(err, &passes) || ctx.Err() != nil {
			break
		}
	}
	if err != nil && ctx.Err() == nil {
		return domain.Errorf(domain.CodeUnavailable, "bingx", "%s: %v", path, err)
	}
	return err
}

func (c *Client) once(ctx context.Context, path string, params map[string]string, data any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path+"?"+c.sign(params), nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-BX-APIKEY", c.key)
	res, err := c.http.Do(req)
	if err != nil {
		var u *url.Error // its text has the query, and in it the signature
		if errors.As(err, &u) {
			err = u.Err
		}
		return errPasses{err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return errPasses{fmt.Errorf("the answer was cut: %w", err)}
	case len(body) > maxAnswer:
		return fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= http.StatusInternalServerError:
		return errPasses{fmt.Errorf("status %d", res.StatusCode)}
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("status %d", res.StatusCode)
	}
	var answer struct {
		Code int             `json:"code"`
		Msg  string          `json:"msg"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return errPasses{errors.New("the answer is no JSON of theirs")}
	}
	switch answer.Code {
	case 0:
	case codeRateLimited, codeBusy:
		return errPasses{fmt.Errorf("code %d: %.200s", answer.Code, answer.Msg)}
	case codeClock, codeClockAgent:
		return fmt.Errorf("code %d: the clocks differ: %.200s", answer.Code, answer.Msg)
	default:
		return fmt.Errorf("code %d: %.200s", answer.Code, answer.Msg)
	}
	if err := json.Unmarshal(answer.Data, data); err != nil {
		return fmt.Errorf("the answer has another form than documented: %w", err)
	}
	return nil
}

// sign is the query: parameters in the order of their names, unencoded, and the signature over them. Ours are numbers, so that nothing in
// them could be taken for another parameter.
func (c *Client) sign(params map[string]string) string {
	all := maps.Clone(params)
	all["timestamp"], all["recvWindow"] = strconv.FormatInt(c.now().UnixMilli(), 10), strconv.Itoa(recvWindow)
	var q strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if q.Len() > 0 {
			q.WriteByte('&')
		}
		q.WriteString(name + "=" + all[name])
	}
	mac := hmac.New(sha256.New, []byte(c.secret))
	mac.Write([]byte(q.String()))
	return q.String() + "&signature=" + hex.EncodeToString(mac.Sum(nil))
}
