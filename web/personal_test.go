package web

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/access"
	"cpd-jobs/queue"
	"cpd-jobs/reports/exports"
)

const personalFile = "declarations-2026-11-22T0610Z.xlsx"

// personal exports a report with personal data, and gives the address of its file and the number.
func (f *fixture) personal(t *testing.T, expired bool) (address string, id int64) {
	t.Helper()
	f.put(t, personalFile, []byte("who has declared what"))
	err := pgx.BeginFunc(t.Context(), f.deps.DB, func(tx pgx.Tx) error {
		e, err := exports.Add(t.Context(), tx, exports.Export{
			Report: "declarations", Version: 1, DefinitionVersion: "1.0", DefinitionHash: "h", Format: "xlsx", Name: personalFile, Key: personalFile,
			Size: 21, Rows: 1, Checksum: "c", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("who has declared what"))), AsOf: time.Date(2026, 11, 22, 6, 10, 0, 0, time.UTC),
		})
		if id = e.ID; err == nil && expired {
			_, err = tx.Exec(t.Context(), "UPDATE reports.exports SET expires_at = now() - interval '1 second' WHERE id = $1", id)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/reports/declarations/downloads/%d/%s", id, personalFile), id
}

// TestPersonalReportsAreForTheirRoleAlone tries each way to a report with personal data, as each role and as somebody
// at a machine without sign-in. No other visitor learns that there is such a report.
func TestPersonalReportsAreForTheirRoleAlone(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	file, id := g.personal(t, false)
	ways := []struct {
		method, path, body string
		allowed            int
	}{
		{"GET", "/reports/declarations", "", http.StatusOK},
		{"GET", file, "", http.StatusOK},
		{"HEAD", file, "", http.StatusOK},
		{"GET", file + "/link", "", http.StatusOK},
		{"GET", "/reports/declarations/explore", "", http.StatusNotFound},
		{"GET", "/reports/declarations/explore.csv", "", http.StatusNotFound},
		{"GET", "/reports/declarations/changes.csv", "", http.StatusNotFound},
		{"GET", "/api/v1/reports/declarations", "", http.StatusOK},
		{"GET", "/api/v1/reports/declarations/refreshes", "", http.StatusOK},
		{"GET", "/api/v1/reports/declarations/rows", "", http.StatusNotFound},
		{"GET", "/api/v1/reports/declarations/rows?format=csv", "", http.StatusNotFound},
		{"GET", "/api/v1/reports/declarations/rows/1", "", http.StatusNotFound},
		{"GET", "/api/v1/reports/declarations/changes", "", http.StatusNotFound},
		{"GET", "/api/v1/exports?report=declarations", "", http.StatusOK},
		{"GET", fmt.Sprintf("/api/v1/exports/%d", id), "", http.StatusOK},
		{"GET", fmt.Sprintf("/api/v1/exports/%d/file", id), "", http.StatusOK},
		{"POST", fmt.Sprintf("/api/v1/exports/%d/links", id), `{"seconds": 60}`, http.StatusConflict},
		{"POST", "/api/v1/exports", `{"report": "declarations", "formats": ["xlsx"]}`, http.StatusAccepted},
	}
	for _, role := range []access.Role{access.Analyst, access.Personal, access.Developer, access.Admin} {
		_, secret, err := access.CreateToken(t.Context(), g.deps.DB, access.NewToken{Name: string(role), Roles: []access.Role{role}, For: time.Hour, By: "test"})
		if err != nil {
			t.Fatal(err)
		}
		b := g.signIn(t, person{name: string(role), roles: []string{string(role)}})
		for _, way := range ways {
			want := http.StatusNotFound
			if role == access.Personal {
				want = way.allowed
			}
			r, err := http.NewRequest(way.method, g.url+way.path, strings.NewReader(way.body))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(way.path, "/api/") {
				r.Header.Set("Authorization", "Bearer "+secret)
				r.Header.Set("Content-Type", "application/json")
			}
			res, err := b.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("%s %s by %s: status %d, want %d", way.method, way.path, role, res.StatusCode, want)
			}
		}
		_, list := g.open(t, b, "/")
		if got := strings.Contains(list, "/reports/declarations"); got != (role == access.Personal) {
			t.Errorf("the list of %s has it: %t", role, got)
		}
	}
	line := fmt.Sprintf("analyst-personal@example.com sign-in download export %d done", id)
	byToken := fmt.Sprintf("analyst-personal token download export %d done", id)
	if diff := cmp.Diff([]string{line, byToken}, g.auditOf(t, "download")); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	alone := newFixture(t)
	file, id = alone.personal(t, false)
	for _, path := range []string{"/reports/declarations", file, fmt.Sprintf("/api/v1/exports/%d/file", id), "/api/v1/reports/declarations"} {
		if got := alone.get(path).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s without sign-in: status %d, want 404", path, got)
		}
	}
}

// TestCountsOfPersonalFilesAreNotToBeHadByOrderingThem: how many rows a file has would tell whether somebody is in it.
func TestCountsOfPersonalFilesAreNotToBeHadByOrderingThem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got := f.call(t, "POST", "/api/v1/jobs", `{"kind": "report_export", "args": {"report": "declarations", "where": {"trn": "1234567"}}}`, http.StatusForbidden)
	if !strings.Contains(fmt.Sprint(got["detail"]), "analyst-personal") {
		t.Errorf("answer %v", got)
	}
	wantAudit(t, f, "ask /api/v1/jobs refused")
}

func TestPersonalFilesAreNeitherSharedNorCached(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	file, id := g.personal(t, false)
	b := g.signIn(t, person{name: "pat", roles: []string{"analyst-personal"}})
	if res, body := g.submit(t, b, file+"/link", url.Values{"for": {"1h"}}); res.StatusCode != http.StatusConflict || strings.Contains(body, "/shared/") {
		t.Errorf("sharing it: status %d, want 409", res.StatusCode)
	}
	// A link that was made before the report was a personal one.
	made, err := access.SignLink(t.Context(), g.deps.DB, access.ShareLink{ID: "ABCDEFGHIJ", Export: id, Until: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := g.open(t, newBrowser(t), "/shared/"+made+"/"+personalFile); res.StatusCode != http.StatusNotFound {
		t.Errorf("by a link: status %d, want 404", res.StatusCode)
	}
	res, _ := g.open(t, b, file)
	if got := res.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	if got := g.auditOf(t, "share"); len(got) != 1 || !strings.Contains(got[0], "pat@example.com") || !strings.Contains(got[0], "refused") {
		t.Errorf("audit %q", got)
	}
}

func TestAnExpiredFileIsNotFound(t *testing.T) {
	t.Parallel()
	g := newGated(t, nil)
	file, _ := g.personal(t, true)
	b := g.signIn(t, person{name: "pat", roles: []string{"analyst-personal"}})
	if res, _ := g.open(t, b, file); res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d, want 404", res.StatusCode)
	}
}

func TestPersonalFilesDoNotCrowdOutOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.personal(t, false)
	list := f.call(t, "GET", "/api/v1/exports?limit=1", "", http.StatusOK)["exports"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["name"] != csvFile {
		t.Errorf("got %v, want the newest that is for everybody", list)
	}
}

// TestJobsOnPersonalDataAreForTheirRole: whatever the way, a developer without the role neither starts such a job nor
// reads what it counted.
func TestJobsOnPersonalDataAreForTheirRole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	args := json.RawMessage(`{"report": "declarations", "formats": ["xlsx"]}`)
	ticket, err := f.deps.Queue.Enqueue(t.Context(), queue.Request{Kind: exportKind, Args: args, By: "person pat"})
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("/api/v1/jobs/%d", ticket.ID)
	f.call(t, "POST", at+"/retry", "", http.StatusForbidden)
	f.call(t, "GET", at+"/logs", "", http.StatusForbidden)
	if res := f.post(fmt.Sprintf("/runs/%d/retry", ticket.ID), url.Values{}); res.StatusCode != http.StatusForbidden {
		t.Errorf("the page: status %d, want 403", res.StatusCode)
	}
	f.call(t, "POST", at+"/cancel", "", http.StatusForbidden)
	if _, err := f.deps.DB.Exec(t.Context(), `
		UPDATE queue.schedules SET spec = spec || '{"kind": "report_export", "args": {"report": "declarations"}}' WHERE name = 'cpd'`); err != nil {
		t.Fatal(err)
	}
	f.call(t, "POST", "/api/v1/schedules/cpd/run", "", http.StatusForbidden)
	stretch := url.Values{"from": {"2026-11-21 00:00"}, "to": {"2026-11-21 12:00"}}
	if res := f.post("/schedules/cpd/backfill", stretch); res.StatusCode != http.StatusForbidden {
		t.Errorf("a backfill: status %d, want 403: %s", res.StatusCode, bodyOf(t, res))
	}
	wantAudit(t, f, fmt.Sprintf("retry job %d refused", ticket.ID), "ask /api/v1/jobs/{id}/logs refused", fmt.Sprintf("retry job %d refused", ticket.ID),
		fmt.Sprintf("cancel job %d refused", ticket.ID), "run schedule cpd refused", "backfill schedule cpd refused")
	job := queue.Job{Kind: exportKind, Args: args, Result: json.RawMessage(`{"rows": 7}`), Steps: []queue.Step{{Name: "write", RowsOut: 7, Done: 7}}}
	hidden := shown(t.Context(), job)
	if hidden.Result != nil || hidden.Steps[0] != (queue.Step{Name: "write"}) {
		t.Errorf("without the role: %s %+v", hidden.Result, hidden.Steps)
	}
	refreshed := shown(t.Context(), queue.Job{Kind: "report_refresh", Args: args, Result: job.Result})
	if refreshed.Result != nil {
		t.Errorf("a refresh without the role: %s", refreshed.Result)
	}
	pat := access.With(t.Context(), access.Visitor{Roles: []access.Role{access.Personal}})
	if all := shown(pat, job); all.Result == nil || all.Steps[0].RowsOut != 7 {
		t.Errorf("with the role: %s %+v", all.Result, all.Steps)
	}
}
