package web

import (
	"net/http"
	"slices"
	"strings"
)

// refusesOtherSites sends every write by the cookie of one who may, as a browser does for a page of another site: 403 for each, also where
// the browser says nothing of where it comes from. By the page's own it is not refused for that.
func (w *accessWorld) refusesOtherSites() {
	w.t.Helper()
	tried := 0
	for _, x := range w.sent {
		cookie, signedIn := strings.CutPrefix(w.header[x.who][1], "Bearer ")
		if !signedIn || x.method == http.MethodGet || x.path == "/v1/session" { // signing in takes a header, signing out nothing
			continue
		}
		tried++
		cookie = sessionCookie + "=" + cookie
		for name, header := range map[string][]string{
			"another site":      {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
			"a sister domain":   {"Sec-Fetch-Site", "same-site", "Origin", "http://evil." + strings.TrimPrefix(w.url, "http://")},
			"an old browser":    {"Origin", "https://evil.example"},
			"a sandboxed frame": {"Origin", "null"},
			"a silent one":      {},
		} {
			status, answer := get(w.t, http.DefaultClient, x.method, w.url+x.path, x.body, append(header, "Cookie", cookie, "Content-Type", "application/json")...)
			if status != http.StatusForbidden {
				w.t.Errorf("%s %s by the cookie of %s, sent by a page of %s: %d %.200s", x.method, x.path, x.who, name, status, answer)
			}
		}
		if status, answer := get(w.t, http.DefaultClient, x.method, w.url+x.path, "{", "Cookie", cookie, "Sec-Fetch-Site", "same-origin", "Content-Type", "application/json"); strings.Contains(answer, `"field":"Origin"`) {
			w.t.Errorf("%s %s by the page's own request: %d %.200s", x.method, x.path, status, answer)
		}
	}
	if tried < 40 {
		w.t.Errorf("%d writes were tried", tried)
	}
}

// keepsSilent sends everything once more with a secret in the query, then without a database, so that all fails, and looks at what the server logged
// at its most talkative: no token, key, name, text or query.
func (w *accessWorld) keepsSilent() {
	w.t.Helper()
	const asked = "zqxquery"
	again := func() (failed int) {
		for _, x := range w.sent {
			sep := "?"
			if strings.Contains(x.path, "?") {
				sep = "&"
			}
			for _, path := range []string{x.path, x.path + sep + "token=" + asked} {
				if status, _ := w.send(x.who, x.method, path, x.body); status >= 500 {
					failed++
				}
			}
		}
		return failed
	}
	if failed := again(); failed > 0 {
		w.t.Errorf("%d requests sent again failed on our side", failed)
	}
	w.pool.Close()
	if failed := again(); failed < len(w.sent) {
		w.t.Errorf("without a database %d requests of %d failed", failed, 2*len(w.sent))
	}
	log := w.log.String()
	if lines := strings.Count(log, "\n"); lines < 5*len(w.sent) || !strings.Contains(log, `"level":"ERROR"`) {
		w.t.Fatalf("%d lines were logged: the check says little", lines)
	}
	secrets := []string{asked, personal, "own-of-", "whsec_", "phk_", string(testSecret)}
	for _, h := range w.header {
		secret := strings.TrimPrefix(h[1], "Bearer ")
		secrets = append(secrets, secret, secret[strings.LastIndexByte(secret, '.')+1:]) // the signature alone, too
	}
	for _, x := range slices.DeleteFunc(secrets, func(s string) bool { return len(s) < 4 }) {
		if i := strings.Index(log, x); i >= 0 {
			w.t.Errorf("the log holds %.20s…: %s", x, log[max(0, i-300):min(len(log), i+200)])
		}
	}
}
