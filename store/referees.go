package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/referral"
)

// Referees lists the caller's referees, as of now. A referee whose place in the order does not change between two pages
// comes exactly once; by registration none ever changes. Errors: CodeInvalid on the field at fault, "cursor" for one
// that is broken or of another query.
func (s *Store) Referees(ctx context.Context, c domain.Caller, q referral.RefereeQuery, now time.Time) (page referral.RefereePage, err error) {
	if q.Limit < 1 || q.Limit > referral.MaxReferees {
		return page, domain.Invalid("limit", "want 1 to %d", referral.MaxReferees)
	}
	if !slices.Contains(referral.RefereeSorts, q.Sort) {
		return page, domain.Invalid("sort", "unknown order %q", q.Sort)
	}
	query, start := queryDigest(c, q, s.zone), firstPage(q, now)
	if q.Cursor != "" {
		if start, err = parseRefereeCursor(q.Cursor, query); err != nil {
			return page, err
		}
		if (q.Sort == referral.SortRegisteredAt || q.Sort == referral.SortLastTradeAt) && !knownTimes(start.value) {
			return page, domain.Invalid("cursor", "names no time")
		}
	}
	page.AsOf = start.apply(&q)
	page.Period = q.Period
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		l := newRefereeList(s, tx, c.UID, q, start)
		if err := l.loadCodes(ctx); err != nil {
			return err
		}
		if err := l.load(ctx); err != nil {
			return err
		}
		more := len(l.rows) > q.Limit
		l.rows = l.rows[:min(len(l.rows), q.Limit)]
		page.Total = l.total
		if page.Rows, err = l.withFigures(ctx); err == nil && more {
			page.Next = start.after(q.Sort, page.Rows[q.Limit-1], l.total).format(query)
		}
		return err
	})
	return page, err
}

// Referee is one of the caller's referees. CodeNotFound on uid when it is none of theirs, whether it exists or not.
func (s *Store) Referee(ctx context.Context, c domain.Caller, uid int64) (r referral.Referee, err error) {
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		l := newRefereeList(s, tx, c.UID, referral.RefereeQuery{Sort: referral.SortRegisteredAt, Limit: 1}, refereeCursor{})
		l.uid = uid
		if err := l.loadCodes(ctx); err != nil {
			return err
		}
		if err := l.load(ctx); err != nil {
			return err
		}
		if len(l.rows) == 0 {
			return domain.Errorf(domain.CodeNotFound, "uid", "%d is not one of your referees", uid)
		}
		r = l.rows[0]
		return nil
	})
	return r, err
}

// refereeList is one page on its way. Of metricsQuery it has the parameters, and the figures of the period.
type refereeList struct {
	metricsQuery
	q          referral.RefereeQuery
	start      refereeCursor
	codes      map[string]referral.CodeTerms
	uid        int64    // of the one who is asked for; 0: a list
	conditions []string // on an account r of which the partner is above
	summed     bool     // the period's sums f stand beside r

	rows  []referral.Referee
	total int64
}

func newRefereeList(s *Store, tx pgx.Tx, partner int64, q referral.RefereeQuery, start refereeCursor) *refereeList {
	return &refereeList{
		metricsQuery: metricsQuery{store: s, tx: tx, partner: partner, now: time.UnixMicro(start.asOf), q: referral.Query{Period: q.Period, Filter: referral.Filter{Relation: q.Relation}}},
		q:            q, start: start,
	}
}

func (l *refereeList) where(condition string) { l.conditions = append(l.conditions, condition) }

// loadCodes reads what the partner's codes are set to.
func (l *refereeList) loadCodes(ctx context.Context) error {
	changes, err := codeVersions(ctx, l.tx, l.partner)
	if err != nil {
		return err
	}
	l.codes = make(map[string]referral.CodeTerms, len(changes))
	for code, vs := range changes {
		l.codes[code] = referral.LatestTerms(vs)
	}
	return nil
}

// load reads the page's referees, and one more where there is a next page.
//
// By registration, an index has them in order. So have the sorted lists of large partners (see Rank) by the other orders: filters are looked at on
// the way, so that all pages together look at everybody once. Else who matches is found, counted and sorted from all accounts below
// the partner: 10,000 of them take some milliseconds.
func (l *refereeList) load(ctx context.Context) (err error) {
	if l.kept, err = keptMore(ctx, l.tx, l.partner); err != nil {
		return err
	}
	var list int32
	if l.q.Sort != referral.SortRegisteredAt {
		if list, err = l.rankList(ctx, l.q.Sort); err != nil {
			return err
		}
	}
	var uids []int64
	l.filter()
	switch {
	case l.q.Sort == referral.SortRegisteredAt && (l.kept || l.q.Traded == nil && l.q.Activity == ""):
		uids, err = l.byRegistration(ctx)
	case list > 0:
		uids, err = l.ranked(ctx, list)
	default:
		uids, err = l.sortAll(ctx)
	}
	if err != nil {
		return fmt.Errorf("referees: %w", err)
	}
	if l.total = max(l.total, l.start.total); l.total == 0 && len(uids) > 0 { // a first page that was not counted with the sorting
		if err := l.count(ctx); err != nil {
			return fmt.Errorf("counting referees: %w", err)
		}
	}
	return l.details(ctx, uids)
}

// accounts is a query of the partner's referees at a level, as an r of the conditions.
func (l *refereeList) accounts(level int) string {
	below := [...]string{"", "0::bigint", "u1", "u2"}[level]
	return fmt.Sprintf(`SELECT uid, %[1]d AS level, code%[1]d AS code, %[2]s AS below, country, registered_at, basic_at, verified_at,
		first_deposit_at, first_trade_at, last_trade_at, spot_vip, futures_vip FROM account WHERE u%[1]d = %[3]s AND u%[1]d <> 0`, level, below, l.arg(l.partner))
}

// allOf are the conditions after a keyword, or nothing.
func allOf(keyword string, conditions ...string) string {
	conditions = slices.DeleteFunc(conditions, func(c string) bool { return c == "" })
	if len(conditions) == 0 {
		return ""
	}
	return " " + keyword + " " + strings.Join(conditions, " AND ")
}

// count counts who matches. Later pages take the first one's count, by the cursor.
func (l *refereeList) count(ctx context.Context) error {
	only := referral.RefereeQuery{Code: l.q.Code, Country: l.q.Country, Relation: l.q.Relation, SubPartnerUID: l.q.SubPartnerUID,
		Period: l.q.Period, Sort: l.q.Sort, Ascending: l.q.Ascending, Limit: l.q.Limit, Cursor: l.q.Cursor}
	if l.q.Registered.To.IsZero() {
		only.Registered = l.q.Registered
	}
	if l.q == only && l.uid == 0 { // the rollup knows
		of := l.metricsQuery
		of.args, of.q = nil, referral.Query{Filter: referral.Filter{Code: l.q.Code, Country: l.q.Country, Relation: l.q.Relation, SubPartnerUID: l.q.SubPartnerUID}}
		joins, where := of.groupFilter()
		sql := `SELECT coalesce(sum(g.registered), 0)::bigint FROM (` + strings.Join(of.countDays("true"), " UNION ALL ") + `) g` + joins + where
		return l.tx.QueryRow(ctx, sql, of.args...).Scan(&l.total)
	}
	l.filter()
	var levels []string
	for _, level := range l.levels() {
		levels = append(levels, `SELECT count(*) AS n FROM (`+l.accounts(level)+`) r`+allOf("WHERE", l.conditions...))
	}
	return l.tx.QueryRow(ctx, `SELECT coalesce(sum(n), 0)::bigint FROM (`+strings.Join(levels, " UNION ALL ")+`) c`, l.args...).Scan(&l.total)
}

// byRegistration walks each level in its index's order.
func (l *refereeList) byRegistration(ctx context.Context) ([]int64, error) {
	direction, past := "DESC", "<"
	if l.q.Ascending {
		direction, past = "ASC", ">"
	}
	keyset := ""
	if l.start.uid != 0 {
		at := l.arg(time.UnixMicro(l.start.value).UTC())
		keyset = fmt.Sprintf("r.registered_at %[1]s= %[2]s AND (r.registered_at %[1]s %[2]s OR r.uid > %[3]s)", past, at, l.arg(l.start.uid))
	}
	order := " ORDER BY registered_at " + direction + ", uid LIMIT " + strconv.Itoa(l.q.Limit+1)
	var levels []string
	for _, level := range l.levels() {
		levels = append(levels, `(SELECT r.uid, r.registered_at FROM (`+l.accounts(level)+`) r`+allOf("WHERE", append([]string{keyset}, l.conditions...)...)+order+`)`)
	}
	rows, err := l.tx.Query(ctx, `SELECT uid FROM (`+strings.Join(levels, " UNION ALL ")+`) r`+order, l.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// unfolded is a query of when referees traded last, as far as it is not folded yet.
func (l *refereeList) unfolded() string {
	return `SELECT referee, max(last_at) AS at FROM delta WHERE ` + l.ours(l.arg(l.partner)) + ` GROUP BY referee`
}

// sortAll finds, counts and sorts all who match.
func (l *refereeList) sortAll(ctx context.Context) ([]int64, error) {
	var levels []string
	for _, level := range l.levels() {
		levels = append(levels, l.accounts(level))
	}
	from, sorted, direction, past := "r", "r.registered_at", "DESC", "<"
	switch l.q.Sort {
	case referral.SortLastTradeAt:
		sorted = "coalesce(r.traded_at, " + l.arg(time.Time{}) + ")"
	case referral.SortCommission, referral.SortVolume:
		sorted, l.summed = "coalesce(f."+string(l.q.Sort)+", 0)", true
	}
	if l.q.Ascending {
		direction, past = "ASC", ">"
	}
	if l.summed {
		from = "r LEFT JOIN (" + l.figuresSQL("") + ") f ON f.referee = r.uid"
	}
	keyset := ""
	if l.start.uid != 0 {
		var last any = l.start.value
		if l.q.Sort == referral.SortRegisteredAt || l.q.Sort == referral.SortLastTradeAt {
			last = time.UnixMicro(l.start.value).UTC()
		}
		value := l.arg(last)
		keyset = fmt.Sprintf("WHERE m.sorted %s %s OR m.sorted = %s AND m.uid > %s", past, value, value, l.arg(l.start.uid))
	}
	// The count comes with the page, in a row of its own where the page is empty.
	rows, err := l.tx.Query(ctx, `
		WITH unfolded AS (`+l.unfolded()+`),
		r AS (SELECT a.*, greatest(a.last_trade_at, u.at) AS traded_at FROM (`+strings.Join(levels, " UNION ALL ")+`) a LEFT JOIN unfolded u ON u.referee = a.uid),
		matching AS MATERIALIZED (SELECT r.uid, `+sorted+` AS sorted FROM `+from+allOf("WHERE", l.conditions...)+`)
		SELECT n.total, coalesce(p.uid, 0)
		FROM (SELECT count(*) AS total FROM matching) n
		LEFT JOIN (SELECT m.* FROM matching m `+keyset+` ORDER BY m.sorted `+direction+`, m.uid LIMIT `+strconv.Itoa(l.q.Limit+1)+`) p ON true
		ORDER BY p.sorted `+direction+`, p.uid`, l.args...)
	if err != nil {
		return nil, err
	}
	var uids []int64
	var uid int64
	_, err = pgx.ForEachRow(rows, []any{&l.total, &uid}, func() error {
		if uid != 0 {
			uids = append(uids, uid)
		}
		return nil
	})
	return uids, err
}

// details reads what is told of referees, in their order.
func (l *refereeList) details(ctx context.Context, uids []int64) error {
	l.args, l.metricsQuery.q.UIDs = nil, append([]int64{}, uids...)
	me, page := l.arg(l.partner), l.uids(uids)
	rows, err := l.tx.Query(ctx, `
		WITH unfolded AS (`+l.unfolded()+`)
		SELECT a.uid, a.level, CASE a.level WHEN 1 THEN a.code1 WHEN 2 THEN a.code2 ELSE a.code3 END, a.country, a.registered_at, a.basic_at,
			a.verified_at, a.first_deposit_at, a.first_trade_at, greatest(a.last_trade_at, u.at), a.spot_vip, a.futures_vip, sub.uid, me.uid IS NOT NULL, coalesce(o.note, '')
		FROM unnest(`+page+`) WITH ORDINALITY p (uid, place)
		JOIN (SELECT a.*, CASE `+me+` WHEN u1 THEN 1 WHEN u2 THEN 2 ELSE 3 END AS level FROM account a) a ON a.uid = p.uid
		LEFT JOIN unfolded u ON u.referee = a.uid
		LEFT JOIN partner sub ON sub.uid = CASE a.level WHEN 2 THEN a.u1 WHEN 3 THEN a.u2 END
		LEFT JOIN partner me ON me.uid = a.uid
		LEFT JOIN referee_note o ON o.partner = `+me+` AND o.uid = a.uid
		ORDER BY p.place`, l.args...)
	if err != nil {
		return fmt.Errorf("referees: %w", err)
	}
	l.rows, err = pgx.CollectRows(rows, l.scan)
	return err
}

func (l *refereeList) scan(row pgx.CollectableRow) (r referral.Referee, err error) {
	var sub *int64
	var level int
	var registered, basic, verified, deposit, first, last *time.Time
	if err = row.Scan(&r.UID, &level, &r.Code, &r.Country, &registered, &basic, &verified, &deposit, &first, &last, &r.SpotVIP, &r.FuturesVIP, &sub, &r.Partner, &r.OwnNote); err != nil {
		return r, err
	}
	r.RegisteredAt, r.VerifiedAt, r.FirstDepositAt, r.FirstTradeAt, r.LastTradeAt = instant(registered), instant(verified), instant(deposit), instant(first), instant(last)
	if r.Relation = referral.Direct; level > 1 {
		r.Relation = referral.Indirect
	}
	if sub != nil {
		r.SubPartnerUID = *sub
	}
	switch {
	case verified != nil:
		r.KYC = referral.KYCAdvanced
	case basic != nil:
		r.KYC = referral.KYCBasic
	default:
		r.KYC = referral.KYCNone
	}
	terms := l.codes[r.Code]
	r.Note, r.SpotRebateRate, r.FuturesRebateRate = terms.Note, terms.Spot, terms.Futures
	return r, nil
}

// instant is a time in UTC, zero for null.
func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// filter makes the conditions, with parameters of a new statement.
func (l *refereeList) filter() {
	l.args, l.conditions = nil, nil
	if l.uid != 0 {
		l.where("r.uid = " + l.arg(l.uid))
	}
	l.filterAccount()
	if l.kept {
		l.filterKeptActivity()
	} else {
		l.filterActivity()
	}
}

// filterAccount adds the conditions on what the account itself says.
func (l *refereeList) filterAccount() {
	switch l.q.KYC {
	case referral.KYCNone:
		l.where("r.basic_at IS NULL AND r.verified_at IS NULL")
	case referral.KYCBasic:
		l.where("r.basic_at IS NOT NULL AND r.verified_at IS NULL")
	case referral.KYCAdvanced:
		l.where("r.verified_at IS NOT NULL")
	}
	if d := l.q.Deposited; d != nil {
		l.where("(r.first_deposit_at IS NOT NULL) = " + strconv.FormatBool(*d))
	}
	if l.q.VIPMin > 0 {
		l.where("greatest(r.spot_vip, r.futures_vip) >= " + l.arg(int64(l.q.VIPMin)))
	}
	if p := l.q.Registered; !p.To.IsZero() {
		l.where("r.registered_at >= " + l.arg(p.From) + " AND r.registered_at < " + l.arg(p.To))
	}
	if l.q.Code != "" {
		l.where("r.code = " + l.arg(l.q.Code))
	}
	if l.q.Country != "" {
		l.where("r.country = " + l.arg(l.q.Country))
	}
	if uid := l.q.SubPartnerUID; uid != 0 {
		l.where("r.below = " + l.arg(uid) + " AND EXISTS (SELECT FROM partner WHERE uid = " + l.arg(uid) + ")")
	}
	if l.q.Note != "" {
		l.where("(" + l.noted(l.q.Note) + ")")
	}
	if q := strings.TrimSpace(l.q.Search); q != "" {
		l.where("(" + strings.Join(append(l.uidsFrom(q), l.noted(q)), " OR ") + ")")
	}
}

// noted is the condition that a note on the referee, or of their code, holds a text, in upper or lower case.
func (l *refereeList) noted(text string) string {
	text = strings.ToLower(text)
	matching := []string{"NULL"}
	for code, terms := range l.codes {
		if strings.Contains(strings.ToLower(terms.Note), text) {
			matching = append(matching, l.arg(code))
		}
	}
	return "r.code IN (" + strings.Join(matching, ", ") + ") OR r.uid IN (SELECT n.uid FROM referee_note n WHERE n.partner = " + l.arg(l.partner) +
		" AND strpos(lower(n.note), " + l.arg(text) + ") > 0)"
}

// uidsFrom are the conditions that a uid begins with these digits: as ranges, which an index answers. None for what are no digits.
func (l *refereeList) uidsFrom(digits string) (out []string) {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || digits[0] == '+' {
		return nil
	}
	for width := int64(1); n <= math.MaxInt64/10; width *= 10 {
		out = append(out, "r.uid BETWEEN "+l.arg(n)+" AND "+l.arg(n+width-1))
		if width > math.MaxInt64/10 {
			break
		}
		n *= 10
	}
	if len(out) == 0 {
		out = []string{"r.uid = " + l.arg(n)}
	}
	return out
}

// filterActivity adds the conditions on trades (SPEC 2).
func (l *refereeList) filterActivity() {
	if t := l.q.Traded; t != nil && *t {
		l.where("(" + l.traded() + ") IS TRUE")
	} else if t != nil {
		l.where("(" + l.traded() + ") IS NOT TRUE") // null, which is never, among them
	}
	switch l.q.Activity {
	case referral.Active:
		l.where("(" + l.traded() + ") IS TRUE")
	case referral.Dormant:
		l.where("r.traded_at < " + l.arg(referral.DormantBefore(l.now, l.store.zone)))
	case referral.Inactive:
		l.where("r.traded_at IS NULL")
	}
}

// traded says whether a referee traded in the period. Where the period is not over, the latest trade mostly tells, and
// those who traded after the period are few; else the period's sums are needed.
func (l *refereeList) traded() string {
	from, to := l.arg(l.q.Period.From), l.arg(l.q.Period.To)
	executed := "EXISTS (SELECT FROM (" + l.figuresSQL("x.referee = r.uid") + ") later WHERE later.executed > 0)"
	if !l.now.Before(l.q.Period.To) {
		executed, l.summed = "f.executed > 0", true
	}
	return "r.traded_at >= " + from + " AND (r.traded_at < " + to + " OR " + executed + ")"
}

// figuresSQL sums the period by referee.
func (l *refereeList) figuresSQL(condition string) string {
	if condition != "" {
		condition = " WHERE " + condition
	}
	return `SELECT x.referee, sum(x.commission)::bigint AS commission, sum(x.volume)::bigint AS volume, sum(x.executed)::bigint AS executed
		FROM (` + strings.Join(l.refereePieces(), "\nUNION ALL ") + `) x` + condition + ` GROUP BY x.referee`
}

// withFigures puts the period's figures beside the page's referees.
func (l *refereeList) withFigures(ctx context.Context) ([]referral.RefereeRow, error) {
	out := make([]referral.RefereeRow, len(l.rows))
	if len(out) == 0 {
		return out, nil
	}
	at, uids := make(map[int64]int, len(out)), make([]int64, len(out))
	for i, r := range l.rows {
		out[i].Referee, at[r.UID], uids[i] = r, i, r.UID
	}
	l.metricsQuery.q.UIDs = uids
	sql, err := l.keptFigures(ctx, uids)
	if err != nil {
		return nil, err
	}
	if sql == "" {
		l.args = nil
		sql = l.figuresSQL("")
	}
	rows, err := l.tx.Query(ctx, sql, l.args...)
	if err != nil {
		return nil, fmt.Errorf("referees' figures: %w", err)
	}
	var uid, executed int64
	var commission, volume domain.Money
	_, err = pgx.ForEachRow(rows, []any{&uid, &commission, &volume, &executed}, func() error {
		out[at[uid]].Commission, out[at[uid]].Volume = commission, volume
		return nil
	})
	return out, err
}
