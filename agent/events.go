package agent

import (
	"context"
	"slices"
	"sync"
	"time"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
)

// recorder writes a run's events to the log. Nothing is shown that is not stored, and several events are stored
// in one transaction: those that come within Limits.FlushWait of each other.
type recorder struct {
	log    Log
	run    conversation.Run
	limits Limits
	now    func() time.Time
	wake   func()
	abort  context.CancelCauseFunc // of the run

	storing sync.Mutex // held while a transaction is under way, so that events are stored in order

	mu      sync.Mutex
	last    int64 // sequence number given out last
	pending []conversation.Logged
	timer   *time.Timer
	lost    bool // the run is another worker's: nothing may be stored any more
	// ending is set by the run's last event. It is stored by end alone, with the run's state: a timer that stored it
	// before would have the partner send the next message while the log still says that this run goes on.
	ending bool
}

const storeTimeout = 10 * time.Second

// add gives the events their sequence numbers and has them stored soon.
func (r *recorder) add(events ...conversation.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	logged := conversation.Log(r.run.ID, r.last, r.now(), events...)
	r.last += int64(len(logged))
	r.pending = append(r.pending, logged...)
	r.ending = r.ending || slices.ContainsFunc(events, func(e conversation.Event) bool {
		return e.Type == conversation.RunFinished || e.Type == conversation.RunError
	})
	if r.timer == nil && !r.lost && !r.ending {
		r.timer = time.AfterFunc(r.limits.FlushWait, func() { _ = r.flush("", "", conversation.Meter{}) }) // the next flush tries again
	}
}

// flush stores what is pending, and the run's end if there is one.
func (r *recorder) flush(end conversation.State, answer string, m conversation.Meter) error {
	r.storing.Lock()
	defer r.storing.Unlock()
	r.mu.Lock()
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	if r.ending && end == "" {
		r.mu.Unlock()
		return nil
	}
	events, lost := r.pending, r.lost
	r.pending = nil
	r.mu.Unlock()
	if lost || len(events) == 0 && end == "" {
		return nil
	}
	// Not the run's context: what has happened is stored also when the run is stopped.
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	stop, err := r.log.Append(ctx, r.run, conversation.Entry{Events: events, End: end, Answer: answer, Meter: m}, r.limits.Lease)
	switch {
	case err == nil:
		r.wake()
		if stop {
			r.abort(errStopped)
		}
	case domain.AsError(err).Code == domain.CodeConflict:
		r.mu.Lock()
		r.lost = true
		r.mu.Unlock()
		r.abort(errLost)
	default:
		r.mu.Lock()
		r.pending = append(events, r.pending...)
		r.mu.Unlock()
	}
	return err
}

// end stores the rest and the end. While the database does not answer it tries again for as long as the lease
// may have been heard of; after that the run is the sweepers'.
func (r *recorder) end(state conversation.State, answer string, m conversation.Meter) error {
	deadline := time.Now().Add(2 * r.limits.Lease)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := r.flush(state, answer, m)
		if err == nil || domain.AsError(err).Code == domain.CodeConflict || time.Now().Add(wait).After(deadline) {
			return err
		}
		time.Sleep(wait)
	}
}

// release gives the run up without ending it, so that another worker can take it at once.
func (r *recorder) release() error {
	if err := r.flush("", "", conversation.Meter{}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	_, err := r.log.Append(ctx, r.run, conversation.Entry{}, 0)
	return err
}
