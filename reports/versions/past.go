package versions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
)

// At finds the version whose data are as at exactly an instant, for that is what people read on files, or else the one
// that was live at it: the one that the report's _at function gives. Errors are of class Invalid where there is none,
// or none is kept.
func At(ctx context.Context, db pg.Querier, d *definition.Definition, at time.Time) (Version, error) {
	rows, _ := db.Query(ctx, `SELECT `+columns+` FROM reports.refreshes
		WHERE report = $1 AND (as_of = $2 OR published_at <= $2) ORDER BY as_of = $2 DESC, version DESC LIMIT 1`, d.Name, at)
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Version])
	if errors.Is(err, pgx.ErrNoRows) {
		return found, run.Invalid("see `cpd-jobs reports show "+d.Name+"` for those that there are",
			"report %s as of %s: it had no version then, or it is not kept any more", d.Name, at.UTC().Format(time.RFC3339))
	}
	if err != nil {
		return found, fmt.Errorf("find a version of %s: %w", d.Name, err)
	}
	return found, nil
}
