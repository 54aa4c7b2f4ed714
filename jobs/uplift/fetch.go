package uplift

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
)

// fetched is what is remembered of an address: the file that it sent last, if that still is the last of its year.
type fetched struct {
	ETag string
	Year int
}

// address tells what was asked for: the same file may be loaded for one year and then for another.
func (s *sync) address() string {
	if source.Fingerprint(s.args.Source) == "" {
		return ""
	}
	return source.Fingerprint(fmt.Sprintf("%s#%d", s.args.Source, s.args.Year))
}

// fetched is zero for a path, and where the address may have anything new for us whatever it says.
func (s *sync) fetched(ctx context.Context) (last fetched, err error) {
	address := s.address()
	if address == "" {
		return fetched{}, nil
	}
	err = s.db.QueryRow(ctx, `
		SELECT f.etag, f.start_year
		FROM uplift.files AS f
		WHERE f.address = $1 AND f.rules = $2 AND NOT EXISTS (
			SELECT FROM uplift.files AS newer
			WHERE newer.start_year = f.start_year AND newer.id > f.id
			  AND (newer.layout = 'sparse districts') = (f.layout = 'sparse districts'))
		ORDER BY f.id DESC LIMIT 1`, address, rules).Scan(&last.ETag, &last.Year)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fetched{}, fmt.Errorf("read what the address sent last: %w", err)
	}
	return last, nil
}

// fetch opens the source, unless it says that it has nothing newer than what was loaded from it last.
func (s *sync) fetch(ctx context.Context, o source.Options) error {
	last, err := s.fetched(ctx)
	if err != nil {
		return err
	}
	o.ETag = last.ETag
	if s.delivery, err = source.Open(ctx, s.args.Source, o); err != nil {
		return err
	}
	if s.delivery.Unchanged {
		s.year, s.summary.Year = last.Year, last.Year
		return s.nothingNew(ctx)
	}
	return s.look(ctx, s.delivery)
}

// nothingNew notes in the summary that nothing is to be done.
func (s *sync) nothingNew(ctx context.Context) error {
	err := s.db.QueryRow(ctx, "SELECT version FROM reports.inputs WHERE input = 'uplift'").Scan(&s.version)
	if err != nil {
		return fmt.Errorf("read which version of the uplifts is live: %w", err)
	}
	s.summary.Note = "the same file as last time: nothing was written"
	s.run.Log().Info("the uplift file is unchanged", "year", s.year)
	return nil
}

// look finds the file, and stops where it was loaded already.
func (s *sync) look(ctx context.Context, d *source.Delivery) (err error) {
	if s.file, err = table(ctx, d); err != nil {
		return err
	}
	if s.year, err = yearOf(s.args, s.file.Name); err != nil {
		return err
	}
	s.summary.File, s.summary.SHA256, s.summary.SizeBytes, s.summary.Year = s.file.Name, s.file.SHA256, s.file.SizeBytes, s.year
	if s.asAt, err = pg.Now(ctx, s.db); err != nil {
		return err
	}
	if !d.AsAt.IsZero() {
		s.asAt = d.AsAt
	}
	known, err := s.known(ctx)
	if err != nil || !known {
		return err
	}
	return s.nothingNew(ctx)
}

// table is the one file of a delivery that can be meant.
func table(ctx context.Context, d *source.Delivery) (*source.File, error) {
	if d.Whole() {
		return d.Only(ctx)
	}
	f, err := d.Find(ctx, isTable)
	if err == nil && f == nil {
		err = run.Invalid("name the file itself", "%s has no .csv", d.Source)
	}
	return f, err
}

func isTable(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(strings.ToLower(name), ".gz"), ".csv")
}

// known says that the file is the last one loaded for its year.
func (s *sync) known(ctx context.Context) (known bool, err error) {
	err = s.db.QueryRow(ctx, `
		SELECT coalesce((
			SELECT sha256 = $2 AND rules = $3 FROM uplift.files
			WHERE start_year = $1 AND (layout = 'sparse districts') = (
				SELECT f.layout = 'sparse districts' FROM uplift.files f WHERE f.sha256 = $2 ORDER BY f.id DESC LIMIT 1)
			ORDER BY id DESC LIMIT 1), false)`, s.year, s.file.SHA256, rules).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("read which uplift files were loaded: %w", err)
	}
	return known, nil
}
