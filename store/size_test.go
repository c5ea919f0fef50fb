//go:build !long

package store_test

// The sizes of the tests on random data; `make test-long` has larger ones.
const (
	worlds    = 3   // random worlds of each kind
	questions = 100 // put to each
	reports   = 2   // for each partner of one

	killedRuns     = 1
	killedReferees = 250
	killedTimes    = 3
)
