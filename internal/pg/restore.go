package pg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// Restore fills the empty database of url from a file that [Dump] wrote, all of it or nothing; everything then belongs to
// url's user. Roles that the dump grants something to and that the server lacks are made, without login. A line for each
// table goes to out. A database that holds anything is refused.
func Restore(ctx context.Context, url, file string, out io.Writer) error {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return run.Invalid("give a file that `cpd-jobs db dump` wrote", "%s is no file that can be read", file)
	}
	grants, err := readGrants(ctx, file)
	if err != nil {
		return err
	}
	pool, err := Open(ctx, url, PoolOptions{App: "cpd-jobs db", MaxConns: 1})
	if err != nil {
		return err
	}
	defer pool.Close()
	rows, _ := pool.Query(ctx, emptySQL) // CollectExactlyOneRow has the error
	first, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("see whether the database is empty: %w", err)
	}
	if len(first) > 0 {
		return run.Blocked("restore into a new, empty database", "the database is not empty: it has %s", first[0])
	}
	restore := tool{name: "pg_restore", url: url, progress: "processing data for table ", say: "restore", out: out}
	if err := restore.run(ctx, io.Discard, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--verbose", file); err != nil {
		return err
	}
	return grants.apply(ctx, pool, out)
}

// emptySQL names a table or the like that somebody made, if there is one.
const emptySQL = `
	SELECT c.oid::regclass::text
	FROM pg_class c
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
	  AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
	ORDER BY 1
	LIMIT 1`

// readGrants takes from a dump who may do what. It is restored apart from the rest: a missing role must not keep
// the data out.
func readGrants(ctx context.Context, file string) (grants, error) {
	var list, sql bytes.Buffer
	restore := tool{name: "pg_restore"}
	if err := restore.run(ctx, &list, "--list", file); err != nil {
		return nil, err
	}
	only, err := os.CreateTemp("", "cpd-jobs-grants-*")
	if err != nil {
		return nil, fmt.Errorf("note the dump's grants: %w", err)
	}
	defer func() { _ = os.Remove(only.Name()) }()
	_, err = only.Write(grantEntries(list.Bytes()))
	if err := errors.Join(err, only.Close()); err != nil {
		return nil, fmt.Errorf("note the dump's grants: %w", err)
	}
	if err := restore.run(ctx, &sql, "--use-list="+only.Name(), "--file=-", file); err != nil {
		return nil, err
	}
	return parseGrants(sql.String()), nil
}
