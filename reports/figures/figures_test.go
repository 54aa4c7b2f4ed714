package figures_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/figures"
)

const fill = `
INSERT INTO reports.school_onboarding (urn, name, region_name, region_code, stage, stage_rank, eligibility, route, flags)
VALUES ('1', 'A', 'North', 'N', 'contacted', 1, 'eligible', NULL, '{no_tutor,contact_failed}'),
       ('2', 'B', 'North', 'N', 'email_opened', 2, 'eligible', 'full_induction_programme', '{}'),
       ('3', 'C', 'East', 'E', 'no_ects', NULL, 'cip_only', 'core_induction_programme', '{no_tutor}'),
       ('4', 'D', NULL, NULL, 'contacted', 1, 'eligible', 'full_induction_programme', NULL);
INSERT INTO reports.school_onboarding_trend (day, version, as_of, eligibility, contacted, with_tutor)
SELECT date '2026-06-01' + n, n, now(), 'all', n, NULL FROM generate_series(1, 100) AS n;
INSERT INTO reports.school_onboarding_trend (day, version, as_of, eligibility, contacted) VALUES ('2026-06-02', 1, now(), 'eligible', 7)`

func report(t *testing.T) (*definition.Definition, *pgxpool.Pool) {
	t.Helper()
	db := pgtest.New(t)
	if err := reports.EnsureTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), fill); err != nil {
		t.Fatal(err)
	}
	def, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	return def, db
}

func shown[T any](p *T) any {
	if p == nil {
		return "-"
	}
	return *p
}

func TestFunnelIsInTheOrderOfItsStages(t *testing.T) {
	t.Parallel()
	def, db := report(t)
	counted := *def
	apart := *def.Funnel
	apart.Reached, apart.Share = "", ""
	counted.Funnel = &apart
	for _, c := range []struct {
		def   *definition.Definition
		group string
		want  string
	}{
		{def, "all", "not_contacted 0 3 1, contacted 2 3 1, email_opened 1 1 0.333333, "},
		{def, "cip_only", "not_contacted 0 0 -, contacted 0 0 -, email_opened 0 0 -, "},
		{&counted, "eligible", "not_contacted 0 3 1, contacted 2 3 1, email_opened 1 1 0.3333333333333333, "},
	} {
		stages, err := figures.Funnel(t.Context(), db, c.def, c.group)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range stages[:3] {
			got += fmt.Sprint(s.Value, " ", s.Here, " ", shown(s.Reached), " ", shown(s.Share), ", ")
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.group, got, c.want)
		}
		if last := stages[len(stages)-1]; last.Value != "no_ects" || c.def == def && last.Reached != nil {
			t.Errorf("%s: the last stage is %+v", c.group, last)
		}
	}
}

func TestTrendGoesBackFromItsLastDay(t *testing.T) {
	t.Parallel()
	def, db := report(t)
	days, err := figures.Trend(t.Context(), db, def, "all")
	if err != nil {
		t.Fatal(err)
	}
	if len(days) != 90 || fmt.Sprintln(days[0].Day.Format("2 January"), days[0].Counts, days[89].Counts) != "9 September [100 0 0 0 0] [11 0 0 0 0]\n" {
		t.Errorf("%d days, the first %v, the last %v", len(days), days[0], days[len(days)-1])
	}
	if days, err = figures.Trend(t.Context(), db, def, "eligible"); err != nil || len(days) != 0 {
		t.Errorf("a group that ended long ago: %v (%v), want nothing", days, err)
	}
}

func TestBreakdownsAreOfOneGroup(t *testing.T) {
	t.Parallel()
	def, db := report(t)
	for _, c := range []struct {
		name, group string
		want        string
	}{
		{"region", "all", "[East] 1 <nil>, [North] 2 0, [] 1 0, "},
		{"region", "cip_only", "[East] 1 <nil>, "},
		{"route", "all", "[full_induction_programme] 2 0, [core_induction_programme] 1 0, [none] 1 0, "},
		{"funding", "eligible", "[Eligible] 3 0, "},
	} {
		var b definition.Breakdown
		for _, other := range def.Breakdowns {
			if other.Name == c.name {
				b = other
			}
		}
		rows, err := figures.Breakdown(t.Context(), db, def, b, c.group)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, r := range rows {
			got += fmt.Sprint(r.Names, " ", r.Figures[0], " ", r.Figures[1], ", ")
		}
		if got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.name, c.group, got, c.want)
		}
	}
}

func TestFacetsCountTheRowsOfEachValue(t *testing.T) {
	t.Parallel()
	def, db := report(t)
	got, err := figures.Facets(t.Context(), db, def, []string{"stage", "flags", "region_name"})
	if err != nil {
		t.Fatal(err)
	}
	for column, want := range map[string]string{
		"stage":       "[{contacted 2} {email_opened 1} {no_ects 1}]",
		"flags":       "[{contact_failed 1} {no_tutor 2} { 2}]",
		"region_name": "[{East 1} {North 2} { 1}]",
	} {
		if text := fmt.Sprint(got[column]); text != want {
			t.Errorf("%s: %s, want %s", column, text, want)
		}
	}
	if none, err := figures.Facets(t.Context(), db, def, nil); err != nil || len(none) != 0 {
		t.Errorf("facets of nothing: %v (%v)", none, err)
	}
}
