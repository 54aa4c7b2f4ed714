package bench

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/pg"
)

// The queries of the readers, which fail where a read is torn: names are numbers, and what one school gains another
// loses. One that waits a tenth of a second for a lock fails too: waits for locks are all that refreshes could add but
// for work.
const (
	wholeReport = `SELECT 1 / (count(urn) = :rows AND sum(name::bigint) = 1000 * :rows)::int AS whole, count(stage), max(as_of) FROM reports.school_onboarding;`
	wholeView   = `SELECT 1 / (count(urn) = :rows AND sum(name::bigint) = 1000 * :rows)::int AS whole FROM public.seen;`
	oneSchool   = `SELECT name, stage, flags FROM public.seen ORDER BY urn::bigint LIMIT 1;`
)

// TestPgbenchNeverNoticesRefreshes has eight clients of pgbench read the School onboarding report by column names and
// through a view over it, at a steady rate, while it is refreshed again and again, half of the times with one school in
// a hundred changed; and for a while before, to compare. CPD_JOBS_LONG=1 refreshes a thousand times.
func TestPgbenchNeverNoticesRefreshes(t *testing.T) {
	t.Parallel()
	program := findPgbench(t)
	schools, refreshes := 500, 16
	if os.Getenv("CPD_JOBS_LONG") != "" {
		schools, refreshes = 1000, 1000
	}
	n := newNational(t, schools)
	n.exec(t, "UPDATE cpd.schools SET name = '1000'")
	n.publish(t)
	n.refresh(t)
	n.exec(t, "CREATE VIEW public.seen AS SELECT urn, name, stage, flags FROM reports.school_onboarding")
	n.exec(t, "GRANT SELECT ON reports.school_onboarding TO PUBLIC")
	n.exec(t, "VACUUM reports.school_onboarding")
	before := n.standing(t)

	r := &pgbench{program: program, dir: t.TempDir(), url: n.Config().ConnString(), rows: before.rows}
	var undisturbed latencies
	for range 1 + refreshes/20 {
		batch, err := r.batch(t)
		if err != nil {
			t.Fatal(err)
		}
		undisturbed = append(undisturbed, batch...)
	}
	began := time.Now()
	disturbed, err := r.during(t, func() {
		for i := range refreshes {
			if i%2 == 1 {
				n.shift(t, i)
			}
			n.publish(t)
			n.refresh(t)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	n.exec(t, "VACUUM reports.school_onboarding")
	after := n.standing(t)
	if got := after.changing - before.changing; got != int64(refreshes/2) {
		t.Errorf("%d refreshes changed something, want half of %d", got, refreshes)
	}
	t.Logf("%d refreshes of %d schools in %s\nwithout refreshes: %s\nbeside refreshes:  %s\n%d bytes at first, %d after vacuum",
		refreshes, before.rows, time.Since(began).Round(time.Second), undisturbed, disturbed, before.bytes, after.bytes)
	share := func(l latencies) float64 { return float64(l.stalled()) / float64(len(l)) }
	t.Attr("reads-beside-refreshes-over-100-ms", fmt.Sprintf("%.3f %% at most %.3f", 100*share(disturbed), 100*share(undisturbed)))
	t.Attr("size-of-table-and-indexes", fmt.Sprintf("%.3f times at most 1.2", float64(after.bytes)/float64(before.bytes)))
	if after.bytes*10 > before.bytes*12 {
		t.Errorf("table and indexes: got %d bytes, want at most 1.2 times the first %d", after.bytes, before.bytes)
	}
	if after.grants != before.grants || after.rows != before.rows {
		t.Errorf("got grants %s and %d rows, want %s and %d", after.grants, after.rows, before.grants, before.rows)
	}
}

func findPgbench(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path
	}
	if dir, err := pg.FindBinaries(); err == nil {
		if path := filepath.Join(dir, "pgbench"); exec.Command(path, "--version").Run() == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("pgbench is not installed")
	}
	t.Skip("pgbench is not installed")
	return ""
}

// standing is what refreshes must leave as it is.
type standing struct {
	rows, bytes int64
	changing    int64 // refreshes that changed rows
	grants      string
}

func (n *national) standing(t *testing.T) (s standing) {
	t.Helper()
	err := n.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM public.seen), pg_relation_size(c.oid) + pg_indexes_size(c.oid),
		       (SELECT count(*) FROM reports.refreshes WHERE changed > 0), c.relacl::text
		FROM pg_class c WHERE c.oid = 'reports.school_onboarding'::regclass`).Scan(&s.rows, &s.bytes, &s.changing, &s.grants)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shift lets one school in a hundred gain what another loses.
func (n *national) shift(t *testing.T, turn int) {
	t.Helper()
	n.exec(t, `
		WITH numbered AS (SELECT urn, row_number() OVER (ORDER BY urn) AS number FROM reports.school_onboarding),
		pair AS (SELECT urn, CASE (number + $1) % 200 WHEN 0 THEN 1 WHEN 100 THEN -1 END AS gain, number FROM numbered),
		chosen AS (
		    SELECT p.urn, p.gain FROM pair p
		    WHERE p.gain = 1 AND EXISTS (SELECT FROM pair o WHERE o.number = p.number + 100)
		       OR p.gain = -1 AND EXISTS (SELECT FROM pair o WHERE o.number = p.number - 100)
		)
		UPDATE cpd.schools s SET name = (s.name::bigint + c.gain)::text FROM chosen c WHERE c.urn = s.urn`, turn)
}

// pgbench reads in batches of a few seconds for as long as something else goes on.
type pgbench struct {
	program, dir, url string
	rows              int64
}

// latencies are how long reads took, in microseconds.
type latencies []int64

func (l latencies) String() string {
	if len(l) == 0 {
		return "no reads"
	}
	slices.Sort(l)
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return fmt.Sprintf("%d reads, median %.1f ms, 99th percentile %.1f ms, longest %.1f ms, %d over 100 ms",
		len(l), ms(l[len(l)/2]), ms(l[len(l)*99/100]), ms(l[len(l)-1]), l.stalled())
}

// stalled counts the reads that took over a tenth of a second.
func (l latencies) stalled() (n int) {
	for _, us := range l {
		if us > 100_000 {
			n++
		}
	}
	return n
}

// during reads until do has returned. A read that fails is an error.
func (p *pgbench) during(t *testing.T, do func()) (latencies, error) {
	t.Helper()
	var reads latencies
	var stop atomic.Bool
	var group errgroup.Group
	group.Go(func() error {
		for !stop.Load() {
			batch, err := p.batch(t)
			if err != nil {
				return err
			}
			reads = append(reads, batch...)
		}
		return nil
	})
	do()
	stop.Store(true)
	return reads, group.Wait()
}

// batch runs eight clients for two seconds, thirty reads a second.
func (p *pgbench) batch(t *testing.T) (latencies, error) {
	t.Helper()
	dir, err := os.MkdirTemp(p.dir, "batch")
	if err != nil {
		return nil, err
	}
	args := []string{"--no-vacuum", "--client=8", "--jobs=2", "--time=2", "--rate=30", "--log", "--define=rows=" + strconv.FormatInt(p.rows, 10)}
	for i, script := range []string{wholeReport, wholeView, oneSchool} {
		file := filepath.Join(dir, fmt.Sprint(i, ".sql"))
		if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
			return nil, err
		}
		args = append(args, "--file="+file)
	}
	cmd := exec.CommandContext(t.Context(), p.program, append(args, p.url)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PGOPTIONS=-c lock_timeout=100ms")
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "aborted") {
		return nil, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	return readLatencies(dir)
}

// readLatencies reads pgbench's logs: client, transaction, microseconds since the read was due, script, epoch, its
// microseconds, and how late it began.
func readLatencies(dir string) (list latencies, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "pgbench_log.*"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			word := strings.Fields(lines.Text())
			if len(word) < 7 {
				continue
			}
			took, err := strconv.ParseInt(word[2], 10, 64)
			late, err2 := strconv.ParseInt(word[6], 10, 64)
			if err == nil && err2 == nil {
				list = append(list, took-late)
			}
		}
		_ = f.Close()
	}
	return list, nil
}
