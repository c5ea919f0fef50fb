package store

// What Verify asks of the ledger. Rebuild does not touch it: what is wrong here is put right by new postings only.
const (
	balancesShould = `SELECT owner, kind, ref, sum(amount)::bigint AS balance FROM ledger_entry GROUP BY 1, 2, 3 HAVING sum(amount) <> 0`
	balancesAre    = `SELECT owner, kind, ref, balance FROM ledger_account WHERE balance <> 0`

	// ledgerSum: all entries sum to zero.
	ledgerSum = `SELECT count(*), (coalesce(sum(amount), 0) <> 0)::int::bigint, CASE WHEN coalesce(sum(amount), 0) <> 0 THEN 'the sum is ' || sum(amount) ELSE '' END FROM ledger_entry`

	// escrowMismatches: for each task, funded = paid + refunded + reserved, which is what its escrow holds.
	escrowMismatches = `WITH task AS (
		SELECT owner, ref, sum(funded) AS funded, sum(spent) AS spent FROM (
			SELECT to_owner AS owner, to_ref AS ref, amount AS funded, 0 AS spent FROM ledger_transfer WHERE to_kind = 2 AND reason = 'task_fund' AND about = to_ref
			UNION ALL SELECT owner, ref, 0, amount FROM ledger_transfer WHERE kind = 2 AND reason IN ('task_reward', 'task_refund') AND about = ref) x GROUP BY 1, 2),
		wrong AS (SELECT coalesce(t.owner, a.owner) AS owner, coalesce(t.ref, a.ref) AS ref FROM task t
			FULL JOIN (SELECT * FROM ledger_account WHERE kind = 2) a ON a.owner = t.owner AND a.ref = t.ref
			WHERE coalesce(t.funded, 0) <> coalesce(t.spent, 0) + coalesce(a.balance, 0))
		SELECT (SELECT count(*) FROM task), (SELECT count(*) FROM wrong), coalesce((SELECT 'task ' || min(ref) || ' of ' || min(owner) FROM wrong), '')`

	// The records of a partner's settlement day are what is posted for it.
	settlementsShould = `SELECT partner, settled_on::text AS day, sum(amount)::bigint AS amount FROM settlement_record GROUP BY 1, 2 HAVING sum(amount) <> 0`
	settlementsAre    = `SELECT owner, about, CASE WHEN kind = 3 THEN amount ELSE -amount END FROM ledger_transfer WHERE reason = 'settlement'`

	// recordMismatches: a settled day of which nothing is due has records of all that accrued for it, and of nothing else.
	recordMismatches = `WITH due AS MATERIALIZED ( -- the days that are not
			SELECT owner, day FROM (SELECT owner, day FROM referee_day WHERE owner <> 0 UNION SELECT owner, day FROM settlement_record) x
			WHERE day < (SELECT value::date FROM setting WHERE name = 'settled_on') AND NOT EXISTS (SELECT FROM settlement_due d WHERE (d.owner, d.day) = (x.owner, x.day))),
		wrong AS MATERIALIZED (` + unsettledOf + `)
		SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM wrong), coalesce((SELECT min(w::text) FROM wrong w), '')`
)
