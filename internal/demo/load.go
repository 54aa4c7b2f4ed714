package demo

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/demo/pgcopy"
	"cpd-jobs/internal/pg"
)

// loaders copy at the same time. More gain nothing on a small machine; fewer leave the server waiting for us.
const loaders = 4

// chunk is part of a table, ready to be copied.
type chunk struct {
	table  tableID
	buffer *pgcopy.Buffer
}

// load generates the source and copies it, a chunk of one table at a time over whichever connection is free, so that
// neither side holds more than a few chunks.
func load(ctx context.Context, pool *pgxpool.Pool, w *world, o Options) (*generator, error) {
	full := make(chan chunk)
	empty := make(chan *pgcopy.Buffer, int(tableCount)+loaders)
	group, ctx := errgroup.WithContext(ctx)
	g := newGenerator(w, func(t tableID, b *pgcopy.Buffer) (*pgcopy.Buffer, error) {
		select {
		case full <- chunk{t, b}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		select {
		case next := <-empty:
			return next, nil
		default:
			return &pgcopy.Buffer{}, nil
		}
	})
	for range loaders {
		group.Go(func() error { return copyChunks(ctx, pool, full, empty) })
	}
	group.Go(func() error {
		defer close(full)
		return g.runAll(ctx, o)
	})
	return g, group.Wait()
}

func (g *generator) runAll(ctx context.Context, o Options) error {
	each, total := g.eachSchool, int64(o.Schools)
	if o.Register != nil {
		each, total = o.Register, 0
	}
	checked := func(yield func(School) error) error {
		return each(func(s School) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return yield(s)
		})
	}
	return g.run(checked, func(done int64) { o.Progress("schools", done, total) })
}

// copyChunks copies what comes until there is no more.
func copyChunks(ctx context.Context, pool *pgxpool.Pool, full <-chan chunk, empty chan<- *pgcopy.Buffer) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to the source database: %w", err)
	}
	defer conn.Release()
	// An interrupted run is made afresh, so single chunks need not be safe on disk; the manifest's commit is.
	if _, err := conn.Exec(ctx, `SET synchronous_commit = off`); err != nil {
		return fmt.Errorf("prepare to load the demo source: %w", err)
	}
	for c := range full {
		spec := &tables[c.table]
		if _, err := conn.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(c.buffer.Finish()), spec.copySQL()); err != nil {
			return fmt.Errorf("load %s into the demo source: %w", spec.name, err)
		}
		c.buffer.Reset()
		select {
		case empty <- c.buffer:
		default: // enough of them lie about already
		}
	}
	return nil
}

func (t *tableSpec) copySQL() string {
	return fmt.Sprintf(`COPY public.%s (id, created_at, updated_at, %s) FROM STDIN (FORMAT binary)`,
		pg.Ident(t.name), strings.Join(t.columns, ", "))
}
