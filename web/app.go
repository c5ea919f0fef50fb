package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// dist is the built web app; `make web` builds it.
//
//go:embed all:dist
var dist embed.FS

// app serves the web app's files, and its page for every other path: the app routes them itself.
func (s *server) app(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		writeProblem(w, errNoRoute)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if info, err := fs.Stat(dist, "dist/"+name); name == "" || err != nil || info.IsDir() {
		if path.Ext(name) != "" { // a missing file is missing, not a page
			http.NotFound(w, r)
			return
		}
		name = "index.html"
	}
	// Vite puts a hash into the names of what it builds below assets/.
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	http.ServeFileFS(w, r, dist, "dist/"+name)
}
