//go:build !linux

package store

import (
	"syscall"
	"time"
)

// unansweredFor leaves it to the kernel when to give an unanswered connection up.
func unansweredFor(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }
