package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/trace"
	"cpd-jobs/jobs"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/jobs/refresh"
	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
	"cpd-jobs/reports"
	"cpd-jobs/reports/inputs"
	"cpd-jobs/reports/store"
)

// mortalVariable, in the environment, makes this program a worker that is killed in the middle of publishing.
const mortalVariable = "CPD_JOBS_CHAOS_MORTAL"

// mortal says how such a worker works and dies.
type mortal struct {
	ID, URL, Source, Dir string
	// Step is after which statement it dies, counted from the fence of the transaction that publishes; 0: after the first
	// commit.
	Step int64
}

func (m mortal) kinds(db *pgxpool.Pool) ([]run.Kind, error) {
	files, err := store.Folder(filepath.Join(m.Dir, "exports"))
	return jobs.All(jobs.Deps{DB: db, SourceURL: m.Source, Store: files, Version: "test", Now: clock.System}), err
}

// queues of a worker that dies: what follows is left to another.
var mortalQueues = map[string]int{"syncs": 1, "reports": 1, "exports": 1}

// beMortal works until a job has ended, or the process has.
func beMortal(text string) error {
	var m mortal
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(m.URL)
	if err != nil {
		return err
	}
	config.ConnConfig.RuntimeParams["application_name"] = queue.SessionName(m.ID)
	config.ConnConfig.Tracer = &reaper{step: m.Step}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer db.Close()
	kinds, err := m.kinds(db)
	if err != nil {
		return err
	}
	w, err := queue.NewWorker(db, queue.WorkerOptions{
		ID: m.ID, Host: "test", Version: "test", Queues: mortalQueues, Kinds: kinds, Log: discard, Now: clock.System,
		Observe: func(queue.Ended) { cancel() },
	})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// reaper kills this process after a statement of a job's.
type reaper struct {
	step   int64
	fenced atomic.Bool
	seen   atomic.Int64
}

type statementKey struct{}

func (r *reaper) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, statementKey{}, d.SQL)
}

func (r *reaper) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	sql, _ := ctx.Value(statementKey{}).(string)
	r.after(ctx, sql)
}

func (r *reaper) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	return ctx
}

func (r *reaper) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromEndData) {
	r.after(ctx, "copy")
}

func (r *reaper) after(ctx context.Context, sql string) {
	if !trace.From(ctx).Valid() && !strings.Contains(sql, "JobSetStateIfRunningMany") {
		return // the worker's own
	}
	if strings.Contains(sql, "river.river_job") && strings.Contains(sql, "FOR NO KEY UPDATE") {
		r.fenced.Store(true)
	}
	if !r.fenced.Load() {
		return
	}
	if n := r.seen.Add(1); n == r.step || r.step == 0 && sql == "commit" {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
			select {}
		}
	}
}

// publishing is a kind of job that publishes, and how to give it something to publish.
type publishing struct {
	kind   string
	change func(t *testing.T, m mortal, db *pgxpool.Pool, round int) (args string)
}

var publishings = []publishing{
	{"cpd_sync", func(t *testing.T, m mortal, _ *pgxpool.Pool, round int) string {
		must(t, pgtest.Connect(t, m.Source), fmt.Sprintf("UPDATE schools SET name = 'School %d'", round))
		return "{}"
	}},
	{"gias_sync", func(t *testing.T, m mortal, _ *pgxpool.Pool, round int) string {
		return writeInput(t, m, "edubasealldata20260101.csv", fmt.Sprintf("URN,LA (code),LA (name),EstablishmentName,TypeOfEstablishment (code),"+
			"TypeOfEstablishment (name),EstablishmentStatus (code),EstablishmentStatus (name)\n100000,201,City of London,School %d,02,Voluntary aided school,1,Open\n", round), 0)
	}},
	{"uplift_sync", func(t *testing.T, m mortal, _ *pgxpool.Pool, round int) string {
		text := "URN,Pupil Premium Incentive,Sparsity Incentive\n"
		for urn := range round {
			text += fmt.Sprintf("%d,1,0\n", 100000+urn)
		}
		return writeInput(t, m, "uplift.csv", text, 2023)
	}},
	{"report_refresh", func(t *testing.T, m mortal, db *pgxpool.Pool, round int) string {
		if round == 1 {
			syncOnce(t, m, db)
		}
		must(t, db, fmt.Sprintf("UPDATE cpd.schools SET urn = '%d' WHERE id = (SELECT id FROM cpd.schools ORDER BY id LIMIT 1)", 200000+round))
		err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
			if err := inputs.Claim(t.Context(), tx, inputs.CPD); err != nil {
				return err
			}
			_, err := inputs.Publish(t.Context(), tx, inputs.Version{Input: inputs.CPD, AsAt: clock.System()})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return `{"report": "schools"}`
	}},
	{"report_export", func(t *testing.T, m mortal, db *pgxpool.Pool, round int) string {
		if round == 1 {
			syncOnce(t, m, db)
			if _, err := refresh.Kinds(refresh.Deps{DB: db})[0].Work(t.Context(), &run.Local{}, json.RawMessage(`{"report": "schools"}`)); err != nil {
				t.Fatal(err)
			}
		}
		return fmt.Sprintf(`{"report": "schools", "formats": ["csv", "xlsx"], "search": "word%d"}`, round)
	}},
}

func writeInput(t *testing.T, m mortal, name, text string, year int) (args string) {
	t.Helper()
	path := filepath.Join(m.Dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	given := map[string]any{"source": path}
	if year != 0 {
		given["year"] = year
	}
	raw, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func syncOnce(t *testing.T, m mortal, db *pgxpool.Pool) {
	t.Helper()
	if _, err := cpd.Sync(t.Context(), &run.Local{}, cpd.Deps{DB: db, SourceURL: m.Source}, cpd.Args{}); err != nil {
		t.Fatal(err)
	}
}

// TestChaosKilledWhilePublishing kills the worker of each kind that publishes: after the commit, and in full length after
// each statement from the fence to the job's end. Another worker finishes; each follow-up is made exactly once.
func TestChaosKilledWhilePublishing(t *testing.T) {
	t.Parallel()
	for _, p := range publishings {
		t.Run(p.kind, func(t *testing.T) {
			t.Parallel()
			p.die(t)
		})
	}
}

func (p publishing) die(t *testing.T) {
	m := mortal{URL: pgtest.URL(t), Source: pgtest.NewEmpty(t), Dir: t.TempDir()}
	db := pgtest.Connect(t, m.URL)
	fillSource(t, pgtest.Connect(t, m.Source))
	if err := reports.EnsureTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	kinds, err := m.kinds(db)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("schedules:\n- {name: on-change, kind: probe, after: {kind: %[1]s, when: changed}}\n", p.kind)
	if strings.HasSuffix(p.kind, "_sync") { // a follow-up of every end makes the end a transaction of its own
		text += fmt.Sprintf("- {name: on-end, kind: probe, after: {kind: %s}}\n", p.kind)
	}
	file, _, err := schedule.Parse([]byte(text), queue.KindFinder(kinds), clock.System())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := queue.ApplySchedules(t.Context(), db, file, []byte(text), "test"); err != nil {
		t.Fatal(err)
	}
	for round := 1; ; round++ {
		if full {
			m.Step = int64(round)
		}
		args := p.change(t, m, db, round)
		if killed := p.dieOnce(t, m, db, args, strings.Count(text, "name:")); !killed || !full {
			if killed == full {
				t.Errorf("killed: %v after %d rounds", killed, round)
			}
			t.Logf("killed after each of %d statements", round-1)
			return
		}
	}
}

// dieOnce has a worker die under a job and another finish it, and looks at what followed.
func (p publishing) dieOnce(t *testing.T, m mortal, db *pgxpool.Pool, args string, followers int) (killed bool) {
	kinds, err := m.kinds(db)
	if err != nil {
		t.Fatal(err)
	}
	client, err := queue.NewClient(db, kinds, discard)
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := client.Enqueue(t.Context(), queue.Request{Kind: p.kind, Args: json.RawMessage(args), By: "chaos"})
	if err != nil {
		t.Fatal(err)
	}
	killed = m.work(t)
	if _, err := db.Exec(t.Context(), "UPDATE queue.workers SET heartbeat_at = heartbeat_at - interval '1 minute' WHERE stopped_at IS NULL"); err != nil {
		t.Fatal(err)
	}
	heal(t, m, ticket.ID)
	rows, _ := db.Query(t.Context(), `
		SELECT metadata ->> 'schedule' FROM queue.jobs
		WHERE run_id = $1 AND metadata ? 'schedule' AND NOT metadata ? 'previous' ORDER BY 1`, ticket.RunID)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if want := strings.Join([]string{"on-change", "on-end"}[:followers], " "); err != nil || strings.Join(got, " ") != want {
		t.Errorf("a worker died after statement %d of publishing: follow-ups are %q (%v), want %s, each once", m.Step, got, err, want)
	}
	return killed
}

// work has a mortal work, and says whether it was killed.
func (m mortal) work(t *testing.T) (killed bool) {
	t.Helper()
	m.ID = queue.NewWorkerID("mortal")
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), mortalVariable+"="+string(text))
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == -1 {
		return true
	}
	if err != nil {
		t.Fatalf("the worker: %v: %s", err, out)
	}
	return false
}

// heal runs a worker until the job has ended well.
func heal(t *testing.T, m mortal, id int64) {
	t.Helper()
	worker := queue.NewWorkerID("healer")
	db, err := pg.Open(t.Context(), m.URL, pg.PoolOptions{App: queue.SessionName(worker)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	kinds, err := m.kinds(db)
	if err != nil {
		t.Fatal(err)
	}
	w, err := queue.NewWorker(db, queue.WorkerOptions{
		ID: worker, Host: "test", Version: "test", Queues: mortalQueues, Kinds: kinds, Log: discard, Now: clock.System,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	job, err := queue.Follow(t.Context(), db, id, silent{})
	cancel()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) { // the job had ended before
		t.Error(err)
	}
	if err != nil || job.State != "completed" {
		t.Fatalf("job %d is %s (%v): %+v", job.ID, job.State, err, job.Errors)
	}
}
