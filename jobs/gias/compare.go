package gias

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// compare fills the temporary tables of differences and counts them. It reads what is here and writes nothing of it.
func (s *sync) compare(ctx context.Context, tx pgx.Tx) error {
	s.summary.Events, s.summary.Fields, s.summary.Sample = map[string]int64{}, map[string]int64{}, nil
	for _, p := range s.parts {
		if err := p.countLive(ctx, tx); err != nil {
			return err
		}
		if p.summary.ValuesLeftOut > 0 && !p.AllNew() {
			if _, err := tx.Exec(ctx, p.sql("keep.sql")); err != nil {
				return fmt.Errorf("keep what %s does not say: %w", p.file.Name, err)
			}
		}
		if err := p.compare(ctx, tx); err != nil {
			return fmt.Errorf("compare %s: %w", p.table.Part, err)
		}
		if err := p.countDifferences(ctx, tx); err != nil {
			return err
		}
		if err := s.countEvents(ctx, tx, p); err != nil {
			return err
		}
	}
	return nil
}

// countLive counts what is here: everything that is not gone, and of that what is not closed.
func (p *part) countLive(ctx context.Context, tx pgx.Tx) error {
	query := "SELECT count(*), 0 FROM gias.links"
	if p.Kept() {
		query = `
			SELECT count(*) FILTER (WHERE gone_since IS NULL), count(*) FILTER (WHERE gone_since IS NULL AND establishment_status_code <> 2)
			FROM gias.establishments`
	}
	if err := tx.QueryRow(ctx, query).Scan(&p.live, &p.liveOpen); err != nil {
		return fmt.Errorf("count %s: %w", p.table.Part, err)
	}
	return nil
}

func (p *part) compare(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, fmt.Sprintf("CREATE TEMPORARY TABLE unread_%s (urn text) ON COMMIT DROP", p.table.Part)); err != nil {
		return err
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"unread_" + p.table.Part}, []string{"urn"}, p.issues.unread())
	if err != nil {
		return err
	}
	for _, name := range []string{"compare.sql", "changes_" + p.table.Part + ".sql"} {
		if _, err := tx.Exec(ctx, p.sql(name)); err != nil {
			return err
		}
	}
	return nil
}

func (p *part) countDifferences(ctx context.Context, tx pgx.Tx) error {
	rows, _ := tx.Query(ctx, `SELECT what, count(*) FROM pg_temp.diff_`+p.table.Part+` GROUP BY what`)
	counts := map[string]int64{}
	if p.AllNew() {
		counts["new"] = p.summary.Read - p.summary.Rejected
	}
	err := forEach(rows, func(c counted) { counts[c.What] = c.Rows })
	if err != nil {
		return fmt.Errorf("count the differences of %s: %w", p.table.Part, err)
	}
	p.summary.differ(counts)
	return nil
}

func (s *sync) countEvents(ctx context.Context, tx pgx.Tx, p *part) error {
	for column, into := range map[string]map[string]int64{"event": s.summary.Events, "field": s.summary.Fields} {
		rows, _ := tx.Query(ctx, `SELECT `+column+`, count(*) FROM pg_temp.changes_`+p.table.Part+` GROUP BY 1`)
		if err := forEach(rows, func(c counted) { into[c.What] += c.Rows }); err != nil {
			return fmt.Errorf("count the changes of %s: %w", p.table.Part, err)
		}
	}
	rows, _ := tx.Query(ctx, `
		SELECT urn, coalesce(link_urn, '') AS link_urn, event, field, old, new
		FROM pg_temp.changes_`+p.table.Part+` ORDER BY urn::integer, link_urn, field LIMIT $1`, sampleSize)
	sample, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Difference])
	if err != nil {
		return fmt.Errorf("sample the changes of %s: %w", p.table.Part, err)
	}
	for _, d := range sample {
		s.summary.Sample = append(s.summary.Sample, d.masked())
	}
	return nil
}

// counted is a row of a count by something.
type counted struct {
	What string
	Rows int64
}

// forEach calls use for every row of a query.
func forEach[T any](rows pgx.Rows, use func(T)) error {
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	for _, row := range list {
		use(row)
	}
	return err
}
