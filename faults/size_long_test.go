//go:build long

package faults_test

import "time"

// Half an hour of other faults each time.
const (
	defaultSeed = 0
	defaultTime = 30 * time.Minute
)
