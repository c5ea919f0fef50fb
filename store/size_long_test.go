//go:build long

package store_test

import "partnerhub/domain"

// The sizes of the tests on random data in `make test-long`.
const (
	worlds    = 12
	questions = 250
	reports   = 3

	killedRuns     = 4
	killedReferees = 2000
	killedTimes    = 12

	simulations  = 4
	simulated    = 500_000
	largestBatch = 5000
	simThreshold = 60_000 * domain.USDT
)
