package queue

import (
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

// blackHole is a proxy before a database. From swallow on it acknowledges what comes over the connections that are open
// and passes nothing on; new connections work.
type blackHole struct {
	address string
	mu      sync.Mutex
	open    []*swallowed
}

type swallowed struct {
	mu   sync.Mutex
	gone bool
}

func (s *swallowed) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

func newBlackHole(t *testing.T, network, server string) *blackHole {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	b := &blackHole{address: l.Addr().String()}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial(network, server)
			if err != nil {
				_ = client.Close()
				continue
			}
			s := &swallowed{}
			b.mu.Lock()
			b.open = append(b.open, s)
			b.mu.Unlock()
			go s.pass(behind, client)
			go s.pass(client, behind)
		}
	}()
	return b
}

// pass copies until one side ends, or reads on and copies nothing.
func (s *swallowed) pass(to, from net.Conn) {
	defer func() { _ = from.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			if err == io.EOF && !s.isGone() {
				_ = to.Close()
			}
			return
		}
		if s.isGone() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (b *blackHole) swallow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.open {
		s.mu.Lock()
		s.gone = true
		s.mu.Unlock()
	}
}

// A connection that goes silent without a word once kept a worker from writing ticks and ending jobs for 16 minutes, while
// its heartbeat stayed fresh.
func TestWorkGoesOnPastSilentConnections(t *testing.T) {
	t.Parallel()
	if os.Getenv("CPD_JOBS_LONG") == "" {
		t.Skip("make long runs it: in one run of the whole suite no tick had its job done after the swallow, which is open")
	}
	target := pgtest.URL(t)
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	network, server := "tcp", u.Host
	if dir := u.Query().Get("host"); dir != "" {
		port := u.Query().Get("port")
		if port == "" {
			port = "5432"
		}
		network, server = "unix", dir+"/.s.PGSQL."+port
		query := u.Query()
		query.Del("host")
		query.Del("port")
		u.RawQuery = query.Encode()
	}
	hole := newBlackHole(t, network, server)
	u.Host = hole.address
	release, started := make(chan struct{}), make(chan struct{})
	w := idleOn(t, pgtest.Connect(t, u.String()),
		kindThat("slow", func(ctx context.Context, _ run.Run) (run.Outcome, error) {
			close(started)
			<-release
			return run.Outcome{}, nil
		}), kindOf("tick", false))
	w.exec("DELETE FROM queue.workers") // Run registers it
	direct := pgtest.Connect(t, target)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	w.follows(`schedules: [{name: each-second, kind: tick, cron: "* * * * * *", seconds: true, timezone: UTC}]`)
	slow := w.enqueue(Request{Kind: "slow"})
	go func() { ended <- w.Run(ctx) }()
	<-started
	hole.swallow()
	swallowed := time.Now()
	close(release)
	until := func(what, sql string, args ...any) {
		t.Helper()
		for {
			var done bool
			if err := direct.QueryRow(t.Context(), sql, args...).Scan(&done); err != nil {
				t.Fatal(err)
			}
			if done {
				t.Logf("%s after %s", what, time.Since(swallowed).Round(time.Second))
				return
			}
			select {
			case <-time.After(50 * time.Millisecond):
			case err := <-ended:
				t.Fatalf("the worker ended: %v\n%s", err, w.log)
			case <-t.Context().Done():
				t.Fatalf("%s never\n%s", what, w.log)
			}
		}
	}
	until("a new tick has its job done", `SELECT EXISTS (SELECT FROM queue.jobs AS j JOIN queue.ticks AS t ON t.job_id = j.id
		WHERE j.state = 'completed' AND j.attempted_at > $1)`, swallowed.Add(time.Second))
	until("the job has ended", "SELECT EXISTS (SELECT FROM queue.jobs WHERE id = $1 AND state = 'completed')", slow.ID)
	var twice int
	if err := direct.QueryRow(t.Context(), `
		SELECT count(*) FROM (SELECT FROM queue.jobs WHERE metadata ? 'tick' GROUP BY metadata ->> 'tick' HAVING count(*) > 1) AS t`).Scan(&twice); err != nil || twice > 0 {
		t.Errorf("%d ticks have two jobs (%v)", twice, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the worker ended with %v", err)
	}
}

// A worker whose poll stands still stops beating, and gives up where the database answers it all the same.
func TestStalledWorkerStopsBeating(t *testing.T) {
	t.Parallel()
	const limit = int(stalledAfter / beatEvery)
	var s stallWatch
	s.look(1)
	for range limit {
		if s.look(1) {
			t.Fatal("it is stalled before its time")
		}
	}
	for range 100 {
		if !s.look(1) || s.giveUp(false) {
			t.Fatal("it beats without progress, or gives up while the database is away for all")
		}
	}
	for i := range limit {
		s.look(1)
		if got, want := s.giveUp(true), i == limit-1; got != want {
			t.Fatalf("after %d answers it gives up: %v", i+1, got)
		}
	}
	if s.look(2) || s.still != 0 || s.awake != 0 {
		t.Error("progress does not begin the count anew")
	}
}

func TestWorkerAsksWhetherTheDatabaseAnswers(t *testing.T) {
	t.Parallel()
	w := idle(t)
	if err := w.ping(t.Context()); err != nil {
		t.Error(err)
	}
	before := w.polled.count()
	if _, err := w.poll(t.Context()); err != nil || w.polled.count() != before+1 {
		t.Errorf("a poll is no progress (%v)", err)
	}
}

// The end of a job waits a moment for its last log lines, and no longer.
func TestEndOfAJobDoesNotWaitForAFlush(t *testing.T) {
	t.Parallel()
	w := idle(t)
	w.recorder.flushing <- struct{}{} // another flush waits for an answer that never comes
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	w.recorder.add(line{jobID: 1, attempt: 1, at: time.Now(), level: "info", message: "kept", attrs: []byte("{}")})
	w.recorder.flush(ctx)
	<-w.recorder.flushing
	w.recorder.flush(t.Context())
	if lines := w.logOf(1); len(lines) != 1 {
		t.Errorf("lines are %+v", lines)
	}
}
