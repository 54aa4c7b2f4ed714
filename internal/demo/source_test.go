package demo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

// small is the smallest source that has everything.
func small() demo.Options { return demo.Options{Schools: 300, Seed: 7, AsOf: asOf} }

// made makes a source and a pool on it.
func made(t *testing.T, o demo.Options) (demo.Manifest, *pgxpool.Pool) {
	t.Helper()
	url := pgtest.NewEmpty(t)
	m, err := demo.Source(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	return m, pgtest.Connect(t, url)
}

// shared is a copy of the small source.
func shared(t *testing.T) (demo.Manifest, *pgxpool.Pool) {
	t.Helper()
	url := smallSource.URL(t)
	m, state, err := demo.Inspect(t.Context(), url)
	if err != nil || state != demo.Complete {
		t.Fatalf("the small source is %s: %v", state, err)
	}
	return m, pgtest.Connect(t, url)
}

// filled are sources that several tests read, made once and cloned.
func filled(name string, o demo.Options) *pgtest.Filled {
	return &pgtest.Filled{Name: name, Bare: true, Fill: func(ctx context.Context, db *pgxpool.Pool) error {
		_, err := demo.Source(ctx, db.Config().ConnString(), o)
		return err
	}}
}

// thousands are the options of a source with some of everything.
func thousands() demo.Options { return demo.Options{Schools: 4000, Seed: 3, AsOf: asOf} }

var smallSource, thousandsSource = filled("small", small()), filled("thousands", thousands())

func column[T any](t *testing.T, db *pgxpool.Pool, sql string, args ...any) []T {
	t.Helper()
	rows, _ := db.Query(t.Context(), sql, args...)
	got, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func value[T any](t *testing.T, db *pgxpool.Pool, sql string, args ...any) T {
	t.Helper()
	got := column[T](t, db, sql, args...)
	if len(got) != 1 {
		t.Fatalf("%s: got %d rows, want 1", sql, len(got))
	}
	return got[0]
}

// contents hashes every table of a source, whatever the physical order of its rows.
func contents(t *testing.T, db *pgxpool.Pool) map[string]string {
	t.Helper()
	hashes := map[string]string{}
	for _, table := range column[string](t, db, `SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`) {
		hashes[table] = value[string](t, db, fmt.Sprintf(
			`SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\n' ORDER BY t::text COLLATE "C")), '') FROM public.%s t`,
			pgx.Identifier{table}.Sanitize()))
	}
	return hashes
}

func TestSameOptionsSameRows(t *testing.T) {
	t.Parallel()
	first, db := shared(t)
	second, again := made(t, small())
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("manifests differ (-first +second):\n%s", diff)
	}
	rows := contents(t, db)
	if diff := cmp.Diff(rows, contents(t, again)); diff != "" {
		t.Errorf("tables differ (-first +second):\n%s", diff)
	}
	other := small()
	other.Seed++
	_, elsewhere := made(t, other)
	if cmp.Equal(rows["schools"], contents(t, elsewhere)["schools"]) {
		t.Error("another seed made the same schools")
	}
}

func TestSourceIsTheServicesOwn(t *testing.T) {
	t.Parallel()
	m, db := made(t, small())
	if got := m.Rows("schools"); got != 300 {
		t.Errorf("got %d schools, want 300", got)
	}
	for _, table := range m.Tables {
		if table.Rows == 0 {
			t.Errorf("%s is empty", table.Table)
		}
		if got := value[int64](t, db, `SELECT count(*) FROM public.`+table.Table); got != table.Rows {
			t.Errorf("%s: manifest says %d rows, table has %d", table.Table, table.Rows, got)
		}
	}
	if got := value[int64](t, db, `SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated AND connamespace = 'public'::regnamespace`); got != 55 {
		t.Errorf("got %d foreign keys in force, want 55", got)
	}
	if got := value[string](t, db, `SELECT current_setting('cpd_jobs.demo_clock', true)`); got != "2026-11-22T06:10:00Z" {
		t.Errorf("got demo clock %q, want as-of", got)
	}
	if got, want := column[int16](t, db, `SELECT start_year FROM cohorts ORDER BY 1`), []int16{2022, 2023, 2024, 2025, 2026}; !cmp.Equal(got, want) {
		t.Errorf("got cohorts %v, want %v", got, want)
	}
	if m.EmailType != "citext" {
		t.Errorf("got e-mail addresses as %s, want citext on a server with contrib", m.EmailType)
	}
	choices := column[string](t, db, `SELECT DISTINCT induction_programme_choice FROM school_cohorts ORDER BY 1`)
	if len(choices) != 6 {
		t.Errorf("got choices %v, want all six", choices)
	}
}

// Restricted reports tell these apart, so a source of any size has them.
func TestSourceHasWhatRestrictedReportsNeed(t *testing.T) {
	t.Parallel()
	db := pgtest.Connect(t, smallSource.URL(t))
	for name, sql := range map[string]string{
		"a tutor who mentors": `SELECT FROM induction_coordinator_profiles_schools
			JOIN induction_coordinator_profiles AS i ON i.id = induction_coordinator_profile_id
			JOIN teacher_profiles AS t ON t.user_id = i.user_id
			JOIN participant_profiles AS p ON p.teacher_profile_id = t.id AND p.type = 'ParticipantProfile::Mentor' AND p.status = 'active'
			JOIN participant_identities AS e ON e.id = p.participant_identity_id AND e.user_id = i.user_id`,
		"a tutor who does not": `SELECT FROM induction_coordinator_profiles AS i
			WHERE user_id NOT IN (SELECT user_id FROM teacher_profiles)`,
		"a teacher with a mentor": `SELECT FROM participant_profiles AS p JOIN participant_profiles AS m ON m.id = p.mentor_profile_id`,
		"a deferral with its reason": `SELECT FROM participant_profile_states AS s JOIN induction_records AS r USING (participant_profile_id)
			WHERE s.state = 'deferred' AND r.training_status = s.state AND s.reason IS NOT NULL`,
		"a schedule":         `SELECT FROM participant_profiles AS p JOIN schedules AS s ON s.id = p.schedule_id AND s.schedule_identifier <> ''`,
		"a check by hand":    `SELECT FROM ecf_participant_eligibilities WHERE status = 'manual_check' AND reason <> 'none'`,
		"nobody checked yet": `SELECT FROM participant_profiles WHERE id NOT IN (SELECT participant_profile_id FROM ecf_participant_eligibilities)`,
		"a validation":       `SELECT FROM ecf_participant_validation_data JOIN participant_profiles AS p ON p.id = participant_profile_id`,
		"a duplicate declaration": `SELECT FROM participant_declarations AS d JOIN declaration_states AS s
			ON s.participant_declaration_id = d.id AND s.state = d.state WHERE s.state_reason = 'duplicate'`,
		"a state entered twice": `SELECT FROM declaration_states AS s JOIN participant_declarations AS d
			ON d.id = s.participant_declaration_id AND d.state = s.state GROUP BY d.id HAVING count(*) > 1`,
		"a voided declaration": `SELECT FROM participant_declarations AS d JOIN cpd_lead_providers AS l ON l.id = d.cpd_lead_provider_id
			WHERE state = 'voided' AND voided_at IS NOT NULL`,
		"declarations of both courses": `SELECT FROM participant_declarations HAVING count(DISTINCT course_identifier) = 2`,
	} {
		if !value[bool](t, db, "SELECT EXISTS ("+sql+")") {
			t.Errorf("the source has not %s", name)
		}
	}
}

func TestNothingHappenedAfterAsOf(t *testing.T) {
	t.Parallel()
	o := small()
	o.AsOf = time.Date(2026, time.September, 1, 3, 0, 0, 0, time.UTC) // the cohort is hours old
	_, db := made(t, o)
	for _, c := range []string{"nomination_emails.created_at", "nomination_emails.sent_at", "nomination_emails.opened_at",
		"users.created_at", "users.current_sign_in_at", "induction_coordinator_profiles_schools.created_at",
		"school_cohorts.created_at", "partnerships.created_at", "partnerships.challenged_at", "participant_profiles.created_at",
		"induction_records.created_at", "participant_declarations.created_at", "declaration_states.created_at",
		"participant_declarations.declaration_date", "participant_profile_states.created_at"} {
		table, col, _ := strings.Cut(c, ".")
		if n := value[int64](t, db, fmt.Sprintf(`SELECT count(*) FROM %s WHERE %s > $1`, table, col), o.AsOf); n > 0 {
			t.Errorf("%s: %d rows lie after as-of", c, n)
		}
	}
}

func TestNobodyCouldBeWrittenTo(t *testing.T) {
	t.Parallel()
	db := pgtest.Connect(t, smallSource.URL(t))
	columns := column[string](t, db, `
		SELECT format('SELECT count(*) FROM public.%I WHERE %I::text ~ ''@'' AND %2$I::text !~ ''^[^@]+@example\.(com|org)$''', table_name, column_name)
		FROM information_schema.columns
		WHERE table_schema = 'public' AND udt_name IN ('varchar', 'text', 'citext', 'json')`)
	if len(columns) < 100 {
		t.Fatalf("got %d text columns, want all of the source's", len(columns))
	}
	for _, sql := range columns {
		if n := value[int64](t, db, sql); n > 0 {
			t.Errorf("%d addresses outside example.com and example.org: %s", n, sql)
		}
	}
	if n := value[int64](t, db, `SELECT count(*) FROM users WHERE full_name !~ '^Demo Person '`); n > 0 {
		t.Errorf("%d users are not called Demo Person", n)
	}
	if n := value[int64](t, db, `SELECT count(*) FROM teacher_profiles WHERE length(trn) = 7`); n > 0 {
		t.Errorf("%d TRNs could be somebody's", n)
	}
}

func TestSourceIsMadeOnceAndNotOverOthers(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	if _, state, err := demo.Inspect(t.Context(), url); err != nil || state != demo.Empty {
		t.Fatalf("new database: got state %q, error %v, want empty", state, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := small()
	o.Progress = func(what string, _, _ int64) {
		if what == "indexes" {
			cancel()
		}
	}
	if _, err := demo.Source(ctx, url, o); err == nil {
		t.Fatal("a cancelled run succeeded")
	}
	if _, state, err := demo.Inspect(t.Context(), url); err != nil || state != demo.Unfinished {
		t.Fatalf("interrupted: got state %q, error %v, want unfinished", state, err)
	}
	whole, err := demo.Source(t.Context(), url, small())
	if err != nil {
		t.Fatal(err)
	}
	found, state, err := demo.Inspect(t.Context(), url)
	if err != nil || state != demo.Complete {
		t.Fatalf("made: got state %q, error %v, want complete", state, err)
	}
	if diff := cmp.Diff(whole, found); diff != "" {
		t.Errorf("manifest read back differs (-made +found):\n%s", diff)
	}
	refusals(t, url)
}

func refusals(t *testing.T, url string) {
	t.Helper()
	o := small()
	o.Progress = func(string, int64, int64) { t.Error("a complete source was made again") }
	if _, err := demo.Source(t.Context(), url, o); err != nil {
		t.Errorf("same options again: %v", err)
	}
	o.Seed++
	if _, err := demo.Source(t.Context(), url, o); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("other options: got %v, want a refusal", err)
	}
	o.Progress, o.Replace = nil, true
	if m, err := demo.Source(t.Context(), url, o); err != nil || m.Seed != o.Seed {
		t.Errorf("replaced: got seed %d, error %v", m.Seed, err)
	}
	foreign := pgtest.NewEmpty(t)
	if _, err := pgtest.Connect(t, foreign).Exec(t.Context(), `CREATE TABLE schools (id int)`); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Source(t.Context(), foreign, o); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("somebody's tables: got %v, want a refusal", err)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]demo.Options{
		"no as-of":         {Schools: 300},
		"too few schools":  {Schools: 99, AsOf: asOf},
		"too many schools": {Schools: 250001, AsOf: asOf},
		"too long ago":     {AsOf: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := demo.Source(t.Context(), "postgres:///nowhere", o); run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("%s: got %v, want a refusal before anything is reached", name, err)
		}
	}
}
