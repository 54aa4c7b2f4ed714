package cpd_test

import (
	"log/slog"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
)

// Each change comes on top of those before: all that is wrong is told at once.
func TestChangedSourceTables(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	check := w.unhurt()
	var wrong []string
	for _, test := range []struct{ name, do, problem string }{
		{"a column has another type", "ALTER TABLE schools ALTER school_type_code TYPE bigint",
			"schools.school_type_code is bigint, not integer"},
		{"what a computed column reads is gone", "ALTER TABLE schools DROP COLUMN secondary_contact_email",
			"no column schools.secondary_contact_email"},
		{"a column has another name", "ALTER TABLE users RENAME current_sign_in_at TO signed_in_at",
			"no column users.current_sign_in_at"},
		{"a table is gone", "DROP TABLE induction_records", "no table induction_records"},
	} {
		w.inSource(test.do)
		wrong = append(wrong, test.problem)
		_, err := w.try(&run.Local{}, cpd.Args{})
		wantError(t, err, run.ClassInvalid, strings.Join(wrong, ", "))
		check()
		checked, err := cpd.Check(t.Context(), w.deps.SourceURL)
		if err != nil || strings.Join(checked.Problems, ", ") != strings.Join(wrong, ", ") {
			t.Errorf("%s: check: got %q, %v, want %q", test.name, checked.Problems, err, wrong)
		}
	}
}

func TestNewSourceColumnIsAnnounced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inSource("ALTER TABLE schools ADD head_teacher text DEFAULT 'A Name'")
	heard := &listener{}
	if _, err := w.try(&run.Local{Logger: slog.New(heard)}, cpd.Args{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(heard.lines(), "schools.head_teacher") {
		t.Errorf("log: got %q, want the new column", heard.lines())
	}
	checked, err := cpd.Check(t.Context(), w.deps.SourceURL)
	if err != nil || len(checked.Problems) > 0 || strings.Join(checked.NewColumns, " ") != "schools.head_teacher" {
		t.Errorf("check: got %+v, %v, want no problem and one new column", checked, err)
	}
}

// A server may lack the extension, or have it where no search path leads.
func TestAddressesOfOtherTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, do := range []string{
		"CREATE SCHEMA aside; ALTER EXTENSION citext SET SCHEMA aside",
		"ALTER TABLE users ALTER email TYPE character varying",
	} {
		w.inSource(do)
		w.sync()
		if n := one[int](t, w.deps.DB, "SELECT count(*) FROM restricted.cpd_users WHERE email LIKE '%@%'"); n != 100 {
			t.Errorf("%s: got %d addresses, want 100", do, n)
		}
	}
}

// A deploy has old and new programs side by side.
func TestOlderProgramOnNewerTables(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inOurs(`ALTER TABLE cpd.users_0 ADD added text;
		CREATE OR REPLACE VIEW cpd.users AS SELECT id, current_sign_in_at, created_at, added FROM cpd.users_0`)
	w.sync()
	if got := one[int](t, w.deps.DB, "SELECT count(*) FROM cpd.users WHERE added IS NULL"); got != 100 {
		t.Errorf("got %d users, want 100 with nothing in the new column", got)
	}
}

func TestNewerProgramOnOlderTables(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inOurs(`DROP VIEW cpd.users; CREATE VIEW cpd.users AS SELECT id, created_at FROM cpd.users_0`)
	_, err := w.try(&run.Local{}, cpd.Args{})
	wantError(t, err, run.ClassInvalid, "no column users.current_sign_in_at", "migrate up")
}
