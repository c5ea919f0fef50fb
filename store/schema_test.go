package store_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"partnerhub/store/storetest"
)

// alone are the tables that no partner's rows are in, or that are small and the same on every node: what is set, the structure that
// batches of every owner read, the library, and what the outside world sent. On Citus they are reference tables or stay on the
// coordinator (docs/operations.md). Every other table is distributed by its first column.
var alone = []string{
	"goose_db_version", "setting", "api_key",
	"event", "rejected", "structure_change", "large_day", "ingest_batch", "operator_action",
	"account", "partner", "desk_member", "program_version", "rate_version", "vip_version", "rules_version", "referral_code", "code_version",
}

// alonePrefixes are those of the library and of what operators keep.
var alonePrefixes = []string{"library", "article", "section", "embedding", "knowledge", "gap", "eval_", "webhook", "delivery", "outbox", "program", "campaign", "review"}

// TestSchemaIsReadyToShard reads the catalogue (DESIGN, decision 10): a partner's uid leads the keys of every table that
// grows, there are no triggers of our own, and whatever a partner may read is behind row level security.
func TestSchemaIsReadyToShard(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	rows, err := pool.Query(t.Context(), `
		SELECT c.relname AS table, c.relrowsecurity AS secured,
			coalesce((SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)) FROM pg_index i
				JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[]) WHERE i.indrelid = c.oid AND i.indisprimary), '{}') AS key,
			(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = 1) AS first,
			(SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal)::int AS triggers,
			has_table_privilege('partnerhub_app', c.oid, 'SELECT') AS readable
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	type table struct {
		Table    string
		Secured  bool
		Key      []string
		First    string
		Triggers int
		Readable bool
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByName[table])
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) < 20 {
		t.Fatalf("%d tables", len(tables))
	}
	owners := map[string]bool{"owner": true, "partner": true, "uid": true}
	for _, x := range tables {
		if x.Triggers > 0 {
			t.Errorf("%s has triggers: they do not run where a distributed table's rows are", x.Table)
		}
		shared := x.Table == "partner" || x.Table == "desk_member" || x.Table == "program_version" || strings.HasPrefix(x.Table, "library_") || strings.HasPrefix(x.Table, "embedding") // what every partner may read
		if x.Readable && !x.Secured && !shared {
			t.Errorf("%s can be read by a caller's role, and has no row level security", x.Table)
		}
		stands := false
		for _, name := range alone {
			stands = stands || x.Table == name
		}
		for _, prefix := range alonePrefixes {
			stands = stands || strings.HasPrefix(x.Table, prefix)
		}
		lead := x.First
		if len(x.Key) > 0 {
			lead = x.Key[0]
		}
		if !stands && !owners[lead] {
			t.Errorf("%s is led by %q: a table that grows is led by its owner", x.Table, lead)
		}
	}
}
