package cpd_test

import (
	"testing"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/jobs/guard"
)

func TestProfilesAndGuardsOfACopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sync()
	const urns = `SELECT concat_ws(' ', rows, filled, unreadable, distinct_values, shortest, longest) FROM reports.source_profiles
		WHERE input = 'cpd' AND version = 1 AND part = 'schools' AND column_name = 'urn'`
	if got, want := one[string](t, w.deps.DB, urns), "200 200 0 200 6 6"; got != want {
		t.Errorf("the profile of schools.urn: got %s, want %s", got, want)
	}
	const shown = `SELECT count(*) FROM reports.source_profiles WHERE part LIKE 'restricted.%' AND (smallest IS NOT NULL OR frequent <> '[]')`
	if n := one[int](t, w.deps.DB, shown); n != 0 {
		t.Errorf("the profiles show values of %d restricted columns", n)
	}
	check := w.unhurt()
	w.inSource("UPDATE schools SET name = 'School'")
	_, err := w.try(&run.Local{}, cpd.Args{})
	wantError(t, err, run.ClassBlocked, `schools.name: every value is now "School"`, "allow=column:schools.name")
	check()
	if _, err := w.try(&run.Local{}, cpd.Args{Allow: guard.Allow{"column:schools.name"}}); err != nil {
		t.Errorf("allowed: %v", err)
	}
}
