package bench

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/inputs"
	"cpd-jobs/reports/refresh"
	"cpd-jobs/reports/versions"
)

// How often everything is done in turns, at national size and at ten times that; the medians are reported.
const (
	refreshRounds     = 5
	refreshRoundsLong = 3
)

var refreshAsOf = time.Date(2026, time.November, 22, 6, 10, 0, 0, time.UTC)

// BenchmarkRefresh refreshes the School onboarding report beside the ways that PostgreSQL itself offers, in turns in
// one run. "table" is CREATE UNLOGGED TABLE AS of the same query under the same settings: what it costs to compute at
// all. CPD_JOBS_LONG=1 adds ten times national size.
func BenchmarkRefresh(b *testing.B) {
	sizes := []int{demo.DefaultSchools}
	if os.Getenv("CPD_JOBS_LONG") != "" {
		sizes = append(sizes, 10*demo.DefaultSchools)
	}
	for _, size := range sizes {
		b.Run(fmt.Sprintf("schools=%d", size), func(b *testing.B) {
			n := newNational(b, size)
			rounds := refreshRounds
			if size > demo.DefaultSchools {
				rounds = refreshRoundsLong
			}
			b.ResetTimer()
			for b.Loop() {
				n.measure(b, rounds)
			}
		})
	}
}

// national is a database synced from a made-up source and register.
type national struct {
	*pgxpool.Pool
	def   *definition.Definition
	touch int
}

func newNational(b testing.TB, schools int) *national {
	b.Helper()
	made := demo.Options{Schools: schools, Seed: 1, AsOf: refreshAsOf}
	serviceURL := pgtest.NewEmpty(b)
	if _, err := demo.Source(b.Context(), serviceURL, made); err != nil {
		b.Fatal(err)
	}
	register, err := demo.WriteRegister(b.Context(), b.TempDir(), demo.RegisterOptions{Options: made})
	if err != nil {
		b.Fatal(err)
	}
	db := pgtest.New(b)
	if _, err := cpd.Sync(b.Context(), &run.Local{}, cpd.Deps{DB: db, SourceURL: serviceURL}, cpd.Args{}); err != nil {
		b.Fatal(err)
	}
	// Ten times national, the source has eight gigabytes, which may be the machine's memory.
	if _, err := pgtest.Connect(b, serviceURL).Exec(b.Context(), "DROP SCHEMA public CASCADE"); err != nil {
		b.Fatal(err)
	}
	args := gias.Args{Source: register.Establishments, Links: register.Links}
	if _, err := gias.Sync(b.Context(), &run.Local{}, db, source.Options{}, args); err != nil {
		b.Fatal(err)
	}
	if err := reports.EnsureTables(b.Context(), db); err != nil {
		b.Fatal(err)
	}
	def, err := reports.Find("school_onboarding")
	if err != nil {
		b.Fatal(err)
	}
	return &national{Pool: db, def: def}
}

// measure does everything in turns, and reports how long each took and the ratio to the plain table.
func (n *national) measure(b *testing.B, rounds int) {
	query := n.query(b)
	n.exec(b, "CREATE MATERIALIZED VIEW IF NOT EXISTS public.plain AS "+query)
	n.exec(b, "CREATE UNIQUE INDEX IF NOT EXISTS plain_urn ON public.plain (urn)")
	took, steps := map[string][]float64{}, map[string]string{}
	measures := n.measures(query)
	for range rounds {
		for _, m := range measures {
			if m.before != nil {
				m.before(b)
			}
			start := time.Now()
			m.do(b)
			took[m.name] = append(took[m.name], time.Since(start).Seconds())
			if strings.HasPrefix(m.name, "refresh") {
				steps[m.name] = n.steps(b)
			}
		}
	}
	var report strings.Builder
	for _, m := range measures {
		ratio := median(took[m.name]) / median(took["table"])
		fmt.Fprintf(&report, "%-26s %8.3f s %6.2f x  %s\n", m.name, median(took[m.name]), ratio, steps[m.name])
		if m.metric != "" {
			b.ReportMetric(ratio, m.metric)
		}
	}
	b.ReportMetric(median(took["table"]), "table-s")
	b.Logf("median of %d\n%s", rounds, report.String())
}

// measure is one thing to time; before is not timed.
type measure struct {
	name, metric string
	before, do   func(b testing.TB)
}

func (n *national) measures(query string) []measure {
	change := func(share int) func(testing.TB) {
		return func(b testing.TB) { n.change(b, share) }
	}
	return []measure{
		{"table", "", n.forget, func(b testing.TB) { n.compute(b, query) }},
		{"refresh, first", "first-x", nil, n.refresh},
		{"refresh, unchanged", "unchanged-x", n.change0, n.refresh},
		{"refresh, 1% changed", "1%-x", change(100), n.refresh},
		{"refresh, all changed", "all-x", change(1), n.refresh},
		{"materialized view", "view-x", nil, func(b testing.TB) { n.exec(b, "REFRESH MATERIALIZED VIEW public.plain") }},
		{"concurrently, unchanged", "concurrently-x", nil, n.concurrently},
		{"concurrently, 1% changed", "", change(100), n.concurrently},
		{"concurrently, all changed", "", change(1), n.concurrently},
	}
}

func (n *national) concurrently(b testing.TB) {
	n.exec(b, "REFRESH MATERIALIZED VIEW CONCURRENTLY public.plain")
}

// forget makes the next refresh a first one.
func (n *national) forget(b testing.TB) {
	n.exec(b, "DELETE FROM reports.refreshes")
	n.exec(b, "UPDATE reports.definitions SET live_version = 0")
	n.exec(b, "TRUNCATE reports.school_onboarding, reports.school_onboarding_changes")
	n.exec(b, "CHECKPOINT")
}

// query is the report's query as a refresh would run it now.
func (n *national) query(b testing.TB) string {
	b.Helper()
	var query string
	err := pgx.BeginFunc(b.Context(), n, func(tx pgx.Tx) (err error) {
		query, _, err = refresh.Query(b.Context(), tx, n.def, refreshAsOf)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return query
}

func (n *national) compute(b testing.TB, query string) {
	err := pgx.BeginFunc(b.Context(), n, func(tx pgx.Tx) error {
		if err := refresh.SetSession(b.Context(), tx); err != nil {
			return err
		}
		_, err := tx.Exec(b.Context(), "CREATE UNLOGGED TABLE public.computed AS "+query)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	n.exec(b, "DROP TABLE public.computed")
}

func (n *national) refresh(b testing.TB) {
	if _, err := refresh.Report(b.Context(), &run.Local{}, n.Pool, n.def, refresh.Options{Now: time.Now}); err != nil {
		b.Fatal(err)
	}
}

// steps says how long each step of the last refresh took.
func (n *national) steps(b testing.TB) string {
	b.Helper()
	list, err := versions.List(b.Context(), n, n.def.Name, 1)
	if err != nil {
		b.Fatal(err)
	}
	var text []string
	for _, s := range list[0].Steps {
		text = append(text, fmt.Sprintf("%s %.3f", s.Step, s.Seconds))
	}
	return strings.Join(text, ", ")
}

func (n *national) change0(b testing.TB) { n.publish(b) }

// change renames one school of this many and publishes that as a new version of the input.
func (n *national) change(b testing.TB, every int) {
	b.Helper()
	n.touch++
	n.exec(b, "UPDATE cpd.schools SET name = regexp_replace(name, ' [0-9]+$', '') || $1 WHERE urn::int % $2 = 0", fmt.Sprintf(" %d", n.touch), every)
	var table string
	err := n.QueryRow(b.Context(), "SELECT max(tablename) FROM pg_tables WHERE schemaname = 'cpd' AND tablename ~ '^schools_[0-9]+$' AND tablename <> 'schools_0'").Scan(&table)
	if err != nil {
		b.Fatal(err)
	}
	n.exec(b, "VACUUM FULL "+pgx.Identifier{"cpd", table}.Sanitize())
	n.publish(b)
}

func (n *national) publish(b testing.TB) {
	b.Helper()
	err := pgx.BeginFunc(b.Context(), n, func(tx pgx.Tx) error {
		if err := inputs.Claim(b.Context(), tx, inputs.CPD); err != nil {
			return err
		}
		_, err := inputs.Publish(b.Context(), tx, inputs.Version{Input: inputs.CPD, AsAt: refreshAsOf, ContentHash: fmt.Sprint(n.touch)})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	n.exec(b, "CHECKPOINT")
}

func (n *national) exec(b testing.TB, sql string, args ...any) {
	b.Helper()
	if _, err := n.Exec(context.WithoutCancel(b.Context()), sql, args...); err != nil {
		b.Fatalf("%v\n%s", err, sql)
	}
}
