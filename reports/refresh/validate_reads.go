package refresh

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// triedTables are those of schema reports that a report's SQL may read: facts that migrations bring.
var triedTables = []string{"regions", "region_by_la", "school_types"}

// readsOnlySynced asks PostgreSQL what a view of the file's SQL would depend on.
func (t *trial) readsOnlySynced(ctx context.Context, tx pgx.Tx, f *refresh, file string) error {
	query, err := f.fill(file)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "CREATE TEMPORARY VIEW tried AS\n"+query); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	rows, _ := tx.Query(ctx, `
		SELECT DISTINCT format('%s.%s', n.nspname, c.relname)
		FROM pg_rewrite r
		JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
		JOIN pg_class c ON c.oid = d.refobjid AND c.oid <> r.ev_class
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE r.ev_class = 'pg_temp.tried'::regclass
		  AND c.oid IS DISTINCT FROM to_regclass($3) AND c.oid IS DISTINCT FROM to_regclass($4) -- its own rows, new and live
		  AND NOT (
		      n.nspname IN ('cpd', 'gias', 'uplift')
		      OR n.nspname = 'reports' AND c.relname = ANY ($1)
		      OR n.nspname = 'restricted' AND c.relname ~ '^cpd_' AND $2 -- synced too, for these alone
		  )
		ORDER BY 1`, triedTables, t.def.Restricted(), f.sql.Staged, f.sql.Live)
	others, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range others {
		t.problem("%s reads %s: reports are made of synced tables alone (cpd, gias, uplift)", file, name)
	}
	_, err = tx.Exec(ctx, "DROP VIEW pg_temp.tried")
	return err
}

// namesSources makes sure that the columns that the definition names as sources are there.
func (t *trial) namesSources(ctx context.Context, tx pgx.Tx) error {
	for _, c := range t.def.Columns {
		rows, _ := tx.Query(ctx, `
			SELECT source
			FROM unnest($1::text[]) AS s (source)
			WHERE NOT EXISTS (
			    SELECT FROM information_schema.columns i
			    WHERE source = concat_ws('.', i.table_schema, i.table_name, i.column_name)
			      AND (i.table_schema IN ('cpd', 'gias', 'uplift') OR i.table_schema = 'restricted' AND $2)
			)`, c.Sources, t.def.Restricted())
		missing, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, source := range missing {
			t.problem("column %s: there is no synced column %s for it to be made from", c.Name, source)
		}
	}
	return nil
}
