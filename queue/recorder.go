package queue

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

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

	flushing sync.Mutex
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

// flush writes what is new. What cannot be written is kept for the next time.
func (r *recorder) flush(ctx context.Context) {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.mu.Lock()
	lines, steps := r.lines, slices.Clone(r.steps)
	r.lines = nil
	r.mu.Unlock()
	if err := r.writeLines(ctx, lines); err != nil {
		r.log.Warn("log lines of jobs not written; trying again", "error", err)
		r.mu.Lock()
		r.lines = append(lines, r.lines...)
		r.mu.Unlock()
	}
	if err := r.writeSteps(ctx, steps); err != nil {
		r.log.Warn("progress of jobs not written; trying again", "error", err)
	}
	r.forgetFinished()
}

func (r *recorder) writeLines(ctx context.Context, lines []line) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := r.pool.CopyFrom(ctx, pgx.Identifier{"queue", "logs"},
		[]string{"job_id", "attempt", "at", "level", "message", "attrs"},
		pgx.CopyFromSlice(len(lines), func(i int) ([]any, error) {
			l := lines[i]
			return []any{l.jobID, l.attempt, l.at, l.level, l.message, json.RawMessage(l.attrs)}, nil
		}))
	return err
}

const upsertStep = `
	INSERT INTO queue.steps (job_id, attempt, number, name, unit, started_at, state, done, total, rows_in, rows_out, finished_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, clock_timestamp())
	ON CONFLICT (job_id, attempt, number) DO UPDATE
	SET state = excluded.state, unit = excluded.unit, done = excluded.done, total = excluded.total, rows_in = excluded.rows_in,
	    rows_out = excluded.rows_out, finished_at = excluded.finished_at, updated_at = excluded.updated_at`

func (r *recorder) writeSteps(ctx context.Context, steps []*stepRecord) error {
	batch := &pgx.Batch{}
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
		batch.Queue(upsertStep, s.jobID, s.attempt, s.number, s.step.Name, s.step.Unit, s.started,
			row.state, row.done, row.total, row.rowsIn, row.rowsOut, finished)
		written[s] = row
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := r.pool.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	for s, row := range written {
		s.written = row
	}
	return nil
}

func (r *recorder) forgetFinished() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = slices.DeleteFunc(r.steps, func(s *stepRecord) bool { return s.written.last })
}
