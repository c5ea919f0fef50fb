//go:build !long

package faults_test

import "time"

// Each kind of fault once, the same each time: what the whole check has time for.
const (
	defaultSeed = 5
	defaultTime = 20 * time.Second
)
