package uplift

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/guard"
	"cpd-jobs/reports/inputs"
)

// Sync loads one file. It is the whole of the uplift_sync job.
func Sync(ctx context.Context, r run.Run, db *pgxpool.Pool, fetch source.Options, args Args) (run.Outcome, error) {
	if args.Source == "" {
		return run.Outcome{}, run.Invalid("set UPLIFT_SOURCE or give --arg source=PATH", "the uplift file has no source")
	}
	s := &sync{run: r, db: db, args: args, summary: Summary{DryRun: r.DryRun(), Issues: map[string]int64{}}}
	defer s.close()
	if err := r.Step(ctx, "fetch", func(ctx context.Context, _ *run.Step) error { return s.fetch(ctx, fetch) }); err != nil {
		return run.Outcome{}, err
	}
	if s.summary.Note != "" {
		return run.Outcome{Version: s.version, Summary: s.summary}, nil
	}
	if err := r.Step(ctx, "read", s.read); err != nil {
		return run.Outcome{}, err
	}
	err := r.Step(ctx, "merge", s.merge)
	return run.Outcome{Changed: s.summary.Merged+s.summary.Missing > 0, Version: s.version, Summary: s.summary}, err
}

// sync is one run on its way.
type sync struct {
	run      run.Run
	db       *pgxpool.Pool
	args     Args
	delivery *source.Delivery
	file     *source.File
	layout   layout
	year     int
	asAt     time.Time
	version  int64
	rows     rows
	issues   []issue
	summary  Summary
}

func (s *sync) close() {
	if s.delivery != nil {
		_ = s.delivery.Close()
	}
}

// read reads every row, and lets the last of several with one key win, as the service does.
func (s *sync) read(ctx context.Context, step *run.Step) error {
	r, err := newReader(ctx, s.file)
	if err != nil {
		return err
	}
	defer r.close()
	s.layout, r.onIssue = r.layout, s.note
	for r.next() {
		step.Add(1)
		if earlier, twice := s.rows.put(r.row); twice {
			s.supersede(earlier, s.rows.list[s.rows.at[earlier.key]])
		}
	}
	if err := r.in.Err(); err != nil {
		return err
	}
	s.summary.Layout, s.summary.Encoding = s.layout.String(), string(s.file.Encoding)
	s.summary.Read = r.in.Read
	s.summary.Rejected += r.rejected
	step.SetRows(r.in.Read, int64(len(s.rows.list)))
	return s.guardRejects()
}

// supersede lists a row that a later one with the same key has taken the place of, with both values where they
// disagree.
func (s *sync) supersede(earlier, later kept) {
	i := issue{Kind: "repeat", Line: int(earlier.line), URN: earlier.key.String(), Reason: fmt.Sprintf("stands again on line %d with the same flags", later.line)}
	if earlier.flags() != later.flags() {
		i.Kind, i.Reason = "conflict", fmt.Sprintf("stands again on line %d with other flags; that row counts", later.line)
		i.Value = earlier.flags() + ", then " + later.flags()
	}
	s.note(i)
	s.summary.Rejected++
}

// keptIssues is how many of each kind are kept: more than a real file has schools. All are counted, and sampledIssues
// of each are in the result.
const (
	keptIssues    = 30_000
	sampledIssues = 5
)

func (s *sync) note(i issue) {
	s.summary.Issues[i.Kind]++
	if s.summary.Issues[i.Kind] <= sampledIssues {
		s.summary.Sample = append(s.summary.Sample, i)
	}
	if s.summary.Issues[i.Kind] <= keptIssues {
		s.issues = append(s.issues, i)
	}
}

func (s *sync) guardRejects() error {
	bad := s.summary.Issues["rejected"]
	if bad == 0 {
		return nil
	}
	first := s.issues[slices.IndexFunc(s.issues, func(i issue) bool { return i.Kind == "rejected" })]
	reason := fmt.Sprintf("%d of %d rows of %s were rejected, the first on line %d: %s %s", bad, s.summary.Read, s.file.Name, first.Line, first.Column, first.Reason)
	switch {
	case bad == s.summary.Read:
		return run.Blocked("check the file", "nothing was changed: %s", reason)
	case guard.Exceeds(guard.Of("uplift", "", "").Rejected, bad, s.summary.Read):
		return guard.Stop(s.run.Log(), s.args.Allow, []guard.Breach{{Guard: guard.Rejects, Reason: reason}})
	}
	return nil
}

func (s *sync) guardShrink(before int64) error {
	if !guard.ExceedsShare(guard.Of("uplift", "", "").Gone, s.summary.Missing, before) {
		return nil
	}
	return guard.Stop(s.run.Log(), s.args.Allow, []guard.Breach{{Guard: guard.Shrink,
		Reason: fmt.Sprintf("of %d rows for %d, %d are missing from %s", before, s.year, s.summary.Missing, s.file.Name)}})
}

func (s *sync) merge(ctx context.Context, step *run.Step) error {
	issues, summary := len(s.issues), s.summary.clone()
	retry := pg.LockRetry{Waiting: func() { s.run.Log().Info("a refresh is reading the uplifts: waiting for it") }}
	err := pg.WithLockRetry(ctx, retry, func() error {
		s.issues, s.summary = s.issues[:issues], summary.clone()
		return pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error { return s.publish(ctx, tx) })
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	step.SetRows(s.summary.Read, s.summary.Merged)
	return err
}

// errDry rolls a dry run back.
var errDry = errors.New("dry run")

func (s *sync) publish(ctx context.Context, tx pgx.Tx) error {
	if err := s.run.Fence(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '10s'"); err != nil {
		return fmt.Errorf("limit the wait for locks: %w", err)
	}
	if err := inputs.Claim(ctx, tx, inputs.Uplift); err != nil {
		return err
	}
	if err := s.stage(ctx, tx); err != nil {
		return err
	}
	var err error
	if s.layout.kind == districts {
		err = s.compareDistricts(ctx, tx)
	} else {
		err = s.compareSchools(ctx, tx)
	}
	if err != nil {
		return err
	}
	if s.run.DryRun() {
		return errDry
	}
	if err := s.apply(ctx, tx); err != nil {
		return err
	}
	return s.record(ctx, tx)
}
