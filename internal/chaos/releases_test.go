package chaos

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/pgtest"
)

// firstRelease is what was running before there were tags.
const firstRelease = "44e5326d64f0e00a386413505e9dad0e76539da6"

// TestChaosTwoReleases migrates under the release before, at work on the same database, while somebody holds locks that
// the migration needs. Both releases then work together, and the one before starts anew, as after a deploy that is
// rolled back.
func TestChaosTwoReleases(t *testing.T) {
	t.Parallel()
	before := releaseBefore(t)
	l := labAt(t, pgtest.NewEmpty(t))
	l.schedule(everySecond)
	l.slowSource()() // quick
	now := l.program
	l.program = before
	if _, status := l.cli("migrate", "up"); status != 0 {
		t.Fatal("the release before cannot migrate an empty database")
	}
	old := l.worker()
	first := l.sync()
	l.eventually(time.Minute, "the first sync is done", func() bool { // this release cannot read the tables of the one before
		return l.count("SELECT count(*) FROM river.river_job WHERE id = $1 AND state = 'completed'", first) == 1
	})
	stopLoad := l.load(50 * time.Millisecond)
	release := l.hold("queue.audit", "cpd.schools", "reports.exports")

	l.program = now
	began := time.Now()
	time.AfterFunc(5*time.Second, release)
	if out, status := l.cli("migrate", "up"); status != 0 {
		t.Fatalf("migrate up: status %d: %s", status, out)
	}
	took(t, "migration-under-held-locks", began, time.Minute)
	l.completed(l.sync(), time.Minute) // on the worker of the release before: there is no other
	young := l.worker()
	l.completed(l.sync(), time.Minute)
	old.stop()
	l.completed(l.sync(), time.Minute)

	l.program = before
	old = l.worker() // a deploy that is rolled back
	young.stop()
	l.completed(l.sync(), time.Minute)
	inserted := stopLoad()
	l.everyTickOnce()
	l.eventually(time.Minute, "all jobs have ended", func() bool {
		return l.count("SELECT count(*) FROM queue.jobs WHERE finalized_at IS NULL AND kind = 'probe' AND NOT metadata ? 'schedule'") == 0
	})
	wrong := one[int64](l, `
		SELECT count(*) FROM queue.jobs AS j WHERE metadata ->> 'started_by' = 'load'
		AND (state <> 'completed' OR (SELECT count(*) FROM queue.probes AS p WHERE p.run_id = j.run_id) <> 1)`)
	if wrong > 0 {
		t.Errorf("%d of %d jobs have not had their effect exactly once", wrong, inserted)
	}
	t.Logf("%d jobs inserted meanwhile", inserted)
	for _, w := range []*worker{old, young} {
		if said := w.said(); strings.Contains(said, `"log.level":"error"`) {
			t.Errorf("a worker's log has errors:\n%s", said)
		}
	}
}

// hold locks tables as a reader does, until the returned function is called.
func (l *lab) hold(tables ...string) (release func()) {
	l.t.Helper()
	tx, err := l.db.Begin(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	for _, table := range tables {
		if _, err := tx.Exec(l.t.Context(), "LOCK TABLE "+table+" IN ACCESS SHARE MODE"); err != nil {
			l.t.Fatal(err)
		}
	}
	l.t.Cleanup(func() { _ = tx.Rollback(l.t.Context()) })
	return func() { _ = tx.Rollback(l.t.Context()) }
}

// releaseBefore builds the release before these sources: that of the last tag, else the first. Where the history is not
// there - a shallow clone, an archive of the sources - the test ends.
func releaseBefore(t *testing.T) (path string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "safe.directory=" + root, "-C", root}, args...)...)
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	commit := firstRelease
	if tag, err := git("describe", "--tags", "--abbrev=0", "HEAD^"); err == nil {
		commit = tag
	}
	if _, err := git("cat-file", "-e", commit+"^{commit}"); err != nil {
		t.Skipf("the history of these sources is not here (%s): there is no release before to build", commit)
	}
	sources := t.TempDir()
	archive := filepath.Join(sources, "sources.tar")
	if out, err := git("archive", "--output", archive, commit); err != nil {
		t.Fatalf("take the sources of %s: %v %s", commit, err, out)
	}
	if out, err := exec.CommandContext(t.Context(), "tar", "-xf", archive, "-C", sources).CombinedOutput(); err != nil {
		t.Fatalf("unpack the sources of %s: %v %s", commit, err, out)
	}
	path = filepath.Join(sources, "cpd-jobs-before")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", path, "./cmd/cpd-jobs")
	build.Dir, build.Env = sources, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -trimpath")
	if out, err := build.CombinedOutput(); err != nil {
		if _, failed := errors.AsType[*exec.ExitError](err); failed && strings.Contains(string(out), "module lookup disabled") {
			t.Skipf("the modules of %s are not here: %s", commit, out)
		}
		t.Fatalf("build %s: %v\n%s", commit, err, out)
	}
	return path
}
