package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// Figures are how the assistant did in a period, over all partners.
type Figures struct {
	Answers   int `json:"answers"`
	Failed    int `json:"failed"`
	Fallbacks int `json:"fallbacks" doc:"answers that the offline planner finished for the model"`
	// Helpfulness is Up / (Up + Down); null without votes.
	Up          int      `json:"up"`
	Down        int      `json:"down"`
	Helpfulness *float64 `json:"helpfulness"`
	// A conversation counts in the period of its first answer there. It is resolved only where somebody says so: its last vote is up, or a person
	// resolved its ticket. It is unresolved when its last vote is down or its ticket is open. It is abandoned when its last answer failed, was stopped or asked
	// back, and nothing followed. The rest is unknown, and is not called resolved.
	Conversations int      `json:"conversations"`
	Resolved      int      `json:"resolved"`
	Unresolved    int      `json:"unresolved"`
	Abandoned     int      `json:"abandoned"`
	Unknown       int      `json:"unknown"`
	Resolution    *float64 `json:"resolution" doc:"resolved of those that are known, abandoned ones apart; null without any"`

	HandoffRate     *float64      `json:"handoffRate" doc:"tickets opened by conversation; null without conversations"`
	Handoffs        int           `json:"handoffs"`
	HandoffReasons  []Topic       `json:"handoffReasons"`
	FirstReply      *float64      `json:"firstReplySeconds" doc:"median, of the tickets that a person has replied to"`
	TimeToResolve   *float64      `json:"timeToResolveSeconds" doc:"median, of the tickets that are resolved"`
	Gaps            int           `json:"gaps" doc:"questions that found no evidence"`
	LatencyP50      *float64      `json:"latencyP50Ms"`
	LatencyP99      *float64      `json:"latencyP99Ms"`
	Cost            domain.Money  `json:"costUsd"`
	CostPerResolved *domain.Money `json:"costPerResolvedUsd" doc:"all cost by resolved conversation; null without any"`
	TokensIn        int64         `json:"tokensIn"`
	TokensOut       int64         `json:"tokensOut"`

	Days []FigureDay `json:"days"`
}

// FigureDay is a day of the reporting zone.
type FigureDay struct {
	Day     string       `json:"day" format:"date"`
	Answers int          `json:"answers"`
	Up      int          `json:"up"`
	Down    int          `json:"down"`
	Cost    domain.Money `json:"costUsd"`
	P50     *int64       `json:"latencyP50Ms"`
}

// The longest period of Figures, and how long its statements may take.
const (
	maxFigures     = 100 * 24 * time.Hour
	figuresTimeout = 10 * time.Second
)

// Figures counts a period, half-open, in one snapshot. Each statement reads an index by time, and no more than the period. The error is CodeInvalid for a
// period of more than 100 days.
func (s *Reviews) Figures(ctx context.Context, p domain.Period, zone *time.Location) (f Figures, err error) {
	if p.To.Sub(p.From) > maxFigures {
		return f, domain.Invalid("period", "is longer than 100 days")
	}
	ctx, cancel := context.WithTimeout(ctx, figuresTimeout)
	defer cancel()
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		one := func(query string, into ...any) {
			b.Queue(query, p.From, p.To).QueryRow(func(row pgx.Row) error { return row.Scan(into...) })
		}
		// model <> '': notes are no answers.
		one(`SELECT count(*), count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE fallback <> ''), coalesce(sum(cost), 0)::bigint,
				coalesce(sum(tokens_in), 0)::bigint, coalesce(sum(tokens_out), 0)::bigint,
				percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at) * 1000)::float8,
				percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at) * 1000)::float8
			FROM run WHERE started_at >= $1 AND started_at < $2 AND model <> ''`,
			&f.Answers, &f.Failed, &f.Fallbacks, &f.Cost, &f.TokensIn, &f.TokensOut, &f.LatencyP50, &f.LatencyP99)
		one(`SELECT count(*) FILTER (WHERE vote = 1), count(*) FILTER (WHERE vote = -1) FROM feedback WHERE created_at >= $1 AND created_at < $2`, &f.Up, &f.Down)
		one(`WITH said AS (SELECT owner, thread, count(*) AS answers,
					(array_agg(state ORDER BY started_at DESC))[1] AS state, (array_agg(kind ORDER BY started_at DESC))[1] AS kind
				FROM run WHERE started_at >= $1 AND started_at < $2 AND model <> '' GROUP BY owner, thread),
			voted AS (SELECT owner, thread, (array_agg(vote ORDER BY run DESC))[1] AS vote
				FROM feedback WHERE created_at >= $1 AND created_at < $2 GROUP BY owner, thread),
			handed AS (SELECT owner, thread, bool_and(state = 'resolved') AS resolved
				FROM ticket WHERE opened_at >= $1 AND opened_at < $2 AND state <> 'cancelled' GROUP BY owner, thread),
			ended AS (SELECT CASE
				WHEN vote = 1 OR vote IS NULL AND resolved THEN 'resolved'
				WHEN vote = -1 OR NOT resolved THEN 'unresolved'
				WHEN state IN ('failed', 'stopped') OR kind IN ('clarify', 'collecting') THEN 'abandoned' ELSE 'unknown' END AS outcome
				FROM said LEFT JOIN voted USING (owner, thread) LEFT JOIN handed USING (owner, thread))
			SELECT count(*), count(*) FILTER (WHERE outcome = 'resolved'), count(*) FILTER (WHERE outcome = 'unresolved'),
				count(*) FILTER (WHERE outcome = 'abandoned'), count(*) FILTER (WHERE outcome = 'unknown') FROM ended`,
			&f.Conversations, &f.Resolved, &f.Unresolved, &f.Abandoned, &f.Unknown)
		one(`SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM replied_at - opened_at))::float8,
				percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - opened_at))::float8
			FROM ticket WHERE opened_at >= $1 AND opened_at < $2`, &f.Handoffs, &f.FirstReply, &f.TimeToResolve)
		one(`SELECT count(*) FROM library_gap WHERE asked_at >= $1 AND asked_at < $2`, &f.Gaps)
		b.Queue(`SELECT category, count(*) FROM ticket WHERE opened_at >= $1 AND opened_at < $2 GROUP BY category ORDER BY count(*) DESC, category`, p.From, p.To).
			Query(func(rows pgx.Rows) (err error) {
				f.HandoffReasons, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Topic])
				return err
			})
		b.Queue(`WITH day AS (SELECT generate_series(($1::timestamptz AT TIME ZONE $3)::date, (($2::timestamptz - interval '1 microsecond') AT TIME ZONE $3)::date, interval '1 day')::date AS day),
			ran AS (SELECT (started_at AT TIME ZONE $3)::date AS day, count(*) AS answers, sum(cost)::bigint AS cost,
					percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at) * 1000)::bigint AS p50
				FROM run WHERE started_at >= $1 AND started_at < $2 AND model <> '' GROUP BY 1),
			voted AS (SELECT (created_at AT TIME ZONE $3)::date AS day, count(*) FILTER (WHERE vote = 1) AS up, count(*) FILTER (WHERE vote = -1) AS down
				FROM feedback WHERE created_at >= $1 AND created_at < $2 GROUP BY 1)
			SELECT day::text, coalesce(answers, 0), coalesce(up, 0), coalesce(down, 0), coalesce(cost, 0), p50 FROM day LEFT JOIN ran USING (day) LEFT JOIN voted USING (day) ORDER BY day`,
			p.From, p.To, zone.String()).
			Query(func(rows pgx.Rows) (err error) {
				f.Days, err = pgx.CollectRows(rows, pgx.RowToStructByPos[FigureDay])
				return err
			})
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return f, err
	}
	f.Helpfulness, f.Resolution, f.HandoffRate = part(f.Up, f.Up+f.Down), part(f.Resolved, f.Resolved+f.Unresolved), part(f.Handoffs, f.Conversations)
	if f.Resolved > 0 {
		each := f.Cost / domain.Money(f.Resolved)
		f.CostPerResolved = &each
	}
	if f.HandoffReasons == nil {
		f.HandoffReasons = []Topic{}
	}
	return f, nil
}

// part is n of total, nil of nothing.
func part(n, total int) *float64 {
	if total == 0 {
		return nil
	}
	v := float64(n) / float64(total)
	return &v
}
