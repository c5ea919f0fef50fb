package storetest

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// dropAll has the kernel drop every packet that comes in for a socket, unacknowledged, as a network that is cut does.
func dropAll(s syscall.Conn) error {
	nothing := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K} // of each packet, 0 bytes are wanted
	return onSocket(s, func(fd int) error {
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing})
	})
}

// dropNone ends dropAll.
func dropNone(s syscall.Conn) error {
	return onSocket(s, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0) })
}

func onSocket(s syscall.Conn, f func(fd int) error) error {
	raw, err := s.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = f(int(fd)) })
	return errors.Join(err, failed)
}
