package uplift

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/jobs/gias/received"
)

// fetched is what is remembered of an address: the file that it sent last, if that still is the last of its year.
type fetched struct {
	ETag string
	Year int
}

// address tells what was asked for: the same file may be loaded for one year and then for another.
func (s *sync) address() string {
	if received.Fingerprint(s.args.Source) == "" {
		return ""
	}
	return received.Fingerprint(fmt.Sprintf("%s#%d", s.args.Source, s.args.Year))
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
