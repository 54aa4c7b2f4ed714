package versions

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
)

// Cell is one column of a row before and after; null or absent is no value.
type Cell struct {
	Column string          `json:"column"`
	Old    json.RawMessage `json:"old"`
	New    json.RawMessage `json:"new"`
}

// RowDifference is how one row of one version differs from that of another.
type RowDifference struct {
	Key    string `json:"key"`
	Action string `json:"action"` // added, removed, changed
	Reason string `json:"reason,omitempty"`
	Cells  []Cell `json:"cells"` // of a changed row: those that differ, in the order of columns
}

// Difference is what lies between two versions of a report, whatever happened on the way.
type Difference struct {
	Report  string          `json:"report"`
	From    Version         `json:"from"`
	To      Version         `json:"to"`
	Added   int             `json:"added"`
	Removed int             `json:"removed"`
	Changed int             `json:"changed"`
	Rows    []RowDifference `json:"rows"` // in the report's order
}

// DiffOptions choose what to compare. The zero value is the last refresh with the one before it.
type DiffOptions struct {
	// From and To are versions; 0 means the one before To, and the live one. FromTime and ToTime, where set, say it by
	// the instant that they were live at instead.
	From, To         int64
	FromTime, ToTime time.Time
	// Key restricts it to one row.
	Key string
}

//go:embed sql/*.sql
var templates embed.FS

// Diff compares two versions of a report. as_of takes no part, as in a refresh.
func Diff(ctx context.Context, db pg.Querier, d *definition.Definition, o DiffOptions) (Difference, error) {
	if err := d.RequireHistory(); err != nil {
		return Difference{}, err
	}
	to, err := Find(ctx, db, d, o.To, o.ToTime)
	if err != nil {
		return Difference{}, err
	}
	if o.From == 0 && o.FromTime.IsZero() {
		o.From = max(to.Version-1, 1)
	}
	from, err := Find(ctx, db, d, o.From, o.FromTime)
	if err != nil {
		return Difference{}, err
	}
	if from.Version > to.Version {
		return Difference{}, run.Invalid("", "version %d of %s came after version %d", from.Version, d.Name, to.Version)
	}
	sql, err := definition.NewStatement(d, nil, nil).Render(templates, "diff.sql")
	if err != nil {
		return Difference{}, err
	}
	rows, _ := db.Query(ctx, sql, from.Version, to.Version, o.Key)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[RowDifference])
	if err != nil {
		return Difference{}, fmt.Errorf("compare versions %d and %d of %s: %w", from.Version, to.Version, d.Name, err)
	}
	return counted(Difference{Report: d.Name, From: from, To: to, Rows: list}), nil
}

// Only is what of the difference is about some rows.
func (diff Difference) Only(keys []string) Difference {
	diff.Rows = slices.DeleteFunc(slices.Clone(diff.Rows), func(r RowDifference) bool { return !slices.Contains(keys, r.Key) })
	return counted(diff)
}

func counted(diff Difference) Difference {
	diff.Added, diff.Removed, diff.Changed = 0, 0, 0
	for _, r := range diff.Rows {
		switch r.Action {
		case Added:
			diff.Added++
		case Removed:
			diff.Removed++
		case Changed:
			diff.Changed++
		}
	}
	return diff
}

// What a refresh does to a row, as the change log says it.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Find finds a version by number, by the instant that it was live at, or else the live one.
func Find(ctx context.Context, db pg.Querier, d *definition.Definition, version int64, at time.Time) (Version, error) {
	sql := `SELECT ` + columns + ` FROM reports.refreshes
		WHERE report = $1 AND ($2::bigint = 0 OR version = $2) AND ($3::timestamptz IS NULL OR published_at <= $3)
		ORDER BY version DESC LIMIT 1`
	var before *time.Time
	if !at.IsZero() {
		before = &at
	}
	rows, _ := db.Query(ctx, sql, d.Name, version, before)
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Version])
	if errors.Is(err, pgx.ErrNoRows) {
		return found, unknown(d, version, at)
	}
	if err != nil {
		return found, fmt.Errorf("find a version of %s: %w", d.Name, err)
	}
	return found, nil
}

func unknown(d *definition.Definition, version int64, at time.Time) error {
	hint := "see `cpd-jobs reports history " + d.Name + "` for those that there are"
	switch {
	case version > 0:
		return run.Invalid(hint, "report %s has no version %d, or it is not kept any more", d.Name, version)
	case !at.IsZero():
		return run.Invalid(hint, "report %s has no version that was live at %s, or it is not kept any more", d.Name, pg.Instant(at))
	default:
		return run.Invalid("run `cpd-jobs reports refresh "+d.Name+"`", "report %s was never refreshed", d.Name)
	}
}

// Event is what one refresh did to one row.
type Event struct {
	Version     int64     `json:"version"`
	PublishedAt time.Time `json:"published_at"`
	AsOf        time.Time `json:"as_of"`
	Action      string    `json:"action"`
	Reason      string    `json:"reason,omitempty"`
	Cells       []Cell    `json:"cells"`
}

// History lists everything that is kept of one row, oldest first: when it came, what changed, why it left. A row that
// never was has none.
func History(ctx context.Context, db pg.Querier, d *definition.Definition, key string) ([]Event, error) {
	if err := d.RequireHistory(); err != nil {
		return nil, err
	}
	rows, _ := db.Query(ctx, fmt.Sprintf(`
		SELECT c.version, f.published_at, f.as_of, c.action, coalesce(max(c.reason), '') AS reason,
		       coalesce(jsonb_agg(jsonb_build_object('column', c.column_name, 'old', c.old, 'new', c.new) ORDER BY c.column_name)
		                    FILTER (WHERE c.column_name IS NOT NULL), '[]') AS cells
		FROM %s c
		JOIN reports.refreshes f ON f.report = $1 AND f.version = c.version
		WHERE c.%s::text = $2
		GROUP BY c.version, f.published_at, f.as_of, c.action
		ORDER BY c.version, c.action`, d.Changes().Sanitize(), pg.Ident(d.Key)), d.Name, key)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Event])
	if err != nil {
		return nil, fmt.Errorf("read the history of %s in %s: %w", key, d.Name, err)
	}
	return list, nil
}
