package gias

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/profile"
	"cpd-jobs/reports/inputs"
)

// lockWait is how long a merge queues behind a refresh before it lets others pass.
const lockWait = "10s"

// merge compares what is staged with what is here and publishes the difference, in one transaction that locks the input's
// version against refreshes. A dry run does the same and rolls it back before the first row is written.
func (s *sync) merge(ctx context.Context, step *run.Step) error {
	retry := pg.LockRetry{Waiting: func() { s.run.Log().Info("a refresh is reading the register: waiting for it") }}
	return pg.WithLockRetry(ctx, retry, func() error { return s.tryMerge(ctx, step) })
}

func (s *sync) tryMerge(ctx context.Context, step *run.Step) error {
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin to merge: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := s.run.Fence(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+lockWait+"'; SET LOCAL work_mem = '64MB'"); err != nil {
		return fmt.Errorf("set up the merge: %w", err)
	}
	if err := inputs.Claim(ctx, tx, inputs.GIAS); err != nil {
		return err
	}
	if err := s.compare(ctx, tx); err != nil {
		return err
	}
	if err := s.guardDifferences(ctx, tx); err != nil {
		return err
	}
	step.SetRows(s.rowsRead(), s.rowsMerged())
	if s.run.DryRun() {
		return nil
	}
	if err := s.publish(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit the register: %w", err)
	}
	return nil
}

// publish writes the differences with the record of what was received, and a new version where anything changed.
func (s *sync) publish(ctx context.Context, tx pgx.Tx) error {
	for _, p := range s.parts {
		if _, err := tx.Exec(ctx, p.sql("merge.sql")); err != nil {
			return fmt.Errorf("merge %s: %w", p.table.Part, err)
		}
	}
	if err := s.publishVersion(ctx, tx); err != nil {
		return err
	}
	if s.changed() {
		if err := profile.Save(ctx, tx, inputs.GIAS, s.version, s.profiles()); err != nil {
			return err
		}
	}
	id, err := s.record(ctx, tx)
	if err != nil {
		return err
	}
	for _, p := range s.parts {
		_, err := tx.Exec(ctx, `
			INSERT INTO gias.changes (sync_id, run_id, changed_at, urn, link_urn, event, field, old, new)
			SELECT $1, $2, now(), urn, link_urn, event, field, old, new
			FROM pg_temp.changes_`+p.table.Part+` ORDER BY urn, link_urn, field`, id, s.run.ID())
		if err != nil {
			return fmt.Errorf("write the changes of %s: %w", p.table.Part, err)
		}
	}
	if !s.changed() {
		return nil
	}
	return s.run.Changed(ctx, tx, s.version)
}

func (s *sync) rowsRead() (n int64) {
	for _, p := range s.parts {
		n += p.summary.Read
	}
	return n
}

func (s *sync) rowsMerged() (n int64) {
	for _, p := range s.parts {
		n += p.summary.Merged
	}
	return n
}
