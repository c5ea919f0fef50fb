package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
)

// verify has the program prove that what is derived follows from the events, while load goes on.
func (w *world) verify(after string) {
	out, err := w.command("verify", "--json")
	if err != nil {
		w.wrong("after %s: %v", after, err)
		return
	}
	var report struct {
		Checks []struct {
			Name             string
			Rows, Mismatches int64
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Checks) < 20 {
		w.wrong("after %s, verify said: %s, %v", after, out, err)
	}
}

// eventually waits until a count is 0.
func (w *world) eventually(what, query string) {
	left := -1
	var err error
	for w.patient() {
		if err = w.admin.QueryRow(w.t.Context(), query).Scan(&left); err == nil && left == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.wrong("%s: %d are left, %v", what, left, err)
}

// rows are those of a query, as text.
func (w *world) rows(query string) map[string]bool {
	rows, err := w.admin.Query(w.t.Context(), query)
	if err != nil {
		w.wrong("%v", err)
		return nil
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.wrong("%v", err)
	}
	out := map[string]bool{}
	for _, r := range list {
		if out[r] {
			w.wrong("%s comes twice from %s", r, query)
		}
		out[r] = true
	}
	return out
}

// same compares what is there with what must be.
func (w *world) same(what string, got, want map[string]bool) {
	var lacks, has []string
	for k := range want {
		if !got[k] {
			lacks = append(lacks, k)
		}
	}
	for k := range got {
		if !want[k] {
			has = append(has, k)
		}
	}
	slices.Sort(lacks)
	slices.Sort(has)
	if len(lacks)+len(has) > 0 {
		w.wrong("%s: %d of %d are missing %.300s, %d too many %.300s", what, len(lacks), len(want), strings.Join(lacks, ", "), len(has), strings.Join(has, ", "))
	}
}

// atEnd compares everything with what was accepted, once all has ended.
func (w *world) atEnd(people []*person, own *owner) {
	w.eventually("runs that go on", `SELECT count(*) FROM run WHERE state = 'running'`)
	w.eventually("deltas that are not folded", `SELECT (SELECT count(*) FROM delta) + (SELECT count(*) FROM task_delta) + (SELECT count(*) FROM task_participant WHERE open AND reached > paid)`)
	if _, err := w.command("settle"); err != nil {
		w.wrong("%v", err)
	}
	// What came late for a settled day is in the next settlement: tomorrow's at the latest.
	if _, err := w.wrongly.Settle(w.t.Context(), time.Now().Add(26*time.Hour)); err != nil {
		w.wrong("settling by tomorrow's clock: %v", err)
	}
	w.verify("all")
	w.events()
	w.figures()
	w.talked()
	w.money(own)
	w.delivered()
}

func (w *world) events() {
	want := maps.Clone(w.book.others)
	for id := range w.book.trades {
		want[id] = true
	}
	for id := range w.book.deposits {
		want[id] = true
	}
	w.same("events", w.rows(`SELECT id FROM event UNION ALL SELECT id FROM trade UNION ALL SELECT id FROM transfer WHERE id NOT IN (SELECT id FROM event)`), want)
}

// figures compares what the pages say with the book.
func (w *world) figures() {
	type sums struct{ commission, volume, trades, deposits int64 }
	want := map[int64]*sums{partnerUID: {}}
	for i := range subPartners {
		want[subPartner(i)] = &sums{}
	}
	deposits := int64(0)
	for _, amount := range w.book.deposits {
		deposits += amount
	}
	for _, t := range w.book.trades {
		sub, partner := t.earned()
		top := want[partnerUID]
		top.commission, top.volume, top.trades = top.commission+partner, top.volume+t.volume, top.trades+1
		if t.sub >= 0 {
			s := want[subPartner(t.sub)]
			s.commission, s.volume, s.trades = s.commission+sub, s.volume+t.volume, s.trades+1
		}
	}
	want[partnerUID].deposits = deposits
	now := time.Now().UTC()
	period := now.AddDate(0, 0, -5).Format(time.DateOnly) + ".." + now.AddDate(0, 0, 1).Format(time.DateOnly)
	for uid, s := range want {
		for _, r := range w.replicas {
			status, b, err := w.request(http.MethodGet, "http://"+r.at()+"/v1/metrics/query?metrics=commission,volume,trades,deposits&period="+period, w.token(uid, "partner"), "", nil)
			var page struct {
				Total struct {
					Commission, Volume, Deposits string
					Trades                       int64
				}
			}
			if err != nil || status != http.StatusOK || json.Unmarshal(b, &page) != nil {
				w.wrong("figures of %d: %d %s %v", uid, status, b, err)
				continue
			}
			got := page.Total
			if got.Commission != domain.Money(s.commission).String() || got.Volume != domain.Money(s.volume).String() || got.Trades != s.trades ||
				uid == partnerUID && got.Deposits != domain.Money(s.deposits).String() {
				w.wrong("figures of %d: replica %s says %+v, want %+v", uid, r.name, got, *s)
			}
		}
	}
}

// talked compares the conversations with what people sent and heard.
func (w *world) talked() {
	ids := map[string]bool{}
	for id := range w.known.asked {
		ids[id] = true
	}
	// A standard client's message is known by its thread, too.
	w.same("messages", w.rows(`SELECT regexp_replace(client_id, '^[0-9a-f-]{36}:', '') FROM run WHERE client_id ~ '^([0-9a-f-]{36}:)?[0-9]+-[0-9]+$'`), ids)
	for _, x := range []struct{ what, query string }{
		{"runs with not just one end", `SELECT count(*) FROM (SELECT r.id FROM run r LEFT JOIN run_event e ON (e.owner, e.thread, e.run) = (r.owner, r.thread, r.id) AND e.type IN ('RUN_FINISHED', 'RUN_ERROR')
			WHERE EXISTS (SELECT FROM run_event s WHERE (s.owner, s.thread, s.run) = (r.owner, r.thread, r.id) AND s.type = 'RUN_STARTED') GROUP BY r.id HAVING count(e.seq) <> 1) x`},
		{"runs without a message, or with two", `SELECT count(*) FROM (SELECT r.id FROM run r LEFT JOIN message m ON (m.owner, m.thread, m.seq) = (r.owner, r.thread, r.after + 1) AND m.role = 'user'
			WHERE r.client_id ~ '[0-9]+-[0-9]+$' AND r.client_id NOT LIKE 'proposal-%' GROUP BY r.id HAVING count(m.seq) <> 1) x`},
		{"gaps in logs", `SELECT count(*) FROM (SELECT thread FROM run_event GROUP BY owner, thread HAVING count(*) <> max(seq) OR min(seq) <> 1) x`},
		{"conversations with two open tickets", `SELECT count(*) FROM (SELECT thread FROM ticket WHERE state NOT IN ('resolved', 'cancelled') GROUP BY owner, thread HAVING count(*) > 1) x`},
	} {
		w.eventually(x.what, x.query)
	}
	for thread, heard := range w.known.heard {
		rows, err := w.admin.Query(w.t.Context(), `SELECT seq, type, body->>'type' FROM run_event WHERE owner = $1 AND thread = $2 AND seq <= $3 ORDER BY seq`, w.known.of[thread], thread, heard[len(heard)-1].seq)
		if err != nil {
			w.wrong("%v", err)
			continue
		}
		stored, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s seen, err error) {
			var kind string
			err = row.Scan(&s.seq, &kind, &s.typ)
			return s, err
		})
		if err != nil || !slices.Equal(stored, heard) {
			w.wrong("conversation %s: heard %d events, stored are %d, %v", thread, len(heard), len(stored), err)
		}
	}
}

// money compares what was paid with what must be.
func (w *world) money(own *owner) {
	w.same("rewards", w.rows(`SELECT r.task || ' ' || r.uid || ' ' || r.step FROM task_reward r WHERE r.task IN (SELECT id FROM task WHERE title LIKE 'task %')`), own.rewards(w.book))
	w.same("rewards' transfers", w.rows(`SELECT key FROM ledger_transfer WHERE reason = 'task_reward'`), w.rows(`SELECT 'task:' || task || ':' || uid || ':' || step FROM task_reward`))
	tasks := map[string]bool{}
	for id := range own.tasks {
		tasks[fmt.Sprint(id)] = true
	}
	w.same("tasks by API", w.rows(`SELECT id::text FROM task WHERE title LIKE 'task %'`), tasks)
	topUps := map[string]bool{"opening 1000000000000": true}
	for reference, amount := range own.topUps {
		topUps[fmt.Sprintf("%s %d", reference, amount)] = true
	}
	w.same("top-ups", w.rows(`SELECT about || ' ' || amount FROM ledger_transfer WHERE reason = 'top_up'`), topUps)
	approved := map[string]bool{}
	for _, id := range w.known.approved {
		approved[id] = true
	}
	w.same("approvals", w.rows(`SELECT id::text FROM proposal WHERE state = 'approved'`), approved)
	var byProposal int
	if err := w.admin.QueryRow(w.t.Context(), `SELECT count(*) FROM task WHERE title NOT LIKE 'task %'`).Scan(&byProposal); err != nil || byProposal != len(approved) {
		w.wrong("%d tasks came of %d approvals, %v", byProposal, len(approved), err)
	}
	// What was settled of the days before yesterday is what was earned on them.
	limit := time.Now().UTC().AddDate(0, 0, -1).Truncate(24 * time.Hour)
	want := map[string]bool{}
	sums := map[int64]int64{}
	for _, t := range w.book.trades {
		if t.at.Before(limit) {
			sub, partner := t.earned()
			if sums[partnerUID] += partner; t.sub >= 0 {
				sums[subPartner(t.sub)] += sub
			}
		}
	}
	for uid, sum := range sums {
		if sum != 0 {
			want[fmt.Sprintf("%d %d", uid, sum)] = true
		}
	}
	w.same("settled", w.rows(fmt.Sprintf(`SELECT partner || ' ' || sum(amount) FROM settlement_record WHERE kind = 1 AND day < '%s' GROUP BY partner`, limit.Format(time.DateOnly))), want)
}

// delivered waits until every webhook and mail has arrived, and compares.
func (w *world) delivered() {
	ctx, cancel := context.WithTimeout(w.t.Context(), 40*time.Second)
	defer cancel()
	left := -1
	for ctx.Err() == nil && left != 0 {
		// What failed waits for hours: they pass.
		if _, err := w.admin.Exec(ctx, `UPDATE delivery SET next_at = least(next_at, now()) WHERE state = 'pending' AND last_error <> ''`); err != nil {
			w.wrong("%v", err)
		}
		if err := w.admin.QueryRow(ctx, `SELECT count(*) FROM delivery WHERE state = 'pending'`).Scan(&left); err != nil {
			w.wrong("%v", err)
		}
		time.Sleep(300 * time.Millisecond)
	}
	var dead int
	if err := w.admin.QueryRow(w.t.Context(), `SELECT count(*) FROM delivery WHERE state = 'dead'`).Scan(&dead); err != nil || left != 0 || dead != 0 {
		w.wrong("deliveries: %d wait still, %d are dead, %v", left, dead, err)
	}
	// Progress is told a minute after it was made, so that more may come at any time.
	arrived := func(channel string, got func() map[string]bool) {
		must := w.rows(`SELECT message FROM delivery WHERE state = 'done' AND channel = '` + channel + `'`)
		ids := got()
		may := w.rows(`SELECT message FROM delivery WHERE channel = '` + channel + `'`)
		for id := range ids {
			if may[id] {
				must[id] = true
			}
		}
		w.same(channel, ids, must)
	}
	arrived("webhook", func() map[string]bool {
		w.sinks.mu.Lock()
		defer w.sinks.mu.Unlock()
		ids := map[string]bool{}
		for id := range w.sinks.hooks {
			ids[id] = true
		}
		return ids
	})
	arrived("mail", func() map[string]bool {
		ids := map[string]bool{}
		for _, m := range w.sinks.mail.Messages() {
			id, _, _ := strings.Cut(strings.Trim(m.Header.Get("Message-ID"), "<>"), "@")
			ids[id] = true
		}
		return ids
	})
	w.sinks.mu.Lock()
	defer w.sinks.mu.Unlock()
	for _, what := range w.sinks.wrong {
		w.wrong("%s", what)
	}
	var rewards int
	if err := w.admin.QueryRow(w.t.Context(), `SELECT count(*) FROM task_reward`).Scan(&rewards); err != nil || w.sinks.kinds["task.reward"] < rewards {
		w.wrong("%d rewards were told of, %d were paid, %v", w.sinks.kinds["task.reward"], rewards, err)
	}
}
