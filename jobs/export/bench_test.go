package export

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/format"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/store"
)

const (
	benchRows    = 250_000
	benchColumns = 25 // the original ones, which come first
	benchRounds  = 3
)

// BenchmarkFormats writes a big report in each format by itself, and has PostgreSQL write it as CSV, in turns.
// Rereading does not count.
func BenchmarkFormats(b *testing.B) {
	d := bigReport(b)
	names := slices.Sorted(slices.Values(format.Names()))
	for b.Loop() {
		best := map[string]time.Duration{}
		for range benchRounds {
			keep(best, "copy", func() { copyOut(b, d.DB) })
			for _, name := range names {
				keep(best, name, func() { writeFormat(b, d, name) })
			}
		}
		for name, took := range best {
			b.ReportMetric(took.Seconds(), name+"-s")
		}
		ratio := func(a, b string) float64 { return best[a].Seconds() / best[b].Seconds() }
		b.ReportMetric(ratio("csv", "copy"), "csv/copy")
		b.ReportMetric(ratio("parquet", "csv"), "parquet/csv")
		b.ReportMetric(ratio("ods", "xlsx"), "ods/xlsx")
	}
}

// keep keeps the shortest time: everything else is somebody else's work.
func keep(best map[string]time.Duration, name string, f func()) {
	started := clock.System()
	f()
	took := clock.System().Sub(started)
	if known, ok := best[name]; !ok || took < known {
		best[name] = took
	}
}

// columnsOfBench are those that every format writes.
func columnsOfBench(b *testing.B) []string {
	b.Helper()
	def, err := reports.Find("school_onboarding")
	if err != nil {
		b.Fatal(err)
	}
	return columnNames(def)[:benchColumns]
}

func copyOut(b *testing.B, db *pgxpool.Pool) {
	def, err := reports.Find("school_onboarding")
	if err != nil {
		b.Fatal(err)
	}
	conn, err := db.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	sql, _ := selection.SQL(def, def.Table().Sanitize(), selection.Selection{Columns: columnsOfBench(b)})
	if _, err := conn.Conn().PgConn().CopyTo(b.Context(), io.Discard, "COPY ("+sql+") TO STDOUT (FORMAT csv)"); err != nil {
		b.Fatal(err)
	}
}

// writeFormat does all that the first step of an export does.
func writeFormat(b *testing.B, d Deps, name string) {
	found, err := reports.Find("school_onboarding")
	if err != nil {
		b.Fatal(err)
	}
	def := *found
	def.Views = nil // what they cost is their SQL's
	job, err := newJob(d, &run.Local{}, &def, Args{Report: def.Name, Formats: []string{name}, Columns: columnsOfBench(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer job.giveUp()
	if err := job.write(b.Context(), run.NewStep("write")); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(job.files[0].size)/1e6, name+"-MB")
}

// bigReport is a report with as many rows, each much like those of the demo.
func bigReport(b *testing.B) Deps {
	b.Helper()
	db := pgtest.New(b)
	if err := reports.EnsureTables(b.Context(), db); err != nil {
		b.Fatal(err)
	}
	s, err := store.Folder(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	err = pgx.BeginFunc(b.Context(), db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(b.Context(), bigReportSQL(b)); err != nil {
			return err
		}
		return recordRefresh(b.Context(), tx, 1, benchRows)
	})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(b.Context(), "VACUUM ANALYZE reports.school_onboarding"); err != nil {
		b.Fatal(err)
	}
	return Deps{DB: db, Store: s}
}

// bigReportSQL fills every column by its type.
func bigReportSQL(b *testing.B) string {
	b.Helper()
	def, err := reports.Find("school_onboarding")
	if err != nil {
		b.Fatal(err)
	}
	values := map[string]string{
		"text":      "(ARRAY['Primary', 'Secondary', 'Not applicable', 'Academy sponsor led', 'Voluntary aided school'])[1 + n % 5]",
		"integer":   "n % 8",
		"decimal":   "n / 8.0",
		"boolean":   "n % 3 = 0",
		"timestamp": "CASE WHEN n % 4 > 0 THEN timestamptz '2026-11-22 06:10:00+00' - n * interval '17 minutes 3.25 seconds' END",
		"date":      "date '2026-11-22' - n % 1000",
		"text[]":    "CASE n % 3 WHEN 0 THEN '{}'::text[] WHEN 1 THEN '{no_tutor}' ELSE '{contact_failed,no_tutor}' END",
	}
	own := map[string]string{
		"urn": "(100000 + n)::text", "name": "'St Example''s Church of England Primary School ' || n", "postcode": "'EX' || n % 20 || ' ' || n % 9 || 'AB'",
		"stage_rank": "1", "cohort": "2026", "as_of": "timestamptz '2026-11-22 06:10:00+00'", "eligibility": "'eligible'", "stage": "'contacted'",
	}
	var names, terms []string
	for _, c := range def.Columns {
		term, ok := own[c.Name]
		if !ok {
			term = values[c.Type]
		}
		names, terms = append(names, pgx.Identifier{c.Name}.Sanitize()), append(terms, term)
	}
	return "INSERT INTO reports.school_onboarding (" + strings.Join(names, ", ") + ") SELECT " + strings.Join(terms, ", ") +
		" FROM generate_series(0, 249999) AS n"
}
