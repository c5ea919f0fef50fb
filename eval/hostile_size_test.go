//go:build !long

package eval_test

// hostileTurns is how long the hostile model is let loose.
const hostileTurns = 60
