package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

const (
	// keyCheck is the check that every report has.
	keyCheck = "key_unique"
	// maxSample is how many offending rows are kept.
	maxSample = 50
)

// check tries every check on the staged rows. Warnings go into the result; an error ends the refresh.
func (f *refresh) check(ctx context.Context, tx pgx.Tx, s *run.Step) error {
	s.SetRows(f.result.Rows, f.result.Rows)
	results, err := f.tryChecks(ctx, tx)
	if err != nil {
		return err
	}
	var failed []CheckResult
	for _, r := range results {
		switch r.Level {
		case levelError:
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
func (f *refresh) tryChecks(ctx context.Context, tx pgx.Tx) ([]CheckResult, error) {
	results, err := f.checkRows(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, c := range append([]Check{f.def.keyCheck()}, f.def.Checks...) {
		r, err := f.checkSet(ctx, tx, c)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", c.Name, err)
		}
		results = append(results, r)
	}
	return slices.DeleteFunc(results, func(r CheckResult) bool { return r.Offending == 0 }), nil
}

// keyCheck says of every report that its key names one row.
func (d *Definition) keyCheck() Check {
	return Check{Name: keyCheck, Level: levelError, About: "Every " + d.Row + " has a " + d.Key + ", and is there once."}
}

// checkRows tries all checks of single rows in one pass, and reads the rows of those only that offend.
func (f *refresh) checkRows(ctx context.Context, tx pgx.Tx) ([]CheckResult, error) {
	var checks []Check
	var counts []string
	for _, c := range f.def.Checks {
		if c.condition() != "" {
			checks = append(checks, c)
			counts = append(counts, "count(*) FILTER (WHERE "+c.condition()+")")
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
	var results []CheckResult
	for i, c := range checks {
		if offending[i] == 0 || f.passes(c, offending[i]) {
			continue
		}
		r, err := f.checkQuery(ctx, tx, c, fmt.Sprintf("SELECT %s FROM %s WHERE (%s) ORDER BY %s",
			strings.Join(f.def.concerned(c), ", "), f.sql.Staged, c.condition(), f.def.OrderBy("")))
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", c.Name, err)
		}
		results = append(results, r)
	}
	return results, nil
}

// concerned are the key and the columns that the check's condition mentions.
func (d *Definition) concerned(c Check) []string {
	columns := []string{quoted(d.Key)}
	for _, col := range d.Columns {
		if col.Name != d.Key && regexp.MustCompile(`\b`+col.Name+`\b`).MatchString(c.condition()) {
			columns = append(columns, quoted(col.Name))
		}
	}
	return columns
}

// checkSet tries a check that is about the rows together.
func (f *refresh) checkSet(ctx context.Context, tx pgx.Tx, c Check) (CheckResult, error) {
	switch {
	case c.Name == keyCheck:
		return f.checkQuery(ctx, tx, c, fmt.Sprintf("SELECT %[1]s, count(*) AS rows FROM %[2]s GROUP BY 1 HAVING count(*) > 1 OR %[1]s IS NULL ORDER BY 1",
			f.sql.Key, f.sql.Staged))
	case len(c.Unique) > 0:
		return f.checkQuery(ctx, tx, c, f.repeated(c.Unique))
	case c.Relation != nil:
		return f.checkQuery(ctx, tx, c, f.unrelated(*c.Relation))
	case c.SQL != "":
		return f.checkQuery(ctx, tx, c, f.def.sql[c.SQL])
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
	return CheckResult{}, nil
}

// repeated lists values that several rows have.
func (f *refresh) repeated(columns []string) string {
	names, filled := make([]string, len(columns)), make([]string, len(columns))
	for i, name := range columns {
		names[i], filled[i] = quoted(name), quoted(name)+" IS NOT NULL"
	}
	list := strings.Join(names, ", ")
	return fmt.Sprintf("SELECT %[1]s, count(*) AS rows FROM %[2]s WHERE %[3]s GROUP BY %[1]s HAVING count(*) > 1 ORDER BY %[1]s",
		list, f.sql.Staged, strings.Join(filled, " AND "))
}

// unrelated lists rows whose value is nowhere in the other column.
func (f *refresh) unrelated(r Relation) string {
	part := strings.Split(r.In, ".")
	return fmt.Sprintf("SELECT s.%[1]s, s.%[2]s AS value FROM %[3]s s WHERE s.%[2]s IS NOT NULL AND NOT EXISTS (SELECT FROM %[4]s t WHERE t.%[5]s::text = s.%[2]s::text) ORDER BY 1",
		f.sql.Key, quoted(r.Column), f.sql.Staged, pgx.Identifier{part[0], part[1]}.Sanitize(), quoted(part[2]))
}

func (f *refresh) lags(want Fresh) bool {
	return slices.ContainsFunc(f.plan.inputs, func(in InputUsed) bool {
		return in.Input == want.Input && f.plan.asOf.Sub(in.AsAt) > want.Within
	})
}

// checkQuery takes each row that the query returns for one that offends.
func (f *refresh) checkQuery(ctx context.Context, tx pgx.Tx, c Check, sql string) (CheckResult, error) {
	sql, err := f.fillText(sql)
	if err != nil {
		return CheckResult{}, err
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
		return CheckResult{}, err
	}
	return f.found(c, offending, sample), nil
}

// found makes the result of a check that found something.
func (f *refresh) found(c Check, offending int64, sample []json.RawMessage) CheckResult {
	if f.passes(c, offending) {
		return CheckResult{}
	}
	r := CheckResult{Name: c.Name, About: c.About, Level: c.Level, Offending: offending, Of: f.of(), Sample: sample}
	if f.tolerates(c, offending) || slices.Contains(f.opts.Allow, c.Name) {
		r.Level = levelWarn
	}
	return r
}

// passes says that the check only warns and tolerates that many.
func (f *refresh) passes(c Check, offending int64) bool {
	return c.Level == levelWarn && f.tolerates(c, offending)
}

func (f *refresh) tolerates(c Check, offending int64) bool {
	return float64(offending) <= float64(c.Allow)*float64(f.of())
}

// of is the number of rows that those which offend are a share of.
func (f *refresh) of() int64 { return max(f.result.Rows, f.plan.baseRows) }
