package gias

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/jobs/gias/format"
)

// ErrNoEstablishment is what [Find] returns for a URN that no sync ever met.
var ErrNoEstablishment = errors.New("the register never had it")

// Change is one changed field, as it is shown: contact addresses are masked.
type Change struct {
	ID        int64     `json:"id"`
	ChangedAt time.Time `json:"changed_at"`
	RunID     int64     `json:"run_id"`
	Difference
}

// Headings are the columns that a change may be of, as the register's two files name them.
func Headings() []string {
	var list []string
	for _, t := range []*format.Table{&format.Establishments, &format.Links} {
		for _, c := range t.Columns {
			if !slices.Contains(list, c.Heading) {
				list = append(list, c.Heading)
			}
		}
	}
	return list
}

// ChangeFilter narrows [Changes]; its zero value is the latest 50 of all.
type ChangeFilter struct {
	Since  time.Time // inclusive
	Field  string    // the register's heading
	URN    string    // of either side of a link, too
	Before int64     // ids below this one: the next page
	Limit  int       // 50 if 0
}

// Changes lists what syncs found changed, newest first.
func Changes(ctx context.Context, db pg.Querier, f ChangeFilter) ([]Change, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	rows, _ := db.Query(ctx, `
		SELECT id, changed_at, run_id, urn, coalesce(link_urn, ''), event, field, old, new
		FROM gias.changes
		WHERE ($1::timestamptz IS NULL OR changed_at >= $1)
		  AND ($2 = '' OR field = $2)
		  AND ($3 = '' OR urn = $3 OR link_urn = $3)
		  AND ($4::bigint = 0 OR id < $4)
		ORDER BY id DESC LIMIT $5`, sinceOrNull(f.Since), f.Field, f.URN, f.Before, f.Limit)
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Change, error) {
		var c Change
		err := row.Scan(&c.ID, &c.ChangedAt, &c.RunID, &c.URN, &c.LinkURN, &c.Event, &c.Field, &c.Old, &c.New)
		c.Difference = c.Difference.masked()
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("list the register's changes: %w", err)
	}
	return list, nil
}

func sinceOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// Entry is all that is known of one establishment.
type Entry struct {
	URN         string     `json:"urn"`
	FirstSeen   time.Time  `json:"first_seen"`
	LastChanged time.Time  `json:"last_changed"`
	GoneSince   *time.Time `json:"gone_since"`
	// Values are the register's, in its order; contact addresses are masked.
	Values []Value `json:"values"`
	Links  []Link  `json:"links"`
	// Successor says where its successions end; nil where it has none.
	Successor *Succession `json:"successor"`
	Changes   []Change    `json:"changes"`
	Issues    []RowIssue  `json:"issues"`
}

// Value is one column of the register.
type Value struct {
	Heading string  `json:"heading"`
	Value   *string `json:"value"`
}

// Link is one line of the links, told from either side.
type Link struct {
	URN         string     `json:"urn"`
	LinkURN     string     `json:"link_urn"`
	Name        *string    `json:"name"`
	Type        string     `json:"type"`
	Established *time.Time `json:"established"`
}

// Succession is a row of gias.successors.
type Succession struct {
	Kind       string   `json:"kind"`
	Successor  *string  `json:"successor"`
	Candidates []string `json:"candidates"`
	Path       []string `json:"path"`
}

// RowIssue is what a sync had to say about a row.
type RowIssue struct {
	SyncedAt time.Time `json:"synced_at"`
	RunID    int64     `json:"run_id"`
	Part     string    `json:"part"`
	Scope    string    `json:"scope"`
	Line     int       `json:"line"`
	Column   *string   `json:"column"`
	Reason   string    `json:"reason"`
	Value    *string   `json:"value"`
}

// entryChanges is how many changes and issues an entry has at most.
const entryChanges = 200

// Find reads one establishment with its links, history, and what each sync said of it.
func Find(ctx context.Context, db pg.Querier, urn string) (Entry, error) {
	e, err := findEstablishment(ctx, db, urn)
	if err != nil {
		return e, err
	}
	if e.Links, err = collect[Link](ctx, db, `
		SELECT urn, link_urn, link_name, link_type, link_established_date
		FROM gias.links WHERE urn = $1 OR link_urn = $1 ORDER BY link_established_date, urn, link_urn, link_type`, urn); err != nil {
		return e, err
	}
	found, err := collect[Succession](ctx, db, `SELECT kind, successor, candidates, path FROM gias.successors WHERE urn = $1`, urn)
	if err != nil {
		return e, err
	}
	if len(found) > 0 {
		e.Successor = &found[0]
	}
	if e.Issues, err = collect[RowIssue](ctx, db, `
		SELECT s.synced_at, r.run_id, r.part, r.scope, r.line, r.column_name, r.reason, r.value
		FROM gias.rejects r JOIN gias.syncs s ON s.id = r.sync_id
		WHERE r.urn = $1 ORDER BY r.id DESC LIMIT $2`, urn, entryChanges); err != nil {
		return e, err
	}
	e.Changes, err = Changes(ctx, db, ChangeFilter{URN: urn, Limit: entryChanges})
	return e, err
}

func collect[T any](ctx context.Context, db pg.Querier, sql string, args ...any) ([]T, error) {
	rows, _ := db.Query(ctx, sql, args...)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		return nil, fmt.Errorf("read the register: %w", err)
	}
	return list, nil
}

// findEstablishment reads the row itself, its columns as texts in the register's order.
func findEstablishment(ctx context.Context, db pg.Querier, urn string) (Entry, error) {
	columns := format.Establishments.Columns
	sql := "SELECT e.urn, e.first_seen, e.last_changed, e.gone_since, ARRAY["
	for i, c := range columns {
		if i > 0 {
			sql += ", "
		}
		sql += shownAs("e", c)
	}
	rows, _ := db.Query(ctx, sql+"] FROM gias.establishments e WHERE e.urn = $1", urn)
	e, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (Entry, error) {
		var e Entry
		var values []*string
		if err := row.Scan(&e.URN, &e.FirstSeen, &e.LastChanged, &e.GoneSince, &values); err != nil {
			return e, err
		}
		for i, v := range values {
			shown := mask(v, columns[i].Form == format.Email)
			e.Values = append(e.Values, Value{Heading: columns[i].Heading, Value: shown})
		}
		return e, nil
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return e, fmt.Errorf("%s: %w", urn, ErrNoEstablishment)
	case err != nil:
		return e, fmt.Errorf("read %s from the register: %w", urn, err)
	}
	return e, nil
}
