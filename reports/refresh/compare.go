package refresh

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

//go:embed sql/*.sql
var templates embed.FS

// compare finds the rows to add, change and remove, and says why the removed ones have left.
func (f *refresh) compare(ctx context.Context, tx pgx.Tx, s *run.Step) error {
	if err := f.execute(ctx, tx, "compare.sql", nil); err != nil {
		return err
	}
	var live int64
	err := tx.QueryRow(ctx, fmt.Sprintf(`
		SELECT count(*) FILTER (WHERE _action = 'added'), count(*) FILTER (WHERE _action = 'changed'), (SELECT count(*) FROM %s)
		FROM %s`, f.sql.Live, f.sql.Diff)).Scan(&f.result.Added, &f.result.Changed, &live)
	if err != nil {
		return err
	}
	// Keys name one row on both sides, so counting tells whether any row has left, much sooner than looking for it.
	if stayed := f.result.Rows - f.result.Added; live > stayed {
		if err := f.findLeavers(ctx, tx); err != nil {
			return err
		}
	}
	s.SetRows(f.result.Rows, f.result.Added+f.result.Changed+f.result.Removed)
	_, err = tx.Exec(ctx, "DROP TABLE "+f.sql.Staged)
	return err
}

func (f *refresh) findLeavers(ctx context.Context, tx pgx.Tx) error {
	if err := f.execute(ctx, tx, "leavers.sql", &f.result.Removed); err != nil {
		return err
	}
	return f.giveReasons(ctx, tx)
}

// giveReasons asks the definition's SQL why rows have left; one that it does not name is gone from the source.
func (f *refresh) giveReasons(ctx context.Context, tx pgx.Tx) error {
	reasons := fmt.Sprintf("SELECT NULL AS %s, NULL AS reason WHERE false", f.sql.Key)
	if f.def.Leavers != "" {
		var err error
		if reasons, err = f.fill(f.def.Leavers); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, fmt.Sprintf(`
		UPDATE %[1]s d
		SET _reason = coalesce((SELECT r.reason FROM (
		%[2]s
		) r WHERE r.%[3]s::text = d.%[3]s::text), 'gone')
		WHERE d._action = 'removed'`, f.sql.Diff, reasons, f.sql.Key))
	if err != nil {
		return fmt.Errorf("%s: %w", f.def.Leavers, err)
	}
	return nil
}

// execute runs one of our statements and, where wanted, counts the rows that it wrote.
func (f *refresh) execute(ctx context.Context, tx pgx.Tx, file string, rows *int64) error {
	sql, err := f.sql.Render(templates, file)
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, sql)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if rows != nil {
		*rows = tag.RowsAffected()
	}
	return nil
}

// sample reads the first cells that a dry run would change.
func (f *refresh) sample(ctx context.Context, tx pgx.Tx) ([]Change, error) {
	if f.def.Restricted() {
		return nil, nil
	}
	changes, err := f.sql.Render(templates, "changes.sql")
	if err != nil {
		return nil, err
	}
	rows, _ := tx.Query(ctx, fmt.Sprintf(`
		SELECT c.key::text, c.action, coalesce(c.reason, '') AS reason, coalesce(c.column_name, '') AS column,
		       CASE c.action WHEN 'changed' THEN c.old END AS old, c.new
		FROM (
		%s
		) c LIMIT %d`, changes, maxSample))
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Change])
	if err != nil {
		return nil, fmt.Errorf("read a sample of the changes: %w", err)
	}
	return list, nil
}
