package store

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unansweredFor ends a TCP connection on which something that was sent is not acknowledged for so long: keep-alives are not sent
// meanwhile, and the kernel's own patience is a quarter of an hour.
func unansweredFor(d time.Duration) func(network, address string, c syscall.RawConn) error {
	return func(network, _ string, c syscall.RawConn) error {
		if network == "unix" {
			return nil
		}
		var set error
		err := c.Control(func(fd uintptr) {
			set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
		})
		return errors.Join(err, set)
	}
}
