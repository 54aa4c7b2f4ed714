package cpd_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
)

func TestCopyEqualsSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	outcome := w.sync()
	if !outcome.Changed || outcome.Version != 1 {
		t.Errorf("got changed %v version %d, want true 1", outcome.Changed, outcome.Version)
	}
	for _, table := range cpd.Tables() {
		var columns []string
		for _, c := range table.Columns {
			columns = append(columns, c.Name)
		}
		if relationOf(table) == "restricted.cpd_users" {
			columns = append(columns, "email") // computed, but only to another type
		}
		sql := "SELECT row(" + strings.Join(columns, ", ") + ")::text FROM %s ORDER BY id"
		want := ask[string](t, w.source, fmt.Sprintf(sql, table.Name))
		got := ask[string](t, w.deps.DB, fmt.Sprintf(sql, relationOf(table)))
		if len(want) == 0 {
			t.Errorf("%s: the source has no rows to compare", table)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-source +copy):\n%s", table, diff)
		}
	}
}

func TestHasContactAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	want := ask[string](t, w.source, `SELECT urn FROM schools
		WHERE primary_contact_email LIKE '%@%' OR secondary_contact_email LIKE '%@%' ORDER BY urn`)
	got := ask[string](t, w.deps.DB, "SELECT urn FROM cpd.schools WHERE has_contact_address ORDER BY urn")
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("schools with a contact address (-source +copy):\n%s", diff)
	}
	if unknown := one[int](t, w.deps.DB, "SELECT count(*) FROM cpd.schools WHERE has_contact_address IS NULL"); unknown > 0 {
		t.Errorf("has_contact_address is NULL for %d schools, want true or false for all", unknown)
	}
}

func TestVersionSaysWhatWasCopied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inSource(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET cpd_jobs.demo_clock = ''2026-11-22T06:00:00Z''', current_database()); END $$`)
	outcome := w.sync()
	asAt := one[time.Time](t, w.deps.DB, "SELECT as_at FROM reports.input_versions WHERE input = 'cpd' AND version = 1")
	if want := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC); !asAt.Equal(want) {
		t.Errorf("as at: got %s, want the demo's clock %s", asAt, want)
	}
	var details cpd.Details
	raw := one[json.RawMessage](t, w.deps.DB, "SELECT details FROM reports.input_versions WHERE input = 'cpd'")
	if err := json.Unmarshal(raw, &details); err != nil {
		t.Fatal(err)
	}
	if got := details.Tables["schools"]; got.Rows != 200 || got.Bytes == 0 || got.Hash == "" {
		t.Errorf("schools: got %+v, want 200 rows, their bytes and hash", got)
	}
	summary, ok := outcome.Summary.(cpd.Summary)
	rows := one[int64](t, w.deps.DB, "SELECT rows FROM reports.input_versions WHERE input = 'cpd'")
	if !ok || summary.Rows != rows || len(summary.Tables) != len(cpd.Tables()) {
		t.Errorf("summary: got %+v, want %d rows of %d tables", outcome.Summary, rows, len(cpd.Tables()))
	}
}

func TestChangedOnlyWhenTheContentIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	for _, test := range []struct {
		name, do string
		changed  bool
	}{
		{"nothing", "", false},
		{"rows touched and written elsewhere", "UPDATE schools SET updated_at = now()", false},
		{"a column that is not copied", "UPDATE users SET sign_in_count = 7", false},
		{"a restricted column", "UPDATE users SET full_name = 'Another'", true},
		{"one value", "UPDATE schools SET name = name || '!' WHERE urn = '100007'", true},
		{"two rows change places", `UPDATE delivery_partners AS a SET name = b.name FROM delivery_partners AS b WHERE a.id <> b.id`, true},
		{"a row more", "INSERT INTO lead_providers (name) VALUES ('New')", true},
		{"an address where there was none", "UPDATE schools SET primary_contact_email = 'a@example.com' WHERE urn = '100012'", true},
		{"another address", "UPDATE schools SET primary_contact_email = 'b@example.com' WHERE urn = '100012'", false},
	} {
		w.inSource(test.do)
		before := w.versions()
		got := w.sync()
		if got.Changed != test.changed || got.Version != before+1 {
			t.Errorf("%s: got changed %v version %d, want %v %d", test.name, got.Changed, got.Version, test.changed, before+1)
		}
	}
}

// Two tables are always written together; a copy that saw different moments would have more of one.
func TestOneMomentOfAllTables(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inSource("TRUNCATE lead_providers, induction_records; INSERT INTO lead_providers (name) VALUES ('0')")
	stop, stopped, begun := make(chan struct{}), make(chan error, 1), make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			if n == 1 {
				close(begun)
			}
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			_, err := w.source.Exec(t.Context(), `WITH a AS (INSERT INTO lead_providers (name) VALUES ('x'))
				INSERT INTO induction_records (induction_programme_id, participant_profile_id, start_date)
				VALUES (gen_random_uuid(), gen_random_uuid(), now())`)
			if err != nil {
				stopped <- err
				return
			}
		}
	}()
	<-begun
	for range 3 {
		w.sync()
		providers := one[int](t, w.deps.DB, "SELECT count(*) - 1 FROM cpd.lead_providers")
		records := one[int](t, w.deps.DB, "SELECT count(*) FROM cpd.induction_records")
		if providers != records || records == 0 {
			t.Errorf("got %d and %d rows of what is written together", providers, records)
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
}

func TestDryRunCountsAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	check := w.unhurt()
	w.inSource("DELETE FROM lead_providers WHERE name = 'Teach First'; DELETE FROM schools WHERE urn = '100001'")
	outcome, err := w.try(&run.Local{Dry: true}, cpd.Args{Allow: []string{"lead_providers"}})
	if err != nil {
		t.Fatal(err)
	}
	check()
	for _, table := range outcome.Summary.(cpd.Summary).Tables {
		if table.Name == "schools" && (table.Rows != 199 || *table.Before != 200) {
			t.Errorf("schools: got %d of %d rows, want 199 of 200", table.Rows, *table.Before)
		}
	}
	_, err = w.try(&run.Local{Dry: true}, cpd.Args{})
	wantError(t, err, run.ClassBlocked, "lead_providers from 3 rows to 2")
}

func TestKind(t *testing.T) {
	t.Parallel()
	kind := cpd.Kinds(cpd.Deps{})[0]
	if _, err := kind.Check(json.RawMessage(`{"allow": ["schools", "users"]}`)); err != nil {
		t.Errorf("allow two tables: %v", err)
	}
	_, err := kind.Check(json.RawMessage(`{"allow": ["skools"]}`))
	wantError(t, err, run.ClassInvalid, `"skools"`)
	_, err = kind.Work(t.Context(), &run.Local{}, nil)
	wantError(t, err, run.ClassInvalid, "CPD_DATABASE_URL is not set")
}

func TestUnreachableSource(t *testing.T) {
	t.Parallel()
	deps := cpd.Deps{DB: pgtest.New(t), SourceURL: "postgres://ann:secret@127.0.0.1:1/cpd"}
	_, err := cpd.Sync(t.Context(), &run.Local{}, deps, cpd.Args{})
	wantError(t, err, run.ClassUnreachable, "CPD_DATABASE_URL", "127.0.0.1")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows the password: %v", err)
	}
}

func TestGuardStopsBeforeAnyChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	check := w.unhurt()
	w.inSource("DELETE FROM schools WHERE urn <= '100005'")
	_, err := w.try(&run.Local{}, cpd.Args{})
	wantError(t, err, run.ClassBlocked, "schools from 200 rows to 195")
	check()
	if _, err := w.try(&run.Local{}, cpd.Args{Allow: []string{"schools"}}); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

// A database that shows an earlier moment than the live copy was restored, or is another one.
func TestTimeDoesNotRunBackwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pinClock("2026-11-22T06:00:00Z")
	w.sync()
	w.sync() // the same moment again
	w.pinClock("2026-11-22T05:59:59Z")
	check := w.unhurt()
	_, err := w.try(&run.Local{}, cpd.Args{})
	wantError(t, err, run.ClassBlocked, "as of 2026-11-22T05:59:59Z, before the live copy of 2026-11-22T06:00:00Z", "--arg allow=as_of")
	check()
	_, err = w.try(&run.Local{Dry: true}, cpd.Args{})
	wantError(t, err, run.ClassBlocked, "before the live copy")
	if _, err := w.try(&run.Local{}, cpd.Args{Allow: []string{"schools"}}); run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("another guard was allowed: %v", err)
	}
	if _, err := w.try(&run.Local{}, cpd.Args{Allow: []string{"as_of"}}); err != nil {
		t.Error(err)
	}
}

// pinClock has the source show a moment.
func (w world) pinClock(moment string) {
	w.t.Helper()
	w.inSource("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET cpd_jobs.demo_clock = ''" + moment + "''', current_database()); END $$")
}

func TestAnotherServerIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if first := w.sync(); first.Summary.(cpd.Summary).OtherServer {
		t.Error("the first copy says that the server is another")
	}
	if same := w.sync(); same.Summary.(cpd.Summary).OtherServer {
		t.Error("the same server is said to be another")
	}
	w.inOurs(`UPDATE reports.input_versions SET details = jsonb_set(details, '{system}', '"7"')`)
	heard := &listener{Handler: slog.DiscardHandler}
	outcome, err := w.try(&run.Local{Logger: slog.New(heard)}, cpd.Args{})
	if err != nil || !outcome.Summary.(cpd.Summary).OtherServer || !strings.Contains(heard.lines(), "on another server") {
		t.Errorf("%v: %+v; heard %s", err, outcome.Summary, heard.lines())
	}
}
