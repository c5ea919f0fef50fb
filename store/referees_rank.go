package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain/referral"
)

// rankList is the number of the list that has the partner's referees in an order, over the query's period; 0: there is none.
func (l *refereeList) rankList(ctx context.Context, sort referral.RefereeSort) (list int32, err error) {
	if !l.kept {
		return 0, nil
	}
	l.args = nil
	days := ""
	if sort != referral.SortLastTradeAt {
		from, to := l.q.Period.From, l.q.Period.To
		if !l.midnight(from).Equal(from) || !l.midnight(to).Equal(to) {
			return 0, nil
		}
		days = ` AND first = ` + l.date(from) + ` AND past = ` + l.date(to)
	}
	err = l.tx.QueryRow(ctx, `SELECT list FROM rank_list WHERE partner = `+l.arg(l.partner)+` AND sort = `+l.arg(string(sort))+days+` LIMIT 1`, l.args...).Scan(&list)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return list, err
}

// keptFigures is a query of the figures of some referees from the lists of the period; "" where it has none.
func (l *refereeList) keptFigures(ctx context.Context, uids []int64) (string, error) {
	commission, err := l.rankList(ctx, referral.SortCommission)
	if err != nil || commission == 0 {
		return "", err
	}
	volume, err := l.rankList(ctx, referral.SortVolume)
	if err != nil || volume == 0 {
		return "", err
	}
	l.args = nil
	me := l.arg(l.partner)
	value := func(list int32, k string) string {
		return fmt.Sprintf(`LEFT JOIN referee_rank %[1]s ON %[1]s.partner = %[2]s AND %[1]s.list = %[3]s AND %[1]s.referee = u.uid`, k, me, l.arg(int64(list)))
	}
	return `WITH pending AS MATERIALIZED (` + l.pending() + `)
		SELECT u.uid, coalesce(c.value, 0) + coalesce(p.commission, 0), coalesce(v.value, 0) + coalesce(p.volume, 0), 0::bigint
		FROM unnest(` + l.uids(uids) + `) u (uid) ` + value(commission, "c") + ` ` + value(volume, "v") + ` LEFT JOIN pending p ON p.referee = u.uid`, nil
}

// ranked reads a page off a sorted list. Those above zero are there in order, and so are those below; in between come, by uid, all who
// have nothing. What the list does not have yet stands beside it.
func (l *refereeList) ranked(ctx context.Context, list int32) (uids []int64, err error) {
	value := l.start.value
	if never := (time.Time{}).UnixMicro(); l.q.Sort == referral.SortLastTradeAt && value == never {
		value = 0
	}
	parts := []int{1, 0, -1} // the sign of the values
	if l.q.Ascending {
		parts = []int{-1, 0, 1}
	}
	begun := l.start.uid == 0
	for _, sign := range parts {
		if !begun && sign != cmp.Compare(value, 0) {
			continue
		}
		first := !begun
		begun = true
		if len(uids) > l.q.Limit {
			break
		}
		more, err := l.rankedPart(ctx, list, sign, first, value, l.q.Limit+1-len(uids))
		if err != nil {
			return nil, err
		}
		uids = append(uids, more...)
	}
	l.args = nil
	return uids, nil
}

// rankedPart are the next of those whose value has a sign, behind the cursor where the page before ended among them.
func (l *refereeList) rankedPart(ctx context.Context, list int32, sign int, behind bool, value int64, limit int) ([]int64, error) {
	l.filter()
	me, number := l.arg(l.partner), l.arg(int64(list))
	with := `WITH pending AS MATERIALIZED (` + l.pending() + `), late AS MATERIALIZED (` + l.lateValues(number) + `)`
	var sql string
	if sign == 0 {
		after := ""
		if behind {
			after = " AND r.uid > " + l.arg(l.start.uid)
		}
		var levels []string
		for _, level := range l.levels() {
			levels = append(levels, fmt.Sprintf(`(SELECT r.uid FROM (%[1]s) r WHERE true%[3]s%[6]s
				AND NOT EXISTS (SELECT FROM referee_rank k WHERE k.partner = %[2]s AND k.list = %[4]s AND k.referee = r.uid AND k.value <> 0)
				AND r.uid NOT IN (SELECT p.referee FROM pending p) ORDER BY r.uid LIMIT %[5]d)`, l.accounts(level), me, after, number, limit, allOf("AND", l.conditions...)))
		}
		levels = append(levels, `(SELECT r.uid FROM late r WHERE r.value = 0`+after+` AND `+l.matches("r.uid")+` ORDER BY r.uid LIMIT `+strconv.Itoa(limit)+`)`)
		sql = with + ` SELECT uid FROM (` + strings.Join(levels, " UNION ALL ") + `) z ORDER BY uid LIMIT ` + strconv.Itoa(limit)
	} else {
		signed, direction, past := "> 0", "DESC", "<"
		if sign < 0 {
			signed = "< 0"
		}
		if l.q.Ascending {
			direction, past = "ASC", ">"
		}
		after := ""
		if behind {
			after = fmt.Sprintf(" AND v.value %[1]s= %[2]s AND (v.value %[1]s %[2]s OR v.uid > %[3]s)", past, l.arg(value), l.arg(l.start.uid))
		}
		order := " ORDER BY value " + direction + ", uid LIMIT " + strconv.Itoa(limit)
		sql = with + ` SELECT uid FROM (
			(SELECT v.uid, v.value FROM (SELECT referee AS uid, value FROM referee_rank WHERE partner = ` + me + ` AND list = ` + number + `) v
				WHERE v.value ` + signed + after + ` AND v.uid NOT IN (SELECT p.referee FROM pending p) AND ` + l.matches("v.uid") + order + `)
			UNION ALL (SELECT v.uid, v.value FROM late v WHERE v.value ` + signed + after + ` AND ` + l.matches("v.uid") + order + `)) r` + order
	}
	rows, err := l.tx.Query(ctx, sql, l.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// matches is the condition that somebody is a referee of the partner's whom the filters let through. It is a value, not a join, so that the list is read
// in its order, no further than the page needs.
func (l *refereeList) matches(uid string) string {
	me := l.arg(l.partner)
	level := ""
	if ls := l.levels(); len(ls) < 3 {
		level = map[bool]string{true: "r.level = 1", false: "r.level > 1"}[ls[0] == 1]
	}
	return fmt.Sprintf(`(SELECT true FROM (SELECT a.uid, k.level, CASE k.level WHEN 1 THEN code1 WHEN 2 THEN code2 ELSE code3 END AS code, CASE k.level WHEN 1 THEN 0 WHEN 2 THEN u1 ELSE u2 END AS below,
			country, registered_at, basic_at, verified_at, first_deposit_at, first_trade_at, last_trade_at, spot_vip, futures_vip
		FROM account a CROSS JOIN LATERAL (SELECT CASE %[1]s WHEN u1 THEN 1 WHEN u2 THEN 2 ELSE 3 END AS level) k WHERE a.uid = %[2]s AND %[1]s IN (a.u1, a.u2, a.u3)) r%[3]s)`,
		me, uid, allOf("WHERE", append([]string{level}, l.conditions...)...))
}

// filterKeptActivity adds the conditions on trades by what is kept of a large partner, so that they can be looked at one referee at a time.
func (l *refereeList) filterKeptActivity() {
	if l.q.Traded == nil && l.q.Activity == "" {
		return
	}
	unfolded := func(condition string) string {
		return `r.uid IN (SELECT referee FROM delta WHERE ` + l.ours(l.arg(l.partner)) + ` AND last_at ` + condition + `)`
	}
	traded := func() string {
		from, to := l.arg(l.q.Period.From), l.arg(l.q.Period.To)
		var late []string
		days := "false"
		if !l.wholeDays() {
			late = l.factPieces(l.q.Period.From, l.q.Period.To)
		} else {
			a, b := l.ceil(l.q.Period.From, l.midnight), l.midnight(l.q.Period.To)
			first, past := l.date(a), l.date(b)
			late = slices.Concat([]string{l.takenLater(first, past), l.dayPiece("delta", a, b)}, l.factPieces(l.q.Period.From, a), l.factPieces(b, l.q.Period.To))
			days = `EXISTS (SELECT FROM trader_day t WHERE t.partner = ` + l.arg(l.partner) + ` AND t.referee = r.uid AND t.day >= ` + first + ` AND t.day < ` + past + ` AND t.executed > 0)`
		}
		return `coalesce(r.last_trade_at >= ` + from + ` AND r.last_trade_at < ` + to + `, false) OR ` + days + `
			OR r.uid IN (SELECT x.referee FROM (` + strings.Join(late, "\nUNION ALL ") + `) x WHERE x.executed > 0)`
	}
	if t := l.q.Traded; t != nil && *t || l.q.Activity == referral.Active {
		l.where("(" + traded() + ")")
	}
	if t := l.q.Traded; t != nil && !*t {
		l.where("NOT (" + traded() + ")")
	}
	switch l.q.Activity {
	case referral.Dormant:
		since := l.arg(referral.DormantBefore(l.now, l.store.zone))
		l.where("(r.last_trade_at IS NOT NULL OR " + unfolded("IS NOT NULL") + ")")
		l.where("NOT (coalesce(r.last_trade_at >= " + since + ", false) OR " + unfolded(">= "+since) + ")")
	case referral.Inactive:
		l.where("r.last_trade_at IS NULL AND NOT " + unfolded("IS NOT NULL"))
	}
}

// pending are the sums of what the list does not have yet: not folded, or not taken up.
func (l *refereeList) pending() string {
	me, days, some := l.arg(l.partner), "", ""
	if l.q.Sort != referral.SortLastTradeAt || l.metricsQuery.q.UIDs != nil { // figures are of the period in every order
		days = " AND day >= " + l.date(l.q.Period.From) + " AND day < " + l.date(l.q.Period.To)
	}
	if uids := l.metricsQuery.q.UIDs; uids != nil {
		some = " AND referee = ANY (" + l.uids(uids) + ")"
	}
	return `SELECT referee, sum(commission)::bigint AS commission, sum(volume)::bigint AS volume, max(last_at) AS last_at FROM (
			SELECT referee, commission, volume, NULL::timestamptz AS last_at FROM rank_delta WHERE partner = ` + me + days + some + `
			UNION ALL SELECT referee, ` + earned(me) + `, volume, last_at FROM delta WHERE ` + l.ours(me) + days + `) d GROUP BY referee`
}

// lateValues are the values as they are of those whom pending names.
func (l *refereeList) lateValues(number string) string {
	me := l.arg(l.partner)
	value := "coalesce(k.value, 0) + p." + string(l.q.Sort)
	if l.q.Sort == referral.SortLastTradeAt {
		value = "coalesce(" + micros("greatest(a.last_trade_at, p.last_at)") + ", 0)"
	}
	return `SELECT a.uid, ` + value + ` AS value FROM pending p JOIN account a ON a.uid = p.referee AND ` + me + ` IN (a.u1, a.u2, a.u3)
		LEFT JOIN referee_rank k ON k.partner = ` + me + ` AND k.list = ` + number + ` AND k.referee = p.referee`
}
