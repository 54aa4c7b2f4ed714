package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/jobs/probe"
	"cpd-jobs/queue"
)

var discard = slog.New(slog.DiscardHandler)

// lab is a database with workers on it.
type lab struct {
	t         *testing.T
	dir       string // what the processes write
	url       string
	source    string // the CPD service's database, "" for none
	schedules string // the schedules file
	program   string // the binary that workers started from now on run; newLab's is built of these sources
	db        *pgxpool.Pool
	client    *queue.Client

	mu      sync.Mutex
	workers []*worker
}

// newLab is a lab on a database of the server that all tests share: it must not be stopped.
func newLab(t *testing.T) *lab {
	t.Helper()
	return labAt(t, pgtest.URL(t))
}

// labAt is a lab on a migrated database.
func labAt(t *testing.T, url string) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir(), url: url, program: needProgram(t)}
	l.schedule("schedules: []\n")
	db, err := pg.Open(t.Context(), url, pg.PoolOptions{App: "chaos", MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	l.db = db
	if l.client, err = queue.NewClient(db, probe.Kinds(probe.Deps{}), discard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.logs)
	return l
}

// schedule writes the file that workers started from now on read.
func (l *lab) schedule(text string) {
	l.t.Helper()
	l.schedules = filepath.Join(l.dir, "schedules.yml")
	if err := os.WriteFile(l.schedules, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// probe inserts a job that sleeps, then writes rows.
func (l *lab) probe(sleep time.Duration, rows int) queue.Ticket {
	l.t.Helper()
	args, err := json.Marshal(map[string]any{"sleep": sleep.String(), "rows": rows})
	if err != nil {
		l.t.Fatal(err)
	}
	ticket, err := l.client.Enqueue(l.t.Context(), queue.Request{Kind: "probe", Args: args, By: "chaos"})
	if err != nil {
		l.t.Fatal(err)
	}
	return ticket
}

// enqueue inserts a job with arguments as JSON.
func (l *lab) enqueue(kind, args string) int64 {
	l.t.Helper()
	ticket, err := l.client.Enqueue(l.t.Context(), queue.Request{Kind: kind, Args: json.RawMessage(args), By: "chaos"})
	if err != nil {
		l.t.Fatal(err)
	}
	return ticket.ID
}

// job is the job as it is now: not its successor.
func (l *lab) job(id int64) queue.Job {
	l.t.Helper()
	jobs, err := queue.ListJobs(l.t.Context(), l.db, queue.JobFilter{Before: id + 1, Limit: 1, All: true})
	if err != nil || len(jobs) == 0 || jobs[0].ID != id {
		l.t.Fatalf("find job %d: %v, %v", id, jobs, err)
	}
	return jobs[0]
}

// follow waits for the end of a job, through takeovers.
func (l *lab) follow(id int64, within time.Duration) queue.Job {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), within)
	defer cancel()
	job, err := queue.Follow(ctx, l.db, id, silent{})
	if err != nil {
		l.t.Fatalf("follow job %d for %s: %v; it is %s, attempt %d, errors %+v", id, within, err, job.State, job.Attempt, job.Errors)
	}
	return job
}

// completed waits for the end of a job, which must be a good one.
func (l *lab) completed(id int64, within time.Duration) queue.Job {
	l.t.Helper()
	job := l.follow(id, within)
	if job.State != "completed" {
		l.t.Fatalf("job %d is %s, want completed; errors: %+v", job.ID, job.State, job.Errors)
	}
	return job
}

type silent struct{}

func (silent) State(queue.Job)                {}
func (silent) Progress(queue.Job, queue.Step) {}
func (silent) Line(queue.LogLine)             {}

// runner is the worker that runs the job now, nil if none does.
func (l *lab) runner(id int64) *worker {
	ids, err := query[string](l, `
		SELECT attempted_by[array_upper(attempted_by, 1)] FROM river.river_job WHERE id = $1 AND state = 'running'`, id)
	if err != nil || len(ids) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.workers {
		if w.alive() && w.id() == ids[0] {
			return w
		}
	}
	return nil
}

// running waits until the job runs, and says on which worker.
func (l *lab) running(id int64) (w *worker) {
	l.t.Helper()
	l.eventually(15*time.Second, fmt.Sprintf("job %d runs", id), func() bool {
		w = l.runner(id)
		return w != nil
	})
	return w
}

// age makes the heartbeat of a dead worker old, for tests that are not about how long it takes to find out.
func (l *lab) age(workerID string) {
	l.t.Helper()
	l.exec("UPDATE queue.workers SET heartbeat_at = heartbeat_at - interval '1 minute' WHERE id = $1", workerID)
}

func (l *lab) exec(sql string, args ...any) {
	l.t.Helper()
	if _, err := l.db.Exec(l.t.Context(), sql, args...); err != nil {
		l.t.Fatalf("%s: %v", sql, err)
	}
}

// one asks for one value. Just after a server's start some of our connections lead to the one before.
func one[T any](l *lab, sql string, args ...any) T {
	l.t.Helper()
	var list []T
	var err error
	l.eventually(10*time.Second, "the database answers", func() bool {
		list, err = query[T](l, sql, args...)
		return err == nil || sqlError(err)
	})
	if err != nil || len(list) != 1 {
		l.t.Fatalf("%s: got %v (%v), want one row", sql, list, err)
	}
	return list[0]
}

// sqlError says that the server itself found something wrong with a statement.
func sqlError(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && !strings.HasPrefix(answer.Code, "57P")
}

// query asks for one column. The database may be away: the caller decides what an error means.
func query[T any](l *lab, sql string, args ...any) ([]T, error) {
	ctx, cancel := context.WithTimeout(l.t.Context(), 10*time.Second)
	defer cancel()
	rows, _ := l.db.Query(ctx, sql, args...)
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

// busy is how much longer things may take where other tests have the machine: what is promised in seconds is a figure.
const busy = 4

// eventually asks until the answer is yes. Within is what a machine with nothing else to do would need at most.
func (l *lab) eventually(within time.Duration, what string, ask func() bool) {
	l.t.Helper()
	deadline := time.Now().Add(busy * within)
	for !ask() {
		if time.Now().After(deadline) {
			l.t.Fatalf("not within %s: %s", busy*within, what)
		}
		pause(l.t.Context(), 50*time.Millisecond)
	}
}

// pause waits between two looks, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// effects is how many rows the probes of a run wrote.
func (l *lab) effects(runID int64) int64 {
	l.t.Helper()
	return one[int64](l, "SELECT count(*) FROM queue.probes WHERE run_id = $1 AND row > 0", runID)
}
