package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/proposal"
	"partnerhub/domain/task"
)

// completeTask is a proposed task with nothing left open. Targets by relation are bound by their number and a hash of their uids, so
// that the one who approves pays for those who were shown, and for nobody else.
type completeTask struct {
	task.Draft
	Participants int          `json:"participants"`
	TargetsHash  string       `json:"targetsHash"`
	WorstCase    domain.Money `json:"worstCase"`
}

func hashTargets(targets []target) string {
	h := sha256.New()
	for _, t := range targets {
		fmt.Fprintln(h, t.uid)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// previewRows are what a spec says, line by line.
func previewRows(s task.Spec) []proposal.Row {
	rows := []proposal.Row{{Name: "type", Label: "Type", Value: string(s.Type), Type: "text"}}
	if s.Type == task.Referral {
		return append(rows,
			proposal.Row{Name: "everyX", Label: "New verified users for a reward", Value: strconv.FormatInt(s.EveryX, 10), Type: "number"},
			proposal.Row{Name: "reward", Label: "Reward", Value: s.Reward.String(), Type: "money"},
			proposal.Row{Name: "maxRepeats", Label: "Rewards a participant, at most", Value: strconv.FormatInt(s.MaxRepeats, 10), Type: "number"})
	}
	rows = append(rows, proposal.Row{Name: "product", Label: "Trading that counts", Value: string(s.Product), Type: "text"})
	for i, t := range s.Tiers {
		rows = append(rows, proposal.Row{Name: fmt.Sprintf("tier%d", i+1), Label: fmt.Sprintf("Tier %d", i+1), Value: t.Threshold.String() + " USDT volume → " + t.Reward.String() + " USDT", Type: "text"})
	}
	return rows
}

func prepareTask(ctx context.Context, s *Store, c domain.Caller, args json.RawMessage, now time.Time) (any, proposal.Preview, error) {
	d, err := decodeAs[task.Draft](args)
	if err != nil {
		return nil, proposal.Preview{}, domain.Invalid("", "arguments are not those of a task: %v", err)
	}
	spec, err := d.Spec(s.zone)
	if err != nil {
		return nil, proposal.Preview{}, err
	}
	p, err := s.PreviewTask(ctx, c, spec, now)
	if err != nil {
		return nil, proposal.Preview{}, err
	}
	spec = p.Spec
	complete := completeTask{Draft: task.DraftOf(spec), Participants: p.Count, TargetsHash: p.TargetsHash, WorstCase: p.WorstCase}
	uids := make([]int64, 0, 20)
	for _, t := range p.Targets[:min(len(p.Targets), 20)] {
		uids = append(uids, t.UID)
	}
	title := titleOf(spec.Title, typeCode(spec.Type))
	rows := append(previewRows(spec),
		proposal.Row{Name: "participants", Label: "Participants", Value: strconv.Itoa(p.Count), Type: "number"},
		proposal.Row{Name: "perParticipant", Label: "A participant earns at most", Value: p.PerHead.String(), Type: "money"},
		proposal.Row{Name: "settlesAt", Label: "Unspent money is back by", Value: p.SettlesAt.Format(time.RFC3339), Type: "time"})
	return complete, proposal.Preview{
		Title: "Create the task " + title, Done: "The task " + title + " is created, and its participants are told.", Subject: title, Rows: rows,
		Cost:    &proposal.Cost{WorstCase: p.WorstCase, Before: p.Before, After: p.After, Missing: p.Missing},
		Targets: &proposal.Targets{Count: p.Count, UIDs: uids}, Starts: &spec.Start, Ends: &spec.End,
	}, nil
}

func executeTask(ctx context.Context, s *Store, tx pgx.Tx, p proposal.Proposal, now time.Time) (any, error) {
	want, err := decodeAs[completeTask](p.Args)
	if err != nil {
		return nil, err
	}
	spec, err := want.Spec(s.zone)
	if err != nil {
		return nil, err
	}
	id, err := s.createTask(ctx, tx, p.Owner, spec, "proposal:"+p.ID, now, func(targets []target) error {
		if len(targets) != want.Participants || hashTargets(targets) != want.TargetsHash || spec.WorstCase(len(targets)) != want.WorstCase {
			return domain.Errorf(domain.CodeConflict, "targets", "the partners that it is for are others now: there were %d, there are %d. Ask for it again", want.Participants, len(targets))
		}
		return nil
	})
	return taskDone{id}, err
}

// taskDone is what executing a proposal about a task came to.
type taskDone struct {
	TaskID int64 `json:"taskId"`
}

// aboutTask are the arguments of a proposal about a task that exists.
type aboutTask struct {
	TaskID int64 `json:"taskId"`
}

func (s *Store) proposedAbout(ctx context.Context, c domain.Caller, args json.RawMessage, move task.Move, now time.Time) (t task.Detail, err error) {
	a, err := decodeAs[aboutTask](args)
	if err != nil {
		return t, domain.Invalid("taskId", "is not a task's number")
	}
	if t, err = s.Task(ctx, c, a.TaskID, now); err != nil {
		return t, err
	}
	if t.Task.Owner != c.UID {
		return t, errNoTask(a.TaskID)
	}
	return t, t.Task.Status.Allow(move)
}

func aboutPreview(verb, done string, d task.Detail, rows ...proposal.Row) proposal.Preview {
	t := d.Task
	title := titleOf(t.Title, typeCode(t.Type))
	p := proposal.Preview{Title: verb + " " + title, Done: fmt.Sprintf(done, title), Subject: title, Starts: &t.Start, Ends: &t.End, Targets: &proposal.Targets{Count: t.Participants, UIDs: []int64{}},
		Rows: append([]proposal.Row{{Name: "taskId", Label: "Task", Value: strconv.FormatInt(t.ID, 10), Type: "number"}, {Name: "status", Label: "Status", Value: string(t.Status), Type: "text"}}, rows...)}
	for _, r := range d.Rows[:min(len(d.Rows), 20)] {
		p.Targets.UIDs = append(p.Targets.UIDs, r.UID)
	}
	return p
}

func prepareCancellation(ctx context.Context, s *Store, c domain.Caller, args json.RawMessage, now time.Time) (any, proposal.Preview, error) {
	d, err := s.proposedAbout(ctx, c, args, task.Cancel, now)
	if err != nil {
		return nil, proposal.Preview{}, err
	}
	return aboutTask{d.Task.ID}, aboutPreview("Cancel the task", "The task %s is cancelled; what was not earned is back in your fund account.", d,
		proposal.Row{Name: "paid", Label: "Paid so far", Value: d.Task.Paid.String(), Type: "money"},
		proposal.Row{Name: "refund", Label: "Back to you, less what is earned until then", Value: d.Task.Reserved.String(), Type: "money"}), nil
}

func executeCancellation(ctx context.Context, s *Store, tx pgx.Tx, p proposal.Proposal, now time.Time) (any, error) {
	a, err := decodeAs[aboutTask](p.Args)
	if err != nil {
		return nil, err
	}
	return taskDone(a), s.cancelTask(ctx, tx, p.Owner, a.TaskID, now)
}

func prepareNudge(ctx context.Context, s *Store, c domain.Caller, args json.RawMessage, now time.Time) (any, proposal.Preview, error) {
	d, err := s.proposedAbout(ctx, c, args, task.Nudge, now)
	if err != nil {
		return nil, proposal.Preview{}, err
	}
	if at := d.Task.NudgedAt; at != nil {
		if err := nudgeable(*at, now); err != nil {
			return nil, proposal.Preview{}, err
		}
	}
	return aboutTask{d.Task.ID}, aboutPreview("Notify the participants of", "The participants of %s are told again.", d,
		proposal.Row{Name: "participants", Label: "Participants", Value: strconv.Itoa(d.Task.Participants), Type: "number"}), nil
}

func executeNudge(ctx context.Context, s *Store, tx pgx.Tx, p proposal.Proposal, now time.Time) (any, error) {
	a, err := decodeAs[aboutTask](p.Args)
	if err != nil {
		return nil, err
	}
	return taskDone(a), s.nudgeTask(ctx, tx, p.Owner, a.TaskID, now)
}
