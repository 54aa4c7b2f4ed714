package refresh_test

import (
	"context"
	"cpd-jobs/internal/testing/reporttest"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cpd-jobs/internal/clock"
)

// readers read without a pause until they are told to stop.
type readers struct {
	reads   atomic.Int64
	longest atomic.Int64 // nanoseconds
	group   errgroup.Group
	stop    context.CancelFunc
}

// readSteadily runs queries that each return true. One that fails, or finds what no refresh has published, is an error.
func readSteadily(ctx context.Context, db reporttest.Database, count int, queries ...string) *readers {
	ctx, stop := context.WithCancel(ctx)
	r := &readers{stop: stop}
	for n := range count {
		sql := queries[n%len(queries)]
		r.group.Go(func() error {
			for ctx.Err() == nil {
				start := clock.System()
				var whole bool
				err := db.QueryRow(ctx, sql).Scan(&whole)
				if ctx.Err() != nil {
					return nil
				}
				if err != nil {
					return err
				}
				if !whole {
					return fmt.Errorf("torn: not true: %s", sql)
				}
				r.reads.Add(1)
				r.longest.Store(max(r.longest.Load(), clock.System().Sub(start).Nanoseconds()))
			}
			return nil
		})
	}
	return r
}

func (r *readers) wait() error {
	r.stop()
	return r.group.Wait()
}

// TestReadersNeverNoticeRefreshes has readers read, by column names and through a view, while the report is refreshed
// again and again, half of the times with one school in twenty changed. What one school gains another loses, so that
// the sum proves that a read is of one version. CPD_JOBS_LONG=1 refreshes a thousand times.
func TestReadersNeverNoticeRefreshes(t *testing.T) {
	t.Parallel()
	refreshes := 30
	if os.Getenv("CPD_JOBS_LONG") != "" {
		refreshes = 1000
	}
	d := reporttest.Loaded(t, "names", reporttest.SchoolNames)
	db := reporttest.Ensured(t, d)
	list := reporttest.Schools(1000)
	for i := range list {
		list[i]["name"] = "1000"
	}
	db.Sync(t, reporttest.Day(t, 0), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
	db.Refreshed(t, d)
	db.MustExec(t, "CREATE VIEW public.seen AS SELECT urn, name FROM reports.names")
	db.MustExec(t, "GRANT SELECT ON reports.names TO PUBLIC")
	before := readStanding(t, db)

	r := readSteadily(t.Context(), db, 4,
		"SELECT count(urn) = 1000 AND sum(name::int) = 1000000 FROM reports.names",
		"SELECT count(urn) = 1000 AND sum(name::int) = 1000000 FROM public.seen")
	source := reporttest.OneSchool().With(reporttest.Tables{"schools": list})
	for n := range refreshes {
		if n%2 == 1 {
			for i := range 25 {
				gains, loses := (n+i*40)%1000, (n+i*40+20)%1000 // all over the country
				list[gains]["name"] = added(t, list[gains]["name"], 1)
				list[loses]["name"] = added(t, list[loses]["name"], -1)
			}
		}
		db.Sync(t, reporttest.Day(t, 1+n), source)
		db.Refreshed(t, d)
	}
	if err := r.wait(); err != nil {
		t.Error(err)
	}
	db.MustExec(t, "VACUUM reports.names")
	after := readStanding(t, db)
	t.Logf("%d reads beside %d refreshes, the longest %s; %d bytes at first, %d after vacuum",
		r.reads.Load(), refreshes, time.Duration(r.longest.Load()), before.bytes, after.bytes)
	// Readers who never pause, some of whom stall, keep dead rows of so small a table from being cleared away; where reads
	// are steady, as of the real report beside pgbench, it keeps its size.
	if after.bytes > 2*before.bytes {
		t.Errorf("table and indexes: got %d bytes, want at most twice the first %d", after.bytes, before.bytes)
	}
	if after.grants != before.grants {
		t.Errorf("grants: got %s, want %s", after.grants, before.grants)
	}
}

func added(t *testing.T, number any, n int) string {
	t.Helper()
	i, err := strconv.Atoi(reporttest.Text(number))
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(i + n)
}

// standing is what refreshes must leave as it is.
type standing struct {
	bytes  int64
	grants string
}

func readStanding(t *testing.T, db reporttest.Database) standing {
	t.Helper()
	return standing{
		bytes:  reporttest.One[int64](t, db, "SELECT pg_relation_size('reports.names') + pg_indexes_size('reports.names')"),
		grants: reporttest.One[string](t, db, "SELECT relacl::text FROM pg_class WHERE oid = 'reports.names'::regclass"),
	}
}

// generation syncs schools that are all called after it.
func generation(t *testing.T, db reporttest.Database, n, count int) {
	t.Helper()
	list := reporttest.Schools(count)
	for i := range list {
		list[i]["name"] = fmt.Sprint("Generation ", n)
	}
	db.Sync(t, reporttest.Day(t, n), reporttest.OneSchool().With(reporttest.Tables{"schools": list}))
}

// TestSyncsAndRefreshesAtOnce lets syncs and refreshes collide: whatever the order, no report is empty or of two syncs.
func TestSyncsAndRefreshesAtOnce(t *testing.T) {
	t.Parallel()
	const count = 50
	d := reporttest.Loaded(t, "names", reporttest.SchoolNames)
	db := reporttest.Ensured(t, d)
	generation(t, db, 0, count)
	db.Refreshed(t, d)
	r := readSteadily(t.Context(), db, 2, "SELECT count(urn) = 50 AND count(DISTINCT name) = 1 FROM reports.names")
	var syncs errgroup.Group
	syncs.Go(func() error {
		for n := 1; n <= 30; n++ {
			generation(t, db, n, count)
		}
		return nil
	})
	for range 30 {
		db.Refreshed(t, d)
	}
	if err := errors.Join(syncs.Wait(), r.wait()); err != nil {
		t.Error(err)
	}
	versions := reporttest.Query[int64](t, db, "SELECT version FROM reports.refreshes WHERE report = 'names' ORDER BY version")
	for _, v := range versions[1:] {
		if got := reporttest.Query[string](t, db, "SELECT count(*) || ' ' || count(DISTINCT name) FROM reports.names_at_version($1)", v); !slices.Equal(got, []string{"50 1"}) {
			t.Errorf("version %d: got %q, want 50 schools of one generation", v, got)
		}
	}
}
