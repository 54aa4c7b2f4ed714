package reports_test

import (
	"cpd-jobs/internal/testing/reporttest"
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
	Tables    reporttest.Tables
	Expect    struct {
		Error string
		Rows  []struct{ Report, Extension reporttest.Row }
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
			db := reporttest.New(t)
			for i := shard; i < len(cases); i += databases {
				t.Run(cases[i].ID, func(t *testing.T) { cases[i].try(t, db, base) })
			}
		})
	}
}

func readReference(t *testing.T) (reporttest.Tables, []referenceCase) {
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
		Base  reporttest.Tables
		Cases []referenceCase
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Base, file.Cases
}

func (c referenceCase) try(t *testing.T, db reporttest.Database, base reporttest.Tables) {
	source := base.With(c.Tables)
	source["schools"] = reporttest.WithoutAddresses(source["schools"])
	db.Sync(t, reporttest.Instant(t, c.AsOf), source)
	before := reporttest.One[int64](t, db, "SELECT live_version FROM reports.definitions WHERE report = 'school_onboarding'")
	_, err := db.Refresh(t)
	if c.Expect.Error == "no_current_cohort" {
		if err == nil || !strings.Contains(err.Error(), "no current cohort") || run.ClassOf(err) != run.ClassBlocked {
			t.Errorf("error: got %v, want one of class refused that says no current cohort", err)
		}
		if after := reporttest.One[int64](t, db, "SELECT live_version FROM reports.definitions WHERE report = 'school_onboarding'"); after != before {
			t.Errorf("version %d was published", after)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	got := db.Published(t)
	if len(got) != len(c.Expect.Rows) {
		t.Fatalf("%s: got %d rows, want %d", c.Title, len(got), len(c.Expect.Rows))
	}
	for i, want := range c.Expect.Rows {
		for _, d := range append(reporttest.Differences(got[i], want.Report), reporttest.Differences(got[i], want.Extension)...) {
			t.Errorf("%s: %s", c.Title, d)
		}
	}
}
