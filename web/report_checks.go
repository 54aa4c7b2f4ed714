package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// checksOf is what the checks of a version found, and all that were made.
type checksOf struct {
	Found []checkLine // those that found something
	All   []checkLine
}

// checkLine is one check and what it found.
type checkLine struct {
	Name, About   string
	Stops         bool // what it finds stops a refresh
	Offending, Of int64
}

func (s *site) checksOf(ctx context.Context, def *definition.Definition, latest versions.Version) (checksOf, error) {
	var found []versions.CheckResult
	var err error
	if latest.Warnings > 0 {
		if found, err = versions.Warnings(ctx, s.DB, def.Name, latest.Version); err != nil {
			return checksOf{}, err
		}
	}
	return newChecks(def.Checks, found), nil
}

// newChecks puts results to the checks of a definition. A result of a check that is no longer there shows beside them.
func newChecks(checks []definition.Check, found []versions.CheckResult) checksOf {
	var c checksOf
	results := map[string]versions.CheckResult{}
	for _, r := range found {
		results[r.Name] = r
		c.Found = append(c.Found, checkLine{Name: r.Name, About: r.About, Offending: r.Offending, Of: r.Of})
	}
	for _, check := range checks {
		r := results[check.Name]
		c.All = append(c.All, checkLine{Name: check.Name, About: check.About, Stops: check.Level == "error", Offending: r.Offending, Of: r.Of})
	}
	return c
}

// stopped is a refresh that a check stopped: the reason why a report is not fresher.
type stopped struct {
	At            time.Time
	Name, About   string
	Offending, Of int64
	RunID         int64
}

// stopped finds the last refresh after the latest version that a check stopped; nil where none was.
func (s *site) stopped(ctx context.Context, def *definition.Definition, latest *versions.Version) (*stopped, error) {
	after := time.Time{}
	if latest != nil {
		after = latest.PublishedAt
	}
	found, _ := s.DB.Query(ctx, `
		SELECT checked_at AS at, name, about, offending, of_rows AS of, run_id FROM reports.check_results
		WHERE report = $1 AND checked_at > $2 AND version IS NULL AND level = 'error' ORDER BY checked_at DESC, name LIMIT 1`, def.Name, after)
	last, err := pgx.CollectExactlyOneRow(found, pgx.RowToAddrOfStructByName[stopped])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what stopped refreshes of %s: %w", def.Name, err)
	}
	return last, nil
}
