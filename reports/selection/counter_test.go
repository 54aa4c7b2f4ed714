package selection_test

import (
	"testing"

	"cpd-jobs/reports/selection"
)

func TestCountsAreOfTheVersionThatIsLive(t *testing.T) {
	t.Parallel()
	def, db := report(t)
	var c selection.Counter
	s := parse(t, def, "tutor_signed_in=true")
	count := func(sort string, limit int) int64 {
		t.Helper()
		asked := s
		asked.Sort = sort
		page, err := selection.Read(t.Context(), db, def, asked, "", limit)
		if err != nil {
			t.Fatal(err)
		}
		n, err := c.Count(t.Context(), db, def, asked, page, true)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	live := func(version int) {
		t.Helper()
		if _, err := db.Exec(t.Context(), "UPDATE reports.definitions SET live_version = $1 WHERE report = $2", version, def.Name); err != nil {
			t.Fatal(err)
		}
	}
	live(1)
	if got := count("", 1); got != 2 {
		t.Errorf("%d rows, want 2", got)
	}
	if _, err := db.Exec(t.Context(), "INSERT INTO reports.school_onboarding (urn, tutor_signed_in) VALUES ('500', true)"); err != nil {
		t.Fatal(err)
	}
	if got := count("name", 1); got != 2 {
		t.Errorf("the same version in another order: %d rows, want 2 as before", got)
	}
	live(2)
	if got := count("", 1); got != 3 {
		t.Errorf("the next version: %d rows, want 3", got)
	}
	if got := count("", 50); got != 3 {
		t.Errorf("all on one page: %d rows, want 3", got)
	}
}
