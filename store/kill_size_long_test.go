//go:build long

package store_test

// The size of TestKilledIngest in `make test-long`.
const (
	killedRuns     = 4
	killedReferees = 2000
	killedTimes    = 12
)
