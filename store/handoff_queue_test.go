package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"partnerhub/store"
)

// TestQueuePagesCost has a page of the queue read what is on it, wherever it lies in a long list: the list does not grow with the
// square of the tickets.
func TestQueuePagesCost(t *testing.T) {
	d := newDesk(t)
	const tickets = 5000
	if _, err := d.pool.Exec(t.Context(), `INSERT INTO ticket (owner, id, thread, state, category, priority, summary, snapshot, opened_at, updated_at, due_at)
		SELECT n, gen_random_uuid(), gen_random_uuid(), s, 'finance', 2, 'x', '{}', now(), now(), now() + n * interval '1 second'
		FROM generate_series(1, $1) n, unnest('{open,resolved,resolved,cancelled}'::text[]) s`, tickets); err != nil {
		t.Fatal(err)
	}
	if _, err := d.pool.Exec(t.Context(), `ANALYZE ticket`); err != nil {
		t.Fatal(err)
	}
	seen := 0
	q := store.TicketQuery{Limit: 200}
	for {
		list, next, err := d.s.List(t.Context(), ben, q)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(list)
		if q.Cursor = next; next == "" {
			break
		}
	}
	if seen != tickets {
		t.Errorf("%d tickets on all pages, want %d", seen, tickets)
	}
	tx, err := d.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), fmt.Sprintf(`SET LOCAL ROLE partnerhub_app; SET LOCAL partnerhub.desk = '%d'`, ben.UID)); err != nil {
		t.Fatal(err)
	}
	var plan []struct {
		Plan          planned
		ExecutionTime float64 `json:"Execution Time"`
	}
	var raw []byte
	if err := tx.QueryRow(t.Context(), `EXPLAIN (ANALYZE, FORMAT JSON) `+store.TicketPage([]string{"open", "claimed", "waiting", "reopened"}), int64(0), int64(0), 2,
		time.Now().Add(tickets/2*time.Second), "00000000-0000-0000-0000-000000000000", 51).Scan(&raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &plan); err != nil {
		t.Fatal(err)
	}
	if read := plan[0].Plan.read(); read > 200 {
		t.Errorf("a page of 51 in the middle reads %.0f rows: %s", read, raw)
	}
}

// planned is a node of a plan.
type planned struct {
	Type    string    `json:"Node Type"`
	Rows    float64   `json:"Actual Rows"`
	Removed float64   `json:"Rows Removed by Filter"`
	Plans   []planned `json:"Plans"`
}

// read is how many rows the leaves looked at.
func (p planned) read() (n float64) {
	if len(p.Plans) == 0 {
		return p.Rows + p.Removed
	}
	for _, q := range p.Plans {
		n += q.read()
	}
	return n + p.Removed
}
