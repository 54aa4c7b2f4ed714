package refresh

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/inputs"
	"cpd-jobs/reports/schema"
	"cpd-jobs/reports/versions"
)

// ValidateOptions say how a definition is tried.
type ValidateOptions struct {
	// Timeout ends the query: too short and an honest report fails on a busy day. 0 is two minutes.
	Timeout time.Duration
	Now     clock.Now // nil is the machine's clock
}

// Validation is what came of trying a definition against the database. It is sound if there are no Problems.
type Validation struct {
	Report  string    `json:"report"`
	AsOf    time.Time `json:"as_of"`
	Rows    int64     `json:"rows"`
	Seconds float64   `json:"seconds"` // of the query, alone
	// Problems are what must be mended, each in one line. Checks are what its own checks found in the rows.
	Problems []string               `json:"problems"`
	Checks   []versions.CheckResult `json:"checks"`
}

// unsteady is SQL that gives something else each time. Reports take their time from the data.
var unsteady = regexp.MustCompile(`(?i)\b(now|random|clock_timestamp|statement_timestamp|transaction_timestamp|gen_random_uuid|timeofday)\s*\(|\bcurrent_(date|time|timestamp)\b|\blocal(time|timestamp)\b`)

// Validate runs a definition against the synced data and throws the result away: that the query returns what is
// described, reads only synced tables, writes nothing, ends in time and has a key; and its checks and views. The error
// is about the database; what is wrong with the definition is in the result.
func Validate(ctx context.Context, pool *pgxpool.Pool, d *definition.Definition, o ValidateOptions) (Validation, error) {
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Now == nil {
		o.Now = clock.System
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return Validation{}, run.Unreachable("", "connect to check report %s: %w", d.Name, err)
	}
	defer conn.Release()
	t := &trial{def: d, opts: o, conn: conn, result: Validation{Report: d.Name, Problems: []string{}, Checks: []versions.CheckResult{}}}
	if err := t.reads(ctx); err != nil {
		return t.result, err
	}
	if len(t.result.Problems) > 0 {
		return t.result, nil
	}
	return t.result, t.fills(ctx)
}

// trial is one definition being tried.
type trial struct {
	def    *definition.Definition
	opts   ValidateOptions
	conn   *pgxpool.Conn
	result Validation
}

func (t *trial) problem(format string, args ...any) {
	t.result.Problems = append(t.result.Problems, fmt.Sprintf(format, args...))
}

// within does something in a transaction that is rolled back. What PostgreSQL has against the definition's SQL is a
// problem of the definition, what else goes wrong an error.
func (t *trial) within(ctx context.Context, mode pgx.TxAccessMode, do func(context.Context, pgx.Tx, plan) error) error {
	tx, err := t.conn.BeginTx(ctx, pgx.TxOptions{AccessMode: mode})
	if err != nil {
		return fmt.Errorf("begin to check %s: %w", t.def.Name, err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	p, err := t.plan(ctx, tx)
	if err == nil {
		err = do(ctx, tx, p)
	}
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == "57014" && ctx.Err() == nil:
		t.problem("it takes longer than %s", t.opts.Timeout)
	case errors.As(err, &refused) && !strings.HasPrefix(refused.Code, "57") && !pg.IsLocked(err):
		t.problem("%s", err)
	case run.ClassOf(err) == run.ClassInvalid, run.ClassOf(err) == run.ClassBlocked:
		t.problem("%s", err)
	default:
		return err
	}
	return nil
}

// plan finds the instant and settings of a refresh from the live inputs.
func (t *trial) plan(ctx context.Context, tx pgx.Tx) (plan, error) {
	if err := SetSession(ctx, tx); err != nil {
		return plan{}, err
	}
	if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", t.opts.Timeout.Milliseconds())); err != nil {
		return plan{}, err
	}
	live, err := inputs.Live(ctx, tx)
	if err != nil {
		return plan{}, err
	}
	p := plan{inputs: used(live, t.def.Inputs)}
	for _, in := range p.inputs {
		if in.Input == t.def.AsOf {
			p.asOf = in.AsAt
		}
	}
	if p.asOf.IsZero() {
		return plan{}, run.Blocked(fmt.Sprintf("run %s_sync first", t.def.AsOf), "%s was never synced", t.def.AsOf)
	}
	t.result.AsOf = p.asOf
	p.settings, err = settings(ctx, tx, t.def, p.asOf)
	return p, err
}

// reads runs the query where nothing can be written.
func (t *trial) reads(ctx context.Context) error {
	for _, name := range t.def.SQLFiles() {
		if found := unsteady.FindString(withoutComments(t.def.SQL(name))); found != "" {
			t.problem("%s uses %s: the same data must give the same rows; take the time from :'as_of'", name, strings.TrimRight(found, "( "))
		}
	}
	return t.within(ctx, pgx.ReadOnly, func(ctx context.Context, tx pgx.Tx, p plan) error {
		query, err := definition.Fill(t.def.SQL(definition.QueryFile), p.settings, nil)
		if err != nil {
			return run.Invalid("", "%s: %w", definition.QueryFile, err)
		}
		columns, err := schema.Returned(ctx, tx, query)
		if err != nil {
			return fmt.Errorf("%s: %w", definition.QueryFile, err)
		}
		t.compareColumns(columns)
		if len(t.result.Problems) > 0 {
			return nil
		}
		return t.runQuery(ctx, tx, query)
	})
}

func withoutComments(sql string) string {
	return regexp.MustCompile(`--[^\n]*`).ReplaceAllString(sql, "")
}

// compareColumns lists every column that is returned and not described, or described and not returned as that.
func (t *trial) compareColumns(returned []schema.Column) {
	have := map[string]string{}
	for _, a := range returned {
		if have[a.Name] != "" {
			t.problem("%s returns column %s twice", definition.QueryFile, a.Name)
		}
		have[a.Name] = a.Type
		if _, ok := t.def.Column(a.Name); !ok {
			t.problem("%s returns column %s (%s), which %s does not describe", definition.QueryFile, a.Name, a.Type, definition.File)
		}
	}
	for _, c := range t.def.Columns {
		switch got := have[c.Name]; got {
		case c.SQLType():
		case "":
			t.problem("%s describes column %s, which %s does not return", definition.File, c.Name, definition.QueryFile)
		default:
			t.problem("%s returns %s as %s, %s says %s: cast it in the query", definition.QueryFile, c.Name, got, definition.File, c.SQLType())
		}
	}
}

func (t *trial) runQuery(ctx context.Context, tx pgx.Tx, query string) error {
	var same, missing int64
	started := t.opts.Now()
	err := tx.QueryRow(ctx, fmt.Sprintf("SELECT count(*), count(%[1]s) - count(DISTINCT %[1]s), count(*) - count(%[1]s) FROM (\n%[2]s\n) q",
		pg.Ident(t.def.Key), query)).Scan(&t.result.Rows, &same, &missing)
	if err != nil {
		return fmt.Errorf("%s: %w", definition.QueryFile, err)
	}
	t.result.Seconds = t.opts.Now().Sub(started).Round(time.Millisecond).Seconds()
	if same > 0 || missing > 0 {
		t.problem("the key %s does not name one row: %d repeated, %d without", t.def.Key, same, missing)
	}
	return nil
}

// fills computes the rows as a refresh does and tries the checks on them, then makes table and views; none of it stays.
func (t *trial) fills(ctx context.Context) error {
	return t.within(ctx, pgx.ReadWrite, func(ctx context.Context, tx pgx.Tx, p plan) error {
		staged := staging(t.def.Name + "_tried")
		f := &refresh{
			run: &run.Local{}, def: t.def, conn: t.conn, plan: p, opts: Options{Now: t.opts.Now},
			names: stagingNames{staged: staged, diff: staged}, sql: definition.NewStatement(t.def, staged, staged),
		}
		if err := t.namesSources(ctx, tx); err != nil {
			return err
		}
		if err := f.compute(ctx, tx, run.NewStep("compute")); err != nil {
			return err
		}
		for _, file := range t.def.ComputedFrom() {
			if err := t.readsOnlySynced(ctx, tx, f, file); err != nil {
				return err
			}
		}
		results, err := f.tryChecks(ctx, tx)
		if err != nil {
			return err
		}
		t.result.Checks = append(t.result.Checks, results...)
		// Last, because it may lock the report's table until the transaction ends, which is now.
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '250ms'"); err != nil {
			return err
		}
		return schema.Make(ctx, tx, t.def)
	})
}
