//go:build long

package eval_test

// hostileTurns makes about a million calls.
const hostileTurns = 40_000
