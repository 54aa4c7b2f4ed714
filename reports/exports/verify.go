package exports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/store"
)

const exportAgain = "run housekeeping, then export the report again"

// Verify reads an export's file and compares it with what was recorded when it was made. The error is of class Blocked
// where they differ, [ErrNone] where there is no such export.
func Verify(ctx context.Context, db pg.Querier, s store.Store, id int64) (Export, error) {
	e, err := Find(ctx, db, id)
	if err != nil {
		return e, err
	}
	if err := Copy(ctx, s, e, io.Discard); err != nil {
		return e, err
	}
	for _, key := range e.Sidecars {
		if _, _, err := copyFile(ctx, s, key, io.Discard); err != nil {
			return e, missing(e, key, err)
		}
	}
	return e, nil
}

// Copy writes an export's file to a destination, and compares it meanwhile with what was recorded. The error is of
// class Refused where they differ, by when all of it is written.
func Copy(ctx context.Context, s store.Store, e Export, to io.Writer) error {
	size, sum, err := copyFile(ctx, s, e.Key, to)
	if err != nil {
		return missing(e, e.Key, err)
	}
	if size != e.Size || sum != e.SHA256 {
		return run.Blocked(exportAgain, "export %d: %s has %d bytes (SHA-256 %.12s), not the %d (%.12s) that were published: %w", e.ID, e.Key, size, sum, e.Size, e.SHA256, ErrDamaged)
	}
	return nil
}

// ErrDamaged is in the error of a file that is not the one that was published.
var ErrDamaged = errors.New("the file is not the one that was published")

// MarkDamaged has an export's file given out no more, and says whether it was until now: then somebody should have it made
// again.
func MarkDamaged(ctx context.Context, db Executor, id int64) (first bool, err error) {
	tag, err := db.Exec(ctx, "UPDATE reports.exports SET damaged_at = clock_timestamp() WHERE id = $1 AND damaged_at IS NULL", id)
	if err != nil {
		return false, fmt.Errorf("note that export %d is damaged: %w", id, err)
	}
	return tag.RowsAffected() > 0, nil
}

// Executor is a pool, a connection or a transaction.
type Executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Unverified lists the exports whose files were read whole longest ago, or never, up to a number of bytes.
func Unverified(ctx context.Context, db pg.Querier, bytes int64) ([]Export, error) {
	return query(ctx, db, `SELECT `+columns+` FROM (
			SELECT *, sum(size) OVER (ORDER BY verified_at NULLS FIRST, id) AS so_far FROM reports.exports WHERE `+unexpired+`) AS e
		WHERE so_far - size < $1 ORDER BY so_far`, bytes)
}

// NoteVerified remembers that a file was read whole and is as it was published.
func NoteVerified(ctx context.Context, db Executor, id int64) error {
	if _, err := db.Exec(ctx, "UPDATE reports.exports SET verified_at = clock_timestamp() WHERE id = $1", id); err != nil {
		return fmt.Errorf("note that export %d was verified: %w", id, err)
	}
	return nil
}

// damagedBefore are the exports whose files were found damaged before a moment and were not made again since.
func damagedBefore(ctx context.Context, db pg.Querier, at time.Time) (map[int64]bool, error) {
	rows, _ := db.Query(ctx, "SELECT id FROM reports.exports WHERE damaged_at < $1", at)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("look for damaged exports: %w", err)
	}
	found := map[int64]bool{}
	for _, id := range ids {
		found[id] = true
	}
	return found, nil
}

func missing(e Export, key string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return run.Blocked(exportAgain, "export %d: %w", e.ID, err)
	}
	return fmt.Errorf("read export %d: %s: %w", e.ID, key, err)
}

func copyFile(ctx context.Context, s store.Store, key string, to io.Writer) (size int64, sum string, err error) {
	f, err := s.Open(ctx, key)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(io.MultiWriter(to, h), &cancellable{ctx: ctx, Reader: f}); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}

// cancellable stops reading where the context ends.
type cancellable struct {
	ctx context.Context
	io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.Reader.Read(p)
}
