package web

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// What the command line does to many jobs, to backfills and to queues, pages and API do too, audited.
func TestManyRunsAreSteeredTogether(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 3 {
		f.call(t, "POST", "/api/v1/jobs", `{"kind": "cpd_sync", "at": "2040-01-01T00:00:00Z"}`, http.StatusCreated)
	}
	wantAll(t, f.page(t, "/runs", http.StatusOK), "/runs/many/retry", "/runs/many/cancel")
	wantAll(t, f.page(t, "/runs/many/cancel", http.StatusOK), "In which state?", "Quarantined", `action="/runs/many/cancel"`)
	which := url.Values{"kind": {"cpd_sync"}, "state": {"scheduled"}}
	wantAll(t, f.page(t, "/runs/many/cancel?"+which.Encode(), http.StatusOK), "3 runs would be cancelled", "101: ", "103: ", `name="kind" value="cpd_sync"`)
	wantAll(t, f.page(t, "/runs/many/cancel?state=retryable&kind=none", http.StatusOK), "nothing to do")
	wantAll(t, f.page(t, "/runs/many/cancel?state=", http.StatusBadRequest), "Give a state")
	wantAll(t, f.page(t, "/runs/many/retry?since=soon", http.StatusBadRequest), "Write the time")
	if got := f.call(t, "POST", "/api/v1/jobs/cancel", `{"kind": "cpd_sync", "state": "scheduled", "dry_run": true}`, http.StatusOK)["jobs"]; fmt.Sprint(got) != "[101 102 103]" {
		t.Errorf("a dry run would cancel %v", got)
	}
	wantLeadsTo(t, f, f.post("/runs/many/cancel", which), "/runs", "told to stop")
	if got := f.call(t, "GET", "/api/v1/jobs/102", "", http.StatusOK)["run_state"]; got != "cancelled" {
		t.Errorf("job 102 is %v", got)
	}
	again := f.call(t, "POST", "/api/v1/jobs/retry", `{"kind": "cpd_sync", "state": "cancelled"}`, http.StatusOK)["jobs"]
	if fmt.Sprint(again) != "[104 105 106]" {
		t.Errorf("%v run again", again)
	}
	if got := f.call(t, "GET", "/api/v1/jobs/102", "", http.StatusOK); got["run_state"] != "available" || got["superseded_by"] != 105.0 {
		t.Errorf("job 102 goes on as %v, %v", got["superseded_by"], got["run_state"])
	}
	f.call(t, "POST", "/api/v1/jobs/retry", `{}`, http.StatusBadRequest)
	if list := f.call(t, "GET", "/api/v1/jobs?kind=cpd_sync&state=available", "", http.StatusOK)["jobs"].([]any); len(list) != 3 {
		t.Errorf("%d are listed", len(list))
	}
	got := f.audit(t)[3:]
	if want := "[somebody at this machine from 192.0.2.1: cancel jobs many jobs done somebody at this machine from 192.0.2.1: retry jobs many jobs done"; len(got) < 2 || fmt.Sprint(got[:2]) != want+"]" {
		t.Errorf("audited are %v", got)
	}
}

func TestBackfillsAreSteered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/backfills", http.StatusOK), "No backfills yet")
	f.post("/schedules/cpd/backfill", url.Values{"from": {"2026-11-22 00:00"}, "to": {"2026-11-22 06:30"}})
	wantAll(t, f.page(t, "/backfills", http.StatusOK), "1: cpd", "Running", "/backfills/1/pause", "/backfills/1/cancel")
	wantAll(t, f.page(t, "/backfills/1/pause", http.StatusOK), "Pause backfill 1 of schedule cpd")
	wantLeadsTo(t, f, f.post("/backfills/1/pause", nil), "/backfills", "The backfill is paused")
	if got := f.call(t, "POST", "/api/v1/backfills/1/resume", "", http.StatusOK)["state"]; got != "running" {
		t.Errorf("resumed it is %v", got)
	}
	if got := f.call(t, "GET", "/api/v1/backfills", "", http.StatusOK)["backfills"].([]any); len(got) != 1 {
		t.Errorf("backfills are %v", got)
	}
	wantLeadsTo(t, f, f.post("/backfills/1/cancel", nil), "/backfills", "is cancelled")
	f.call(t, "POST", "/api/v1/backfills/1/pause", "", http.StatusConflict)
	if got := f.call(t, "GET", "/api/v1/backfills/1", "", http.StatusOK)["state"]; got != "cancelled" {
		t.Errorf("cancelled it is %v", got)
	}
	f.call(t, "GET", "/api/v1/backfills/9", "", http.StatusNotFound)
	f.page(t, "/backfills/9/cancel", http.StatusNotFound)
	f.page(t, "/backfills/1/burn", http.StatusNotFound)
	wantAudit(t, f, "backfill schedule cpd done", "pause backfill 1 done", "resume backfill 1 done", "cancel backfill 1 done", "pause backfill 1 refused")
}

func TestQueuesArePausedAndResumed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), "INSERT INTO river.river_queue (name, created_at, updated_at) VALUES ('exports', now(), now())"); err != nil {
		t.Fatal(err)
	}
	wantAll(t, f.page(t, "/queues", http.StatusOK), "/queues/exports/pause")
	wantAll(t, f.page(t, "/queues/exports/pause", http.StatusOK), "Pause queue exports", "Until it is resumed")
	wantLeadsTo(t, f, f.post("/queues/exports/pause", url.Values{"for": {"1h"}, "note": {"store is <away>"}}), "/queues", "The queue is paused")
	wantAll(t, f.page(t, "/queues", http.StatusOK), "store is &lt;away&gt;", "/queues/exports/resume")
	if got := f.call(t, "POST", "/api/v1/queues/exports/resume", "", http.StatusOK)["queues"].([]any); got[0].(map[string]any)["paused"] != false {
		t.Errorf("resumed: %v", got)
	}
	f.call(t, "POST", "/api/v1/queues/exports/pause", `{"note": "n"}`, http.StatusOK)
	wantLeadsTo(t, f, f.post("/queues/exports/resume", nil), "/queues", "The queue is resumed")
	if res := f.post("/queues/exports/pause", url.Values{"for": {"-5h"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a length that was not offered: status %d", res.StatusCode)
	}
	if res := f.post("/queues/none/resume", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("a queue that there is not: status %d", res.StatusCode)
	}
	f.call(t, "POST", "/api/v1/queues/exports/pause", `{"until": "2000-01-01T00:00:00Z"}`, http.StatusBadRequest)
	wantAudit(t, f, "pause queue exports done", "resume queue exports done", "pause queue exports done", "resume queue exports done", "resume queue none refused")
}
