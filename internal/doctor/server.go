package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
)

// Clocks further apart than skewWarning make logs of several machines hard to read; further than skewProblem something
// is wrong.
const (
	skewWarning = time.Second
	skewProblem = 30 * time.Second
)

// oldestServer is the oldest PostgreSQL that will do.
const oldestServer = 14

// Server checks the database's server: its version and settings, and how many connections are left for another worker,
// which takes up to workerConnections.
func (f *Findings) Server(ctx context.Context, pool *pgxpool.Pool, workerConnections int, now clock.Now) {
	type facts struct {
		Version, Encoding, Timeout            string
		Number, Connections, Limit            int
		Recovery, ReadOnly, Fsync, Autovacuum bool
		Size                                  int64
	}
	rows, _ := pool.Query(ctx, `
		SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS number,
		       current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS recovery,
		       current_setting('default_transaction_read_only')::bool AS read_only, current_setting('statement_timeout') AS timeout,
		       current_setting('fsync')::bool AS fsync, current_setting('autovacuum')::bool AS autovacuum,
		       (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
		       current_setting('max_connections')::int AS limit, pg_database_size(current_database()) AS size`)
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[facts])
	if err != nil {
		f.Failed("database", "server", err)
		return
	}
	f.Note("database", "version", ProblemIf(s.Number < oldestServer), fmt.Sprintf("use PostgreSQL %d or newer", oldestServer), "PostgreSQL %s", s.Version)
	f.Note("database", "size", OK, "", "%d MB", s.Size>>20)
	f.NoteIf(s.Encoding != "UTF8", "database", "encoding", "make a new database with ENCODING 'UTF8'",
		"the database's encoding is %s: names would be lost", s.Encoding)
	f.NoteIf(s.Recovery, "database", "standby", "let DATABASE_URL name the primary", "this server is a standby: nothing can be written")
	f.NoteIf(s.ReadOnly && !s.Recovery, "database", "read only", "ALTER DATABASE ... RESET default_transaction_read_only",
		"transactions are read only by default: nothing can be written")
	f.NoteIf(s.Timeout != "0", "database", "statement_timeout", "ALTER ROLE ... RESET statement_timeout: jobs have time limits of their own",
		"statements are cut off after %s, and a sync takes longer", s.Timeout)
	f.NoteIf(!s.Fsync, "database", "fsync", "set fsync = on", "fsync is off: a power cut can destroy everything")
	f.NoteIf(!s.Autovacuum, "database", "autovacuum", "set autovacuum = on", "autovacuum is off: the queue's table grows without limit")
	state := OK
	if s.Limit-s.Connections < workerConnections {
		state = Warning
	}
	f.Note("database", "connections", state, fmt.Sprintf("raise max_connections, or have fewer processes; another worker takes up to %d", workerConnections),
		"%d of %d are taken", s.Connections, s.Limit)
	if pg.Pooled(pool) {
		f.Note("database", "pooler", Warning, "let workers connect past the pooler",
			"a pooler lends connections for a transaction each: jobs are found by polling, up to a second late")
	}
	f.skew(ctx, pool, now)
}

// skew compares clocks. The database is taken to answer at the middle of the query's time.
func (f *Findings) skew(ctx context.Context, pool *pgxpool.Pool, now clock.Now) {
	best, apart := time.Hour, time.Duration(0)
	for range 3 {
		began := now()
		theirs, err := pg.Now(ctx, pool)
		if err != nil {
			f.Failed("database", "clock", err)
			return
		}
		if took := now().Sub(began); took < best {
			best, apart = took, theirs.Sub(began.Add(took/2))
		}
	}
	f.Note("database", "clock", bySkew(apart), "set both clocks by NTP; ticks go by the database's",
		"the database's clock is %s apart from this machine's", apart.Abs().Round(time.Millisecond))
}

func bySkew(d time.Duration) State {
	switch d = d.Abs(); {
	case d > skewProblem:
		return Problem
	case d > skewWarning:
		return Warning
	}
	return OK
}

// grantReaders is what lets the role of analysts' tools read reports.
const grantReaders = "GRANT USAGE ON SCHEMA reports TO cpd_jobs_reader; GRANT SELECT ON ALL TABLES IN SCHEMA reports TO cpd_jobs_reader"

// Privileges checks that this role may do what a worker does, and that the analysts' role may read.
func (f *Findings) Privileges(ctx context.Context, pool *pgxpool.Pool) {
	rows, _ := pool.Query(ctx, `
		SELECT 'schema ' || s || ' (CREATE)' AS lacks FROM unnest(ARRAY['river', 'queue', 'cpd', 'gias', 'uplift', 'reports', 'restricted', 'reports_staging']) AS s
		WHERE NOT coalesce(has_schema_privilege(s, 'USAGE, CREATE'), false)
		UNION ALL
		SELECT 'table ' || schemaname || '.' || tablename || ' (owner)' FROM pg_tables
		WHERE schemaname IN ('river', 'queue', 'cpd', 'gias', 'uplift', 'reports', 'restricted') AND NOT pg_has_role(tableowner, 'USAGE')
		ORDER BY 1 LIMIT 10`)
	lacks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		f.Failed("database", "privileges", err)
		return
	case len(lacks) > 0:
		f.Note("database", "privileges", Problem, "connect as the role that owns them, or grant that role to this one",
			"this role lacks %s", strings.Join(lacks, ", "))
	default:
		f.Note("database", "privileges", OK, "", "this role may do all that a worker does")
	}
	var exists, reads bool
	err = pool.QueryRow(ctx, `
		SELECT r.oid IS NOT NULL, coalesce(has_schema_privilege(r.oid, 'reports', 'USAGE'), false)
		FROM (SELECT 1) AS one LEFT JOIN pg_roles AS r ON r.rolname = 'cpd_jobs_reader'`).Scan(&exists, &reads)
	switch {
	case err != nil:
		f.Failed("database", "readers", err)
	case !exists:
		f.Note("database", "readers", Warning, "ask the server's administrator: CREATE ROLE cpd_jobs_reader NOLOGIN; "+grantReaders,
			"the role cpd_jobs_reader does not exist: BI tools cannot be let in")
	case !reads:
		f.Note("database", "readers", Warning, grantReaders, "the role cpd_jobs_reader may not read schema reports")
	default:
		f.Note("database", "readers", OK, "", "cpd_jobs_reader may read schema reports")
	}
}

// Transactions checks for sessions that keep the queue's dead rows from being vacuumed.
func (f *Findings) Transactions(ctx context.Context, pool *pgxpool.Pool) {
	type session struct {
		PID        int32
		App, State string
		Minutes    float64
	}
	rows, _ := pool.Query(ctx, `
		SELECT pid, coalesce(nullif(application_name, ''), 'no name') AS app, coalesce(state, '') AS state,
		       extract(epoch FROM now() - xact_start)::float8 / 60 AS minutes
		FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND xact_start < now() - interval '1 hour'
		ORDER BY xact_start LIMIT 5`)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[session])
	if err != nil {
		f.Failed("database", "transactions", err)
		return
	}
	for _, s := range list {
		f.Note("database", "transactions", Warning, fmt.Sprintf("find out whose it is; SELECT pg_terminate_backend(%d) ends it", s.PID),
			"session %d (%s, %s) has had a transaction open for %.0f minutes", s.PID, s.App, s.State, s.Minutes)
	}
}
