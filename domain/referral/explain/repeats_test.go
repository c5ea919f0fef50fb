//go:build !long

package explain

// repeats multiplies the tables of TestPlanted; with -tags long there are more.
const repeats = 1
