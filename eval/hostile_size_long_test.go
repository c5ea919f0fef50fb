//go:build long

package eval_test

// hostileTurns makes some 300,000 calls, in half an hour.
const hostileTurns = 40_000
