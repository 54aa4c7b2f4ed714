package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/migrations"
	"cpd-jobs/queue"
	"cpd-jobs/reports"
)

// Clocks further apart than this make logs of several machines hard to read, and further than that something is wrong.
const (
	skewWarning = time.Second
	skewProblem = 30 * time.Second
)

// oldestServer is the oldest PostgreSQL that will do.
const oldestServer = 14

// reach connects to the product's database; nil where that fails.
func (e *examination) reach(ctx context.Context) *pgxpool.Pool {
	began := clock.System()
	pool, err := e.pool(ctx, "cpd-jobs doctor", 2)
	if err != nil {
		e.failed("database", "connection", err)
		return nil
	}
	e.note("database", "connection", fine, "", "answered after %d ms", clock.System().Sub(began).Milliseconds())
	return pool
}

// database says whether its tables are those of this program.
func (e *examination) database(ctx context.Context, pool *pgxpool.Pool) (current bool) {
	e.server(ctx, pool)
	e.skew(ctx, pool)
	pending, err := migrations.Pending(ctx, pool)
	switch {
	case err != nil:
		e.failed("database", "migrations", run.Unreachable("run: cpd-jobs migrate up", "%w", err))
		return false
	case pending > 0:
		e.note("database", "migrations", problem, "run: cpd-jobs migrate up", "%d migrations are missing", pending)
		return false
	}
	e.note("database", "migrations", fine, "", "none is missing")
	e.privileges(ctx, pool)
	e.identity(ctx, pool)
	e.transactions(ctx, pool)
	return true
}

// facts is what the server says of itself.
type facts struct {
	Version     string
	Number      int
	Encoding    string
	Recovery    bool
	ReadOnly    bool
	Timeout     string
	Fsync       bool
	Autovacuum  bool
	Connections int
	Limit       int
	Size        int64
}

func (e *examination) server(ctx context.Context, pool *pgxpool.Pool) {
	rows, _ := pool.Query(ctx, `
		SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS number,
		       current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS recovery,
		       current_setting('default_transaction_read_only')::bool AS read_only, current_setting('statement_timeout') AS timeout,
		       current_setting('fsync')::bool AS fsync, current_setting('autovacuum')::bool AS autovacuum,
		       (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
		       current_setting('max_connections')::int AS limit, pg_database_size(current_database()) AS size`)
	f, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[facts])
	if err != nil {
		e.failed("database", "server", err)
		return
	}
	e.note("database", "version", unless(f.Number < oldestServer), fmt.Sprintf("use PostgreSQL %d or newer", oldestServer), "PostgreSQL %s", f.Version)
	e.note("database", "size", fine, "", "%d MB", f.Size>>20)
	e.when(f.Encoding != "UTF8", "encoding", problem, "make the database anew with ENCODING 'UTF8'", "the database's encoding is %s: names would be lost", f.Encoding)
	e.when(f.Recovery, "standby", problem, "let DATABASE_URL name the primary", "this server is a standby: nothing can be written")
	e.when(f.ReadOnly && !f.Recovery, "read only", problem, "ALTER DATABASE ... RESET default_transaction_read_only", "transactions are read only by default: nothing can be written")
	e.when(f.Timeout != "0", "statement_timeout", problem, "ALTER ROLE ... RESET statement_timeout: jobs have time limits of their own", "statements are cut off after %s, and a sync takes longer", f.Timeout)
	e.when(!f.Fsync, "fsync", problem, "set fsync = on", "fsync is off: a power cut can destroy everything")
	e.when(!f.Autovacuum, "autovacuum", problem, "set autovacuum = on", "autovacuum is off: the queue's table grows for ever")
	if room := f.Limit - f.Connections; room < workerConnections {
		e.note("database", "connections", warning, "raise max_connections, or have fewer processes; another worker takes up to "+fmt.Sprint(workerConnections),
			"%d of %d are taken", f.Connections, f.Limit)
	} else {
		e.note("database", "connections", fine, "", "%d of %d are taken", f.Connections, f.Limit)
	}
	if pg.Pooled(pool) {
		e.note("database", "pooler", warning, "let workers connect past the pooler", "a pooler lends connections for a transaction each: jobs are found by polling, up to a second late")
	}
}

// when notes a finding only where there is one.
func (e *examination) when(wrong bool, check, state, remedy, found string, args ...any) {
	if wrong {
		e.note("database", check, state, remedy, found, args...)
	}
}

func unless(wrong bool) string {
	if wrong {
		return problem
	}
	return fine
}

// skew compares clocks. The middle of the question's time is taken for when the answer was given.
func (e *examination) skew(ctx context.Context, pool *pgxpool.Pool) {
	var best, there time.Duration = time.Hour, 0
	for range 3 {
		var theirs time.Time
		asked := clock.System()
		if err := pool.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&theirs); err != nil {
			e.failed("database", "clock", err)
			return
		}
		took := clock.System().Sub(asked)
		if took < best {
			best, there = took, theirs.Sub(asked.Add(took/2))
		}
	}
	e.note("database", "clock", bySkew(there), "set both clocks by NTP; ticks go by the database's",
		"the database's clock is %s apart from this machine's", there.Abs().Round(time.Millisecond))
}

func bySkew(d time.Duration) string {
	switch d = d.Abs(); {
	case d > skewProblem:
		return problem
	case d > skewWarning:
		return warning
	}
	return fine
}

// privileges looks whether this role may do what a worker does, and whether analysts' role is there.
func (e *examination) privileges(ctx context.Context, pool *pgxpool.Pool) {
	rows, _ := pool.Query(ctx, `
		SELECT 'schema ' || s || ' (CREATE)' AS lacks FROM unnest(ARRAY['river', 'queue', 'cpd', 'gias', 'uplift', 'reports', 'restricted', 'reports_staging']) AS s
		WHERE NOT coalesce(has_schema_privilege(s, 'USAGE, CREATE'), false)
		UNION ALL
		SELECT 'table ' || schemaname || '.' || tablename || ' (owner)' FROM pg_tables
		WHERE schemaname IN ('river', 'queue', 'cpd', 'gias', 'uplift', 'reports', 'restricted') AND NOT pg_has_role(tableowner, 'USAGE')
		ORDER BY 1 LIMIT 10`)
	lacks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		e.failed("database", "privileges", err)
		return
	}
	if len(lacks) > 0 {
		e.note("database", "privileges", problem, "connect as the role that owns them, or let it be granted to this one", "this role lacks %s", strings.Join(lacks, ", "))
	} else {
		e.note("database", "privileges", fine, "", "this role may do all that a worker does")
	}
	var there, reads bool
	err = pool.QueryRow(ctx, `
		SELECT r.oid IS NOT NULL, coalesce(has_schema_privilege(r.oid, 'reports', 'USAGE'), false)
		FROM (SELECT 1) AS one LEFT JOIN pg_roles AS r ON r.rolname = 'cpd_jobs_reader'`).Scan(&there, &reads)
	switch {
	case err != nil:
		e.failed("database", "readers", err)
	case !there:
		e.note("database", "readers", warning, "ask the server's administrator: CREATE ROLE cpd_jobs_reader NOLOGIN; GRANT USAGE ON SCHEMA reports TO cpd_jobs_reader; GRANT SELECT ON ALL TABLES IN SCHEMA reports TO cpd_jobs_reader",
			"the role cpd_jobs_reader is not there: BI tools cannot be let in")
	case !reads:
		e.note("database", "readers", warning, "GRANT USAGE ON SCHEMA reports TO cpd_jobs_reader; GRANT SELECT ON ALL TABLES IN SCHEMA reports TO cpd_jobs_reader",
			"the role cpd_jobs_reader may not read schema reports")
	default:
		e.note("database", "readers", fine, "", "cpd_jobs_reader may read schema reports")
	}
	var lost []string
	for _, d := range reports.All() {
		var known bool
		if err := pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM reports.definitions WHERE report = $1)", d.Name).Scan(&known); err == nil && !known {
			lost = append(lost, d.Name)
		}
	}
	e.when(len(lost) > 0, "report tables", problem, "run: cpd-jobs migrate up", "reports without tables: %s", strings.Join(lost, ", "))
}

func (e *examination) identity(ctx context.Context, pool *pgxpool.Pool) {
	hold, err := queue.Held(ctx, pool)
	if err != nil {
		e.failed("database", "identity", err)
		return
	}
	e.when(hold.Held, "identity", problem, "make sure that the database it was copied from runs no more, then: cpd-jobs schedules confirm",
		"this is a restored copy: its schedules are held, %d ticks wait", hold.Ticks)
}

// transactions looks for what keeps the queue's dead rows from being cleaned away.
func (e *examination) transactions(ctx context.Context, pool *pgxpool.Pool) {
	type long struct {
		PID     int32
		App     string
		State   string
		Minutes float64
	}
	rows, _ := pool.Query(ctx, `
		SELECT pid, application_name AS app, coalesce(state, '') AS state, extract(epoch FROM now() - xact_start)::float8 / 60 AS minutes
		FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND xact_start < now() - interval '1 hour'
		ORDER BY xact_start LIMIT 5`)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[long])
	if err != nil {
		e.failed("database", "transactions", err)
		return
	}
	for _, l := range list {
		e.note("database", "transactions", warning, fmt.Sprintf("see who that is; SELECT pg_terminate_backend(%d) ends it", l.PID),
			"session %d (%s, %s) has had a transaction open for %.0f minutes", l.PID, or(l.App, "no name"), l.State, l.Minutes)
	}
}
