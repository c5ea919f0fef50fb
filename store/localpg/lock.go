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

// lock waits for the lock on the file at path; how is LOCK_EX or LOCK_SH. Closing the
// file releases the lock, as does the end of the process.
func lock(ctx context.Context, path string, how int) (*os.File, error) {
	for {
		file, err := tryLock(path, how)
		if err != nil || file != nil {
			return file, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for %s: %w", path, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
}

// tryLock is lock without waiting: it returns nil, nil while somebody else has the lock.
func tryLock(path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
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
	return nil, fmt.Errorf("locking %s: %w", path, err)
}
