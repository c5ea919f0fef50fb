package store_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"partnerhub/store/storetest"
)

// placed is where a table is on Citus, as docs/operations.md says: distributed by a column, a reference table, or on the coordinator.
type placed struct{ where, by string }

var (
	placedRow  = regexp.MustCompile("(?m)^\\| (`.*`) \\| (distributed|reference|coordinator) \\| (?:`(\\w+)` )?\\|$")
	tableNames = regexp.MustCompile("`(\\w+)`")
)

// placements reads the table of the document.
func placements(t *testing.T, text string) map[string]placed {
	t.Helper()
	all := map[string]placed{}
	for _, row := range placedRow.FindAllStringSubmatch(text, -1) {
		for _, name := range tableNames.FindAllStringSubmatch(row[1], -1) {
			if _, twice := all[name[1]]; twice {
				t.Errorf("docs/operations.md places %s twice", name[1])
			}
			all[name[1]] = placed{row[2], row[3]}
		}
	}
	return all
}

// Unique indexes of trade that do not hold its owner, since an event is one whoever refers its trader by now: what has to change before the
// table is distributed (docs/operations.md).
var acrossOwners = []string{"trade_id", "trade_trade_id"}

// TestSchemaIsReadyToShard reads the catalogue (DESIGN, decision 10): every table has its place in docs/operations.md; the uid by which a table is
// distributed leads its primary key and is in whatever is unique; a foreign key leads to the same partner's rows, so that no row of another
// partner is locked by it; there are no triggers of our own; and whatever a partner may read is behind row level security.
func TestSchemaIsReadyToShard(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	places := placements(t, string(text))
	pool := storetest.New(t)
	seen := map[string]bool{}
	for _, x := range catalogue[struct {
		Table    string
		Secured  bool
		Key      []string
		First    string
		Triggers int
		Readable bool
	}](t.Context(), t, pool, `
		SELECT c.relname AS table, c.relrowsecurity AS secured,
			coalesce((SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)) FROM pg_index i
				JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[]) WHERE i.indrelid = c.oid AND i.indisprimary), '{}') AS key,
			(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = 1) AS first,
			(SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal)::int AS triggers,
			has_table_privilege('partnerhub_app', c.oid, 'SELECT') AS readable
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1`) {
		seen[x.Table] = true
		if x.Triggers > 0 {
			t.Errorf("%s has triggers: they do not run where a distributed table's rows are", x.Table)
		}
		// What every partner may read.
		shared := x.Table == "partner" || x.Table == "desk_member" || x.Table == "program_version" || strings.HasPrefix(x.Table, "library_") || strings.HasPrefix(x.Table, "embedding")
		if x.Readable && !x.Secured && !shared {
			t.Errorf("%s can be read by a caller's role, and has no row level security", x.Table)
		}
		at, ok := places[x.Table]
		if !ok {
			t.Errorf("%s has no place in docs/operations.md, Past one machine", x.Table)
			continue
		}
		lead := x.First
		if len(x.Key) > 0 {
			lead = x.Key[0]
		}
		if at.where == "distributed" && (lead != at.by || at.by != "owner" && at.by != "partner") {
			t.Errorf("%s is led by %q, and said to be distributed by %q: a table that grows is led by its partner", x.Table, lead, at.by)
		}
	}
	for name := range places {
		if !seen[name] {
			t.Errorf("docs/operations.md places %s, which is no table", name)
		}
	}
	uniqueWithinPartner(t, pool, places, string(text))
	keysWithinPartner(t, pool, places)
}

func uniqueWithinPartner(t *testing.T, pool *pgxpool.Pool, places map[string]placed, text string) {
	t.Helper()
	for _, x := range catalogue[struct {
		Table, Index string
		Columns      []string
	}](t.Context(), t, pool, `
		SELECT i.indrelid::regclass::text AS table, i.indexrelid::regclass::text AS index,
			(SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])) AS columns
		FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND (i.indisunique OR i.indisexclusion)`) {
		at := places[x.Table]
		if at.where != "distributed" || slices.Contains(x.Columns, at.by) {
			continue
		}
		if !slices.Contains(acrossOwners, x.Index) || !strings.Contains(text, "`"+x.Index+"`") {
			t.Errorf("%s of %s is unique over all partners: what is distributed by %s cannot be", x.Index, x.Table, at.by)
		}
	}
}

func keysWithinPartner(t *testing.T, pool *pgxpool.Pool, places map[string]placed) {
	t.Helper()
	for _, x := range catalogue[struct {
		Table, To     string
		Columns, Keys []string
	}](t.Context(), t, pool, `
		SELECT k.conrelid::regclass::text AS table, k.confrelid::regclass::text AS to,
			(SELECT array_agg(a.attname::text ORDER BY p.n) FROM unnest(k.conkey) WITH ORDINALITY p (num, n) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.num) AS columns,
			(SELECT array_agg(a.attname::text ORDER BY p.n) FROM unnest(k.confkey) WITH ORDINALITY p (num, n) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.num) AS keys
		FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname = 'public' AND k.contype = 'f'`) {
		from, to := places[x.Table], places[x.To]
		switch {
		case from.where != "distributed" && to.where != "distributed":
		case from.where == "distributed" && to.where == "reference":
		case from.where == "distributed" && to.where == "distributed" &&
			slices.Index(x.Columns, from.by) >= 0 && slices.Index(x.Columns, from.by) == slices.Index(x.Keys, to.by):
		default:
			t.Errorf("a foreign key leads from %s (%v) to %s (%v), and so to other partners' rows", x.Table, x.Columns, x.To, x.Keys)
		}
	}
}

// catalogue reads rows of PostgreSQL's own tables.
func catalogue[T any](ctx context.Context, t *testing.T, pool *pgxpool.Pool, query string) []T {
	t.Helper()
	rows, err := pool.Query(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		t.Fatal(err)
	}
	return all
}
