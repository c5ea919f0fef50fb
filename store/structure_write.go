package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// structureWriter collects one round's changes of accounts, versions and codes, and writes them in a few statements.
type structureWriter struct {
	run   *run
	known *known
	keys  []string // what exists from now on, for those that wait

	accounts [][]any
	fresh    map[int64]bool // registered in this round: nothing of theirs is stored yet
	binds    []bind
	basic    []dated
	verified []dated
	vips     [][]any
	rates    [][]any
	partners []int64
	codes    [][]any
	changes  [][]any
	rules    [][]any
}

type bind struct{ uid, referrer int64 }

type dated struct {
	uid int64
	at  time.Time
}

func (w *structureWriter) add(p *pendingEvent) {
	p.done = true
	switch b := p.Body.(type) {
	case referral.Registration:
		w.register(p, b)
	case referral.KYC:
		d := dated{p.UID, p.At}
		if b.Level == referral.KYCAdvanced {
			w.verified = append(w.verified, d)
		} else {
			w.basic = append(w.basic, d)
		}
	case referral.VIP:
		w.vips = append(w.vips, []any{p.UID, p.At, p.ID, b.SpotLevel, b.FuturesLevel})
		w.run.touched = append(w.run.touched, touch{Kind: touchVIP, UID: p.UID, From: p.At})
	case referral.Rates:
		w.rates = append(w.rates, []any{p.UID, p.At, p.ID, int32(b.SpotRate), int32(b.FuturesRate), b.Enrolled, b.BDUID})
		w.partners = append(w.partners, p.UID)
		w.run.touched = append(w.run.touched, touch{Kind: touchPartner, UID: p.UID, From: p.At})
	case referral.Code:
		if b.Created {
			w.codes = append(w.codes, []any{b.Code, p.UID, p.At})
			w.known.codes[b.Code] = p.UID
			w.keys = append(w.keys, codeKey(b.Code))
		}
		w.changes = append(w.changes, []any{b.Code, p.At, p.ID, b.Created, rateOrNull(b.SpotRebateRate), rateOrNull(b.FuturesRebateRate), b.Note, b.Default})
		w.run.touched = append(w.run.touched, touch{Kind: touchCode, UID: p.UID, Code: b.Code, From: p.At})
	case referral.Rules:
		w.rules = append(w.rules, []any{p.At, p.ID, string(encodeBody(b))})
		w.run.touched = append(w.run.touched, touch{Kind: touchRules, From: p.At})
	}
}

func rateOrNull(r *domain.Rate) *int32 {
	if r == nil {
		return nil
	}
	v := int32(*r)
	return &v
}

// register makes the account, and binds it to the owner of its code once that is known.
func (w *structureWriter) register(p *pendingEvent, b referral.Registration) {
	code, main := b.ReferralCode, p.UID
	if b.MasterUID != 0 {
		code, main = "", w.known.accounts[b.MasterUID] // a sub-account is nobody's referee (SPEC 2)
	}
	if !p.registered {
		p.registered = true
		country := b.Country
		if country == "" {
			country = "unknown"
		}
		w.accounts = append(w.accounts, []any{p.UID, p.At, p.ID, country, main, code})
		w.known.accounts[p.UID] = main
		w.keys = append(w.keys, accountKey(p.UID))
		if w.fresh == nil {
			w.fresh = map[int64]bool{}
		}
		w.fresh[p.UID] = true
	}
	if code == "" {
		return
	}
	owner := w.known.codes[code]
	if owner == 0 {
		p.done = false
		return
	}
	w.binds = append(w.binds, bind{p.UID, owner})
}

func (w *structureWriter) write(ctx context.Context) error {
	tx := w.run.tx
	for _, c := range []struct {
		table   string
		columns []string
		rows    [][]any
	}{
		{"account", []string{"uid", "registered_at", "event_id", "country", "main_uid", "signup_code"}, w.accounts},
		{"vip_version", []string{"uid", "at", "event_id", "spot", "futures"}, w.vips},
		{"rate_version", []string{"uid", "at", "event_id", "spot", "futures", "enrolled", "bd_uid"}, w.rates},
		{"referral_code", []string{"code", "uid", "created_at"}, w.codes},
		{"code_version", []string{"code", "at", "event_id", "created", "spot", "futures", "note", "is_default"}, w.changes},
		{"rules_version", []string{"at", "event_id", "body"}, w.rules},
	} {
		if len(c.rows) == 0 {
			continue
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{c.table}, c.columns, pgx.CopyFromRows(c.rows)); err != nil {
			return err
		}
	}
	if len(w.partners) > 0 {
		if _, err := tx.Exec(ctx, `
			INSERT INTO partner (uid, enrolled_at, bd_uid)
			SELECT uid, min(at) FILTER (WHERE enrolled), (array_agg(bd_uid ORDER BY at DESC, event_id DESC) FILTER (WHERE bd_uid IS NOT NULL))[1]
			FROM rate_version WHERE uid = ANY($1) GROUP BY uid HAVING bool_or(enrolled)
			ON CONFLICT (uid) DO UPDATE SET enrolled_at = excluded.enrolled_at, bd_uid = excluded.bd_uid`, w.partners); err != nil {
			return err
		}
	}
	if err := w.saveVIP(ctx); err != nil {
		return err
	}
	if err := w.saveKYC(ctx, "basic_at", w.basic); err != nil {
		return err
	}
	if err := w.saveKYC(ctx, "verified_at", w.verified); err != nil {
		return err
	}
	if err := w.bind(ctx); err != nil {
		return err
	}
	return w.recount(ctx)
}

// recount notes whose new users passed advanced KYC. bind notes those who got or lost one.
func (w *structureWriter) recount(ctx context.Context) error {
	if len(w.verified) == 0 {
		return nil
	}
	uids := make([]int64, len(w.verified))
	for i, d := range w.verified {
		uids[i] = d.uid
	}
	rows, err := w.run.tx.Query(ctx, `SELECT DISTINCT u1 FROM account WHERE uid = ANY($1) AND u1 <> 0`, uids)
	if err != nil {
		return err
	}
	owners, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	w.run.recount = append(w.run.recount, owners...)
	return err
}

// saveVIP keeps each account's latest levels, by which its partners look for it.
func (w *structureWriter) saveVIP(ctx context.Context) error {
	if len(w.vips) == 0 {
		return nil
	}
	uids := make([]int64, len(w.vips))
	for i, v := range w.vips {
		uids[i] = v[0].(int64)
	}
	_, err := w.run.tx.Exec(ctx, `UPDATE account a SET spot_vip = v.spot, futures_vip = v.futures
		FROM (SELECT DISTINCT unnest($1::bigint[]) AS uid) n
		CROSS JOIN LATERAL (SELECT spot, futures FROM vip_version v WHERE v.uid = n.uid ORDER BY at DESC, event_id DESC LIMIT 1) v
		WHERE a.uid = n.uid`, uids)
	return err
}

func (w *structureWriter) saveKYC(ctx context.Context, column string, at []dated) error {
	if len(at) == 0 {
		return nil
	}
	uids, times := make([]int64, len(at)), make([]time.Time, len(at))
	for i, d := range at {
		uids[i], times[i] = d.uid, d.at
	}
	// Nobody else moves these dates meanwhile: the structure lock is held alone.
	_, err := w.run.tx.Exec(ctx, `
		WITH moved AS (
			UPDATE account a SET `+column+` = least(a.`+column+`, n.at)
			FROM (SELECT uid, min(at) AS at FROM unnest($1::bigint[], $2::timestamptz[]) AS u (uid, at) GROUP BY uid) n JOIN account was USING (uid) WHERE a.uid = n.uid
			RETURNING a.u1, a.u2, a.u3, a.code1, a.code2, a.code3, a.country, was.verified_at AS was, a.verified_at),
		c AS (SELECT w.sign, m.u1, m.u2, m.u3, m.code1, m.code2, m.code3, m.country, NULL::timestamptz AS registered_at, w.verified_at, NULL::timestamptz AS first_deposit_at, NULL::timestamptz AS first_trade_at
			FROM moved m CROSS JOIN LATERAL (VALUES (-1, m.was), (1, m.verified_at)) w (sign, verified_at))
		INSERT INTO delta_count (`+countColumns+`) `+countsOf("$3"), uids, times, w.run.store.zone.String())
	return err
}

// pathColumns and pathJoins work out the path of account x from the referrers: no recursion is needed for three steps.
const (
	pathColumns = `x.uid, x.u1 AS was, coalesce(a1.uid, 0) AS u1, coalesce(a2.uid, 0) AS u2, coalesce(CASE WHEN a2.void = '' THEN a2.referrer END, 0) AS u3,
		x.signup_code AS c1, a1.signup_code AS c2, a2.signup_code AS c3`
	pathJoins = `LEFT JOIN account a1 ON x.void = '' AND a1.uid = x.referrer
		LEFT JOIN account a2 ON a1.void = '' AND a2.uid = a1.referrer`
)

// bind sets the referrers, voids what would close a loop, and writes the paths of all accounts that this changes:
// those bound and up to two referrals below them.
func (w *structureWriter) bind(ctx context.Context) error {
	if len(w.binds) == 0 {
		return nil
	}
	tx := w.run.tx
	uids, referrers := make([]int64, len(w.binds)), make([]int64, len(w.binds))
	for i, b := range w.binds {
		uids[i], referrers[i] = b.uid, b.referrer
	}
	if _, err := tx.Exec(ctx, `UPDATE account a SET referrer = n.referrer FROM unnest($1::bigint[], $2::bigint[]) AS n (uid, referrer) WHERE a.uid = n.uid`, uids, referrers); err != nil {
		return err
	}
	voided, err := voidLoops(ctx, tx, uids)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `
		WITH n AS (SELECT unnest($1::bigint[]) AS uid),
		affected AS (
			SELECT uid FROM n
			UNION SELECT a.uid FROM n JOIN account a ON a.referrer = n.uid AND a.referrer <> 0
			UNION SELECT b.uid FROM n JOIN account a ON a.referrer = n.uid AND a.referrer <> 0 JOIN account b ON b.referrer = a.uid AND b.referrer <> 0),
		path AS (SELECT `+pathColumns+` FROM affected JOIN account x USING (uid) `+pathJoins+`),
		moved AS (
			UPDATE account x SET u1 = p.u1, u2 = p.u2, u3 = p.u3,
				code1 = CASE WHEN p.u1 <> 0 THEN p.c1 ELSE '' END, code2 = CASE WHEN p.u2 <> 0 THEN p.c2 ELSE '' END, code3 = CASE WHEN p.u3 <> 0 THEN p.c3 ELSE '' END
			FROM path p JOIN account was USING (uid) WHERE x.uid = p.uid AND (x.u1, x.u2, x.u3) IS DISTINCT FROM (p.u1, p.u2, p.u3)
			RETURNING x.*, was.u1 AS was1, was.u2 AS was2, was.u3 AS was3, was.code1 AS wascode1, was.code2 AS wascode2, was.code3 AS wascode3),
		c AS (SELECT w.*, m.country, m.registered_at, m.verified_at, m.first_deposit_at, m.first_trade_at FROM moved m
			CROSS JOIN LATERAL (VALUES (-1, m.was1, m.was2, m.was3, m.wascode1, m.wascode2, m.wascode3), (1, m.u1, m.u2, m.u3, m.code1, m.code2, m.code3)) w (sign, u1, u2, u3, code1, code2, code3)),
		counts AS (INSERT INTO delta_count (`+countColumns+`) `+countsOf("$2")+`)
		SELECT uid, was1, u1, registered_at FROM moved`, append(uids, voided...), w.run.store.zone.String())
	if err != nil {
		return err
	}
	t := touch{Kind: touchPath}
	var owner int64
	_, err = pgx.ForEachRow(rows, []any{&t.UID, &t.Owner, &owner, &t.From}, func() error {
		if owner != t.Owner {
			w.run.recount = append(w.run.recount, owner, t.Owner)
		}
		if !w.fresh[t.UID] {
			w.run.touched = append(w.run.touched, t)
		}
		return nil
	})
	return err
}

// voidLoops voids the relations that findLoops names, and returns the accounts whose relation it is.
func voidLoops(ctx context.Context, tx pgx.Tx, uids []int64) ([]int64, error) {
	loops, err := findLoops(ctx, tx, uids)
	if err != nil || len(loops) == 0 {
		return nil, err
	}
	voided, why := make([]int64, 0, len(loops)), make([]string, 0, len(loops))
	for uid, reason := range loops {
		voided, why = append(voided, uid), append(why, reason)
	}
	_, err = tx.Exec(ctx, `UPDATE account a SET void = n.why FROM unnest($1::bigint[], $2::text[]) AS n (uid, why) WHERE a.uid = n.uid`, voided, why)
	return voided, err
}

// findLoops finds the loops that the relations of uids close, and in each the relation that is void, with the reason:
// the one whose registration is the latest by time and event id, so that no order of arrival matters.
//
// An account has one candidate relation for ever, so loops are disjoint and each is found when its last relation
// is bound: by walking up from that account, which is only needed if someone stands below it.
func findLoops(ctx context.Context, tx pgx.Tx, uids []int64) (map[int64]string, error) {
	rows, err := tx.Query(ctx, `SELECT u FROM unnest($1::bigint[]) AS u WHERE EXISTS (SELECT FROM account WHERE referrer = u AND referrer <> 0)`, uids)
	if err != nil {
		return nil, err
	}
	starts, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(starts) == 0 {
		return nil, err
	}
	type node struct {
		referrer int64
		at       time.Time
		eventID  string
	}
	nodes := map[int64]node{}
	for ask := starts; len(ask) > 0; {
		rows, err := tx.Query(ctx, `SELECT uid, referrer, registered_at, event_id FROM account WHERE uid = ANY($1)`, ask)
		if err != nil {
			return nil, err
		}
		ask = nil
		var uid int64
		var n node
		if _, err := pgx.ForEachRow(rows, []any{&uid, &n.referrer, &n.at, &n.eventID}, func() error {
			nodes[uid] = n
			ask = append(ask, n.referrer)
			return nil
		}); err != nil {
			return nil, err
		}
		ask = slices.DeleteFunc(ask, func(u int64) bool { _, seen := nodes[u]; return u == 0 || seen })
		slices.Sort(ask)
		ask = slices.Compact(ask)
	}
	loops := map[int64]string{}
	for _, start := range starts {
		var loop []int64
		for at, steps := start, 0; at != 0 && steps <= len(nodes); steps++ {
			loop = append(loop, at)
			if at = nodes[at].referrer; at == start {
				last := slices.MaxFunc(loop, func(a, b int64) int {
					if c := nodes[a].at.Compare(nodes[b].at); c != 0 {
						return c
					}
					return strings.Compare(nodes[a].eventID, nodes[b].eventID)
				})
				loops[last] = "loop"
				if len(loop) == 1 {
					loops[last] = "self"
				}
				break
			}
		}
	}
	return loops, nil
}
