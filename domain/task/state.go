package task

import (
	"time"

	"partnerhub/domain"
)

// State is where a task is in its life. Time brings it from pending to active to closing, without anybody's doing; settled and cancelled are stored.
type State string

// The states.
const (
	Pending   State = "pending"   // before the start
	Active    State = "active"    // between start and end
	Closing   State = "closing"   // over, but late events still count
	Settled   State = "settled"   // the unspent money is back
	Cancelled State = "cancelled" // ended by its creator; the unspent money is back
)

// States lists them in order of a life.
var States = []State{Pending, Active, Closing, Settled, Cancelled}

// DefaultGrace is how long after a task's end late events count, unless the setting task_grace says otherwise. Events of an exchange come
// late by minutes; a day also covers a backend that is down overnight.
const DefaultGrace = 24 * time.Hour

// Life is what a task's state follows from.
type Life struct {
	Start, End time.Time
	Settled    time.Time // zero: not yet
	Cancelled  time.Time // zero: not
}

// State is the task's state at now.
func (l Life) State(now time.Time) State {
	switch {
	case !l.Cancelled.IsZero():
		return Cancelled
	case !l.Settled.IsZero():
		return Settled
	case now.Before(l.Start):
		return Pending
	case now.Before(l.End):
		return Active
	}
	return Closing
}

// Move is what its creator does with a task.
type Move string

// The moves.
const (
	Extend Move = "extend" // a later end
	TopUp  Move = "top_up" // more to earn
	Cancel Move = "cancel"
	Nudge  Move = "nudge" // tell the participants again
)

// Moves are what each state allows (SPEC 10, T7 and T8).
var Moves = map[State][]Move{
	Pending:   {Extend, TopUp, Cancel, Nudge},
	Active:    {Extend, TopUp, Cancel, Nudge},
	Closing:   {Cancel},
	Settled:   {},
	Cancelled: {},
}

// Allow returns CodeConflict on "status" when a state does not allow a move.
func (s State) Allow(m Move) error {
	for _, ok := range Moves[s] {
		if ok == m {
			return nil
		}
	}
	verb := map[Move]string{Extend: "be extended", TopUp: "be topped up", Cancel: "be cancelled", Nudge: "be announced again"}[m]
	return domain.Errorf(domain.CodeConflict, "status", "the task is %s and cannot %s", s, verb)
}

// NudgeEvery is how long a nudge must be past before the next.
const NudgeEvery = 24 * time.Hour

// ProgressEvery is how often, at most, the exchange is told of a participant's progress.
const ProgressEvery = time.Minute
