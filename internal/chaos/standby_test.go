package chaos

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/queue"
)

// standby starts a streaming replica of the server, which waits for no reader when it replays.
func (s *server) standby() *server {
	s.t.Helper()
	url := s.share.URL("postgres")
	folder := ask[string](s.t, pgtest.Connect(s.t, url), "SELECT setting FROM pg_config WHERE name = 'BINDIR'")
	dir, err := os.MkdirTemp(pgtest.Disk(), "cpd-jobs-chaos-standby-")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	data := filepath.Join(dir, "postgres", "data")
	out, err := exec.Command(filepath.Join(folder, "pg_basebackup"),
		"--write-recovery-conf", "--checkpoint=fast", "--pgdata="+data, "--dbname="+url).CombinedOutput()
	if err != nil {
		s.t.Fatalf("copy the server: %v\n%s", err, out)
	}
	giveLike(s.t, dir, s.dir)
	watch(s.t, dir)
	settings := maps.Clone(s.options.Settings)
	settings["max_standby_streaming_delay"] = "0"
	replica := &server{t: s.t, dir: dir, options: pg.Options{Dir: dir, Settings: settings}}
	replica.start()
	s.t.Cleanup(replica.close)
	return replica
}

// giveLike gives a server's files to the user who has those of another.
func giveLike(t *testing.T, dir, other string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(other, "postgres", "data"))
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(dir, "postgres"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func ask[T any](t *testing.T, db *pgxpool.Pool, sql string) (value T) {
	t.Helper()
	if err := db.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// replicated is a CPD database and its replica, which is the lab's source. One of its tables cannot be read beyond its
// first row while somebody holds an advisory lock on the replica.
type replicated struct {
	*lab
	primary, replica *pgxpool.Pool
}

func newReplicated(t *testing.T) replicated {
	t.Helper()
	s := ownServer(t, pg.Options{})
	if _, err := s.share.EnsureDatabase(t.Context(), "cpd"); err != nil {
		t.Fatal(err)
	}
	primary := pgtest.Connect(t, s.share.URL("cpd"))
	fillSource(t, primary)
	must(t, primary, `
		ALTER TABLE cohorts RENAME TO real_cohorts;
		CREATE VIEW cohorts AS SELECT c.* FROM real_cohorts AS c
		WHERE start_year = 2020 OR pg_advisory_xact_lock_shared(42) IS NOT NULL`)
	l := newLab(t)
	standby := s.standby()
	l.source = standby.share.URL("cpd")
	r := replicated{lab: l, primary: primary, replica: pgtest.Connect(t, l.source)}
	r.caughtUp()
	return r
}

// caughtUp waits until the replica has replayed what the primary has written.
func (r replicated) caughtUp() {
	r.t.Helper()
	at := ask[string](r.t, r.primary, "SELECT pg_current_wal_flush_lsn()::text")
	r.eventually(20*time.Second, "the replica has caught up", func() bool {
		return ask[bool](r.t, r.replica, "SELECT pg_last_wal_replay_lsn() >= '"+at+"'")
	})
}

// lag is what the newest version says of the replica.
func (r replicated) lag() (caughtUp bool, seconds float64) {
	r.t.Helper()
	err := r.db.QueryRow(r.t.Context(), `
		SELECT (details #>> '{replica,caught_up}')::boolean, (details #>> '{replica,lag_seconds}')::float8
		FROM reports.input_versions WHERE input = 'cpd' ORDER BY version DESC LIMIT 1`).Scan(&caughtUp, &seconds)
	if err != nil {
		r.t.Fatal(err)
	}
	return caughtUp, seconds
}

func TestChaosReplicaFallsBehind(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	r.worker()
	r.completed(r.sync(), time.Minute)
	if caughtUp, seconds := r.lag(); !caughtUp || seconds != 0 {
		t.Errorf("a replica that has all: got caught up %v, %v s behind", caughtUp, seconds)
	}
	must(t, r.replica, "SELECT pg_wal_replay_pause()")
	must(t, r.primary, "UPDATE schools SET name = 'New'")
	r.eventually(20*time.Second, "the replica has received more than it has replayed", func() bool {
		return ask[bool](t, r.replica, "SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()")
	})
	r.completed(r.sync(), time.Minute)
	if caughtUp, seconds := r.lag(); caughtUp || seconds <= 0 {
		t.Errorf("a replica that lags: got caught up %v, %v s behind", caughtUp, seconds)
	}
	if out, _ := r.cli("sources", "list"); !strings.Contains(out, "behind") {
		t.Errorf("sources list does not show the lag:\n%s", out)
	}
}

// The replica has to replay the removal of rows that the copy's snapshot still needs: it cancels the copy.
func TestChaosReplicaCancelsTheCopy(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	r.worker()
	r.completed(r.sync(), time.Minute)
	before := r.copies()
	lock, err := r.replica.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), "SELECT pg_advisory_xact_lock(42)"); err != nil {
		t.Fatal(err)
	}
	id := r.sync()
	r.eventually(20*time.Second, "the copy waits in the middle of a table", func() bool {
		return ask[bool](t, r.replica, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'advisory'")
	})
	must(t, r.primary, "UPDATE real_cohorts SET updated_at = now()")
	must(t, r.primary, "VACUUM real_cohorts")
	var failed queue.Job
	r.eventually(30*time.Second, "the attempt has failed", func() bool {
		failed = r.job(id)
		return len(failed.Errors) > 0
	})
	if said := failed.Errors[0].Error; !strings.Contains(said, "cancelled the query") && !strings.Contains(said, "broke off") {
		t.Errorf("got error %q, want one of the replica's", said)
	}
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	job := r.completed(id, time.Minute)
	if job.Attempt < 2 {
		t.Errorf("got attempt %d, want a later one", job.Attempt)
	}
	if after := r.copies(); slices.Equal(after, before) {
		t.Error("the attempt that succeeded has left no new copy")
	}
}
