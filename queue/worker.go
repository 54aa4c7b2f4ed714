package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/queue/riverdb"
)

// ErrWorkerStalled says that this worker could reach the database and yet its poll made no progress for a minute: the
// process should end, so that the platform starts it again.
var ErrWorkerStalled = errors.New("this worker's poll makes no progress although the database answers")

// ErrWorkerLost says that other workers found this one dead and took its jobs over: start again under a new id.
var ErrWorkerLost = errors.New("this worker was taken for dead and its jobs were taken over")

// softStop is how long jobs may go on after SIGTERM before they are interrupted: Cloud Foundry kills after ten seconds.
const softStop = 6 * time.Second

// stopWithin is how long all of it may take. River would try for half a minute to tell a database that is away how jobs
// ended; they are taken over instead.
const stopWithin = softStop + 2500*time.Millisecond

// fetchPoll is how often a queue is looked into although nobody notified: the safety net under LISTEN. Through a pooler
// nobody can be notified, and polling is all there is.
const (
	fetchPoll       = 30 * time.Second
	fetchPollPooled = time.Second
)

// WorkerOptions says how a worker works.
type WorkerOptions struct {
	// ID is this process's, from [NewWorkerID]; the pool's sessions must carry [SessionName] of it.
	ID      string
	Host    string
	PID     int
	Version string
	// Queues limits how many jobs of each queue run at once here.
	Queues map[string]int
	Kinds  []run.Kind
	// Observe is told of every attempt that ended; nil means nobody is.
	Observe func(Ended)
	// ObserveCost is told what every attempt that ended cost; nil means nobody is.
	ObserveCost func(kind string, spent cost.Cost)
	// ObserveTakeover is told of the kind of every job that this worker took over; nil means nobody is.
	ObserveTakeover func(kind string)
	// ObserveTick is told of every tick that this worker wrote into the ledger; nil means nobody is.
	ObserveTick func(TickWritten)
	Log         *slog.Logger
	Now         clock.Now
}

// queueSlots are the queues and how many jobs of each run at once on one worker.
var queueSlots = map[string]int{"syncs": 2, "reports": 2, "exports": 2, "default": 10}

// QueuesWith are the queues and how many jobs of each run at once on one worker, with changes; the error, of class
// Invalid, names a queue that there is not.
func QueuesWith(changes map[string]int) (map[string]int, error) {
	queues := maps.Clone(queueSlots)
	for name, slots := range changes {
		if _, known := queues[name]; !known {
			return nil, run.Invalid("the queues are syncs, reports, exports and default", "no queue is called %q", name)
		}
		if slots < 1 || slots > river.QueueNumWorkersMax {
			return nil, run.Invalid("give a number from 1 to 10000", "%d slots for queue %s", slots, name)
		}
		queues[name] = slots
	}
	return queues, nil
}

// Worker works jobs, and looks after those of workers that died.
type Worker struct {
	WorkerOptions
	id       string
	pool     *pgxpool.Pool // for what is not a job's own: every answer on it has a deadline
	within   time.Duration // see answerWithin
	silence  *pg.Silence   // of the jobs' own connections
	client   *Client
	river    *river.Client[pgx.Tx]
	recorder *recorder
	// processor divides this process's processor time among the attempts that run.
	processor  *cost.Processor
	active     *activeJobs
	ward       ward
	log        *slog.Logger
	now        clock.Now
	random     func() float64
	heartbeats heartbeats
	polled     progress      // of the poll and the ledger
	trouble    chan struct{} // wakes the takeover loop
	wake       chan struct{} // wakes the poll loop
	clock      databaseClock
	suspects   []int64 // rows that the last look found to run nowhere; the takeover loop's own
	// followed is as of generation followedOf of the schedules file.
	followed   atomic.Pointer[followed]
	followedOf atomic.Int64
	heldSaid   time.Time
}

// Each statement that is not a job's own has its answer within answerWithin, or its connection is given up for another:
// a connection that has gone silent must not stop the poll, the ledger, takeovers, logs or the ends of jobs. Too short
// and a busy server's answers are lost; too long and work waits where another connection would do.
const (
	answerWithin      = 10 * time.Second
	upkeepConnections = 8
)

// NewWorker prepares a worker on pool; [Worker.Run] starts it. What is not a job's own has a pool beside it, with the
// same settings, so that jobs that use all connections keep no heartbeat waiting.
func NewWorker(jobs *pgxpool.Pool, o WorkerOptions) (*Worker, error) {
	return newWorker(jobs, o, answerWithin)
}

func newWorker(jobs *pgxpool.Pool, o WorkerOptions, within time.Duration) (*Worker, error) {
	pool, err := pg.Bounded(context.Background(), jobs, upkeepConnections, within)
	if err != nil {
		return nil, err
	}
	client, err := NewClient(jobs, o.Kinds, o.Log)
	if err != nil {
		return nil, err
	}
	w := &Worker{
		WorkerOptions: o, id: o.ID, pool: pool, client: client, log: o.Log, now: o.Now, random: rand.Float64,
		active: newActiveJobs(), recorder: newRecorder(pool, o.Log), within: within, silence: pg.WatchSilence(jobs, pool, within),
		processor: &cost.Processor{Used: cost.Used, Now: o.Now}, trouble: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
	w.clock.local = o.Now
	w.followed.Store(&followed{})
	workers := river.NewWorkers()
	for _, k := range o.Kinds {
		river.AddWorkerArgs(workers, payload{kind: k.Name}, &kindWorker{kind: k, worker: w})
	}
	queues := map[string]river.QueueConfig{}
	for name, limit := range o.Queues {
		queues[name] = river.QueueConfig{MaxWorkers: limit}
	}
	poll := fetchPoll
	pooled := pg.Pooled(pool)
	if pooled {
		poll = fetchPollPooled
		o.Log.Warn("the database is behind a pooler that lends connections for a transaction each: jobs are found by polling")
	}
	w.river, err = river.NewClient(riverdb.NewDriver(pool, jobs, o.Queues, w.ward.closed, o.Log), &river.Config{
		ID:      o.ID,
		Schema:  riverdb.Schema,
		Logger:  warnings(o.Log),
		Workers: workers,
		Queues:  queues,
		// A newer version's jobs wait for a newer worker instead of failing on this one.
		FetchOnlyKnownKinds: true,
		FetchCooldown:       20 * time.Millisecond,
		FetchPollInterval:   poll,
		PollOnly:            pooled,
		SoftStopTimeout:     softStop,
		// What River's leader does, each worker here does for itself, so that no leader can be missing.
		LeaderElectionDisabled: true,
		// River's name for it: the time of retries and of ends is the database's, whatever this machine's clock says.
		Test: river.TestConfig{Time: &w.clock},
	})
	if err != nil {
		return nil, fmt.Errorf("make a River client: %w", err)
	}
	return w, nil
}

// Generation of the schedules file that this worker follows.
func (w *Worker) Generation() int64 { return w.followedOf.Load() }

// Client inserts jobs as this worker does.
func (w *Worker) Client() *Client { return w.client }

// Run works until ctx ends, then finishes or hands back what is running, and returns. It returns ErrWorkerLost when
// the worker was taken for dead meanwhile.
func (w *Worker) Run(ctx context.Context) error {
	defer w.pool.Close()
	if err := w.register(ctx); err != nil {
		return err
	}
	if err := w.loadFollowed(ctx); err != nil {
		return err
	}
	events, unsubscribe := w.subscribe()
	defer unsubscribe()
	// River stops first, what looks after its jobs last.
	upkeep, stopUpkeep := context.WithCancel(context.WithoutCancel(ctx))
	defer stopUpkeep()
	work, stopWork := context.WithCancelCause(ctx)
	defer stopWork(nil)
	if err := w.river.Start(work); err != nil {
		return run.Unreachable("check DATABASE_URL and that migrations are applied (cpd-jobs migrate up)", "start working: %w", err)
	}
	var loops sync.WaitGroup
	for _, loop := range []func(context.Context){w.recorder.run, w.pollLoop, w.takeoverLoop, w.silenceLoop, w.archiveLoop} {
		loops.Go(func() { loop(upkeep) })
	}
	loops.Go(func() { w.observe(upkeep, events) })
	loops.Go(func() {
		if err := w.heartbeatLoop(upkeep); err != nil {
			stopWork(err)
		}
	})
	<-work.Done()
	cause := context.Cause(work)
	w.stopRiver(cause)
	stopUpkeep()
	loops.Wait()
	if errors.Is(cause, ErrWorkerLost) || errors.Is(cause, ErrWorkerStalled) {
		return cause
	}
	w.unregister(ctx)
	return nil
}

// stopRiver waits for River: it was told to stop by the end of its context. A worker that is lost or stalled must not
// finish anything, so its jobs are cancelled at once.
func (w *Worker) stopRiver(cause error) {
	if errors.Is(cause, ErrWorkerLost) || errors.Is(cause, ErrWorkerStalled) {
		ctx, cancel := context.WithTimeout(context.Background(), softStop)
		defer cancel()
		if err := w.river.StopAndCancel(ctx); err != nil {
			w.log.Warn("jobs of a lost worker do not stop", "error", err)
		}
		return
	}
	select {
	case <-w.river.Stopped():
	case <-time.After(stopWithin):
		w.log.Warn("jobs do not stop, or the database does not hear that they did; others take them over")
	}
}
