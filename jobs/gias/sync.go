package gias

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias/format"
	"cpd-jobs/reports/inputs"
)

// Sync brings the register here up to date with a source. It is the whole of the gias_sync job.
func Sync(ctx context.Context, r run.Run, db *pgxpool.Pool, fetch source.Options, args Args) (run.Outcome, error) {
	if args.Source == "" {
		return run.Outcome{}, run.Invalid("set GIAS_SOURCE or give --arg source=PATH", "the register has no source")
	}
	s := &sync{run: r, args: args, summary: Summary{DryRun: r.DryRun()}}
	conn, err := db.Acquire(ctx)
	if err != nil {
		return run.Outcome{}, fmt.Errorf("connect to sync the register: %w", err)
	}
	s.conn = conn
	defer s.release(ctx)
	defer s.closeSources()
	if err := s.fetch(ctx, fetch); err != nil {
		return run.Outcome{}, err
	}
	if len(s.parts) == 0 {
		return s.nothingNew(ctx)
	}
	for _, p := range s.parts {
		if err := s.stage(ctx, p); err != nil {
			return run.Outcome{}, err
		}
	}
	if err := s.guardFiles(); err != nil {
		return run.Outcome{}, err
	}
	err = r.Step(ctx, "merge", s.merge)
	return run.Outcome{Changed: s.changed(), Version: s.version, Summary: s.summary}, err
}

// sync is one run on its way. It holds one connection throughout, because what it stages are that session's temporary
// tables.
type sync struct {
	run     run.Run
	args    Args
	conn    *pgxpool.Conn
	sources []*format.Delivery
	parts   []*part // what is to be staged and merged: establishments, links, or both
	asAt    time.Time
	version int64
	summary Summary
}

// fetch opens the sources and keeps the parts that are not known already.
func (s *sync) fetch(ctx context.Context, o source.Options) error {
	return s.run.Step(ctx, "fetch", func(ctx context.Context, _ *run.Step) (err error) {
		if s.asAt, err = pg.Now(ctx, s.conn); err != nil {
			return err
		}
		before, err := s.latestFiles(ctx)
		if err != nil {
			return err
		}
		main, err := format.Open(ctx, s.args.Source, before.options(establishmentsPart, s.args.Source, o))
		if err != nil {
			return err
		}
		s.took(main, main.AsAt)
		links := main
		if s.args.Links != "" {
			links, err = format.OpenLinks(ctx, s.args.Links, before.options(linksPart, s.args.Links, o))
			if err != nil {
				return err
			}
			s.took(links, time.Time{})
		}
		s.add(before, &format.Establishments, main.Establishments, main)
		s.add(before, &format.Links, links.Links, links)
		return nil
	})
}

// took remembers a source to close, and its date where it has one.
func (s *sync) took(x *format.Delivery, asAt time.Time) {
	s.sources = append(s.sources, x)
	if !asAt.IsZero() {
		s.asAt = asAt
	}
}

// add notes a file to be staged, unless it is absent or the very one of the last sync.
func (s *sync) add(before previous, table *format.Table, f *source.File, from *format.Delivery) {
	if f == nil {
		return
	}
	p := &part{table: table, file: f, from: from, summary: &PartSummary{File: f.Name, SHA256: f.SHA256, SizeBytes: f.SizeBytes}}
	if table == &format.Establishments {
		s.summary.Establishments = p.summary
	} else {
		s.summary.Links = p.summary
	}
	if before[table.Part].is(f) {
		p.summary.Note = "the same file as last time"
		return
	}
	s.parts = append(s.parts, p)
}

// nothingNew is the outcome of the same files again: no row is written, and the version stays.
func (s *sync) nothingNew(ctx context.Context) (run.Outcome, error) {
	live, err := inputs.Live(ctx, s.conn)
	if err != nil {
		return run.Outcome{}, err
	}
	for _, v := range live {
		if v.Input == inputs.GIAS {
			s.version = v.Version
		}
	}
	s.summary.Note = "the same files as last time: nothing was written"
	s.run.Log().Info("the register is unchanged", "version", s.version)
	return run.Outcome{Version: s.version, Summary: s.summary}, nil
}

func (s *sync) closeSources() {
	for _, x := range s.sources {
		if err := x.Close(); err != nil {
			s.run.Log().Warn("a temporary file of the register may be left behind", "error", err)
		}
	}
}

// release gives the connection back without the temporary tables, or drops it where that cannot be done.
func (s *sync) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := s.conn.Exec(ctx, "DISCARD TEMP"); err != nil {
		_ = s.conn.Conn().Close(ctx)
	}
	s.conn.Release()
}

// changed says whether anything that others read is different now, or would be but for a dry run.
func (s *sync) changed() bool {
	for _, p := range s.parts {
		if p.summary.Merged+p.summary.Gone > 0 {
			return true
		}
	}
	return false
}
