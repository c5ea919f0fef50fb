//go:build !linux

package storetest

import (
	"errors"
	"syscall"
)

func dropAll(syscall.Conn) error  { return errors.ErrUnsupported }
func dropNone(syscall.Conn) error { return errors.ErrUnsupported }
