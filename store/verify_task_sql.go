package store

// What Verify asks of tasks. Progress is derived, and Rebuild puts it right; what was funded, paid and refunded are facts.
var (
	// progressMismatches: the progress of each participant, with what is not folded yet, is what the facts come to. A count of new users that is asked
	// for and not done is not looked at.
	progressMismatches = `WITH v AS MATERIALIZED (` + taskValues(participantWindows) + `),
		d AS MATERIALIZED (SELECT owner, task, uid, sum(amount)::bigint AS amount, bool_or(recount) AS recount FROM task_delta GROUP BY 1, 2, 3),
		wrong AS MATERIALIZED (SELECT p.task, p.uid, p.value, v.value AS should FROM task_participant p JOIN task t ON (t.owner, t.id) = (p.owner, p.task)
			LEFT JOIN v ON (v.owner, v.task, v.uid) = (p.owner, p.task, p.uid) LEFT JOIN d ON (d.owner, d.task, d.uid) = (p.owner, p.task, p.uid)
			WHERE NOT coalesce(d.recount, false) AND (p.value + coalesce(d.amount, 0) IS DISTINCT FROM v.value OR p.reached <> ` + stepsReached("p.value") + `)
				OR (p.starts_at, p.ends_at, p.type, p.products, p.open) IS DISTINCT FROM (t.starts_at, t.ends_at, t.type, t.products, t.settled_at IS NULL AND t.cancelled_at IS NULL))
		SELECT (SELECT count(*) FROM v), (SELECT count(*) FROM wrong), coalesce((SELECT min(w::text) FROM wrong w), '')`

	// Each reward is a transfer under its own key, and the other way round.
	rewardsShould = `SELECT owner, task::text AS task, uid, 'task:' || task || ':' || uid || ':' || step AS key, amount FROM task_reward`
	rewardsAre    = `SELECT owner, ref, to_owner, key, amount FROM ledger_transfer WHERE reason = 'task_reward'`

	// fundMismatches: what each task's row says of money is in the ledger; what is paid are the first steps, each once; nothing is left of one that is over; and
	// what is in escrow covers all that can still be earned.
	fundMismatches = `WITH l AS MATERIALIZED (SELECT owner, about, coalesce(sum(amount) FILTER (WHERE reason = 'task_fund'), 0)::bigint AS funded, coalesce(sum(amount) FILTER (WHERE reason = 'task_reward'), 0)::bigint AS paid,
				coalesce(sum(amount) FILTER (WHERE reason = 'task_refund'), 0)::bigint AS refunded FROM ledger_transfer WHERE reason IN ('task_fund', 'task_reward', 'task_refund') GROUP BY 1, 2),
		r AS MATERIALIZED (SELECT owner, task, uid, count(*) AS steps, max(step) AS last, sum(amount)::bigint AS amount FROM task_reward GROUP BY 1, 2, 3),
		p AS MATERIALIZED (SELECT p.owner, p.task, count(*) AS participants, sum(p.paid_amount)::bigint AS paid, bool_and(p.open) AS open,
				count(*) FILTER (WHERE (p.paid, p.paid, p.paid_amount) IS DISTINCT FROM (coalesce(r.steps, 0), coalesce(r.last, 0), coalesce(r.amount, 0)::bigint)) AS wrong
			FROM task_participant p LEFT JOIN r USING (owner, task, uid) GROUP BY 1, 2),
		bad AS MATERIALIZED (SELECT t.id, t.funded, l.paid, t.refunded FROM task t LEFT JOIN p ON (p.owner, p.task) = (t.owner, t.id) LEFT JOIN l ON (l.owner, l.about) = (t.owner, t.id::text)
			WHERE (t.funded, t.refunded, p.paid, p.wrong, p.participants) IS DISTINCT FROM (l.funded, l.refunded, l.paid, 0, t.participants::bigint)
				OR NOT p.open AND t.funded <> p.paid + t.refunded OR p.open AND t.refunded <> 0
				OR t.funded < t.participants * CASE WHEN t.type = 1 THEN t.reward * t.max_repeats ELSE (SELECT sum(x) FROM unnest(t.rewards) x) END)
		SELECT (SELECT count(*) FROM task), (SELECT count(*) FROM bad), coalesce((SELECT 'task ' || min(b::text) FROM bad b), '')`
)

// taskChecks lists them.
func (v *verifying) taskChecks() []check {
	return []check{
		{"task progress", v.count(progressMismatches)},
		{"task rewards", v.same(rewardsShould, rewardsAre)},
		{"task funds", v.count(fundMismatches)},
	}
}
