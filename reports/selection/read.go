package selection

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
)

// Page is some rows that follow each other.
type Page struct {
	// Rows have the values of the selected columns, in their order: text, int64, bool, time.Time in UTC, []string,
	// json.Number for decimals; nil is an empty cell.
	Rows [][]any
	Keys []string // of the rows
	Next string   // what to give as after for the rows that follow; "" after the last
	// Version is the one of the report that the rows are of; 0 where there are none.
	Version int64
}

// ErrCursor says that after is not what a page gave as next. It is of class Invalid.
var ErrCursor = run.Invalid("begin again with the first page", "this is no place in the list")

// cursor is the place of a row in an order.
type cursor struct {
	Sort *string `json:"s"`
	Key  string  `json:"k"`
}

func (c cursor) encode() string {
	raw, _ := json.Marshal(c) // two texts
	return base64.RawURLEncoding.EncodeToString(raw)
}

func decodeCursor(text string) (c cursor, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &c) != nil || c.Key == "" || strings.ContainsRune(c.Key, 0) {
		return c, ErrCursor
	}
	if c.Sort != nil && strings.ContainsRune(*c.Sort, 0) {
		return c, ErrCursor
	}
	return c, nil
}

// Read reads at most limit rows of a selection that has been checked, after the place that an earlier page gave.
func Read(ctx context.Context, db pg.Querier, def *definition.Definition, s Selection, after string, limit int) (Page, error) {
	q := newQuery(def, def.Table().Sanitize(), s)
	if after != "" {
		c, err := decodeCursor(after)
		if err != nil {
			return Page{}, err
		}
		q.after(c)
	}
	found, err := db.Query(ctx, q.page(limit+1), q.args...)
	if err != nil {
		return Page{}, readError(def, err)
	}
	var p Page
	var last cursor
	for found.Next() {
		if len(p.Rows) == limit {
			p.Next = last.encode()
			continue
		}
		values, err := found.Values()
		if err != nil {
			found.Close()
			return Page{}, readError(def, err)
		}
		n := len(values) - 3
		p.Rows = append(p.Rows, plain(values[:n]))
		last = cursor{Sort: textOf(values[n]), Key: *textOf(values[n+1])}
		p.Keys = append(p.Keys, last.Key)
		p.Version, _ = values[n+2].(int64)
	}
	if err := found.Err(); err != nil {
		return Page{}, readError(def, err)
	}
	return p, nil
}

func textOf(v any) *string {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	return &text
}

// readError tells a visitor's value that PostgreSQL does not take from trouble of our own.
func readError(def *definition.Definition, err error) error {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(refused.Code, "22") {
		return ErrCursor // values of conditions were checked: only a cursor that somebody made up has others
	}
	return fmt.Errorf("read rows of %s: %w", def.Name, err)
}

// Count counts the rows of a selection that has been checked.
func Count(ctx context.Context, db pg.Querier, def *definition.Definition, s Selection) (int64, error) {
	q := newQuery(def, def.Table().Sanitize(), s)
	found, err := db.Query(ctx, q.count(), q.args...)
	if err != nil {
		return 0, readError(def, err)
	}
	n, err := pgx.CollectExactlyOneRow(found, pgx.RowTo[int64])
	if err != nil {
		return 0, readError(def, err)
	}
	return n, nil
}
