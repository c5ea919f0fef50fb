//go:build !long

package store_test

import "partnerhub/domain"

// The sizes of the tests on random data; `make test-long` has larger ones.
const (
	worlds    = 3   // random worlds of each kind
	questions = 100 // put to each
	reports   = 2   // for each partner of one

	killedRuns     = 1
	killedReferees = 250
	killedTimes    = 3

	simulations  = 2      // of ledger, tasks and compactor
	simulated    = 10_000 // operations of each
	largestBatch = 120    // trades
	simThreshold = 1000 * domain.USDT
)
