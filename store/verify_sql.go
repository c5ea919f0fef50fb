package store

import "strings"

// What the structure should be by the log, and what it is. These say again, as joins, what ingest does event by event.
const (
	accountsShould = `SELECT e.uid, e.at, e.id, coalesce(nullif(e.body->>'country', ''), 'unknown') AS country,
			CASE WHEN r.master = 0 THEN e.uid ELSE m.main_uid END AS main_uid, r.code, coalesce(c.uid, 0) AS referrer
		FROM event e
		CROSS JOIN LATERAL (SELECT coalesce((e.body->>'masterUid')::bigint, 0) AS master,
			CASE WHEN e.body->>'masterUid' IS NULL THEN coalesce(e.body->>'referralCode', '') ELSE '' END AS code) r
		LEFT JOIN account m ON m.uid = r.master
		LEFT JOIN referral_code c ON c.code = r.code AND r.code <> ''
		WHERE e.type = 'account.registered' AND (r.master = 0 OR m.uid IS NOT NULL)`
	accountsAre = `SELECT uid, registered_at, event_id, country, main_uid, signup_code, referrer FROM account`

	kycShould = `SELECT a.uid, min(e.at) FILTER (WHERE e.body->>'level' = 'basic') AS basic_at, min(e.at) FILTER (WHERE e.body->>'level' = 'advanced') AS verified_at
		FROM account a LEFT JOIN event e ON e.uid = a.uid AND e.type = 'kyc.completed' GROUP BY a.uid`
	kycIs = `SELECT uid, basic_at, verified_at FROM account`

	ratesShould = `SELECT e.uid, e.at, e.id, ((e.body->>'spotRate')::numeric * 1000000)::integer AS spot, ((e.body->>'futuresRate')::numeric * 1000000)::integer AS futures,
			e.type = 'partner.enrolled' AS enrolled, (e.body->>'bdUid')::bigint AS bd_uid
		FROM event e JOIN account a ON a.uid = e.uid WHERE e.type IN ('partner.enrolled', 'partner.rates')`
	ratesAre = `SELECT uid, at, event_id, spot, futures, enrolled, bd_uid FROM rate_version`

	partnersShould = `SELECT uid, min(at) FILTER (WHERE enrolled) AS enrolled_at,
			(array_agg(bd_uid ORDER BY at DESC, event_id DESC) FILTER (WHERE bd_uid IS NOT NULL))[1] AS bd_uid FROM rate_version GROUP BY uid HAVING bool_or(enrolled)`
	partnersAre = `SELECT uid, enrolled_at, bd_uid FROM partner`

	vipShould = `SELECT e.uid, e.at, e.id, (e.body->>'spotLevel')::integer AS spot, (e.body->>'futuresLevel')::integer AS futures
		FROM event e JOIN account a ON a.uid = e.uid WHERE e.type = 'vip.changed'`
	vipLatest = `SELECT a.uid, coalesce(v.spot, 0), coalesce(v.futures, 0) FROM account a
		LEFT JOIN (SELECT DISTINCT ON (uid) uid, spot, futures FROM vip_version ORDER BY uid, at DESC, event_id DESC) v USING (uid)`
	vipOfAccounts = `SELECT uid, spot_vip, futures_vip FROM account`

	vipIs = `SELECT uid, at, event_id, spot, futures FROM vip_version`

	codesShould = `SELECT e.body->>'code' AS code, e.uid, e.at FROM event e JOIN account a ON a.uid = e.uid WHERE e.type = 'referral_code.created'`
	codesAre    = `SELECT code, uid, created_at FROM referral_code`

	codeVersionsShould = `SELECT c.code, e.at, e.id, e.type = 'referral_code.created' AS created,
			((e.body->>'spotRebateRate')::numeric * 1000000)::integer AS spot, ((e.body->>'futuresRebateRate')::numeric * 1000000)::integer AS futures,
			e.body->>'note' AS note, (e.body->>'default')::boolean AS is_default
		FROM event e JOIN referral_code c ON c.code = e.body->>'code' AND c.uid = e.uid WHERE e.type IN ('referral_code.created', 'referral_code.changed')`
	codeVersionsAre = `SELECT code, at, event_id, created, spot, futures, note, is_default FROM code_version`

	rulesShould = `SELECT at, id, body::text AS body FROM event WHERE type = 'rules.changed'`
	rulesAre    = `SELECT at, event_id, body::text FROM rules_version`

	pathMismatches = `SELECT count(*), count(*) FILTER (WHERE wrong), coalesce(min('account ' || uid) FILTER (WHERE wrong), '') FROM (
		SELECT a.uid, (a.u1, a.u2, a.u3, a.code1, a.code2, a.code3) IS DISTINCT FROM (p.u1, p.u2, p.u3,
			CASE WHEN p.u1 <> 0 THEN p.c1 ELSE '' END, CASE WHEN p.u2 <> 0 THEN p.c2 ELSE '' END, CASE WHEN p.u3 <> 0 THEN p.c3 ELSE '' END) AS wrong
		FROM account a JOIN (SELECT ` + pathColumns + ` FROM account x ` + pathJoins + `) p USING (uid)) c`

	// An applied trade is not in the log: one that is there and should not wait is wrong in any case.
	waitingMismatches = `SELECT count(*), count(*) FILTER (WHERE wrong), coalesce(min(id) FILTER (WHERE wrong), '') FROM (
		SELECT e.id, coalesce(e.waits_for, '') <> CASE
			WHEN e.type = 'rules.changed' THEN ''
			WHEN e.type = 'account.registered' AND e.body->>'masterUid' IS NOT NULL THEN CASE WHEN m.uid IS NULL THEN 'account:' || (e.body->>'masterUid') ELSE '' END
			WHEN e.type = 'account.registered' THEN CASE WHEN e.body->>'referralCode' IS NOT NULL AND c.code IS NULL THEN 'code:' || (e.body->>'referralCode') ELSE '' END
			WHEN e.type = 'referral_code.changed' THEN CASE WHEN c.uid = e.uid THEN '' ELSE 'code:' || (e.body->>'code') END
			WHEN e.type = 'trade.reversed' THEN CASE WHEN t.account = e.uid THEN '' ELSE 'trade:' || (e.body->>'tradeId') END
			WHEN a.uid IS NULL THEN 'account:' || e.uid
			WHEN e.type = 'trade.executed' THEN 'nothing: it should be applied'
			ELSE '' END AS wrong
		FROM event e
		LEFT JOIN account a ON a.uid = e.uid
		LEFT JOIN account m ON m.uid = (e.body->>'masterUid')::bigint AND e.type = 'account.registered'
		LEFT JOIN referral_code c ON c.code = CASE e.type WHEN 'account.registered' THEN e.body->>'referralCode' WHEN 'referral_code.changed' THEN e.body->>'code' END
		LEFT JOIN trade t ON e.type = 'trade.reversed' AND t.trade_id = e.body->>'tradeId') w`

	feeMismatches = `SELECT count(*), count(*) FILTER (WHERE wrong), coalesce(min('trade ' || trade_id) FILTER (WHERE wrong), '') FROM (
		SELECT trade_id, earned1 + earned2 + earned3 + rebate > fee_paid OR least(earned1, earned2, earned3, rebate) < 0 AS wrong FROM trade) t`

	transfersShould = `SELECT e.id, e.uid, e.at, ((e.body->>'amountUsdt')::numeric * 1000000)::bigint AS amount, e.type = 'withdrawal.completed' AS withdrawal, m.uid AS referee, c.counts,
			CASE WHEN c.counts THEN m.u1 ELSE 0 END AS owner, CASE WHEN c.counts THEN m.u2 ELSE 0 END AS u2, CASE WHEN c.counts THEN m.u3 ELSE 0 END AS u3
		FROM event e JOIN account a ON a.uid = e.uid JOIN account m ON m.uid = a.main_uid
		CROSS JOIN LATERAL (SELECT e.at >= a.registered_at AND e.at >= m.registered_at AS counts) c
		WHERE e.type IN ('deposit.completed', 'withdrawal.completed')`
	transfersAre = `SELECT id, account, at, amount, withdrawal, referee, counts, owner, u2, u3 FROM transfer`

	reversalsShould = `SELECT t.trade_id, e.at FROM event e JOIN trade t ON t.trade_id = e.body->>'tradeId' AND t.account = e.uid WHERE e.type = 'trade.reversed'`
	reversalsAre    = `SELECT trade_id, reversed_at FROM trade WHERE reversed_at IS NOT NULL`

	datesShould = `SELECT a.uid, f.trade_at, f.deposit_at, l.at AS last_trade_at FROM account a
		LEFT JOIN (` + firstDates + `) f ON f.referee = a.uid
		LEFT JOIN (SELECT referee, max(at) AS at FROM trade WHERE counts GROUP BY referee) l ON l.referee = a.uid`
	datesAre = `SELECT a.uid, a.first_trade_at, a.first_deposit_at, greatest(a.last_trade_at, d.at) FROM account a
		LEFT JOIN (SELECT referee, max(last_at) AS at FROM delta GROUP BY referee) d ON d.referee = a.uid`
)

// The rollups are proved by adding what they should be and taking away what they are: all sums must be zero then.
var (
	daySumColumns = []string{"earned1", "earned2", "earned3", "rebate", "volume", "eligible_volume", "fees", "trades", "executed", "deposits", "withdrawals"}

	dayMismatches = differences("owner, day, referee, product", daySumColumns,
		`(`+factSums+`) x`, "referee_day", "delta")

	// A row keeps its path until what the deltas say of it is folded.
	dayPathMismatches = `SELECT count(*), count(*) FILTER (WHERE wrong), coalesce(min(r) FILTER (WHERE wrong), '') FROM (
		SELECT (d.u2, d.u3) IS DISTINCT FROM (coalesce(a.u2, 0), coalesce(a.u3, 0)) AS wrong, (d.owner, d.day, d.referee, d.product)::text AS r
		FROM referee_day d LEFT JOIN account a ON a.uid = d.referee AND a.u1 = d.owner
		WHERE (d.owner, d.day, d.referee, d.product) NOT IN (SELECT owner, day, referee, product FROM delta)) x`

	hourMismatches = differences("partner, hour, product, level", hourColumns, fanned("("+factSums+")", "hour"), "partner_hour", "delta_hour")

	hourDayMismatches = differences("partner, product, level", hourColumns, fanned("(SELECT owner, u2, u3, day, product, "+strings.Join(daySumColumns, ", ")+
		" FROM referee_day UNION ALL SELECT owner, u2, u3, day, product, "+strings.Join(daySumColumns, ", ")+" FROM delta)", "day"), "partner_hour", "delta_hour")

	hourColumns = []string{"earned", "rebate", "volume", "eligible_volume", "fees", "trades", "deposits", "withdrawals"}
)

// fanned gives a row of the source to each of its beneficiaries, as table partner_hour has it.
func fanned(source, time string) string {
	return `(SELECT f.partner, d.` + time + `, d.product, f.level, f.earned, f.rebate, d.volume, d.eligible_volume, d.fees, d.trades, d.deposits, d.withdrawals
		FROM ` + source + ` d ` + hourFan + ` WHERE f.partner <> 0) x`
}

// differences sums the columns by key over the source less those of the others, and counts the keys where a sum is not zero.
func differences(key string, columns []string, source string, less ...string) string {
	list := func(format string) string {
		out := make([]string, len(columns))
		for i, c := range columns {
			out[i] = strings.ReplaceAll(format, "%", c)
		}
		return strings.Join(out, ", ")
	}
	parts := []string{`SELECT ` + key + `, ` + list("%") + ` FROM ` + source}
	for _, l := range less {
		parts = append(parts, `SELECT `+key+`, `+list("-%")+` FROM `+l)
	}
	return `SELECT count(*), count(*) FILTER (WHERE wrong), coalesce(min((` + key + `)::text) FILTER (WHERE wrong), '') FROM (
		SELECT ` + key + `, (` + list("sum(%)") + `) IS DISTINCT FROM (` + list("0") + `) AS wrong
		FROM (` + strings.Join(parts, " UNION ALL ") + `) u GROUP BY ` + key + `) g`
}
