package web

import (
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"cpd-jobs/queue"
)

const explored24000 = "/reports/school-onboarding/explore"

func TestExplore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, explored24000, http.StatusOK)
	wantAll(t, page, "24,000 schools", "School 1<", `<option value="Authority 149">`, `<option value="(none)">None</option>`, "Contact failed", "Explore School onboarding", `rel="next"`)
	page = f.page(t, explored24000+"?la_name=Authority+7&stage=contacted&sort=-name", http.StatusOK)
	wantAll(t, page, "8 schools", `<option value="Authority 7" selected>`, `<option value="contacted" selected>Contacted</option>`, `aria-sort="descending"`, `href="/schools/101057"`)
	wantNone(t, page, `rel="next"`)
	wantAll(t, f.page(t, explored24000+"?flags=contact_failed&cohort_lead_provider=(none)", http.StatusOK), "857 schools")
	wantAll(t, f.page(t, explored24000+"?q=mary%27s", http.StatusOK), "1 school<", "St Mary’s &amp; St &lt;Paul&gt; School", `<input type="hidden" name="q" value="mary&#39;s">`)
	wantAll(t, f.page(t, "/reports/school-onboarding", http.StatusOK), `href="/reports/school-onboarding/explore"`)
}

func TestExploringGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	seen, target := 0, explored24000+"?la_name=Authority+7&sort=stage"
	for target != "" && seen < 1000 {
		page := f.page(t, target, http.StatusOK)
		seen += strings.Count(page, `href="/schools/`)
		_, next, _ := strings.Cut(page, `govuk-pagination__link" href="`)
		next, _, _ = strings.Cut(next, `"`)
		target = html.UnescapeString(next)
	}
	if seen != 160 {
		t.Errorf("%d schools on all pages, want 160", seen)
	}
}

func TestExploringWhatThereIsNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, explored24000+"?regionname=London", http.StatusBadRequest), "<title>Error: Explore", "did you mean region_name?")
	wantAll(t, f.page(t, explored24000+"?la_name=%27%3B+DROP+TABLE+x--", http.StatusOK), "None match")
	f.page(t, explored24000+"?after=nonsense", http.StatusBadRequest)
	f.page(t, "/reports/none/explore", http.StatusNotFound)
	f.page(t, explored24000+".csv?colour=red", http.StatusBadRequest)
}

func TestASelectionIsDownloadedAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	res := f.get(explored24000 + ".csv?region_name=Region+3&sort=-urn&columns=urn,name,flags,first_contacted_at")
	if got, want := res.Header.Get("Content-Disposition"), `attachment; filename="school-onboarding-2026-11-22T0610Z-selection.csv"; filename*=UTF-8''school-onboarding-2026-11-22T0610Z-selection.csv`; got != want {
		t.Errorf("Content-Disposition %s, want %s", got, want)
	}
	list, err := csv.NewReader(res.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(list[0], list[1], len(list)), "[urn name flags first_contacted_at] [123997 School 23997 no_tutor 2026-09-17T23:57:00Z] 2721"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFileOfASelection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, explored24000+"?la_name=Authority+7", http.StatusOK), `<form method="post" action="/reports/school-onboarding/explore/files"`, `<input type="hidden" name="la_name" value="Authority 7">`)
	res := f.post(explored24000+"/files", url.Values{"la_name": {"Authority 7"}, "cohort_lead_provider": {"(none)"}, "format": {"xlsx"}})
	wantLeadsTo(t, f, res, "/reports/school-onboarding/files/101", "The file is being made")
	job, err := queue.FindJob(t.Context(), f.deps.DB, 101)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(job.Args), `{"where": {"la_name": "Authority 7", "cohort_lead_provider": ""}, "report": "school_onboarding", "formats": ["xlsx"]}`; got != want {
		t.Errorf("arguments %s, want %s", got, want)
	}
	wantAudit(t, f, "export report school_onboarding done")
	_, err = f.deps.DB.Exec(t.Context(), `UPDATE river.river_job SET state = 'completed', finalized_at = now(),
		metadata = metadata || jsonb_build_object('output', jsonb_build_object('changed', true, 'summary', jsonb_build_object('files', jsonb_build_array(jsonb_build_object('id', $1::bigint))))) WHERE id = 101`,
		f.ids["school-onboarding-2026-11-22T0610Z.xlsx"])
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, f.page(t, "/reports/school-onboarding/files/101", http.StatusOK), "Authority 7", "school-onboarding-2026-11-22T0610Z.xlsx")
	for _, target := range []string{"/reports/school-onboarding/files/1", "/reports/school-onboarding/files/999", "/reports/none/files/101", "/reports/school-onboarding/files/x"} {
		f.page(t, target, http.StatusNotFound)
	}
	res = f.post(explored24000+"/files", url.Values{"q": {" st  mary"}, "stage": {"email_opened"}, "sort": {"-name"}, "format": {"parquet"}})
	wantLeadsTo(t, f, res, "/reports/school-onboarding/files/102", "st mary")
	if job, err = queue.FindJob(t.Context(), f.deps.DB, 102); err != nil {
		t.Fatal(err)
	}
	if got, want := string(job.Args), `{"sort": "-name", "where": {"stage": "email_opened"}, "report": "school_onboarding", "search": "st mary", "formats": ["parquet"]}`; got != want {
		t.Errorf("arguments %s, want %s", got, want)
	}
	res = f.post(explored24000+"/files", url.Values{"contacts.from": {"3"}, "stage.not": {"email_opened", "(none)"}, "format": {"xlsx"}})
	wantLeadsTo(t, f, res, "/reports/school-onboarding/files/103", "at least 3")
	wantAll(t, f.page(t, "/reports/school-onboarding/files/103", http.StatusOK), "not Email opened or None")
	if job, err = queue.FindJob(t.Context(), f.deps.DB, 103); err != nil {
		t.Fatal(err)
	}
	if got, want := string(job.Args), `{"where": {"stage.not": ["email_opened", ""], "contacts.from": "3"}, "report": "school_onboarding", "formats": ["xlsx"]}`; got != want {
		t.Errorf("arguments %s, want %s", got, want)
	}
	if res := f.post(explored24000+"/files", url.Values{"colour": {"red"}, "format": {"xlsx"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a column that the report has not: status %d, want 400", res.StatusCode)
	}
}

func TestASchoolsPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/schools/100007", http.StatusOK)
	wantAll(t, page, "St Mary’s &amp; St &lt;Paul&gt; School", "Unique reference number of the school in the register",
		"Contact failed<br>No tutor", "Came into the report", "<td class=\"govuk-table__cell app-wrap\">Contacted</td>", "Email opened", "Contact failed, No tutor",
		"9:07am on 1 September 2026", "St Mary and St Paul", "1 September 1987", `href="/schools/100008"`, "EstablishmentName", "(an address)")
	wantNone(t, page, "<Paul>", "head@example.org")
	wantAll(t, f.page(t, "/schools/99999", http.StatusOK), "Old &lt;School&gt;", "Left the report: Closed", "no longer in the report")
	for _, urn := range []string{"1", "x", "1%27", "-1", "1234567890"} {
		f.page(t, "/schools/"+urn, http.StatusNotFound)
	}
}

func TestAWholeReportInAnotherFormat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/reports/school-onboarding", http.StatusOK)
	wantAll(t, page, `<form method="post" action="/reports/school-onboarding/files"`, `<option value="ods" selected>`, `<option value="parquet">`)
	wantNone(t, page, `<option value="xlsx"`, `<option value="csv">`)
	res := f.post("/reports/school-onboarding/files", url.Values{"format": {"parquet"}})
	wantLeadsTo(t, f, res, "/reports/school-onboarding/files/101", "The file is being made")
	page = f.page(t, "/reports/school-onboarding/files/101", http.StatusOK)
	wantAll(t, page, `<a href="/reports/school-onboarding" class="govuk-back-link">`)
	wantNone(t, page, "Which part of the report it has")
	job, err := queue.FindJob(t.Context(), f.deps.DB, 101)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(job.Args), `{"report": "school_onboarding", "formats": ["parquet"]}`; got != want {
		t.Errorf("arguments %s, want %s", got, want)
	}
	wantAudit(t, f, "export report school_onboarding done")
	if res := f.post("/reports/none/files", url.Values{"format": {"xlsx"}}); res.StatusCode != http.StatusNotFound {
		t.Errorf("a file of no report: status %d, want 404", res.StatusCode)
	}
}

// BenchmarkExplore is what the server spends on a page of Explore at national size.
func BenchmarkExplore(b *testing.B) {
	f := newFixture(b)
	for name, target := range map[string]string{
		"all": "", "authority": "?la_name=Authority+7", "flags": "?flags=no_tutor", "search": "?q=school+12", "sorted": "?sort=-stage", "everything": "?q=school&region_name=Region+3&flags=no_tutor&sort=name",
		"deep": "?sort=name&after=eyJzIjoiU2Nob29sIDUwMDAiLCJrIjoiMTA1MDAwIn0",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				f.handler.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+explored24000+target, nil))
				if w.Code != http.StatusOK {
					b.Fatalf("status %d", w.Code)
				}
			}
		})
	}
}

func TestAFileThatIsMadeAppearsByItself(t *testing.T) {
	t.Parallel()
	f, site := newWhole(t)
	tab := newTab(t)
	do(t, tab, chromedp.Navigate(site+explored24000+"?stage=contacted&q=school+1"), chromedp.Click(`//button[text()="Make the file"]`), chromedp.WaitVisible(`//p[contains(., "The file is being made")]`))
	_, err := f.deps.DB.Exec(t.Context(), `UPDATE river.river_job SET state = 'completed', finalized_at = now(),
		metadata = metadata || jsonb_build_object('output', jsonb_build_object('summary', jsonb_build_object('files', jsonb_build_array(jsonb_build_object('id', $1::bigint))))) WHERE id = 101`,
		f.ids["school-onboarding-2026-11-22T0610Z.xlsx"])
	if err != nil {
		t.Fatal(err)
	}
	do(t, tab, chromedp.WaitVisible(`//h3/a[contains(., "(Excel)")]`))
}
