package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"partnerhub/domain"
)

const (
	timeout   = 15 * time.Second // of an attempt, from dialling to the end of the answer
	maxURL    = 2048
	maxAnswer = 16 << 10 // what is read of an answer, so that the connection can be used again
)

// closed are the networks that are not the public internet, beside those that package netip names.
var closed = func() (list []netip.Prefix) {
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10", // those that hold an IPv4 address among them
	} {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}()

// public reports whether an address is one of the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// errPrivate is what a dial to a closed network ends with.
var errPrivate = errors.New("the address is not a public one")

// refusePrivate is called with the address that is dialled, after the name was resolved: a name that points to a private address,
// or points elsewhere the next moment, gets no further than this.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !public(ap.Addr()) {
		return errPrivate
	}
	return nil
}

// NewClient is a client for addresses that others name. It follows no redirects, uses no proxy, and with private false
// dials public addresses alone.
func NewClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		dialer.Control = refusePrivate
	}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: 5 * time.Second,
			ForceAttemptHTTP2: true, MaxIdleConns: 100, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 64 << 10, ExpectContinueTimeout: time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// CheckURL returns CodeInvalid on "url" unless it can be delivered to: https without a user, and with private false not by
// an address or name that is never public. What a name resolves to is seen when it is dialled.
func CheckURL(text string, private bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return domain.Invalid("url", "is not a URL with a host")
	case len(text) > maxURL:
		return domain.Invalid("url", "is longer than %d bytes", maxURL)
	case u.Scheme != "https" && (u.Scheme != "http" || !private):
		return domain.Invalid("url", "want https")
	case u.User != nil:
		return domain.Invalid("url", "must not hold a user or password")
	case u.Fragment != "":
		return domain.Invalid("url", "must not have a fragment")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !private && !public(a) || u.Hostname() == "localhost" && !private {
		return domain.Invalid("url", "%s", errPrivate)
	}
	return nil
}

// reason says what went wrong with an attempt, for an operator: no more of the URL than its host.
func reason(err error) string {
	var failed *url.Error
	if errors.As(err, &failed) {
		if failed.Timeout() {
			return "no answer in time"
		}
		err = failed.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	text := err.Error()
	return text[:min(len(text), 300)]
}
