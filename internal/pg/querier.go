package pg

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Querier is a pool, a connection or a transaction, for what only reads.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Now is the server's clock. What is compared with times that the server wrote, or compares itself, goes by it.
func Now(ctx context.Context, db Querier) (time.Time, error) {
	rows, _ := db.Query(ctx, "SELECT clock_timestamp()")
	now, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[time.Time])
	if err != nil {
		return now, fmt.Errorf("ask the database for the time: %w", err)
	}
	return now, nil
}
