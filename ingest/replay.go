package ingest

import (
	"context"
	"time"

	"partnerhub/domain"
	"partnerhub/store"
)

// Replay tries refused lines again, in the order in which they came, as a sender would: in slices of 5,000 of one transaction each. What lands
// is a duplicate ever after; what is refused again keeps its place, with the new reason and one try more. most bounds the lines, 0 not at all.
// When it ends early, what has landed stays. Errors: BeginReplay's, and the database's.
func Replay(ctx context.Context, s *store.Store, c domain.Caller, q store.RejectedQuery, most int, now time.Time) (sum store.ReplayCounts, err error) {
	replay, err := s.BeginReplay(ctx, c, q, now)
	if err != nil {
		return sum, err
	}
	decoder := NewDecoder()
	var after int64
	for tried := 0; most == 0 || tried < most; {
		limit := sliceLines
		if most > 0 {
			limit = min(limit, most-tried)
		}
		lines, err := s.ToReplay(ctx, replay, q, after, limit)
		if err != nil {
			return sum, err
		}
		if len(lines) == 0 {
			break
		}
		for i := range lines {
			lines[i].Event, lines[i].Err = decoder.Decode(lines[i].Raw)
		}
		out, err := s.Ingest(ctx, store.Batch{Source: "replay", Lines: lines, Action: replay.Action})
		if err != nil {
			return sum, err
		}
		sum.Accepted += out.Accepted
		sum.Duplicate += out.Duplicate
		sum.Rejected += out.Rejected
		sum.Deferred += len(out.Deferred)
		tried += len(lines)
		after = lines[len(lines)-1].Again
	}
	return sum, s.EndReplay(ctx, replay, q, &sum)
}
