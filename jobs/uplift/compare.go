package uplift

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

//go:embed sql
var files embed.FS

// statement reads one of the embedded statements, which are part of the program.
func statement(name string) string {
	text, err := files.ReadFile("sql/" + name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// stage puts the rows into a temporary table of the transaction.
func (s *sync) stage(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		CREATE TEMPORARY TABLE staged (
			line integer, key text PRIMARY KEY, name text, pupil_premium boolean, sparsity boolean
		) ON COMMIT DROP`)
	if err != nil {
		return fmt.Errorf("make the staging table: %w", err)
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"staged"}, []string{"line", "key", "name", "pupil_premium", "sparsity"},
		pgx.CopyFromSlice(len(s.rows.list), func(i int) ([]any, error) { return s.rows.values(i), nil }))
	if err != nil {
		return fmt.Errorf("stage %s: %w", s.file.Name, err)
	}
	if _, err := tx.Exec(ctx, "ANALYZE staged"); err != nil {
		return fmt.Errorf("analyse the staging table: %w", err)
	}
	return nil
}

// compareSchools finds what differs for the year, and lists what a person should look at.
func (s *sync) compareSchools(ctx context.Context, tx pgx.Tx) error {
	var before int64
	err := tx.QueryRow(ctx, statement("compare_schools.sql"), pgx.NamedArgs{"year": s.year, "basis": s.basis()}).
		Scan(&s.summary.Added, &s.summary.Changed, &s.summary.Missing, &before)
	if err != nil {
		return fmt.Errorf("compare %s with what is here: %w", s.file.Name, err)
	}
	s.account()
	if err := s.guardShrink(before); err != nil {
		return err
	}
	return s.list(ctx, tx, "school_issues.sql")
}

// compareDistricts counts spells that would begin and end. Lists are loaded in the order of their years: an older one
// cannot know which spells went on.
func (s *sync) compareDistricts(ctx context.Context, tx pgx.Tx) error {
	var before int64
	var newest int
	err := tx.QueryRow(ctx, statement("compare_districts.sql"), pgx.NamedArgs{"year": s.year}).
		Scan(&s.summary.Added, &s.summary.Changed, &s.summary.Missing, &before, &newest)
	if err != nil {
		return fmt.Errorf("compare %s with what is here: %w", s.file.Name, err)
	}
	if newest > s.year {
		return run.Blocked("lists are loaded in the order of their years", "nothing was changed: the sparse districts of %d are loaded already", newest)
	}
	s.account()
	if err := s.guardShrink(before); err != nil {
		return err
	}
	for _, r := range s.rows.list {
		if since := abolished[r.key.String()]; since != "" {
			s.note(issue{Kind: "abolished", Line: int(r.line), Column: headDistrictCode, Reason: "abolished on " + since, Value: r.key.String()})
		}
	}
	return s.list(ctx, tx, "district_issues.sql")
}

func (s *sync) account() {
	s.summary.Merged = s.summary.Added + s.summary.Changed
	s.summary.Unchanged = s.summary.Read - s.summary.Rejected - s.summary.Merged
}

// list adds the issues that only the database can see.
func (s *sync) list(ctx context.Context, tx pgx.Tx, name string) error {
	rows, _ := tx.Query(ctx, statement(name), pgx.NamedArgs{"year": s.year})
	var i issue
	_, err := pgx.ForEachRow(rows, []any{&i.Kind, &i.Line, &i.URN, &i.Column, &i.Reason, &i.Value}, func() error {
		s.note(i)
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for what is odd in %s: %w", s.file.Name, err)
	}
	return nil
}

// basis is what a flag rests on.
func (s *sync) basis() string {
	if s.layout.kind == allocations {
		return "allocation"
	}
	return "policy"
}

// apply writes the differences.
func (s *sync) apply(ctx context.Context, tx pgx.Tx) error {
	names, args := []string{"merge_schools.sql", "missing_schools.sql"}, pgx.NamedArgs{"year": s.year, "basis": s.basis()}
	if s.layout.kind == districts {
		names, args = []string{"close_districts.sql", "open_districts.sql", "rename_districts.sql"}, pgx.NamedArgs{"year": s.year}
	}
	for _, name := range names {
		if _, err := tx.Exec(ctx, statement(name), args); err != nil {
			return fmt.Errorf("merge %s: %w", s.file.Name, err)
		}
	}
	return nil
}
