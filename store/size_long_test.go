//go:build long

package store_test

// The sizes of the tests on random data in `make test-long`.
const (
	worlds    = 12
	questions = 250
	reports   = 3

	killedRuns     = 4
	killedReferees = 2000
	killedTimes    = 12
)
