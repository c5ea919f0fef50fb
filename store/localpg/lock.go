package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockPoll is how often a lock held by somebody else is tried again: flock itself cannot
// be interrupted by a context.
const lockPoll = 10 * time.Millisecond

// lock waits for the lock on the named file; how is LOCK_EX or LOCK_SH. Closing the file
// releases the lock, as does the end of the process.
func (s *server) lock(ctx context.Context, name string, how int) (*os.File, error) {
	for {
		file, err := s.tryLock(name, how)
		if err != nil || file != nil {
			return file, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for %s: %w", s.path(name), ctx.Err())
		case <-time.After(lockPoll):
		}
	}
}

// tryLock is lock without waiting: it returns nil, nil while somebody else has the lock.
func (s *server) tryLock(name string, how int) (*os.File, error) {
	file, err := s.open(name, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fmt.Errorf("locking %s: %w", s.path(name), err)
}

// open opens a file of the server's folder. What root creates there belongs to the user the
// server runs as, so that a home that root has once used stays usable by its owner.
func (s *server) open(name string, flag int) (*os.File, error) {
	file, err := os.OpenFile(s.path(name), flag|syscall.O_NOFOLLOW, 0o600)
	if err != nil || s.runAs == nil {
		return file, err
	}
	if err := file.Chown(int(s.runAs.Uid), int(s.runAs.Gid)); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
