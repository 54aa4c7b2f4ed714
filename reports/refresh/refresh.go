// Package refresh makes versions of reports: it computes the rows, tries the checks, compares with what is live and publishes
// what differs. It can also withdraw a version, which publishes an earlier one again, and validate a definition, which publishes
// nothing.
package refresh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// Options say how a refresh is to be done. The zero value is an ordinary one.
type Options struct {
	// ProgramVersion is recorded with what is published.
	ProgramVersion string
	// Force computes even if nothing has changed since the last refresh: it mends a table changed by hand.
	Force bool
	// Allow names error checks that this time only warn.
	Allow []string
	// Now times the steps; nil is the machine's clock.
	Now clock.Now
}

// Summary is what a refresh leaves as its result.
type Summary struct {
	Report string `json:"report"`
	// State is published, current (the live version was made of the same inputs by the same definition) or dry run.
	State   string                 `json:"state"`
	Version int64                  `json:"version,omitempty"`
	AsOf    time.Time              `json:"as_of"`
	Rows    int64                  `json:"rows"`
	Added   int64                  `json:"added"`
	Removed int64                  `json:"removed"`
	Changed int64                  `json:"changed"`
	Inputs  []versions.InputUsed   `json:"inputs"`
	Checks  []versions.CheckResult `json:"checks,omitempty"`
	// Sample is what a dry run would change, the first few cells; none of a report with personal data.
	Sample []Change `json:"sample,omitempty"`
}

// Change is one line of a report's change log.
type Change struct {
	Key    string          `json:"key"`
	Action string          `json:"action"` // added, removed, changed
	Reason string          `json:"reason,omitempty"`
	Column string          `json:"column,omitempty"`
	Old    json.RawMessage `json:"old,omitempty"`
	New    json.RawMessage `json:"new,omitempty"`
}

// maxOvertaken is how many other refreshes of the same report may come first before one gives up.
const maxOvertaken = 3

// errOvertaken says that another refresh published between our comparison and our turn.
var errOvertaken = errors.New("another refresh of the report was published meanwhile")

// Report brings a report's table up to the live inputs: compute, check, compare, publish. Readers see the old
// report or the new and are never locked out. Where an error check fails the last good report stays and the error, of class
// Blocked, names the check; its offending rows are in reports.check_results. A request for what is live already does
// nothing. Several refreshes at once are safe: they publish one after the other, never older inputs over newer.
//
// The outcome's Changed says that rows, or what is said about them, are different now.
func Report(ctx context.Context, r run.Run, pool *pgxpool.Pool, d *definition.Definition, o Options) (run.Outcome, error) {
	if o.Now == nil {
		o.Now = clock.System
	}
	if err := checkAllowed(d, o.Allow); err != nil {
		return run.Outcome{}, err
	}
	for range maxOvertaken {
		outcome, err := refreshOnce(ctx, r, pool, d, o)
		if !errors.Is(err, errOvertaken) {
			return outcome, err
		}
		r.Log().Info("another refresh was published meanwhile: starting over", "report", d.Name)
	}
	return run.Outcome{}, fmt.Errorf("refresh %s: overtaken %d times by other refreshes of it", d.Name, maxOvertaken)
}

// checkAllowed refuses names of checks that there are not: a misspelt one would allow nothing.
func checkAllowed(d *definition.Definition, names []string) error {
	known := make([]string, len(d.Checks))
	for i, c := range d.Checks {
		known[i] = c.Name
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			hint := "see the checks of the report's definition"
			if near := run.Nearest(name, known); near != "" {
				hint = "did you mean " + near + "?"
			}
			return run.Invalid(hint, "report %s has no check %q that could be allowed", d.Name, name)
		}
	}
	return nil
}

// refresh is one attempt, on one connection: what it leaves behind if it dies is known by the connection's name.
type refresh struct {
	run  run.Run
	def  *definition.Definition
	opts Options
	conn *pgxpool.Conn

	names  stagingNames
	sql    definition.Statement
	plan   plan
	result Summary
	steps  []versions.StepTaken
}

func refreshOnce(ctx context.Context, r run.Run, pool *pgxpool.Pool, d *definition.Definition, o Options) (run.Outcome, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return run.Outcome{}, run.Unreachable("", "connect to refresh %s: %w", d.Name, err)
	}
	defer conn.Release()
	f := &refresh{run: r, def: d, opts: o, conn: conn, result: Summary{Report: d.Name}}
	if f.names, err = claimNames(ctx, conn, d.Name); err != nil {
		return run.Outcome{}, err
	}
	f.sql = definition.NewStatement(d, f.names.staged, f.names.diff)
	done, err := f.prepare(ctx)
	if err == nil && !done {
		err = f.publish(ctx)
		dropDiff(ctx, pool, f.names)
	}
	if err != nil {
		return run.Outcome{}, err
	}
	return f.outcome(), nil
}

// prepare computes, checks and compares in one transaction, during which the inputs stay as they are. It is rolled back
// in a dry run and if a check fails, and what is to be published is all that it leaves. Done says that nothing is.
func (f *refresh) prepare(ctx context.Context) (done bool, err error) {
	tx, err := f.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return false, fmt.Errorf("begin to refresh %s: %w", f.def.Name, err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if f.plan, err = f.makePlan(ctx, tx); err != nil {
		return false, err
	}
	f.result.AsOf, f.result.Inputs = f.plan.asOf, f.plan.inputs
	if f.plan.current && !f.opts.Force {
		f.result.State, f.result.Version, f.result.Rows = "current", f.plan.base, f.plan.baseRows
		return true, nil
	}
	for _, s := range []struct {
		name string
		do   func(context.Context, pgx.Tx, *run.Step) error
	}{{"compute", f.compute}, {"check", f.check}, {"compare", f.compare}} {
		if err := f.step(ctx, tx, s.name, s.do); err != nil {
			// End it first: what the check found is kept in a transaction of its own.
			_ = tx.Rollback(context.WithoutCancel(ctx))
			return false, f.keepFailure(ctx, err)
		}
	}
	if f.run.DryRun() {
		f.result.State = "dry run"
		f.result.Sample, err = f.sample(ctx, tx)
		return true, err
	}
	return false, tx.Commit(ctx)
}

func (f *refresh) step(ctx context.Context, tx pgx.Tx, name string, do func(context.Context, pgx.Tx, *run.Step) error) error {
	return f.run.Step(ctx, name, func(ctx context.Context, s *run.Step) error {
		started := f.opts.Now()
		if err := do(ctx, tx, s); err != nil {
			return err
		}
		_, rows := s.Rows()
		took := float64(f.opts.Now().Sub(started).Milliseconds()) / 1000
		f.steps = append(f.steps, versions.StepTaken{Step: name, Seconds: took, Rows: rows})
		return nil
	})
}

func (f *refresh) outcome() run.Outcome {
	return run.Outcome{
		Changed: f.result.State == "published" && f.changesContent(), Version: f.result.Version, Summary: f.result,
	}
}

// changesContent says that readers will find other rows, or something else said about them.
func (f *refresh) changesContent() bool { return f.differs() || f.plan.definitionChanged }

// differs says that rows are added, removed or changed.
func (f *refresh) differs() bool { return f.result.Added+f.result.Removed+f.result.Changed > 0 }
