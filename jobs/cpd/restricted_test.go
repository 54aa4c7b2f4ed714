package cpd_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpd-jobs/jobs/cpd"
)

const readableSQL = `
	SELECT r.role || ' ' || c.oid::regclass
	FROM unnest(ARRAY['cpd_jobs_reader', 'cpd_jobs_personal', 'public']) AS r (role)
	JOIN pg_class AS c ON c.relkind IN ('r', 'v') AND c.relnamespace IN ('cpd'::regnamespace, 'restricted'::regnamespace)
		AND (c.relnamespace = 'cpd'::regnamespace OR c.relname ~ '^cpd_' OR c.relname = 'a_report')
	WHERE has_any_column_privilege(r.role, c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(r.role, c.oid, 'DELETE, TRUNCATE')
	ORDER BY 1`

// A restricted report may be read by members of one role; what it is made of by no other role, in any copy.
func TestCopiesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := ask[string](t, w.deps.DB, readableSQL); len(got) > 0 {
		t.Errorf("after the migrations others may use %q, want nothing", got)
	}
	for range 2 {
		w.sync()
	}
	w.inOurs("CREATE TABLE restricted.a_report (urn text)")
	got := ask[string](t, w.deps.DB, readableSQL)
	if diff := cmp.Diff([]string{"cpd_jobs_personal restricted.a_report"}, got); diff != "" {
		t.Errorf("what others may use (-want +got):\n%s", diff)
	}
	usable := ask[string](t, w.deps.DB, `SELECT role || ' ' || nspname
		FROM unnest(ARRAY['cpd_jobs_reader', 'cpd_jobs_personal', 'public']) AS r (role), pg_namespace AS n
		WHERE nspname IN ('cpd', 'restricted') AND has_schema_privilege(role, nspname, 'USAGE, CREATE')`)
	if diff := cmp.Diff([]string{"cpd_jobs_personal restricted"}, usable); diff != "" {
		t.Errorf("schemas that others may enter (-want +got):\n%s", diff)
	}
}

func TestAddressesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	got := ask[string](t, w.deps.DB, "SELECT email FROM restricted.cpd_users WHERE email ~ '[A-Z]'")
	if diff := cmp.Diff([]string{"Nobody.Ünlü@Example.org"}, got); diff != "" {
		t.Errorf("addresses with capitals (-want +got):\n%s", diff)
	}
}

// A database that was synced before the migration has its rows in another copy than the migration's first.
func TestMigrationOfSyncedDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, table := range cpd.Tables() {
		if table.Restricted || table.Name == "schedules" || table.Name == "cpd_lead_providers" {
			w.inOurs("DROP VIEW " + relationOf(table) + "; DROP TABLE " + relationOf(table) + "_0")
		}
	}
	w.inOurs(`
		DROP VIEW cpd.induction_records;
		ALTER TABLE cpd.induction_records_0 DROP COLUMN training_status, DROP COLUMN created_at;
		ALTER TABLE cpd.induction_records_0 RENAME TO induction_records_17;
		SELECT setval('cpd.copies', 17);
		INSERT INTO cpd.induction_records_17 (id) VALUES (gen_random_uuid());
		CREATE VIEW cpd.induction_records AS SELECT id, induction_programme_id, participant_profile_id, start_date,
			end_date, induction_status, school_transfer FROM cpd.induction_records_17;
		DROP VIEW cpd.participant_profiles;
		ALTER TABLE cpd.participant_profiles_0 DROP COLUMN schedule_id, DROP COLUMN created_at;
		CREATE VIEW cpd.participant_profiles AS SELECT id, type, status, school_cohort_id, teacher_profile_id
			FROM cpd.participant_profiles_0;
		DROP VIEW cpd.induction_coordinator_profiles;
		ALTER TABLE cpd.induction_coordinator_profiles_0 DROP COLUMN created_at;
		CREATE VIEW cpd.induction_coordinator_profiles AS SELECT id, user_id FROM cpd.induction_coordinator_profiles_0`)
	migration, err := os.ReadFile("../../migrations/0040_cpd_restricted.sql")
	if err != nil {
		t.Fatal(err)
	}
	w.inOurs(string(migration))
	if n := one[int](t, w.deps.DB, "SELECT count(*) FROM cpd.induction_records WHERE training_status IS NULL"); n != 1 {
		t.Errorf("got %d rows of the copy before, want 1", n)
	}
	w.sync()
	if n := one[int](t, w.deps.DB, "SELECT count(*) FROM cpd.induction_records WHERE training_status IS NULL"); n != 0 {
		t.Errorf("after a sync: got %d rows without the new column, want 0", n)
	}
	if left := strings.Join(w.copies(), " "); strings.Contains(left, "induction_records_17") {
		t.Errorf("the copy before is still there: %s", left)
	}
}
