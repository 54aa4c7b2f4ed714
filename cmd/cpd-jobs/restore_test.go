package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
)

// everySecond is a schedule that a copy of a database would catch up with at once, if it were not held.
const everySecond = `
schedules:
  - {name: second, cron: "* * * * * *", seconds: true, kind: probe, args: {rows: 1}, catch_up: {policy: all, max_age: 1h, max_count: 3600}}
`

// TestRestoreDrill dumps a database at work, loads the dump into another, and starts a worker there: it must not do
// again what the first one did, and say so, until somebody confirms.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	server := ownServer(t)
	if _, err := server.EnsureDatabase(t.Context(), "restored"); err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	schedules := filepath.Join(p.dir, "schedules.yml")
	if err := os.WriteFile(schedules, []byte(everySecond), 0o644); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "CPD_JOBS_SCHEDULES="+schedules, "LOG_FORMAT=json")
	first, second := p.on(server.URL("cpd_jobs")), p.on(server.URL("restored"))
	dump := filepath.Join(p.dir, "cpd-jobs.dump")

	first.ok("migrate", "up")
	first.logged("serve")
	db := pgtest.Connect(t, server.URL("cpd_jobs"))
	p.until("ticks run", func() bool { return number(t, db, "SELECT count(*) FROM queue.probes") > 2 })
	first.ok("db", "dump", dump)

	second.ok("db", "restore", dump)
	second.ok("migrate", "up")
	copied := pgtest.Connect(t, server.URL("restored"))
	before := number(t, copied, "SELECT count(*) FROM queue.probes")
	if before < 2 || number(t, copied, "SELECT count(*) FROM queue.ticks") < before {
		t.Fatalf("the copy has %d effects and %d ticks", before, number(t, copied, "SELECT count(*) FROM queue.ticks"))
	}
	log, url := second.logged("serve")
	p.until("the worker says that it holds", func() bool { return strings.Contains(log.text(), "restored") })
	p.until("the metric says so", func() bool { return strings.Contains(fetch(t, url+"/metrics"), "cpd_jobs_schedules_held 1") })
	if said := second.run("doctor", "--offline"); said.status != 1 || !strings.Contains(said.stdout, "restored copy: its schedules are held") {
		t.Errorf("doctor: status %d\n%s", said.status, said.stdout)
	}
	if said := second.ok("schedules", "list"); !strings.Contains(said.stderr, "schedules confirm lets them go on") {
		t.Errorf("schedules list: %s", said.stderr)
	}
	if now := number(t, copied, "SELECT count(*) FROM queue.probes"); now != before {
		t.Errorf("a copy that was not confirmed did the work of %d ticks", now-before)
	}

	if said := second.ok("schedules", "confirm"); strings.Contains(said.stdout, "nothing was held") {
		t.Errorf("confirm: %s", said.stdout)
	}
	p.until("ticks run again", func() bool { return number(t, copied, "SELECT count(*) FROM queue.probes") > before+2 })
	skipped := number(t, copied, "SELECT count(*) FROM queue.ticks WHERE state = 'skipped' AND reason = 'restored'")
	if gaps := number(t, copied, `
		SELECT count(*) FROM generate_series((SELECT min(tick) FROM queue.ticks), (SELECT max(tick) FROM queue.ticks), '1 second') AS s (tick)
		WHERE NOT EXISTS (SELECT FROM queue.ticks AS t WHERE t.tick = s.tick)`); skipped == 0 || gaps != 0 {
		t.Errorf("%d ticks are skipped as restored, and %d have no row", skipped, gaps)
	}
	p.until("the metric says that it is over", func() bool { return strings.Contains(fetch(t, url+"/metrics"), "cpd_jobs_schedules_held 0") })
}

// on is the place with another database.
func (p *place) on(database string) *place {
	other := *p
	other.env = append(slices.Clone(p.env), "DATABASE_URL="+database)
	return &other
}

func number(t *testing.T, db *pgxpool.Pool, sql string) (n int64) {
	t.Helper()
	if err := db.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// fetch gets a page.
func fetch(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
