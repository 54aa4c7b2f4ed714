package chaos

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/queue"
)

// slowSource gives the lab a CPD database of which one table sends a row and then says nothing for half a minute.
// The returned function makes it quick.
func (l *lab) slowSource() (quicken func()) {
	l.t.Helper()
	l.source = pgtest.NewEmpty(l.t)
	db := pgtest.Connect(l.t, l.source)
	fillSource(l.t, db)
	must(l.t, db, `
		CREATE TABLE slowness AS SELECT 30.0 AS seconds;
		ALTER TABLE cohorts RENAME TO real_cohorts;
		CREATE VIEW cohorts AS SELECT c.* FROM real_cohorts AS c
		WHERE start_year = 2020 OR (SELECT pg_sleep(seconds) IS NOT NULL FROM slowness)`)
	return func() { must(l.t, db, "UPDATE slowness SET seconds = 0") }
}

// fillSource makes a small CPD database.
func fillSource(t *testing.T, db *pgxpool.Pool) {
	t.Helper()
	for _, name := range []string{"source.sql", "seed.sql"} {
		sql, err := os.ReadFile(filepath.Join("..", "..", "jobs", "cpd", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		must(t, db, string(sql))
	}
}

func must(t *testing.T, db *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// sync inserts a cpd_sync.
func (l *lab) sync() int64 {
	l.t.Helper()
	client, err := queue.NewClient(l.db, cpd.Kinds(cpd.Deps{}), discard)
	if err != nil {
		l.t.Fatal(err)
	}
	ticket, err := client.Enqueue(l.t.Context(), queue.Request{Kind: "cpd_sync", By: "chaos"})
	if err != nil {
		l.t.Fatal(err)
	}
	return ticket.ID
}

// copying says that a worker is in the middle of a COPY into our tables.
func (l *lab) copying(workerID string) bool {
	n, err := query[int64](l, `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = $1 AND state = 'active' AND query ILIKE 'COPY %'`,
		queue.SessionName(workerID))
	return err == nil && n[0] > 0
}

// reading counts the sessions of syncs in the source.
func (l *lab) reading() int64 {
	n, err := query[int64](l, "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'cpd-jobs sync'", databaseOf(l.source))
	if err != nil {
		return -1
	}
	return n[0]
}

func databaseOf(url string) string {
	_, path, _ := strings.Cut(strings.TrimPrefix(url, "postgres://"), "/")
	name, _, _ := strings.Cut(path, "?")
	return name
}

// copies are the physical tables of all copies, and the live version.
func (l *lab) copies() []string {
	l.t.Helper()
	tables, err := query[string](l, `
		SELECT relname FROM pg_class
		WHERE relkind = 'r' AND (relnamespace = 'cpd'::regnamespace OR relnamespace = 'restricted'::regnamespace AND relname ~ '^cpd_')
		UNION ALL SELECT 'live version ' || version FROM reports.inputs WHERE input = 'cpd'
		ORDER BY 1`)
	if err != nil {
		l.t.Fatal(err)
	}
	return tables
}

func TestChaosWorkerFrozenInMidCopy(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.freezeInMidCopy()
}

// freezeInMidCopy stops a worker past its lease while a COPY into our tables is under way, and lets it go on after
// another has done its work. Nothing of the woken one may be seen.
func (l *lab) freezeInMidCopy() {
	l.t.Helper()
	quicken := l.slowSource()
	frozen := l.worker()
	before := frozen.id()
	id := l.sync()
	l.eventually(20*time.Second, "the sync is in mid-COPY", func() bool { return l.copying(before) })
	frozen.signal(syscall.SIGSTOP)
	other := l.worker()
	l.eventually(takeoverWithin, "another worker has the run", func() bool { return l.job(id).TakenOverBy != 0 })
	if l.copying(before) {
		l.t.Error("the session of the frozen worker is still there, want it ended")
	}
	quicken()
	heir := l.completed(id, time.Minute)
	if heir.RunID != l.job(id).RunID || heir.Attempt != 2 {
		l.t.Errorf("got run %d, attempt %d; want run %d, attempt 2", heir.RunID, heir.Attempt, l.job(id).RunID)
	}
	l.eventually(10*time.Second, "the copy before is gone", func() bool { return len(l.copies()) == len(cpd.Tables())+1 })
	want := l.copies()

	frozen.signal(syscall.SIGCONT)
	l.eventually(20*time.Second, "the woken worker has started again", func() bool {
		id := frozen.id()
		return id != "" && id != before
	})
	other.stop()
	l.completed(l.probe(0, 1).ID, 15*time.Second)
	if got := l.copies(); !slices.Equal(got, want) {
		l.t.Errorf("after the frozen worker woke: tables of the copy are %v, want %v", got, want)
	}
	frozen.stop()
	if said := frozen.said(); !strings.Contains(said, "taken for dead") {
		l.t.Error("the woken worker does not say that it was taken for dead")
	}
}

// cleanWithin is how soon nothing of a cancelled job may be left in the databases.
const cleanWithin = 2 * time.Second

func TestChaosCancelEndsTheQuery(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.slowSource()
	w := l.worker()
	id := l.sync()
	l.eventually(20*time.Second, "the sync is in mid-COPY", func() bool { return l.copying(w.id()) && l.reading() > 0 })
	if _, status := l.cli("jobs", "cancel", strconv.FormatInt(id, 10)); status != 0 {
		t.Fatalf("jobs cancel ended with status %d", status)
	}
	l.eventually(cleanWithin, "nothing of the job is left in either database", func() bool {
		return !l.copying(w.id()) && l.reading() == 0
	})
	if job := l.follow(id, 10*time.Second); job.State != "cancelled" {
		t.Errorf("job is %s, want cancelled", job.State)
	}
	w.stop()
}
