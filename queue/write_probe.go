package queue

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
)

// TryWrite commits a row, as every job and sign-in must: the error says why the database takes none.
func TryWrite(ctx context.Context, db pg.Querier) error {
	rows, _ := db.Query(ctx, `
		INSERT INTO queue.write_probe (at) VALUES (clock_timestamp()) ON CONFLICT (single) DO UPDATE SET at = excluded.at RETURNING single`)
	if _, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool]); err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	return nil
}
