package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cpd-jobs/reports"
	"cpd-jobs/reports/figures"
)

func TestTheReportPageShowsNinetyDays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/reports/school-onboarding", http.StatusOK)
	wantAll(t, page, "from 25 August 2026 to 22 November 2026", "Written to from 21,220 to 23,000", `<th scope="row" class="app-nowrap">22 Nov 2026</th><td class="app-number">23,000</td><td class="app-number">19,000</td>`)
	if got := strings.Count(page, `<th scope="row" class="app-nowrap">`); got != 89 {
		t.Errorf("%d days in the table, want 89: ninety but one on which nothing was refreshed", got)
	}
	if got := strings.Count(page, "<polyline"); got != 5 {
		t.Errorf("%d lines in the chart, want 5", got)
	}
	wantNone(t, page, "24 Aug 2026")
}

func TestATrendIsDrawnToScale(t *testing.T) {
	t.Parallel()
	def, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	date := func(day int) time.Time { return time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC) }
	days := []figures.Day{
		{Day: date(21), Counts: []int64{130, 0, 0, 0, 0}}, {Day: date(16), Counts: []int64{50, 0, 0, 0, 0}}, {Day: date(11), Counts: []int64{0, 0, 0, 0, 0}},
	}
	got := newTrend(def, days)
	if want := "0,1000 500,688 1000,188"; got.Lines[0].Points != want {
		t.Errorf("points %s, want %s", got.Lines[0].Points, want)
	}
	if got, want := fmt.Sprint(got.Marks), "[160 80 0]"; got != want {
		t.Errorf("marks %s, want %s", got, want)
	}
	if newTrend(def, days[:1]).Drawn {
		t.Error("a single day has a chart")
	}
	for n, want := range map[int64]int64{0: 2, 1: 2, 2: 2, 3: 4, 9: 10, 11: 12, 130: 160, 23_000: 24_000, 41_000: 50_000, 99_999: 100_000} {
		if got := roundUp(n); got != want {
			t.Errorf("%d is rounded up to %d, want %d", n, got, want)
		}
	}
}

func TestTheReportPageShowsChecks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/reports/school-onboarding", http.StatusOK),
		"A check stopped the refresh", "6:40am on 22 November 2026", "The report has not shrunk by more than 2%. Not so for 900 of 24,000.", `href="/runs?run=5"`,
		"sparsity goes by the link. Not so for 12 of 24,000.", "Every URN is made of digits.", "Holds", "the last good report stays")
	if _, err := f.deps.DB.Exec(t.Context(), "DELETE FROM reports.check_results; UPDATE reports.refreshes SET warnings = 0"); err != nil {
		t.Fatal(err)
	}
	page := f.page(t, "/reports/school-onboarding", http.StatusOK)
	wantAll(t, page, "Everything that was checked before this version was published holds.")
	wantNone(t, page, "A check stopped")
}

func TestAWithdrawnVersionSaysWhy(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.deps.DB.Exec(t.Context(), `
		UPDATE reports.refreshes SET withdrawn_at = '2026-11-22T06:30:00Z', withdrawn_why = 'Half of <London> was missing.' WHERE version = 2;
		INSERT INTO reports.refreshes (report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
		                               definition_version, definition_hash, program_version, inputs, steps, restores)
		VALUES ('school_onboarding', 3, 6, '2026-11-21T06:10:00Z', '2026-11-22T06:30:00Z', 23998, 1, 3, 412, 1, '1.0', 'h', '0.1.0', '[]', '[]', 1);
		UPDATE reports.definitions SET live_version = 3 WHERE report = 'school_onboarding'`)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, f.page(t, "/reports/school-onboarding", http.StatusOK),
		"Version 2 was withdrawn", "Half of &lt;London&gt; was missing.", "This is version 1 again.", ">Withdrawn</strong> Half", "Version 1 again</strong>")
}

func TestBreakdowns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/reports/school-onboarding", http.StatusOK), `id="by"`, "Region 8", `href="/reports/school-onboarding/by/provider"`)
	page := f.page(t, "/reports/school-onboarding/by/local-authority", http.StatusOK)
	wantAll(t, page, `<a class="govuk-link" href="/reports/school-onboarding/explore?la_name=Authority&#43;149">Authority 149</a></th><td>Region 5</td><td class="app-number">160</td>`,
		"Participants registered, share", "schools eligible for funding")
	if got := strings.Count(page, `href="/reports/school-onboarding/explore?la_name=`); got != 150 {
		t.Errorf("%d authorities, want 150", got)
	}
	wantAll(t, f.page(t, "/reports/school-onboarding/by/provider?schools=eligible", http.StatusOK), "<h1", "by lead provider")
	wantAll(t, f.page(t, "/reports/school-onboarding/by/route?schools=cip_only", http.StatusOK), "route=full_induction_programme", "eligibility=cip_only", "Full induction programme")
	def, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range def.Breakdowns {
		f.page(t, "/reports/school-onboarding/by/"+b.Name, http.StatusOK)
	}
	for _, target := range []string{"/reports/school-onboarding/by/colour", "/reports/school-onboarding/by/region?schools=odd", "/reports/schools/by/region"} {
		f.page(t, target, http.StatusNotFound)
	}
}

func TestABreakdownFollowsTheLiveVersion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const target = "/reports/school-onboarding/by/region"
	wantNone(t, f.page(t, target, http.StatusOK), "Atlantis")
	if _, err := f.deps.DB.Exec(t.Context(), `
		UPDATE reports.school_onboarding SET region_name = 'Atlantis' WHERE urn = '100007';
		UPDATE reports.definitions SET live_version = 3 WHERE report = 'school_onboarding'`); err != nil {
		t.Fatal(err)
	}
	wantAll(t, f.page(t, target, http.StatusOK), "Atlantis")
}

func TestBreakdownsCanBeFollowedToTheirSchools(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/reports/school-onboarding/by/phase", http.StatusOK)
	wantAll(t, page, `school_phase_name=Secondary">Secondary</a></th><td class="app-number">8,000</td>`)
	wantAll(t, f.page(t, "/reports/school-onboarding/explore?school_phase_name=Secondary", http.StatusOK), "8,000 schools")
}

func TestWhatChangedBetweenVersions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const target = "/reports/school-onboarding/changes"
	page := f.page(t, target, http.StatusOK)
	wantAll(t, page, `name="from" type="text" inputmode="numeric" value="1"`, `value="2"`, "0 came, 1 left and 1 school changed",
		"Old &lt;School&gt;", "closed", `href="/schools/100007"`, "Contacted", "Email opened", "Which columns changed")
	wantNone(t, page, "Old <School>")
	page = f.page(t, target+"?from=1&to=2&column=stage", http.StatusOK)
	wantAll(t, page, "1 school<", "Email opened")
	wantNone(t, page, "99999", "<strong>Flags</strong>")
	wantAll(t, f.page(t, target+"?action=added", http.StatusOK), "Nothing matches")
	wantAll(t, f.page(t, target+"?from=2&to=2", http.StatusOK), "Nothing differs")
	for query, problem := range map[string]string{"?from=0&to=2": "Enter versions from 1 to 2", "?from=1&to=9": "Enter versions from 1 to 2", "?from=x": "Enter versions", "?from=2&to=1": "Enter the earlier version first"} {
		wantAll(t, f.page(t, target+query, http.StatusBadRequest), problem, "<title>Error: What changed")
	}
	f.page(t, "/reports/schools/changes", http.StatusNotFound)
}

func TestChangesAreDownloaded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	res := f.get("/reports/school-onboarding/changes.csv?from=1&to=2")
	if got, want := res.Header.Get("Content-Disposition"), `attachment; filename="school-onboarding-changes-1-to-2.csv"; filename*=UTF-8''school-onboarding-changes-1-to-2.csv`; got != want {
		t.Errorf("Content-Disposition %s, want %s", got, want)
	}
	list, err := csv.NewReader(res.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(list)
	for _, want := range []string{"[key action reason column old new]", "[99999 removed closed   ]", "[100007 changed  stage contacted email_opened]", "contact_failed; no_tutor"} {
		if !strings.Contains(got, want) {
			t.Errorf("the file has no %s: %s", want, got)
		}
	}
	f.page(t, "/reports/school-onboarding/changes.csv?from=7", http.StatusNotFound)
}

func TestManyChangesComePageByPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), `
		INSERT INTO reports.school_onboarding_changes (version, urn, action, column_name, old, new)
		SELECT 2, (100100 + n)::text, 'changed', 'contacts', '99', to_jsonb(r.contacts)
		FROM generate_series(1, 120) AS n JOIN reports.school_onboarding AS r ON r.urn = (100100 + n)::text`); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, start := range []string{"", "&start=50", "&start=100"} {
		seen += strings.Count(f.page(t, "/reports/school-onboarding/changes?column=contacts"+start, http.StatusOK), `<th scope="row"`)
	}
	if seen != 120 {
		t.Errorf("%d rows on three pages, want 120", seen)
	}
}

func TestVersionsComePageByPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), `
		INSERT INTO reports.refreshes (report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
		                               definition_version, definition_hash, program_version, inputs, steps)
		SELECT 'school_onboarding', n, n, '2026-11-22T06:10:00Z', timestamptz '2026-11-22T06:12:00Z' + n * interval '1 second', 24000, 0, 0, 0, 2, '1.0', 'h', '0.1.0', '[]', '[]'
		FROM generate_series(3, 41) AS n`); err != nil {
		t.Fatal(err)
	}
	wantAll(t, f.page(t, "/reports/school-onboarding", http.StatusOK), `href="/reports/school-onboarding/versions?before=22"`, "Nothing in the report has changed since these files were made.")
	wantAll(t, f.page(t, "/reports/school-onboarding/versions?before=22", http.StatusOK), "versions?before=2", "school-onboarding-2026-11-22T0610Z.xlsx")
	page := f.page(t, "/reports/school-onboarding/versions?before=2", http.StatusOK)
	wantAll(t, page, "school-onboarding-2026-11-21T0610Z.csv")
	wantNone(t, page, "versions?before")
	f.page(t, "/reports/school-onboarding/versions?before=x", http.StatusNotFound)
}

func TestTheDataDictionaryHasEveryColumnAndWhereItComesFrom(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/reports/school-onboarding/dictionary", http.StatusOK)
	def, err := findReport(t.Context(), "school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range def.Columns {
		wantAll(t, page, `id="`+c.Name+`"`)
		for _, source := range c.Sources {
			wantAll(t, page, source)
		}
	}
	wantAll(t, page, "School onboarding funnel", `href="/reports/school-onboarding/lineage.svg"`)
	res := f.get("/reports/school-onboarding/lineage.svg")
	if got := res.Header.Get("Content-Type"); got != "image/svg+xml" || !strings.Contains(bodyOf(t, res), "cpd.schools.name") {
		t.Errorf("the picture is of type %s, or lacks a source", got)
	}
}

// BenchmarkReportPages is what the server spends on pages of the report at national size.
func BenchmarkReportPages(b *testing.B) {
	f := newFixture(b)
	for name, target := range map[string]string{
		"reports": "/", "report": "/reports/school-onboarding", "group": "/reports/school-onboarding?schools=eligible", "authorities": "/reports/school-onboarding/by/local-authority",
		"changes": "/reports/school-onboarding/changes", "versions": "/reports/school-onboarding/versions", "dictionary": "/reports/school-onboarding/dictionary", "school": "/schools/100007",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				f.handler.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+target, nil))
				if w.Code != http.StatusOK {
					b.Fatalf("status %d", w.Code)
				}
			}
		})
	}
}
