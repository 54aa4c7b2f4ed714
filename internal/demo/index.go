package demo

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// builders index and validate at the same time.
const builders = 2

// index adds keys, indexes and foreign keys to the loaded tables and takes their statistics.
func index(ctx context.Context, pool *pgxpool.Pool, progress func(string, int64, int64)) error {
	var keys []string
	for _, name := range allTables() {
		keys = append(keys, `ALTER TABLE public.`+name+` ADD PRIMARY KEY (id)`)
	}
	keys = append(keys, statements(keysSQL)...)
	foreign := statements(foreignKeysSQL)
	done := counter(progress, "indexes", len(keys)+len(foreign)+len(tables))
	if err := build(ctx, pool, keys, done); err != nil {
		return err
	}
	// Declaring a foreign key locks two tables, and school cohorts and their programmes point at each other, so that
	// is done one at a time, without looking at the rows. Validating, which takes the time, can go side by side.
	for _, statement := range foreign {
		if _, err := pool.Exec(ctx, statement+` NOT VALID`); err != nil {
			return fmt.Errorf("finish the demo source (%s): %w", statement, err)
		}
	}
	validate, err := validations(ctx, pool)
	if err != nil {
		return err
	}
	for _, t := range tables {
		validate = append(validate, `ANALYZE public.`+t.name)
	}
	return build(ctx, pool, validate, done)
}

// validations are the statements that check the declared foreign keys: in rounds of one for each table, biggest tables
// first, as two for one table would wait for each other.
func validations(ctx context.Context, db querier) ([]string, error) {
	rows, _ := db.Query(ctx, `
		SELECT format('ALTER TABLE %s VALIDATE CONSTRAINT %I', conrelid::regclass, conname)
		FROM pg_constraint
		WHERE contype = 'f' AND NOT convalidated AND connamespace = 'public'::regnamespace
		ORDER BY row_number() OVER (PARTITION BY conrelid ORDER BY conname), pg_relation_size(conrelid) DESC`)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list the demo source's foreign keys: %w", err)
	}
	return found, nil
}

// build runs the statements on several connections, each taking the next that is left.
func build(ctx context.Context, pool *pgxpool.Pool, all []string, done func()) error {
	todo := make(chan string, len(all))
	for _, s := range all {
		todo <- s
	}
	close(todo)
	group, ctx := errgroup.WithContext(ctx)
	for range builders {
		group.Go(func() error { return buildNext(ctx, pool, todo, done) })
	}
	return group.Wait()
}

func buildNext(ctx context.Context, pool *pgxpool.Pool, todo <-chan string, done func()) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to the source database: %w", err)
	}
	defer conn.Release()
	// The only reader copies whole tables: rough statistics will do, and good ones of forty tables take long.
	if _, err := conn.Exec(ctx, `SET default_statistics_target = 10; SET synchronous_commit = off`); err != nil {
		return fmt.Errorf("prepare to index the demo source: %w", err)
	}
	for statement := range todo {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("index the demo source (%s): %w", statement, err)
		}
		done()
	}
	return nil
}

// counter reports one more of total each time it is called, from any goroutine.
func counter(progress func(string, int64, int64), what string, total int) func() {
	var mu sync.Mutex
	n := int64(0)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		n++
		progress(what, n, int64(total))
	}
}

// statements are the lines of a file that end in a semicolon, without it.
func statements(file string) []string {
	var found []string
	for line := range strings.Lines(file) {
		if s, ok := strings.CutSuffix(strings.TrimSpace(line), ";"); ok && !strings.HasPrefix(s, "--") {
			found = append(found, s)
		}
	}
	return found
}
