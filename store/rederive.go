package store

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain/referral"
)

// structure is what attribution needs, with the accounts' first trades and deposits as their rows say.
type structure struct {
	referral.Structure
	firsts map[int64]firsts
}

func newStructure() *structure {
	return &structure{Structure: referral.Structure{Accounts: map[int64]referral.Account{}, Rates: map[int64]referral.Versions[referral.Rates]{},
		VIPs: map[int64]referral.Versions[referral.VIP]{}, Rebates: map[string]referral.Versions[referral.RebateRates]{}}, firsts: map[int64]firsts{}}
}

// has reports whether an account and its main account are there.
func (s *structure) has(uid int64) bool {
	a, ok := s.Accounts[uid]
	if !ok || a.MainUID == uid {
		return ok
	}
	_, ok = s.Accounts[a.MainUID]
	return ok
}

// add puts another structure's accounts, and what belongs to them, into s.
func (s *structure) add(o *structure) {
	maps.Copy(s.Accounts, o.Accounts)
	maps.Copy(s.Rates, o.Rates)
	maps.Copy(s.VIPs, o.VIPs)
	maps.Copy(s.Rebates, o.Rebates)
	maps.Copy(s.firsts, o.firsts)
	s.Rules = o.Rules
}

// loadStructure reads what the attribution of facts of these accounts needs. Every partner above and every code has an entry.
func loadStructure(ctx context.Context, tx pgx.Tx, uids []int64) (*structure, error) {
	s := newStructure()
	if len(uids) == 0 {
		return s, nil
	}
	ask := distinct(uids)
	for len(ask) > 0 { // the accounts, then the main ones of those that are sub-accounts
		rows, err := tx.Query(ctx, `SELECT uid, main_uid, registered_at, u1, u2, u3, code1, code2, code3, first_trade_at, first_deposit_at FROM account WHERE uid = ANY($1)`, ask)
		if err != nil {
			return nil, err
		}
		ask = nil
		var a referral.Account
		var trade, deposit *time.Time
		if _, err := pgx.ForEachRow(rows, []any{&a.UID, &a.MainUID, &a.RegisteredAt, &a.Path[0], &a.Path[1], &a.Path[2], &a.Codes[0], &a.Codes[1], &a.Codes[2], &trade, &deposit}, func() error {
			s.Accounts[a.UID] = a
			var f firsts
			if trade != nil {
				f.trade = *trade
			}
			if deposit != nil {
				f.deposit = *deposit
			}
			s.firsts[a.UID] = f
			if _, ok := s.Accounts[a.MainUID]; !ok {
				ask = append(ask, a.MainUID)
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	mains, partners, codes := make([]int64, 0, len(s.Accounts)), []int64{}, map[string]bool{}
	for _, a := range s.Accounts {
		mains = append(mains, a.UID)
		for _, uid := range a.Path {
			if uid != 0 {
				partners, s.Rates[uid] = append(partners, uid), nil
			}
		}
		if code := a.Codes[0]; code != "" {
			codes[code], s.Rebates[code] = true, nil
		}
	}
	return s, loadVersions(ctx, tx, &s.Structure, mains, distinct(partners), codes)
}

func loadVersions(ctx context.Context, tx pgx.Tx, s *referral.Structure, mains, partners []int64, codes map[string]bool) error {
	codeList := make([]string, 0, len(codes))
	for c := range codes {
		codeList = append(codeList, c)
	}
	batch := &pgx.Batch{}
	batch.Queue(`SELECT uid, at, event_id, spot, futures, enrolled FROM rate_version WHERE uid = ANY($1) ORDER BY uid, at, event_id`, partners).Query(func(rows pgx.Rows) error {
		var uid int64
		var v referral.Version[referral.Rates]
		_, err := pgx.ForEachRow(rows, []any{&uid, &v.At, &v.EventID, &v.Value.SpotRate, &v.Value.FuturesRate, &v.Value.Enrolled}, func() error {
			s.Rates[uid] = append(s.Rates[uid], v)
			return nil
		})
		return err
	})
	batch.Queue(`SELECT uid, at, event_id, spot, futures FROM vip_version WHERE uid = ANY($1) ORDER BY uid, at, event_id`, mains).Query(func(rows pgx.Rows) error {
		var uid int64
		var v referral.Version[referral.VIP]
		_, err := pgx.ForEachRow(rows, []any{&uid, &v.At, &v.EventID, &v.Value.SpotLevel, &v.Value.FuturesLevel}, func() error {
			s.VIPs[uid] = append(s.VIPs[uid], v)
			return nil
		})
		return err
	})
	batch.Queue(`SELECT code, at, event_id, created, spot, futures FROM code_version WHERE code = ANY($1)`, codeList).Query(func(rows pgx.Rows) error {
		changes := map[string]referral.Versions[referral.Code]{}
		for rows.Next() {
			var code string
			var v referral.Version[referral.Code]
			if err := rows.Scan(&code, &v.At, &v.EventID, &v.Value.Created, &v.Value.SpotRebateRate, &v.Value.FuturesRebateRate); err != nil {
				return err
			}
			changes[code] = append(changes[code], v)
		}
		for code, vs := range changes {
			s.Rebates[code] = referral.FoldCode(vs)
		}
		return rows.Err()
	})
	batch.Queue(`SELECT at, event_id, body FROM rules_version ORDER BY at, event_id`).Query(func(rows pgx.Rows) error {
		var v referral.Version[referral.Rules]
		var body []byte
		_, err := pgx.ForEachRow(rows, []any{&v.At, &v.EventID, &body}, func() (err error) {
			v.Value, err = decodeAs[referral.Rules](body)
			s.Rules = append(s.Rules, v)
			return err
		})
		return err
	})
	return tx.SendBatch(ctx, batch).Close()
}

func distinct(uids []int64) []int64 {
	seen := make(map[int64]bool, len(uids))
	out := make([]int64, 0, len(uids))
	for _, u := range uids {
		if !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}

// rederive attributes stored facts again that were attributed without what the touches say, and appends the difference
// to the deltas. Facts on which nothing changes are only read, so that a wider touch than needed costs time alone.
func (r *run) rederive(ctx context.Context, touches []touch) error {
	if len(touches) == 0 {
		return nil
	}
	var owners, referees, partners, codeOwners []int64
	var paths, vips, rates, codes []time.Time
	var names []string
	rules := time.Time{}
	for _, t := range touches {
		switch t.Kind {
		case touchPath:
			owners, referees, paths = append(owners, t.Owner), append(referees, t.UID), append(paths, t.From)
		case touchPartner:
			partners, rates = append(partners, t.UID), append(rates, t.From)
		case touchCode:
			codeOwners, names, codes = append(codeOwners, t.UID), append(names, t.Code), append(codes, t.From)
		case touchRules:
			if rules.IsZero() || t.From.Before(rules) {
				rules = t.From
			}
		}
	}
	var vipUIDs []int64
	for _, t := range touches {
		if t.Kind == touchVIP {
			vipUIDs, vips = append(vipUIDs, t.UID), append(vips, t.From)
		}
	}
	trades, transfers := prefixed("t", tradeColumns), prefixed("t", transferColumns)
	// A fact must come once from each of these queries, or its difference would be added twice: hence the groupings.
	// Paths first: the other touches look for facts under the owners of today.
	if len(referees) > 0 {
		for _, x := range []struct {
			table, columns string
			scan           pgx.RowToFunc[fact]
		}{{"trade", trades, scanTrade}, {"transfer", transfers, scanTransfer}} {
			if err := r.attributeAgain(ctx, x.table, x.scan, `
				WITH n AS (SELECT owner, referee, min(since) AS since FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS u (owner, referee, since) GROUP BY 1, 2)
				SELECT `+x.columns+` FROM n
				JOIN `+x.table+` t ON t.owner = n.owner AND t.owner <> 0 AND t.referee = n.referee AND t.at >= n.since
				UNION ALL
				SELECT `+x.columns+` FROM n
				JOIN `+x.table+` t ON t.owner = 0 AND n.owner = 0 AND t.referee = n.referee AND t.at >= n.since`, owners, referees, paths); err != nil {
				return err
			}
		}
	}
	if len(vipUIDs) > 0 {
		// MATERIALIZED, so that both bounds of time reach the index: otherwise the owner's whole history was read.
		if err := r.attributeAgain(ctx, "trade", scanTrade, `
			WITH n AS MATERIALIZED (SELECT a.uid, a.u1, u.since, coalesce((SELECT min(v.at) FROM vip_version v WHERE v.uid = a.uid AND v.at > u.since), 'infinity') AS until
				FROM (SELECT DISTINCT uid, since FROM unnest($1::bigint[], $2::timestamptz[]) AS u (uid, since)) u JOIN account a USING (uid))
			SELECT `+trades+` FROM n JOIN trade t ON t.owner = n.u1 AND t.owner <> 0 AND t.referee = n.uid AND t.at >= n.since AND t.at < n.until`, vipUIDs, vips); err != nil {
			return err
		}
	}
	if len(partners) > 0 {
		// A partner's rate touches the facts of its referees and of theirs: their owners are accounts with codes.
		// An enrolment makes every later rate count, so what it touches does not end with its own version.
		if err := r.attributeAgain(ctx, "trade", scanTrade, `
			WITH n AS (SELECT uid, min(since) AS since FROM unnest($1::bigint[], $2::timestamptz[]) AS u (uid, since) GROUP BY uid),
			below AS (SELECT uid, since FROM n
				UNION ALL SELECT a.uid, n.since FROM n JOIN account a ON a.u1 = n.uid AND a.u1 <> 0
				UNION ALL SELECT a.uid, n.since FROM n JOIN account a ON a.u2 = n.uid AND a.u2 <> 0),
			owners AS (SELECT uid AS owner, min(since) AS since FROM below WHERE uid IN (SELECT uid FROM referral_code) GROUP BY uid)
			SELECT `+trades+` FROM owners o JOIN trade t ON t.owner = o.owner AND t.owner <> 0 AND t.at >= o.since`, partners, rates); err != nil {
			return err
		}
	}
	if len(names) > 0 {
		if err := r.attributeAgain(ctx, "trade", scanTrade, `
			SELECT `+trades+` FROM (SELECT owner, code, min(since) AS since FROM unnest($1::bigint[], $2::text[], $3::timestamptz[]) AS u (owner, code, since) GROUP BY owner, code) n
			JOIN trade t ON t.owner = n.owner AND t.owner <> 0 AND t.at >= n.since
			JOIN account a ON a.uid = t.referee AND a.code1 = n.code`, codeOwners, names, codes); err != nil {
			return err
		}
	}
	if !rules.IsZero() {
		// Owner by owner, through their index: the table has no index on time alone.
		return r.attributeAgain(ctx, "trade", scanTrade, `
			SELECT `+trades+` FROM (SELECT DISTINCT uid FROM referral_code) o
			JOIN trade t ON t.owner = o.uid AND t.owner <> 0 AND t.at >= $1`, rules)
	}
	return nil
}

// chunk is how many rows of a cursor are dealt with at a time.
const chunk = 10_000

// attributeAgain attributes the facts that a query finds.
func (r *run) attributeAgain(ctx context.Context, table string, scan pgx.RowToFunc[fact], query string, args ...any) error {
	return eachChunk(ctx, r.tx, "touched_"+table, scan, func(facts []fact) error { return r.attributeChunk(ctx, facts) }, query, args...)
}

// eachChunk hands the rows of a query to f, a chunk at a time, so that memory does not grow with them. The cursor's name
// must stand for one kind of row: the text of a FETCH is what the connection keeps its prepared statement by.
func eachChunk[T any](ctx context.Context, tx pgx.Tx, cursor string, scan pgx.RowToFunc[T], f func([]T) error, query string, args ...any) error {
	// A cursor keeps its snapshot: what is updated on the way is not met again.
	if _, err := tx.Exec(ctx, `DECLARE `+cursor+` NO SCROLL CURSOR FOR `+query, args...); err != nil {
		return err
	}
	for {
		rows, err := tx.Query(ctx, `FETCH 10000 FROM `+cursor)
		if err != nil {
			return err
		}
		items, err := pgx.CollectRows(rows, scan)
		if err != nil {
			return err
		}
		if err := f(items); err != nil {
			return err
		}
		if len(items) < chunk {
			_, err := tx.Exec(ctx, `CLOSE `+cursor)
			return err
		}
	}
}

func (r *run) attributeChunk(ctx context.Context, facts []fact) error {
	changed, err := attributeFacts(ctx, r.tx, facts)
	if err != nil {
		return err
	}
	for _, c := range changed {
		r.deltas.add(&c.was, -1)
		r.deltas.add(&c.is, 1)
	}
	if err := r.deltas.appendTasks(ctx, r.tx); err != nil { // a chunk at a time, so that memory does not grow
		return err
	}
	return updateFacts(ctx, r.tx, changed)
}

// reattributed is a fact whose attribution changed.
type reattributed struct{ was, is fact }

// attributeFacts attributes stored facts by today's structure, and returns those on which something changed. One whose
// account is not registered, which only a damaged database has, is given to nobody: its referee is 0.
func attributeFacts(ctx context.Context, tx pgx.Tx, facts []fact) ([]reattributed, error) {
	uids := make([]int64, len(facts))
	for i := range facts {
		uids[i] = facts[i].account
	}
	s, err := loadStructure(ctx, tx, uids)
	if err != nil {
		return nil, err
	}
	var changed []reattributed
	for i := range facts {
		was := facts[i]
		is := was
		if !is.attribute(&s.Structure) {
			is.place = referral.Attribution{}
		}
		if is.place != was.place || is.split != was.split || is.rules != was.rules || is.storedRates() != was.storedRates() {
			changed = append(changed, reattributed{was, is})
		}
	}
	return changed, nil
}

// storedRates are the terms that a row keeps.
func (f *fact) storedRates() [referral.Levels + 1]int64 {
	up := f.terms.Upline
	return [...]int64{int64(up[0].Rate), int64(up[1].Rate), int64(up[2].Rate), int64(f.terms.RebateRate)}
}

func updateFacts(ctx context.Context, tx pgx.Tx, changed []reattributed) error {
	if len(changed) == 0 {
		return nil
	}
	trades := newCopyBuffer(len(changed), 360)
	var ids []string
	var was, owners, u2s, u3s []int64
	for i := range changed {
		f := &changed[i].is
		if f.trade != nil {
			f.copyTrade(trades)
			continue
		}
		p := f.place.Path
		ids, was = append(ids, f.id), append(was, changed[i].was.place.Path[0])
		owners, u2s, u3s = append(owners, p[0]), append(u2s, p[1]), append(u3s, p[2])
	}
	// A temporary table, made once a session, is cheaper than two dozen arrays. It is emptied by DELETE: TRUNCATE makes new files.
	if trades.rows > 0 {
		if _, err := tx.Exec(ctx, `CREATE TEMPORARY TABLE IF NOT EXISTS again_trade (LIKE trade) ON COMMIT DELETE ROWS; DELETE FROM again_trade`); err != nil {
			return err
		}
		if err := trades.send(ctx, tx, "again_trade ("+tradeColumns+")"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE trade t SET owner = n.owner, u2 = n.u2, u3 = n.u3, referee = n.referee, counts = n.counts, eligible = n.eligible,
			earned1 = n.earned1, earned2 = n.earned2, earned3 = n.earned3, rebate = n.rebate,
			rate1 = n.rate1, rate2 = n.rate2, rate3 = n.rate3, rebate_rate = n.rebate_rate, rules = n.rules
			FROM again_trade n WHERE t.id = n.id`); err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE transfer t SET owner = n.owner, u2 = n.u2, u3 = n.u3
		FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (id, was, owner, u2, u3)
		WHERE t.owner = n.was AND t.id = n.id`, ids, was, owners, u2s, u3s)
	return err
}

func scanTrade(row pgx.CollectableRow) (f fact, err error) {
	f.trade = &referral.Trade{}
	t, p, e, up := f.trade, &f.place.Path, &f.split.Earned, &f.terms.Upline
	var product int16
	var reversed *time.Time
	err = row.Scan(&p[0], &p[1], &p[2], &f.place.Referee, &f.account, &f.at, &t.Volume, &t.FeeGross, &t.FeePaid, &e[0], &e[1], &e[2], &f.split.Rebate,
		&reversed, &up[0].Rate, &up[1].Rate, &up[2].Rate, &f.terms.RebateRate, &product, &f.split.Eligible, &f.place.Counts, &t.Ineligible,
		&f.id, &t.TradeID, &t.Symbol, &t.Side, &t.Reason, &f.rules)
	t.Product = products[product]
	if reversed != nil {
		f.reversedAt = *reversed
	}
	return f, err
}

func scanTransfer(row pgx.CollectableRow) (f fact, err error) {
	f.money = &referral.Transfer{}
	p := &f.place.Path
	err = row.Scan(&p[0], &p[1], &p[2], &f.place.Referee, &f.account, &f.at, &f.money.AmountUSDT, &f.money.Withdrawal, &f.place.Counts, &f.id)
	return f, err
}

// prefixed puts a table's alias before each of the columns.
func prefixed(alias, columns string) string {
	fields := strings.Split(columns, ",")
	for i, f := range fields {
		fields[i] = alias + "." + strings.TrimSpace(f)
	}
	return strings.Join(fields, ", ")
}
