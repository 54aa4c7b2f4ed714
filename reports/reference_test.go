package reports_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
)

// referenceCase is one row of the truth table that is kept beside the repository.
type referenceCase struct {
	ID, Title string
	AsOf      string `json:"as_of"`
	Tables    tables
	Expect    struct {
		Error string
		Rows  []struct{ Report, Extension row }
	}
}

// TestReferenceCases puts every case of the truth table through the real refresh, column by column.
func TestReferenceCases(t *testing.T) {
	t.Parallel()
	base, cases := readReference(t)
	const databases = 4
	for shard := range databases {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			for i := shard; i < len(cases); i += databases {
				t.Run(cases[i].ID, func(t *testing.T) { cases[i].try(t, db, base) })
			}
		})
	}
}

func readReference(t *testing.T) (tables, []referenceCase) {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "reference", "school-onboarding-cases.json")
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("the reference's truth table is not at %s", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Base  tables
		Cases []referenceCase
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Base, file.Cases
}

func (c referenceCase) try(t *testing.T, db database, base tables) {
	source := base.with(c.Tables)
	source["schools"] = withoutAddresses(source["schools"])
	db.sync(t, instant(t, c.AsOf), source)
	before := one[int64](t, db, "SELECT live_version FROM reports.definitions WHERE report = 'school_onboarding'")
	_, err := db.refresh(t)
	if c.Expect.Error == "no_current_cohort" {
		if err == nil || !strings.Contains(err.Error(), "no current cohort") || run.ClassOf(err) != run.ClassBlocked {
			t.Errorf("error: got %v, want one of class refused that says no current cohort", err)
		}
		if after := one[int64](t, db, "SELECT live_version FROM reports.definitions WHERE report = 'school_onboarding'"); after != before {
			t.Errorf("version %d was published", after)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	got := db.published(t)
	if len(got) != len(c.Expect.Rows) {
		t.Fatalf("%s: got %d rows, want %d", c.Title, len(got), len(c.Expect.Rows))
	}
	for i, want := range c.Expect.Rows {
		for _, d := range append(differences(got[i], want.Report), differences(got[i], want.Extension)...) {
			t.Errorf("%s: %s", c.Title, d)
		}
	}
}

// withoutAddresses does what the sync does: that there is an address is copied, the address is not.
func withoutAddresses(schools []row) []row {
	list := make([]row, len(schools))
	for i, s := range schools {
		list[i] = s.and(row{"has_contact_address": filled(s["primary_contact_email"]) || filled(s["secondary_contact_email"])})
	}
	return list
}

func filled(v any) bool {
	text, ok := v.(string)
	return ok && strings.TrimSpace(text) != ""
}
