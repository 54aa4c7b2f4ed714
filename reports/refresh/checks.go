package refresh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// maxSample is how many offending rows are kept.
const maxSample = 50

// check tries every check on the staged rows. Warnings go into the result; an error ends the refresh.
func (f *refresh) check(ctx context.Context, tx pgx.Tx, s *run.Step) error {
	s.SetRows(f.result.Rows, f.result.Rows)
	results, err := f.tryChecks(ctx, tx)
	if err != nil {
		return err
	}
	var failed []versions.CheckResult
	for _, r := range results {
		switch r.Level {
		case definition.LevelError:
			failed = append(failed, r)
		default:
			f.run.Log().Warn("a check found something", "report", f.def.Name, "check", r.Name, "rows", r.Offending, "of", r.Of)
		}
		f.result.Checks = append(f.result.Checks, r)
	}
	if len(failed) > 0 {
		return errCheck{f.result.Checks, f.refusal(failed)}
	}
	return nil
}

// tryChecks lists what the checks found; one that found nothing is not in it.
func (f *refresh) tryChecks(ctx context.Context, tx pgx.Tx) ([]versions.CheckResult, error) {
	results, err := f.checkRows(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, c := range append([]definition.Check{f.def.KeyCheck()}, f.def.Checks...) {
		r, err := f.checkSet(ctx, tx, c)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", c.Name, err)
		}
		results = append(results, r)
	}
	return slices.DeleteFunc(results, func(r versions.CheckResult) bool { return r.Offending == 0 }), nil
}

// checkRows tries all checks of single rows in one pass, and reads the rows of those only that offend.
func (f *refresh) checkRows(ctx context.Context, tx pgx.Tx) ([]versions.CheckResult, error) {
	var checks []definition.Check
	var counts []string
	for _, c := range f.def.Checks {
		if c.Condition() != "" {
			checks = append(checks, c)
			counts = append(counts, "count(*) FILTER (WHERE "+c.Condition()+")")
		}
	}
	if len(checks) == 0 {
		return nil, nil
	}
	sql, err := f.fillText("SELECT ARRAY[" + strings.Join(counts, ",\n") + "] FROM " + f.sql.Staged)
	if err != nil {
		return nil, err
	}
	var offending []int64
	if err := tx.QueryRow(ctx, sql).Scan(&offending); err != nil {
		return nil, err
	}
	var results []versions.CheckResult
	for i, c := range checks {
		if offending[i] == 0 || f.passes(c, offending[i]) {
			continue
		}
		r, err := f.checkQuery(ctx, tx, c, fmt.Sprintf("SELECT %s FROM %s WHERE (%s) ORDER BY %s",
			strings.Join(f.def.Concerned(c), ", "), f.sql.Staged, c.Condition(), f.def.OrderBy("")))
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", c.Name, err)
		}
		results = append(results, r)
	}
	return results, nil
}

// checkSet tries a check that is about the rows together.
func (f *refresh) checkSet(ctx context.Context, tx pgx.Tx, c definition.Check) (versions.CheckResult, error) {
	switch {
	case c.Name == definition.KeyCheck:
		return f.checkQuery(ctx, tx, c, fmt.Sprintf("SELECT %[1]s, count(*) AS rows FROM %[2]s GROUP BY 1 HAVING count(*) > 1 OR %[1]s IS NULL ORDER BY 1",
			f.sql.Key, f.sql.Staged))
	case len(c.Unique) > 0:
		return f.checkQuery(ctx, tx, c, f.repeated(c.Unique))
	case c.Relation != nil:
		return f.checkQuery(ctx, tx, c, f.unrelated(*c.Relation))
	case c.SQL != "":
		return f.checkQuery(ctx, tx, c, f.def.SQL(c.SQL))
	case c.Fall != nil:
		fell := f.plan.baseRows - f.result.Rows
		if fell > c.Fall.Rows && float64(fell) > float64(c.Fall.Share)*float64(f.plan.baseRows) {
			return f.found(c, fell, nil), nil
		}
	case c.Least > 0 && f.result.Rows < c.Least:
		return f.found(c, c.Least-f.result.Rows, nil), nil
	case c.Fresh != nil && f.lags(*c.Fresh):
		return f.found(c, 1, nil), nil
	}
	return versions.CheckResult{}, nil
}

// repeated lists values that several rows have.
func (f *refresh) repeated(columns []string) string {
	names, filled := make([]string, len(columns)), make([]string, len(columns))
	for i, name := range columns {
		names[i], filled[i] = pg.Ident(name), pg.Ident(name)+" IS NOT NULL"
	}
	list := strings.Join(names, ", ")
	return fmt.Sprintf("SELECT %[1]s, count(*) AS rows FROM %[2]s WHERE %[3]s GROUP BY %[1]s HAVING count(*) > 1 ORDER BY %[1]s",
		list, f.sql.Staged, strings.Join(filled, " AND "))
}

// unrelated lists rows whose value is nowhere in the other column.
func (f *refresh) unrelated(r definition.Relation) string {
	part := strings.Split(r.In, ".")
	return fmt.Sprintf("SELECT s.%[1]s, s.%[2]s AS value FROM %[3]s s WHERE s.%[2]s IS NOT NULL AND NOT EXISTS (SELECT FROM %[4]s t WHERE t.%[5]s::text = s.%[2]s::text) ORDER BY 1",
		f.sql.Key, pg.Ident(r.Column), f.sql.Staged, pgx.Identifier{part[0], part[1]}.Sanitize(), pg.Ident(part[2]))
}

func (f *refresh) lags(want definition.Fresh) bool {
	return slices.ContainsFunc(f.plan.inputs, func(in versions.InputUsed) bool {
		return in.Input == want.Input && f.plan.asOf.Sub(in.AsAt) > want.Within
	})
}

// checkQuery takes each row that the query returns for one that offends.
func (f *refresh) checkQuery(ctx context.Context, tx pgx.Tx, c definition.Check, sql string) (versions.CheckResult, error) {
	sql, err := f.fillText(sql)
	if err != nil {
		return versions.CheckResult{}, err
	}
	kept := maxSample
	if f.def.Restricted() {
		kept = 0
	}
	var offending int64
	var sample []json.RawMessage
	// Counted and sampled in one go: such a query may take as long as all the others together.
	err = tx.QueryRow(ctx, fmt.Sprintf("WITH q AS MATERIALIZED (\n%s\n) SELECT (SELECT count(*) FROM q), ARRAY(SELECT to_jsonb(q) FROM q LIMIT %d)", sql, kept)).
		Scan(&offending, &sample)
	if err != nil || offending == 0 {
		return versions.CheckResult{}, err
	}
	return f.found(c, offending, sample), nil
}

// found makes the result of a check that found something.
func (f *refresh) found(c definition.Check, offending int64, sample []json.RawMessage) versions.CheckResult {
	if f.passes(c, offending) {
		return versions.CheckResult{}
	}
	r := versions.CheckResult{Name: c.Name, About: c.About, Level: c.Level, Offending: offending, Of: f.of(), Sample: sample}
	if f.tolerates(c, offending) || slices.Contains(f.opts.Allow, c.Name) {
		r.Level = definition.LevelWarn
	}
	return r
}

// passes says that the check only warns and tolerates that many.
func (f *refresh) passes(c definition.Check, offending int64) bool {
	return c.Level == definition.LevelWarn && f.tolerates(c, offending)
}

func (f *refresh) tolerates(c definition.Check, offending int64) bool {
	return float64(offending) <= float64(c.Allow)*float64(f.of())
}

// of is the number of rows that those which offend are a share of.
func (f *refresh) of() int64 { return max(f.result.Rows, f.plan.baseRows) }

// errCheck carries the results of a refresh that a check has stopped.
type errCheck struct {
	results []versions.CheckResult
	error
}

func (e errCheck) Unwrap() error { return e.error }

// refusal is the error of a refresh that error checks have stopped.
func (f *refresh) refusal(failed []versions.CheckResult) error {
	first := failed[0]
	text := fmt.Sprintf("report %s: check %s failed for %d of %d: %s", f.def.Name, first.Name, first.Offending, first.Of, first.About)
	if n := len(failed) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	hint := "the last good report stays; the rows are in reports.check_results; if they are right, run it again with --arg allow=" + first.Name
	return run.Blocked(hint, "%s", text)
}

// keepFailure keeps what a failed check found, unless this is a dry run, and returns the error.
func (f *refresh) keepFailure(ctx context.Context, err error) error {
	var failed errCheck
	if !errors.As(err, &failed) || f.run.DryRun() {
		return err
	}
	kept := pgx.BeginFunc(ctx, f.conn, func(tx pgx.Tx) error {
		if err := f.run.Fence(ctx, tx); err != nil {
			return err
		}
		return versions.AddCheckResults(ctx, tx, f.def.Name, f.run.ID(), nil, failed.results)
	})
	if kept != nil {
		return errors.Join(err, fmt.Errorf("keep what the checks found: %w", kept))
	}
	return err
}
