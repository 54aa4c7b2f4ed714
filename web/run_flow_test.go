package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"cpd-jobs/queue"
)

func TestWhatWentIntoAJobAndWhatCameOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, result, in, out string }{
		{"gias_sync", `{"changed": true, "version": 3, "summary": {"establishments": {"file": "e.csv", "sha256": "ab", "size_bytes": 118134, "read": 378, "merged": 377},
			"links": {"file": "l.csv", "sha256": "cd", "size_bytes": 11005, "read": 154, "merged": 154}}}`,
			"[File e.csv=118 KB, 378 rows, SHA-256 ab File l.csv=11.0 KB, 154 rows, SHA-256 cd]", "[Register of schools (GIAS)=version 3 of this source, 531 rows]"},
		{"cpd_sync", `{"changed": true, "version": 2, "summary": {"rows": 16751, "as_of": "2026-11-22T12:43:00Z", "tables": [{"name": "cohorts"}, {"name": "schools"}]}}`,
			"[CPD service=one snapshot, as at 12:43pm on 22 November 2026]", "[CPD service=version 2 of this source, 16,751 rows in 2 tables]"},
		{"school_onboarding_refresh", `{"changed": true, "version": 5, "summary": {"report": "school_onboarding", "version": 5, "as_of": "2026-11-22T12:43:00Z", "rows": 289,
			"inputs": [{"input": "cpd", "version": 2, "as_at": "2026-11-22T12:43:00Z", "rows": 16751}]}}`,
			"[CPD service=version 2 as at 12:43pm on 22 November 2026, 16,751 rows]", "[Report=School onboarding, version 5 /reports/school-onboarding]"},
		{"report_export", `{"changed": true, "version": 5, "summary": {"report": "school_onboarding", "files": [{"id": 7, "name": "a.xlsx", "size": 172469}]}}`,
			"[Report=School onboarding, version 5 /reports/school-onboarding]", "[File=a.xlsx, 172 KB /reports/school-onboarding/downloads/7/a.xlsx]"},
		{"cpd_sync", `{"changed": false, "summary": {"rows": 3}}`, "[]", "[Nothing new=what there was stays as it is]"},
		{"housekeeping", `{"summary": {"files": 3}}`, "[]", "[]"},
		{"probe", `null`, "[]", "[]"},
		{"probe", `"odd"`, "[]", "[]"},
	} {
		f := flowOf(queue.Job{Kind: c.kind, Result: json.RawMessage(c.result)})
		if got := facts(f.In); got != c.in {
			t.Errorf("%s: went in %s, want %s", c.kind, got, c.in)
		}
		if got := facts(f.Out); got != c.out {
			t.Errorf("%s: came out %s, want %s", c.kind, got, c.out)
		}
	}
}

func facts(list []fact) string {
	texts := make([]string, len(list))
	for i, f := range list {
		texts[i] = f.Key + "=" + f.Text
		if f.Href != "" {
			texts[i] += " " + f.Href
		}
	}
	return fmt.Sprint(texts)
}

func TestARunsPageSaysWhatItCost(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), `
		UPDATE queue.history SET metadata = metadata || '{"cost": {"cpu_seconds": 1.2, "database_seconds": 3.4, "bytes_read": 12300000, "bytes_written": 4500000}}' WHERE id IN (1, 2)`); err != nil {
		t.Fatal(err)
	}
	wantAll(t, f.page(t, "/runs/1", http.StatusOK), "1.20 s of processor, 3.40 s of waiting for databases, 12.3 MB read, 4.50 MB written",
		"2.40 s of processor, 6.80 s of waiting for databases, 24.6 MB read, 9.00 MB written", `id="run"`, `href="/runs/2"`)
	wantNone(t, f.page(t, "/runs/3", http.StatusOK), "s of processor", `id="run"`)
}

func TestASchoolThatOnlyTheRegisterHas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), `
		INSERT INTO gias.establishments (urn, la_code, establishment_name, type_of_establishment_code, establishment_status_code, establishment_status_name, last_changed)
		VALUES ('77', '201', 'Closed <College>', 1, 2, 'Closed', '2026-11-01T05:00:00Z')`); err != nil {
		t.Fatal(err)
	}
	page := f.page(t, "/schools/77", http.StatusOK)
	wantAll(t, page, "<h1 class=\"govuk-heading-l app-wrap\">Closed &lt;College&gt;</h1>", "This school is not in the report")
	wantNone(t, page, `id="history"`)
}
