package export

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/reports"
	"cpd-jobs/reports/store"
)

// asOf is the moment that the report describes in these tests.
var asOf = time.Date(2026, 11, 22, 6, 10, 30, 0, time.UTC)

// bench is a database with the report's tables, a store in a folder, and what runs an export.
type bench struct {
	Deps
	t   *testing.T
	url string // of the database
	dir string // of the store
}

// ensured has the reports' tables.
var ensured = pgtest.Filled{Name: "ensured", Fill: func(ctx context.Context, db *pgxpool.Pool) error { return reports.EnsureTables(ctx, db) }}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	url := ensured.URL(t)
	db := pgtest.Connect(t, url)
	dir := filepath.Join(t.TempDir(), "exports")
	s, err := store.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{Deps: Deps{DB: db, Store: s, Contact: "team@example.org"}, t: t, url: url, dir: dir}
}

// school is a row of the report, of which tests set what they are about.
type school struct {
	urn, name, region string
	phase             *int
	openedAt          *time.Time
	signedIn          *bool
	flags             []string
}

// refresh makes the schools the report's whole content, as version n of it.
func (b *bench) refresh(n int, schools ...school) {
	b.t.Helper()
	err := pgx.BeginFunc(b.t.Context(), b.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(b.t.Context(), "DELETE FROM reports.school_onboarding"); err != nil {
			return err
		}
		if err := copySchools(b.t.Context(), tx, schools); err != nil {
			return err
		}
		return recordRefresh(b.t.Context(), tx, n, len(schools))
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func copySchools(ctx context.Context, tx pgx.Tx, schools []school) error {
	columns := []string{"urn", "name", "school_status_code", "school_status_name", "region_code", "school_phase_type", "nomination_email_opened_at",
		"induction_tutor_signed_in", "in_partnership", "flags", "register_flags", "cohort", "as_of", "eligibility", "stage", "stage_rank"}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"reports", "school_onboarding"}, columns, pgx.CopyFromSlice(len(schools), func(i int) ([]any, error) {
		s := schools[i]
		if s.flags == nil {
			s.flags = []string{}
		}
		return []any{s.urn, s.name, 1, "open", s.region, s.phase, s.openedAt, s.signedIn, true, s.flags, []string{}, 2026, asOf, "eligible", "contacted", 1}, nil
	}))
	return err
}

func recordRefresh(ctx context.Context, tx pgx.Tx, version, rows int) error {
	def, err := reports.Find("school_onboarding")
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO reports.refreshes (report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
			definition_version, definition_hash, program_version, inputs, steps)
		VALUES ($1, $2::bigint, 17, $3, $3::timestamptz + $2::bigint * interval '1 minute', $4, $4, 0, 0, $2::bigint, $5, $6, '1.2.3', $7, '[]')`,
		def.Name, version, asOf, rows, def.Version, def.Hash,
		fmt.Sprintf(`[{"input": "cpd", "version": 7, "as_at": %q, "rows": 1234567}, {"input": "gias", "version": 3, "as_at": "2026-11-22T02:00:00Z", "rows": 52000}]`,
			asOf.Format(time.RFC3339)))
	return err
}

// schools makes n plain ones, in the wrong order.
func schools(n int) []school {
	list := make([]school, n)
	for i := range list {
		urn := fmt.Sprint(99_990 + n - i)
		phase := i % 8
		opened := asOf.Add(-time.Duration(i) * time.Hour).Add(time.Duration(i%3) * time.Microsecond)
		list[i] = school{urn: urn, name: "School " + urn, region: fmt.Sprintf("E1200000%d", 1+i%9), phase: &phase, openedAt: &opened}
		if i%2 == 0 {
			signedIn := true
			list[i].signedIn, list[i].flags = &signedIn, []string{"contact_failed", "no_tutor"}
		}
	}
	return list
}

func (b *bench) args() Args {
	return Args{Report: "school_onboarding", Formats: []string{"xlsx", "csv"}}
}

// export runs a job, as the queue does, that must succeed.
func (b *bench) export(a Args) (run.Outcome, Summary) {
	b.t.Helper()
	raw, err := json.Marshal(a)
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := Kinds(b.Deps)[0].Work(b.t.Context(), &run.Local{}, raw)
	if err != nil {
		b.t.Fatal(err)
	}
	return out, out.Summary.(Summary)
}

func (b *bench) wantFiles(want ...string) {
	b.t.Helper()
	if got := storetest.Keys(b.t, b.Store); !slices.Equal(got, want) {
		b.t.Errorf("files in the store\n got %q\nwant %q", got, want)
	}
	if n, err := b.Store.CleanDrafts(b.t.Context()); n != 0 || err != nil {
		b.t.Errorf("%d drafts were left, %v", n, err)
	}
}

func (b *bench) read(key string) string { return storetest.Read(b.t, b.Store, key) }

// csvRows parses an exported CSV file with the standard library: programs that no one here wrote read it too.
func (b *bench) csvRows(key string) [][]string {
	b.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(b.read(key))).ReadAll()
	if err != nil {
		b.t.Fatal(err)
	}
	return rows
}

// column gives the values of a column, header first left out.
func column(t *testing.T, rows [][]string, name string) []string {
	t.Helper()
	at := slices.Index(rows[0], name)
	if at < 0 {
		t.Fatalf("no column %s in %q", name, rows[0])
	}
	var values []string
	for _, r := range rows[1:] {
		values = append(values, r[at])
	}
	return values
}

func count(t *testing.T, db *pgxpool.Pool, sql string) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// brokenStore spoils drafts as a bad disk would.
type brokenStore struct {
	store.Store
	spoil   func(p []byte) []byte // what is stored in place of p
	publish func(key string) error
}

type brokenDraft struct {
	store.Draft
	key   string
	store *brokenStore
}

func (s *brokenStore) Create(ctx context.Context, key string) (store.Draft, error) {
	d, err := s.Store.Create(ctx, key)
	return &brokenDraft{Draft: d, key: key, store: s}, err
}

func (d *brokenDraft) Write(p []byte) (int, error) {
	if d.store.spoil == nil {
		return d.Draft.Write(p)
	}
	if _, err := d.Draft.Write(d.store.spoil(slices.Clone(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (d *brokenDraft) Publish(ctx context.Context) error {
	if d.store.publish != nil {
		if err := d.store.publish(d.key); err != nil {
			return err
		}
	}
	return d.Draft.Publish(ctx)
}

var _ io.Writer = (*brokenDraft)(nil)
