package delivery

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"partnerhub/domain"
)

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"1.1.1.1": true, "93.184.216.34": true, "2606:4700:4700::1111": true,
		"127.0.0.1": false, "127.9.9.9": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fd00::1": false, "fc00::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:1.1.1.1": true, "64:ff9b::a00:1": false, "2002:a00:1::1": false, "2001:0:1::1": false, "fec0::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for text, private := range map[string][2]bool{ // refused when public, refused when private are allowed
		"https://example.com/hooks?x=1": {false, false}, "https://example.com:8443/": {false, false},
		"http://example.com/": {true, false}, "https://127.0.0.1/": {true, false}, "https://[::1]/": {true, false}, "https://localhost/": {true, false}, "http://10.1.2.3:80/": {true, false},
		"": {true, true}, "example.com": {true, true}, "https://": {true, true}, "https:///path": {true, true}, "ftp://example.com": {true, true}, "https://me:secret@example.com/": {true, true},
		"https://example.com/#x": {true, true}, "file:///etc/passwd": {true, true}, "https://exa mple.com": {true, true}, "https://" + strings.Repeat("a", maxURL): {true, true},
	} {
		for i, allow := range []bool{false, true} {
			err := CheckURL(text, allow)
			var refused *domain.Error
			if (err != nil) != private[i] || err != nil && (!errors.As(err, &refused) || refused.Field != "url") {
				t.Errorf("%s with private %v: %v", text, allow, err)
			}
		}
	}
}

// TestNothingPrivateIsReached has a server on this machine: by its address, by names that resolve to it, in every spelling.
func TestNothingPrivateIsReached(t *testing.T) {
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer srv.Close()
	port := srv.URL[strings.LastIndexByte(srv.URL, ':'):]
	t.Setenv("HTTP_PROXY", srv.URL) // a proxy would dial for us
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f000001"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+port, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := NewClient(false).Do(req)
		if err == nil {
			_ = res.Body.Close()
			t.Errorf("%s answered", host)
		}
	}
	if reached {
		t.Error("it was reached")
	}
}
