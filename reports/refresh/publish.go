package refresh

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/schema"
	"cpd-jobs/reports/versions"
)

// publish writes what differs, with the record of the refresh, in one short transaction.
func (f *refresh) publish(ctx context.Context) error {
	tx, err := f.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("begin to publish %s: %w", f.def.Name, err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if err := f.step(ctx, tx, "publish", f.write); err != nil {
		return err
	}
	if err := f.record(ctx, tx); err != nil {
		return err
	}
	if err := schema.KeepDay(ctx, tx, f.def, f.result.Version, f.plan.asOf); err != nil {
		return err
	}
	if f.changesContent() {
		if err := f.run.Changed(ctx, tx, f.result.Version); err != nil {
			return err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("publish %s: %w", f.def.Name, err)
	}
	f.result.State = "published"
	f.tidy(ctx)
	return nil
}

// write brings the live table up to date.
func (f *refresh) write(ctx context.Context, tx pgx.Tx, s *run.Step) error {
	if err := f.checkStillCurrent(ctx, tx); err != nil {
		return err
	}
	s.SetRows(f.result.Rows, f.result.Added+f.result.Changed+f.result.Removed)
	if !f.differs() {
		return nil
	}
	if err := SetSession(ctx, tx); err != nil {
		return err
	}
	if err := f.logChanges(ctx, tx); err != nil {
		return err
	}
	for _, w := range []struct {
		file string
		want int64
	}{{"remove.sql", f.result.Removed}, {"change.sql", f.result.Changed}, {"add.sql", f.result.Added}} {
		var wrote int64
		if err := f.execute(ctx, tx, w.file, &wrote); err != nil {
			return err
		}
		if wrote != w.want {
			return fmt.Errorf("%s wrote %d rows of %s and not %d: somebody else writes to it", w.file, wrote, f.sql.Live, w.want)
		}
	}
	return nil
}

// checkStillCurrent makes sure that we may publish, and that what we compared with is still what is live.
func (f *refresh) checkStillCurrent(ctx context.Context, tx pgx.Tx) error {
	if err := f.run.Fence(ctx, tx); err != nil {
		return err
	}
	live, err := versions.LockLive(ctx, tx, f.def.Name)
	if err != nil {
		return err
	}
	var erasures int64
	if err := tx.QueryRow(ctx, "SELECT erasures FROM reports.definitions WHERE report = $1", f.def.Name).Scan(&erasures); err != nil {
		return err
	}
	if live != f.plan.base || erasures != f.plan.erasures {
		return errOvertaken
	}
	f.result.Version = live + 1
	return nil
}

// record writes what was published and how, and makes it live.
func (f *refresh) record(ctx context.Context, tx pgx.Tx) error {
	if f.steps == nil {
		return errors.New("no steps were taken")
	}
	return versions.Add(ctx, tx, versions.Version{
		Report: f.def.Name, Version: f.result.Version, RunID: f.run.ID(), AsOf: f.plan.asOf,
		Rows: f.result.Rows, Added: f.result.Added, Removed: f.result.Removed, Changed: f.result.Changed,
		DefinitionVersion: f.def.Version, DefinitionHash: f.def.Hash, ProgramVersion: f.opts.ProgramVersion,
		Inputs: f.plan.inputs, Steps: f.steps,
	}, f.changesContent(), f.result.Checks)
}

func (f *refresh) logChanges(ctx context.Context, tx pgx.Tx) error {
	if f.def.Restricted() {
		return nil
	}
	changes, err := f.sql.Render(templates, "changes.sql")
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, fmt.Sprintf(`
		INSERT INTO %s (version, %s, action, reason, column_name, old, new, row_as_of)
		SELECT %d, c.* FROM (
		%s
		) c`, f.sql.Changes, f.sql.Key, f.result.Version, changes))
	if err != nil {
		return fmt.Errorf("log the changes: %w", err)
	}
	return nil
}

// tidy clears the rows that were replaced away and refreshes the planner's statistics, as far as enough is new. The
// report is published by now, so it cannot fail the refresh. Nobody waits for it: no exclusive lock is taken.
func (f *refresh) tidy(ctx context.Context) {
	replaced := f.result.Changed + f.result.Removed
	if replaced > 0 && 5*replaced < f.result.Rows {
		// Autovacuum comes by once a minute, too late where refreshes follow each other faster. It is left those that
		// replace a lot: there is no room to save then, and it takes as long as publishing.
		if _, err := f.conn.Exec(ctx, "VACUUM (SKIP_LOCKED, TRUNCATE false) "+f.sql.Live); err != nil {
			f.run.Log().Warn("dead rows were not cleared away", "report", f.def.Name, "err", err)
		}
	}
	if f.plan.base == 0 || 50*(f.result.Added+replaced) >= f.result.Rows {
		f.analyse(ctx)
	}
}

// analyse samples 300 rows for each of 25 values: the usual 100 would take as long as publishing, for dozens of columns
// that nobody filters by. Autovacuum takes more when it comes by.
func (f *refresh) analyse(ctx context.Context) {
	err := pgx.BeginFunc(ctx, f.conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SET LOCAL default_statistics_target = 25; ANALYZE "+f.sql.Live)
		return err
	})
	if err != nil {
		f.run.Log().Warn("statistics were not refreshed", "report", f.def.Name, "err", err)
	}
}
