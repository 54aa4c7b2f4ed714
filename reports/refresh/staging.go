package refresh

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const stagingSchema = "reports_staging"

// stagingNames are the tables that a refresh computes into. They carry the backend's number and start, so that two
// refreshes never collide and anyone can tell whose refresh is dead: no lock is needed, and none would do behind a
// pooler.
type stagingNames struct {
	staged, diff pgx.Identifier
}

// claimNames names the tables for this connection and drops those of the report that dead ones left. Only a refresh
// that died between its two transactions leaves any.
func claimNames(ctx context.Context, conn *pgxpool.Conn, report string) (stagingNames, error) {
	var prefix string
	err := conn.QueryRow(ctx, `
		SELECT format('%s_%s_%s', $1::text, pid, (extract(epoch FROM backend_start) * 1000)::bigint)
		FROM pg_stat_get_activity(pg_backend_pid())`, report).Scan(&prefix)
	if err != nil {
		return stagingNames{}, fmt.Errorf("name the staging tables of %s: %w", report, err)
	}
	leftovers, err := leftovers(ctx, conn, report)
	if err != nil {
		return stagingNames{}, err
	}
	for _, name := range leftovers {
		if _, err := conn.Exec(ctx, "DROP TABLE IF EXISTS "+staging(name).Sanitize()); err != nil {
			return stagingNames{}, fmt.Errorf("drop %s, left by a refresh that died: %w", name, err)
		}
	}
	return stagingNames{staged: staging(prefix), diff: staging(prefix + "_d")}, nil
}

// leftovers are staging tables of the report whose backend is gone, and those of this one's own earlier refreshes.
func leftovers(ctx context.Context, conn *pgxpool.Conn, report string) ([]string, error) {
	rows, _ := conn.Query(ctx, `
		SELECT t.tablename
		FROM pg_tables t
		CROSS JOIN LATERAL regexp_match(t.tablename, '_([0-9]+)_([0-9]+)(_d)?$') AS backend
		WHERE t.schemaname = $1
		  AND t.tablename ~ ('^' || $2 || '_[0-9]+_[0-9]+(_d)?$')
		  AND NOT EXISTS (
		      SELECT FROM pg_stat_get_activity(backend[1]::int) a
		      WHERE a.pid <> pg_backend_pid()
		        -- hidden from us if it is another role's: then it is taken to be alive
		        AND coalesce((extract(epoch FROM a.backend_start) * 1000)::bigint = backend[2]::bigint, true)
		  )`, stagingSchema, report)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list what dead refreshes of %s left: %w", report, err)
	}
	return list, nil
}

func staging(name string) pgx.Identifier { return pgx.Identifier{stagingSchema, name} }

// dropDiff removes what a refresh no longer needs, after a cancelled one too. If it fails the next refresh does it.
func dropDiff(ctx context.Context, pool *pgxpool.Pool, names stagingNames) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = pool.Exec(ctx, "DROP TABLE IF EXISTS "+names.diff.Sanitize())
}
