//go:build !long

package store_test

// The size of TestKilledIngest; `make test-long` has a larger one.
const (
	killedRuns     = 1
	killedReferees = 400
	killedTimes    = 5
)
