package reports_test

import (
	"cpd-jobs/internal/testing/reporttest"
	"fmt"
	"os"
	"strings"
	"testing"

	"cpd-jobs/internal/demo"
)

// TestQueryEqualsReferenceImplementation refreshes generated sources of different seeds and compares every cell with
// the same rules followed school by school. CPD_JOBS_LONG=1 makes the sources ten times as big.
func TestQueryEqualsReferenceImplementation(t *testing.T) {
	t.Parallel()
	size := 100
	if os.Getenv("CPD_JOBS_LONG") != "" {
		size = 1000
	}
	for seed := uint64(1); seed <= 10; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			at := reporttest.Instant(t, "2026-11-22T06:10:00Z").AddDate(0, int(seed)*5, 0)
			source := reporttest.Generated(t, demo.Options{Schools: size, Seed: seed, AsOf: at})
			db := reporttest.New(t)
			db.Sync(t, at, source)
			db.MustRefresh(t)
			want := newService(source, at, regionsOf(t, db)).report()
			got := db.Published(t)
			if len(got) != len(want) {
				t.Errorf("got %d schools, want %d", len(got), len(want))
			}
			for _, r := range got {
				for _, d := range reporttest.Differences(r, want[reporttest.Text(r["urn"])]) {
					t.Errorf("school %s: %s", r["urn"], d)
				}
				if len(r) != len(want[reporttest.Text(r["urn"])]) {
					t.Errorf("school %s: got %d columns, want %d", r["urn"], len(r), len(want[reporttest.Text(r["urn"])]))
				}
			}
		})
	}
}

// TestReferenceImplementationSolvesTheTruthTable makes sure that what the query is compared with is right itself.
func TestReferenceImplementationSolvesTheTruthTable(t *testing.T) {
	t.Parallel()
	base, cases := readReference(t)
	regions := regionsOf(t, reporttest.New(t))
	for _, c := range cases {
		source := base.With(c.Tables)
		source["schools"] = reporttest.WithoutAddresses(source["schools"])
		s := newService(source, reporttest.Instant(t, c.AsOf), regions)
		if c.Expect.Error != "" {
			if s.cohort != nil {
				t.Errorf("%s: there is a cohort, %v", c.ID, s.cohort)
			}
			continue
		}
		got := s.report()
		if len(got) != len(c.Expect.Rows) {
			t.Errorf("%s: got %d rows, want %d", c.ID, len(got), len(c.Expect.Rows))
			continue
		}
		for _, want := range c.Expect.Rows {
			r := got[reporttest.Text(want.Report["urn"])]
			for _, d := range append(reporttest.Differences(r, want.Report), reporttest.Differences(r, want.Extension)...) {
				t.Errorf("%s, %s: %s", c.ID, c.Title, d)
			}
		}
	}
}

// regionsOf are the facts about local authorities.
func regionsOf(t *testing.T, db reporttest.Database) map[string][2]string {
	t.Helper()
	regions := map[string][2]string{}
	for _, line := range reporttest.Query[string](t, db, "SELECT concat_ws('|', la_code, region_code, region_name) FROM reports.region_by_la") {
		part := strings.Split(line, "|")
		regions[part[0]] = [2]string{part[1], part[2]}
	}
	return regions
}
