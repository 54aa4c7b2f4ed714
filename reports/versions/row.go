package versions

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/definition"
)

// RowChange is what one version did to a row: it added or removed it, or changed one cell.
type RowChange struct {
	Version     int64
	PublishedAt time.Time
	Action      string
	Reason      *string // why the row was removed
	ColumnName  *string // nil where the whole row was added or removed
	Old, New    json.RawMessage
}

// OfRow lists what became of one row, newest first; a report without history has none.
func OfRow(ctx context.Context, db pg.Querier, d *definition.Definition, key string, limit int) ([]RowChange, error) {
	if d.Restricted() {
		return nil, nil
	}
	c, _ := d.Column(d.Key)
	rows, _ := db.Query(ctx, fmt.Sprintf(`
		SELECT c.version, f.published_at, c.action, c.reason, c.column_name, c.old, c.new
		FROM %s AS c
		JOIN reports.refreshes AS f ON f.report = $1 AND f.version = c.version
		WHERE c.%s = $2::text::%s ORDER BY c.version DESC, c.column_name LIMIT $3`,
		d.Changes().Sanitize(), pg.Ident(d.Key), c.SQLType()), d.Name, key, limit)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[RowChange])
	if err != nil {
		return nil, fmt.Errorf("read the history of %s %s: %w", d.Row, key, err)
	}
	return list, nil
}

// Headings are the names of rows by key, as they are now or, of rows that left between two versions, as they were. Rows
// that have none are left out; so are all where the report has no column for it.
func Headings(ctx context.Context, db pg.Querier, d *definition.Definition, keys []string, from, to int64) (map[string]string, error) {
	if d.Heading == "" || len(keys) == 0 {
		return nil, nil
	}
	rows, _ := db.Query(ctx, fmt.Sprintf(`
		SELECT %[1]s::text, %[2]s FROM %[3]s WHERE %[1]s::text = ANY ($1) AND %[2]s <> ''
		UNION ALL
		SELECT %[1]s::text, old ->> %[4]s FROM %[5]s
		WHERE %[1]s::text = ANY ($1) AND action = 'removed' AND version > $2 AND version <= $3 AND old ->> %[4]s <> ''`,
		pg.Ident(d.Key), pg.Ident(d.Heading), d.Table().Sanitize(), pg.Literal(d.Heading), d.Changes().Sanitize()), keys, from, to)
	names, key, name := map[string]string{}, "", ""
	if _, err := pgx.ForEachRow(rows, []any{&key, &name}, func() error { names[key] = name; return nil }); err != nil {
		return nil, fmt.Errorf("read the names of rows of %s: %w", d.Name, err)
	}
	return names, nil
}
