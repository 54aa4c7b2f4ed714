package queue

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clean"
	"cpd-jobs/internal/run"
)

// recorder writes log lines and the progress of steps to the database each second, for all attempts of a worker
// together: one write a second, whatever the jobs do, and the last words of a worker that is killed are there.
type recorder struct {
	pool *pgxpool.Pool
	log  *slog.Logger

	mu    sync.Mutex
	lines []line
	steps []*stepRecord

	// flushing has room for one who writes; others wait for as long as their context lets them, because the end of a
	// job must not wait for a connection that does not answer.
	flushing chan struct{}
}

// flushWithin bounds one flush.
const flushWithin = 5 * time.Second

func newRecorder(pool *pgxpool.Pool, log *slog.Logger) *recorder {
	return &recorder{pool: pool, log: log, flushing: make(chan struct{}, 1)}
}

// maxLines bounds what is kept in memory while the database is away; the oldest are dropped first, and counted.
const maxLines = 10_000

type line struct {
	jobID   int64
	attempt int
	at      time.Time
	level   string
	message string
	attrs   []byte
}

// stepRecord is a step with what the job need not know of it.
type stepRecord struct {
	jobID   int64
	attempt int
	number  int
	step    *run.Step
	started time.Time

	mu       sync.Mutex
	finished *time.Time
	failed   bool
	written  stepRow // as last written
}

type stepRow struct {
	state             string
	done, total       int64
	rowsIn, rowsOut   int64
	finishedAt        time.Time
	everWritten, last bool
}

func (s *stepRecord) finish(at time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished, s.failed = &at, err != nil
}

// row is what the step looks like now.
func (s *stepRecord) row() stepRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, out := s.step.Rows()
	row := stepRow{state: "running", done: s.step.Done(), total: s.step.Total(), rowsIn: in, rowsOut: out, everWritten: true}
	if s.finished != nil {
		row.finishedAt, row.last, row.state = *s.finished, true, "done"
		if s.failed {
			row.state = "failed"
		}
	}
	return row
}

func (r *recorder) watch(s *stepRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, s)
}

func (r *recorder) add(l line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) >= maxLines {
		r.lines = slices.Delete(r.lines, 0, maxLines/10)
		r.log.Warn("log lines of jobs dropped: the database has been away too long", "lines", maxLines/10)
	}
	r.lines = append(r.lines, l)
}

// run flushes each second until ctx ends, and once more after that.
func (r *recorder) run(ctx context.Context) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			r.flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			r.flush(last)
			cancel()
			return
		}
	}
}

// flush writes what is new, within flushWithin. What cannot be written is kept for the next time.
func (r *recorder) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	select {
	case r.flushing <- struct{}{}:
		defer func() { <-r.flushing }()
	case <-ctx.Done():
		return
	}
	r.mu.Lock()
	lines, steps := r.lines, slices.Clone(r.steps)
	r.lines = nil
	r.mu.Unlock()
	if left, err := r.writeLines(ctx, lines); err != nil {
		r.log.Warn("log lines of jobs not written; trying again", "error", err)
		r.mu.Lock()
		r.lines = append(left, r.lines...)
		r.mu.Unlock()
	}
	if err := r.writeSteps(ctx, steps); err != nil {
		r.log.Warn("progress of jobs not written; trying again", "error", err)
	}
	r.forgetFinished()
}

// writeLines writes lines and returns those that it could not write. A line that the database refuses is dropped, and
// the others are written: it looks for that line by halves.
func (r *recorder) writeLines(ctx context.Context, lines []line) (left []line, err error) {
	if len(lines) == 0 {
		return nil, nil
	}
	_, err = r.pool.CopyFrom(ctx, pgx.Identifier{"queue", "logs"},
		[]string{"job_id", "attempt", "at", "level", "message", "attrs"},
		pgx.CopyFromSlice(len(lines), func(i int) ([]any, error) {
			l := lines[i]
			return []any{l.jobID, l.attempt, l.at, l.level, l.message, json.RawMessage(l.attrs)}, nil
		}))
	switch {
	case err == nil:
		return nil, nil
	case !refusedData(err):
		return lines, err
	case len(lines) == 1:
		r.log.Warn("a log line of a job was dropped: the database refuses it", "job", lines[0].jobID, "error", err)
		return nil, nil
	}
	half := len(lines) / 2
	left, err = r.writeLines(ctx, lines[:half])
	rest, restErr := r.writeLines(ctx, lines[half:])
	return append(left, rest...), errors.Join(err, restErr)
}

// refusedData says whether the database refuses what a row holds.
func refusedData(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(refused.Code, "22") || strings.HasPrefix(refused.Code, "23"))
}

const upsertStep = `
	INSERT INTO queue.steps (job_id, attempt, number, name, unit, started_at, state, done, total, rows_in, rows_out, finished_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, clock_timestamp())
	ON CONFLICT (job_id, attempt, number) DO UPDATE
	SET state = excluded.state, unit = excluded.unit, done = excluded.done, total = excluded.total, rows_in = excluded.rows_in,
	    rows_out = excluded.rows_out, finished_at = excluded.finished_at, updated_at = excluded.updated_at`

func (r *recorder) writeSteps(ctx context.Context, steps []*stepRecord) error {
	var arguments [][]any
	written := map[*stepRecord]stepRow{}
	for _, s := range steps {
		row := s.row()
		if row == s.written {
			continue
		}
		var finished *time.Time
		if row.last {
			finished = &row.finishedAt
		}
		arguments = append(arguments, []any{s.jobID, s.attempt, s.number, s.step.Name, clean.Text(s.step.Unit, clean.MaxName), s.started,
			row.state, row.done, row.total, row.rowsIn, row.rowsOut, finished})
		written[s] = row
	}
	if err := r.upsertSteps(ctx, arguments); err != nil {
		return err
	}
	for s, row := range written {
		s.written = row
	}
	return nil
}

// upsertSteps writes steps in one round trip. Where the database refuses one for what it holds, each is written by itself,
// and those that are refused are dropped.
func (r *recorder) upsertSteps(ctx context.Context, arguments [][]any) error {
	batch := &pgx.Batch{}
	for _, a := range arguments {
		batch.Queue(upsertStep, a...)
	}
	if batch.Len() == 0 {
		return nil
	}
	err := r.pool.SendBatch(ctx, batch).Close()
	if err == nil || !refusedData(err) {
		return err
	}
	if len(arguments) == 1 {
		r.log.Warn("the progress of a step was dropped: the database refuses it", "job", arguments[0][0], "error", err)
		return nil
	}
	for i := range arguments {
		if err := r.upsertSteps(ctx, arguments[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) forgetFinished() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = slices.DeleteFunc(r.steps, func(s *stepRecord) bool { return s.written.last })
}
