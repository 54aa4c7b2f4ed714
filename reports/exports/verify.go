package exports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

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
		return run.Blocked(exportAgain, "export %d: %s has %d bytes (SHA-256 %.12s), not the %d (%.12s) that were published", e.ID, e.Key, size, sum, e.Size, e.SHA256)
	}
	return nil
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
