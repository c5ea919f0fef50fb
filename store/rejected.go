package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// maxRejectedRaw is how much of a refused line is kept. One that fills it may have been longer, and is not replayed.
const maxRejectedRaw = 4096

// Cause groups refused lines: what kind of refusal it was, and on which field. In text it is "conflict:tradeId"; without a
// field, "invalid:".
type Cause struct {
	Code  domain.Code
	Field string
}

func (c Cause) String() string { return string(c.Code) + ":" + c.Field }

// ParseCause reads the text of a Cause. CodeInvalid on "cause".
func ParseCause(text string) (Cause, error) {
	code, field, found := strings.Cut(text, ":")
	if !found || code == "" || len(text) > 400 {
		return Cause{}, domain.Invalid("cause", "want a code and a field as in conflict:tradeId")
	}
	return Cause{domain.Code(code), field}, nil
}

// RejectedLine is a line that was not taken.
type RejectedLine struct {
	ID      int64      `json:"id"`
	Source  string     `json:"source"`
	Line    int64      `json:"line"`
	Cause   string     `json:"cause" doc:"a code and the field: conflict:tradeId"`
	Field   string     `json:"field,omitempty"`
	Reason  string     `json:"reason" doc:"of the latest try"`
	Raw     string     `json:"raw"` // its first 4 kB; bytes that are no UTF-8 as U+FFFD
	Whole   bool       `json:"whole" doc:"false: only its first 4 kB are kept, and it cannot be replayed"`
	Arrived time.Time  `json:"arrived"` // UTC
	Tries   int        `json:"tries" doc:"how often it was refused"`
	TriedAt *time.Time `json:"triedAt,omitempty" doc:"of the latest replay"`
}

// RejectedLines lists the refused lines that no replay landed, the latest first; all causes when cause is nil. next is the cursor of
// the next page, "" on the last. It returns CodeInvalid for a bad cursor.
func (s *Store) RejectedLines(ctx context.Context, cause *Cause, cursor string, limit int) (list []RejectedLine, next string, err error) {
	before := int64(1<<63 - 1)
	if cursor != "" {
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return nil, "", domain.Invalid("cursor", "is not one that this list returned")
		}
	}
	where, args := "", []any{before, limit + 1}
	if cause != nil {
		where, args = "AND code = $3 AND field = $4", append(args, cause.Code, cause.Field)
	}
	rows, err := s.pool.Query(ctx, `SELECT seq, source, line, code, field, reason, raw, arrived, tries, tried_at FROM rejected
		WHERE seq < $1 AND taken_at IS NULL `+where+` ORDER BY seq DESC LIMIT $2`, args...)
	if err != nil {
		return nil, "", err
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l RejectedLine, err error) {
		var raw []byte
		var code domain.Code
		err = row.Scan(&l.ID, &l.Source, &l.Line, &code, &l.Field, &l.Reason, &raw, &l.Arrived, &l.Tries, &l.TriedAt)
		l.Raw, l.Whole, l.Arrived = strings.ToValidUTF8(string(raw), "\uFFFD"), len(raw) < maxRejectedRaw, l.Arrived.UTC()
		l.Cause = Cause{code, l.Field}.String()
		if l.TriedAt != nil {
			*l.TriedAt = l.TriedAt.UTC()
		}
		return l, err
	})
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], strconv.FormatInt(list[limit-1].ID, 10), nil
}

// RejectedCause is how many lines were refused for a cause and not landed by a replay since.
type RejectedCause struct {
	Cause   string    `json:"cause"`
	Count   int64     `json:"count"`
	Whole   int64     `json:"whole" doc:"those of them that can be replayed"`
	Example string    `json:"example" doc:"the reason of the latest"`
	FirstAt time.Time `json:"firstAt"` // UTC
	LastAt  time.Time `json:"lastAt"`  // UTC
}

// maxCauses bounds the groups: a field is a name that a sender chose.
const maxCauses = 100

// RejectedCauses counts the refused lines by cause, the most frequent first; at most a hundred.
func (s *Store) RejectedCauses(ctx context.Context) ([]RejectedCause, error) {
	rows, err := s.pool.Query(ctx, `SELECT c.code, c.field, c.n, c.whole, r.reason, c.first, c.last
		FROM (SELECT code, field, count(*) AS n, count(*) FILTER (WHERE length(raw) < $1) AS whole, min(arrived) AS first, max(arrived) AS last, max(seq) AS seq
			FROM rejected WHERE taken_at IS NULL GROUP BY code, field ORDER BY n DESC, code, field LIMIT $2) c
		JOIN rejected r USING (seq) ORDER BY c.n DESC, c.code, c.field`, maxRejectedRaw, maxCauses)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c RejectedCause, err error) {
		var cause Cause
		err = row.Scan(&cause.Code, &cause.Field, &c.Count, &c.Whole, &c.Example, &c.FirstAt, &c.LastAt)
		c.Cause, c.FirstAt, c.LastAt = cause.String(), c.FirstAt.UTC(), c.LastAt.UTC()
		return c, err
	})
}

// RejectedQuery says which refused lines are to be replayed: those of some ids, those of a cause, or, with neither, all.
type RejectedQuery struct {
	IDs   []int64
	Cause *Cause
}

// text is what an audit row says of it.
func (q RejectedQuery) text() string {
	switch {
	case len(q.IDs) == 1:
		return strconv.FormatInt(q.IDs[0], 10)
	case q.IDs != nil:
		return strconv.Itoa(len(q.IDs)) + " lines"
	case q.Cause != nil:
		return q.Cause.String()
	}
	return "all"
}

// where is its condition, with the arguments of placeholders from $n on.
func (q RejectedQuery) where(n int) (string, []any) {
	at := func(i int) string { return "$" + strconv.Itoa(n+i) }
	switch {
	case q.IDs != nil:
		return "taken_at IS NULL AND seq = ANY(" + at(0) + ")", []any{q.IDs}
	case q.Cause != nil:
		return "taken_at IS NULL AND code = " + at(0) + " AND field = " + at(1), []any{q.Cause.Code, q.Cause.Field}
	}
	return "taken_at IS NULL", nil
}

// Replay is an operator's replay that is under way.
type Replay struct {
	Action  int64 // its trace
	Through int64 // the last line that there was when it began
}

// ReplayCounts is what became of a replay's lines.
type ReplayCounts struct {
	Accepted  int   `json:"accepted"` // deferred ones among them
	Duplicate int   `json:"duplicate"`
	Rejected  int   `json:"rejected"`
	Deferred  int   `json:"deferred"`
	Left      int64 `json:"left" doc:"lines of the same kind that were not tried: too many for one request, or not kept whole"`
}

// BeginReplay notes that the caller replays the lines of q. Errors: CodeForbidden to all but operators; CodeNotFound when there are none.
func (s *Store) BeginReplay(ctx context.Context, c domain.Caller, q RejectedQuery, now time.Time) (r Replay, err error) {
	if err := c.Require(domain.RoleOperator); err != nil {
		return r, err
	}
	where, args := q.where(2)
	var n int64
	if err := s.pool.QueryRow(ctx, `SELECT count(*), coalesce(max(seq), 0) FROM rejected WHERE length(raw) < $1 AND `+where, append([]any{maxRejectedRaw}, args...)...).Scan(&n, &r.Through); err != nil {
		return r, err
	}
	if n == 0 {
		return r, domain.Errorf(domain.CodeNotFound, "", "there is no such refused line that was kept whole and has not landed since")
	}
	r.Action, err = noteAction(ctx, s.pool, c, "replay", q.text(), map[string]any{"lines": n}, now)
	return r, err
}

// ToReplay are the next lines of a replay, in the order in which they came: No and Raw of each are what the first time was refused.
func (s *Store) ToReplay(ctx context.Context, r Replay, q RejectedQuery, after int64, limit int) ([]Line, error) {
	where, args := q.where(5)
	rows, err := s.pool.Query(ctx, `SELECT seq, raw FROM rejected WHERE seq > $1 AND seq <= $2 AND length(raw) < $3 AND `+where+` ORDER BY seq LIMIT $4`,
		append([]any{after, r.Through, maxRejectedRaw, limit}, args...)...)
	if err != nil {
		return nil, err
	}
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Line, err error) {
		return l, row.Scan(&l.Again, &l.Raw)
	})
	for i := range lines {
		lines[i].No = int64(i + 1)
	}
	return lines, err
}

// EndReplay adds to a replay's trace what became of the lines, and counts those that are left.
func (s *Store) EndReplay(ctx context.Context, r Replay, q RejectedQuery, sum *ReplayCounts) error {
	where, args := q.where(3)
	if err := s.pool.QueryRow(ctx, `SELECT count(*) FROM rejected WHERE seq <= $1 AND action IS DISTINCT FROM $2 AND `+where, append([]any{r.Through, r.Action}, args...)...).Scan(&sum.Left); err != nil {
		return err
	}
	_, err := s.pool.Exec(ctx, `UPDATE operator_action SET detail = $2 WHERE seq = $1`, r.Action, sum)
	return err
}

// keepOutcome stores the refused lines with their reasons, what became of those that were replayed, and that the batch was.
func (r *run) keepOutcome(ctx context.Context) error {
	slices.SortFunc(r.out.Refused, func(a, b Refusal) int { return int(a.Line - b.Line) })
	refused := make(map[int64]*domain.Error, len(r.out.Refused))
	for _, x := range r.out.Refused {
		refused[x.Line] = x.Err
	}
	var fresh [][]any
	var taken, again []int64
	var codes, fields, reasons []string
	for i := range r.batch.Lines {
		l := &r.batch.Lines[i]
		err := refused[l.No]
		switch {
		case err == nil && l.Again != 0:
			taken = append(taken, l.Again)
		case err == nil:
		case l.Again != 0:
			again, codes, fields, reasons = append(again, l.Again), append(codes, string(err.Code)), append(fields, err.Field), append(reasons, err.Message)
		default:
			fresh = append(fresh, []any{r.batch.Source, l.No, string(err.Code), err.Field, err.Message, l.Raw[:min(len(l.Raw), maxRejectedRaw)], time.Now()})
		}
	}
	if len(fresh) > 0 {
		if _, err := r.tx.CopyFrom(ctx, pgx.Identifier{"rejected"}, []string{"source", "line", "code", "field", "reason", "raw", "arrived"}, pgx.CopyFromRows(fresh)); err != nil {
			return err
		}
	}
	// A line that another replay landed meanwhile stays as that one left it: this one found a duplicate.
	if len(taken) > 0 {
		if _, err := r.tx.Exec(ctx, `UPDATE rejected SET taken_at = now(), tried_at = now(), action = $2 WHERE seq = ANY($1) AND taken_at IS NULL`, taken, r.batch.Action); err != nil {
			return err
		}
	}
	if len(again) > 0 {
		if _, err := r.tx.Exec(ctx, `UPDATE rejected t SET tries = t.tries + 1, tried_at = now(), action = $5, code = n.code, field = n.field, reason = n.reason
			FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS n (seq, code, field, reason) WHERE t.seq = n.seq AND t.taken_at IS NULL`,
			again, codes, fields, reasons, r.batch.Action); err != nil {
			return err
		}
	}
	if len(r.batch.Lines) == 0 {
		return nil
	}
	var lastAt *time.Time
	if !r.lastAt.IsZero() {
		lastAt = &r.lastAt
	}
	_, err := r.tx.Exec(ctx, `INSERT INTO ingest_batch (source, arrived, last_at, accepted, duplicate, rejected, deferred) VALUES ($1, now(), $2, $3, $4, $5, $6)`,
		r.batch.Source, lastAt, r.out.Accepted, r.out.Duplicate, r.out.Rejected, len(r.out.Deferred))
	return err
}
