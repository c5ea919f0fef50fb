// Package library holds the sample program's rule library, embedded so that a new hub has something to answer from.
package library

import "embed"

// Files are the articles: see README.md.
//
//go:embed rules events materials learning announcements
var Files embed.FS
