package store

// What is kept of large partners, against the rollups less what waits in rank_delta. A parameter is the zone.
var (
	countMismatches = differences("partner, day, below, code, country", []string{"registered", "verified", "deposited", "traded"},
		`(`+allCounts+countsOf("$1::text")+`) x`, "referee_count", "delta_count")

	// Of the lists, the partner's referees count: what became of others nobody is shown. Last trades that wait to be taken up are left out.
	listsShould = `SELECT r.partner, l.list, r.referee, sum(CASE l.sort WHEN 'commission' THEN r.commission ELSE r.volume END)::bigint AS value
		FROM (` + sumsOfLarge(ofReady) + `) r JOIN rank_list l ON l.partner = r.partner AND l.sort <> 'lastTradeAt' AND r.day >= l.first AND r.day < l.past
		JOIN account a ON a.uid = r.referee AND r.partner IN (a.u1, a.u2, a.u3)
		GROUP BY 1, 2, 3 HAVING sum(CASE l.sort WHEN 'commission' THEN r.commission ELSE r.volume END) <> 0
		UNION ALL SELECT l.partner, l.list, a.uid, ` + micros("a.last_trade_at") + ` FROM rank_list l
		JOIN account a ON l.partner IN (a.u1, a.u2, a.u3) AND a.last_trade_at IS NOT NULL
		WHERE l.sort = 'lastTradeAt' AND l.` + ofReady + ` AND NOT EXISTS (SELECT FROM rank_delta d WHERE d.partner = l.partner AND d.referee = a.uid)`
	listsAre = `SELECT k.partner, k.list, k.referee, k.value FROM referee_rank k JOIN rank_list l USING (partner, list)
		JOIN account a ON a.uid = k.referee AND k.partner IN (a.u1, a.u2, a.u3)
		WHERE k.value <> 0 AND k.` + ofReady + ` AND (l.sort <> 'lastTradeAt' OR NOT EXISTS (SELECT FROM rank_delta d WHERE d.partner = k.partner AND d.referee = k.referee))`

	groupMismatches = differences("partner, day, below, code, country, product",
		[]string{"commission", "shared", "volume", "eligible_volume", "fees", "trades", "deposits", "withdrawals"},
		`(SELECT r.*, `+codeOf+` AS code, a.country FROM (`+sumsOfLarge(ofReady)+`) r `+groupOf+`) x`, "group_day WHERE "+ofReady)

	tradersShould = `SELECT partner, referee, day, executed, coalesce(lag(day) OVER (PARTITION BY partner, referee ORDER BY day), '-infinity') AS prev
		FROM (SELECT partner, referee, day, sum(executed)::bigint AS executed FROM (` + sumsOfLarge(ofReady) + `) r GROUP BY 1, 2, 3 HAVING sum(executed) > 0) d`
	tradersAre = `SELECT partner, referee, day, executed, prev FROM trader_day WHERE ` + ofReady

	traderCountsShould = `SELECT r.partner, r.day, r.prev, r.below, ` + codeOf + ` AS code, a.country, date_trunc('month', a.registered_at AT TIME ZONE $1::text)::date AS cohort, count(*) AS traders
		FROM trader_day r ` + groupOf + ` WHERE r.` + ofReady + ` GROUP BY 1, 2, 3, 4, 5, 6, 7`
	traderCountsAre = `SELECT partner, day, prev, below, code, country, cohort, traders FROM trader_count WHERE traders <> 0 AND ` + ofReady
)

// sumsOfLarge are the sums by referee, day and product of large partners as far as they are taken up: what was folded, less what waits in rank_delta. The
// condition is on columns referee and partner.
func sumsOfLarge(condition string) string {
	return `SELECT partner, referee, day, product, below, sum(commission)::bigint AS commission, sum(shared)::bigint AS shared, sum(volume)::bigint AS volume,
			sum(eligible_volume)::bigint AS eligible_volume, sum(fees)::bigint AS fees, sum(trades)::bigint AS trades, sum(executed)::bigint AS executed,
			sum(deposits)::bigint AS deposits, sum(withdrawals)::bigint AS withdrawals
		FROM (SELECT f.partner, d.referee, d.day, d.product, f.below, f.commission, f.shared, d.volume, d.eligible_volume, d.fees, d.trades, d.executed, d.deposits, d.withdrawals
				FROM referee_day d CROSS JOIN LATERAL (VALUES (d.owner, 0::bigint, d.earned1, d.rebate), (d.u2, d.owner, d.earned2, 0), (d.u3, d.u2, d.earned3, 0)) f (partner, below, commission, shared)
				WHERE ` + condition + `
			UNION ALL SELECT partner, referee, day, product, below, -commission, -shared, -volume, -eligible_volume, -fees, -trades, -executed, -deposits, -withdrawals
				FROM rank_delta WHERE ` + condition + `) x GROUP BY 1, 2, 3, 4, 5`
}
