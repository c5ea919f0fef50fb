//go:build long

package explain

// repeats multiplies the tables of TestPlanted.
const repeats = 10
