package exports

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/retention"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/store"
)

// Findings are where the records of exports and the files in the store do not agree.
type Findings struct {
	// Lost are recorded exports whose file, or one beside it, is not there or of another size.
	Lost []Export
	// Unreferenced are files that look like exports and are recorded by none.
	Unreferenced []store.Info
	// At is the moment of the comparison.
	At time.Time
	// Exports and Files are how many there are of either in all.
	Exports, Files int
}

// exportName is what the names of exported files look like. A store may hold other things, which are none of our
// business.
var exportName = regexp.MustCompile(`^[a-z0-9-]+-\d{4}-\d{2}-\d{2}T\d{4}Z(-selection-[0-9a-f]{8}|(-no-charts)?(-frozen)?(-filters)?(-raw)?)(-v\d+(-[0-9a-f]{1,8})?)?(-excel)?\.(xlsx|ods|csv|csv-metadata\.json|parquet)(\.zip)?$`)

// Audit compares records and files. The records are read first: what is published meanwhile is then a stray, and too
// young to be listed.
func Audit(ctx context.Context, db pg.Querier, s store.Store, now time.Time) (Findings, error) {
	list, err := query(ctx, db, `SELECT `+columns+` FROM reports.exports ORDER BY id`)
	if err != nil {
		return Findings{}, err
	}
	f := Findings{At: now, Exports: len(list)}
	known := map[string]bool{}
	for _, e := range list {
		for _, key := range append([]string{e.Key}, e.Sidecars...) {
			known[key] = true
		}
	}
	sizes := map[string]int64{}
	for info, err := range s.List(ctx) {
		if err != nil {
			return Findings{}, err
		}
		sizes[info.Key] = info.Size
		if !known[info.Key] && !exportName.MatchString(info.Key) {
			continue
		}
		f.Files++
		if !known[info.Key] && now.Sub(info.Modified) >= retention.UnrecordedFiles {
			f.Unreferenced = append(f.Unreferenced, info)
		}
	}
	damaged, err := damagedBefore(ctx, db, now.Add(-retention.UnrecordedFiles))
	if err != nil {
		return Findings{}, err
	}
	for _, e := range list {
		if !whole(e, sizes) || damaged[e.ID] {
			f.Lost = append(f.Lost, e)
		}
	}
	return f, nil
}

func whole(e Export, sizes map[string]int64) bool {
	if size, ok := sizes[e.Key]; !ok || size != e.Size {
		return false
	}
	for _, key := range e.Sidecars {
		if _, ok := sizes[key]; !ok {
			return false
		}
	}
	return true
}

// few is how many may be deleted whatever their share.
const few = 10

// Check refuses to mend where so much is amiss that the store is more likely the wrong one, not there, or another
// installation's too.
func (f Findings) Check() error {
	const hint = "check EXPORT_STORE_URL: each installation needs a store, or a folder in it, of its own"
	if n := len(f.Lost); n > few && 2*n > f.Exports {
		return run.Blocked(hint, "%d of %d exported files are not in the store; nothing was mended", n, f.Exports)
	}
	if n := len(f.Unreferenced); n > few && 2*n > f.Files {
		return run.Blocked(hint, "%d of %d files in the store are recorded nowhere; nothing was mended", n, f.Files)
	}
	return nil
}

// Repair deletes the unreferenced and the records of what is lost, each only if that still holds. It counts what it
// deleted, also where it fails part-way. A lost file is made again by the next export that asks for it.
func Repair(ctx context.Context, db Database, s store.Store, f Findings, fence Fence) (lost, unreferenced int, err error) {
	if err := f.Check(); err != nil {
		return 0, 0, err
	}
	for _, e := range f.Lost {
		gone, err := remove(ctx, db, s, e, fence, func() (bool, error) {
			if damaged, err := damagedBefore(ctx, db, f.At.Add(-retention.UnrecordedFiles)); err != nil || damaged[e.ID] {
				return damaged[e.ID], err
			}
			return stillLost(ctx, s, e)
		})
		if err != nil {
			return lost, unreferenced, fmt.Errorf("forget export %d, %s: %w", e.ID, e.Name, err)
		}
		if gone {
			lost++
		}
	}
	for _, stray := range f.Unreferenced {
		gone, err := removeUnreferenced(ctx, db, s, stray.Key, fence)
		if err != nil {
			return lost, unreferenced, fmt.Errorf("delete %s, which no export has: %w", stray.Key, err)
		}
		if gone {
			unreferenced++
		}
	}
	return lost, unreferenced, nil
}

func stillLost(ctx context.Context, s store.Store, e Export) (bool, error) {
	sizes := map[string]int64{}
	for _, key := range append([]string{e.Key}, e.Sidecars...) {
		f, err := s.Open(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return false, err
		}
		sizes[key] = f.Info().Size
		if err := f.Close(); err != nil {
			return false, err
		}
	}
	return !whole(e, sizes), nil
}

func removeUnreferenced(ctx context.Context, db Database, s store.Store, key string, fence Fence) (gone bool, err error) {
	err = locked(ctx, db, key, fence, func(tx pgx.Tx) error {
		var recorded bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM reports.exports WHERE key = $1 OR $1 = ANY(beside))", key).Scan(&recorded)
		if err != nil || recorded {
			return err
		}
		gone = true
		return s.Delete(ctx, key)
	})
	return gone && err == nil, err
}
