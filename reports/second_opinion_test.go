package reports_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
)

// TestEqualsAProceduralEvaluation refreshes generated sources of different seeds and compares every cell with the same
// rules followed school by school. CPD_JOBS_LONG=1 makes the sources ten times as big.
func TestEqualsAProceduralEvaluation(t *testing.T) {
	t.Parallel()
	size := 100
	if os.Getenv("CPD_JOBS_LONG") != "" {
		size = 1000
	}
	for seed := uint64(1); seed <= 10; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			at := instant(t, "2026-11-22T06:10:00Z").AddDate(0, int(seed)*5, 0)
			source := generated(t, demo.Options{Schools: size, Seed: seed, AsOf: at})
			db := newDatabase(t)
			db.sync(t, at, source)
			db.mustRefresh(t)
			want := newService(source, at, db.regions(t)).report()
			got := db.published(t)
			if len(got) != len(want) {
				t.Errorf("got %d schools, want %d", len(got), len(want))
			}
			for _, r := range got {
				for _, d := range differences(r, want[text(r["urn"])]) {
					t.Errorf("school %s: %s", r["urn"], d)
				}
				if len(r) != len(want[text(r["urn"])]) {
					t.Errorf("school %s: got %d columns, want %d", r["urn"], len(r), len(want[text(r["urn"])]))
				}
			}
		})
	}
}

// TestProceduralEvaluationKnowsTheReference makes sure that the second opinion is one: it must solve the truth table too.
func TestProceduralEvaluationKnowsTheReference(t *testing.T) {
	t.Parallel()
	base, cases := readReference(t)
	regions := newDatabase(t).regions(t)
	for _, c := range cases {
		source := base.with(c.Tables)
		source["schools"] = withoutAddresses(source["schools"])
		s := newService(source, instant(t, c.AsOf), regions)
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
			r := got[text(want.Report["urn"])]
			for _, d := range append(differences(r, want.Report), differences(r, want.Extension)...) {
				t.Errorf("%s, %s: %s", c.ID, c.Title, d)
			}
		}
	}
}

// regions are the facts about local authorities.
func (db database) regions(t *testing.T) map[string][2]string {
	t.Helper()
	regions := map[string][2]string{}
	for _, line := range query[string](t, db, "SELECT concat_ws('|', la_code, region_code, region_name) FROM reports.region_by_la") {
		part := strings.Split(line, "|")
		regions[part[0]] = [2]string{part[1], part[2]}
	}
	return regions
}

// generated is a made-up source, the columns that are synced of it.
func generated(t *testing.T, o demo.Options) tables {
	t.Helper()
	url := pgtest.NewEmpty(t)
	if _, err := demo.Source(t.Context(), url, o); err != nil {
		t.Fatal(err)
	}
	from := database{pgtest.Connect(t, url)}
	source := tables{}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(allTables, personalTables)))) {
		rows, _ := from.Query(t.Context(), "SELECT to_jsonb(t) FROM public."+pgx.Identifier{name}.Sanitize()+" t")
		list, err := pgx.CollectRows(rows, pgx.RowTo[row])
		if err != nil {
			t.Fatal(err)
		}
		source[name] = list
	}
	source["schools"] = withoutAddresses(source["schools"])
	return source
}
