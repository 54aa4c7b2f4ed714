package web

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"cpd-jobs/queue"
	"cpd-jobs/queue/schedule"
)

// audit reads what was done since the fixture: actor, action, target, outcome.
func (f *fixture) audit(t *testing.T) []string {
	t.Helper()
	rows, _ := f.deps.DB.Query(t.Context(), `
		SELECT actor || ' from ' || address || ': ' || action || ' ' || target || ' ' || outcome FROM queue.audit_events WHERE id > 1 ORDER BY id`)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func wantAudit(t *testing.T, f *fixture, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	for i := range want {
		want[i] = "somebody at this machine from 192.0.2.1: " + want[i]
	}
	if diff := cmp.Diff(want, f.audit(t)); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

// wantLeadsTo checks that an action was done and that the page after it says so.
func wantLeadsTo(t *testing.T, f *fixture, res *http.Response, path, says string) {
	t.Helper()
	location := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(location, path) {
		t.Fatalf("status %d and Location %q, want 303 and %s\n%s\n%s", res.StatusCode, location, path, bodyOf(t, res), f.log)
	}
	wantAll(t, f.page(t, location, http.StatusOK), says)
}

func TestWhatBecameOfATick(t *testing.T) {
	t.Parallel()
	at := func(text string) *time.Time {
		v, err := time.Parse(time.RFC3339, "2026-11-22T"+text+"Z")
		if err != nil {
			t.Fatal(err)
		}
		return &v
	}
	s := schedule.Schedule{Deadline: schedule.Duration(15 * time.Minute)}
	for name, c := range map[string]struct {
		row  queue.TickJob
		want tickOutcome
		why  string
	}{
		"on time":                {queue.TickJob{State: "enqueued", RecordedAt: *at("06:05:01"), JobState: new("completed"), FinishedAt: at("06:06:00")}, tickRan, ""},
		"past its deadline":      {queue.TickJob{State: "enqueued", RecordedAt: *at("06:05:01"), JobState: new("completed"), FinishedAt: at("06:25:00")}, tickLate, "5 minutes past its deadline of 15 minutes"},
		"made up later":          {queue.TickJob{State: "enqueued", RecordedAt: *at("09:05:00"), JobState: new("completed"), FinishedAt: at("09:06:00")}, tickLate, "begun 3 hours after its time"},
		"failed, and late":       {queue.TickJob{State: "enqueued", RecordedAt: *at("06:05:00"), JobState: new("discarded"), FinishedAt: at("06:30:00")}, tickFailed, "10 minutes past its deadline of 15 minutes"},
		"still running":          {queue.TickJob{State: "enqueued", RecordedAt: *at("06:05:00"), JobState: new("running")}, tickRunning, "30 minutes past its deadline of 15 minutes"},
		"waiting":                {queue.TickJob{State: "enqueued", RecordedAt: *at("06:05:00"), JobState: new("available")}, tickWaiting, "30 minutes past its deadline of 15 minutes"},
		"cancelled":              {queue.TickJob{State: "enqueued", RecordedAt: *at("06:05:00"), JobState: new("cancelled"), FinishedAt: at("06:06:00")}, tickCancelled, ""},
		"history long gone":      {queue.TickJob{State: "enqueued", RecordedAt: *at("06:05:00")}, tickRan, ""},
		"skipped":                {queue.TickJob{State: "skipped", Reason: new("overlap"), RecordedAt: *at("06:05:00")}, tickSkipped, "the run before was still at work"},
		"missed":                 {queue.TickJob{State: "missed", Reason: new("too_old"), RecordedAt: *at("11:05:00")}, tickMissed, "too old to be made up"},
		"reason of a later time": {queue.TickJob{State: "missed", Reason: new("new_reason"), RecordedAt: *at("06:05:00")}, tickMissed, "New reason"},
	} {
		c.row.Tick = *at("06:05:00")
		got := outcomeOfTick(c.row, s, *at("06:50:00"))
		if got.Outcome != c.want || got.Why != c.why {
			t.Errorf("%s: %s (%s), want %s (%s)", name, got.Outcome, got.Why, c.want, c.why)
		}
	}
}

func TestSchedulesShowTheirLastTicks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/schedules", http.StatusOK)
	wantAll(t, page, "24 ran, 2 late, 2 skipped, 1 missed, 1 failed", "after each cpd_sync that changed something", "Paused", "will be skipped", "7:05am on 22 November 2026", "No ticks yet.")
	if got := strings.Count(page, "<rect class=\"app-strip__bar"); got != 30 {
		t.Errorf("%d bars, want 30: the last ticks of one schedule", got)
	}
	page = f.page(t, "/schedules/cpd", http.StatusOK)
	wantAll(t, page, "the run before was still at work", "the schedule was paused", "5 minutes past its deadline of 15 minutes", "begun 3 hours after its time",
		`href="/runs/14">14</a>`, "4:05pm on 22 November 2026", "the latest is made up, up to 50 minutes old", "/schedules/cpd/backfill")
	wantAll(t, f.page(t, "/schedules/uplift", http.StatusOK), "No files in &lt;winter&gt;", "person bob", "/schedules/uplift/resume")
	wantNone(t, f.page(t, "/schedules/onboarding-after-cpd", http.StatusOK), "/backfill", "Next ticks")
	f.page(t, "/schedules/none", http.StatusNotFound)
}

func TestATickWhoseJobWasTakenOverIsThatOfTheSuccessor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), `
		UPDATE queue.history SET state = 'discarded', metadata = metadata || '{"taken_over_by": 13}' WHERE id = 10;
		UPDATE queue.history SET finalized_at = '2026-11-22T06:06:00Z' WHERE id = 13`); err != nil {
		t.Fatal(err)
	}
	wantAll(t, f.page(t, "/schedules/cpd", http.StatusOK), `href="/runs/13">13</a>`, "1 failed")
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/schedules/cpd/pause", http.StatusOK), `<form method="post" action="/schedules/cpd/pause"`, "Until it is resumed")
	res := f.post("/schedules/cpd/pause", url.Values{"for": {""}, "note": {"  source <is>\n moved "}})
	wantLeadsTo(t, f, res, "/schedules/cpd", "The schedule is paused")
	info := f.findSchedule(t, "cpd")
	if !info.Paused || info.PausedUntil != nil || info.PausedBy != "person somebody at this machine" || info.PauseNote != "source <is> moved" {
		t.Errorf("paused: %+v", info)
	}
	wantLeadsTo(t, f, f.post("/schedules/cpd/resume", nil), "/schedules/cpd", "resumed")
	if info := f.findSchedule(t, "cpd"); info.Paused {
		t.Errorf("still paused after it was resumed: %+v", info)
	}
	if res := f.post("/schedules/cpd/pause", url.Values{"for": {"-5h"}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a length that was not offered: status %d, want 400", res.StatusCode)
	}
	// These pages' clock is wrong by days, as a machine's may be. Workers compare the end with the database's clock.
	wantLeadsTo(t, f, f.post("/schedules/cpd/pause", url.Values{"for": {"1h"}}), "/schedules/cpd", "The schedule is paused")
	var length time.Duration
	err := f.deps.DB.QueryRow(t.Context(), "SELECT until_at - from_at FROM queue.pauses WHERE until_at > clock_timestamp()").Scan(&length)
	if err != nil || length.Round(time.Hour) != time.Hour {
		t.Errorf("a pause for an hour: ends after %s, %v", length, err)
	}
	wantAudit(t, f, "pause schedule cpd done", "resume schedule cpd done", "pause schedule cpd done")
}

func (f *fixture) findSchedule(t *testing.T, name string) queue.ScheduleInfo {
	t.Helper()
	info, err := queue.FindSchedule(t.Context(), f.deps.DB, name)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestRunNow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/schedules/cpd/run", http.StatusOK), "cpd-jobs run cpd_sync")
	res := f.post("/schedules/cpd/run", nil)
	wantLeadsTo(t, f, res, "/runs/101", "The job is in its queue")
	wantAll(t, f.page(t, "/runs/101", http.StatusOK), "person somebody at this machine (schedule cpd)")
	wantAudit(t, f, "run schedule cpd done")
}

func TestBackfill(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	stretch := url.Values{"from": {"2026-11-22 00:00"}, "to": {"2026-11-22 06:30"}}
	wantAll(t, f.page(t, "/schedules/cpd/backfill?"+stretch.Encode(), http.StatusOK), "there are 7 ticks; 4 have run already", "Run 3 ticks")
	wantLeadsTo(t, f, f.post("/schedules/cpd/backfill", stretch), "/schedules/cpd", "The backfill has begun")
	var from, to time.Time
	if err := f.deps.DB.QueryRow(t.Context(), "SELECT from_at, to_at FROM queue.backfills").Scan(&from, &to); err != nil {
		t.Fatal(err)
	}
	if got := from.UTC().Format("15:04") + " " + to.UTC().Format("15:04"); got != "00:00 06:30" {
		t.Errorf("backfill of %s", got)
	}
	wantAudit(t, f, "backfill schedule cpd done")
	for name, values := range map[string]url.Values{
		"Write from as a date":              {"from": {"yesterday"}, "to": {"2026-11-22 06:00"}},
		"Choose an end that is in the past": {"from": {"2126-11-22 00:00"}, "to": {"2126-11-23 00:00"}},
		"Choose a stretch of at most":       {"from": {"2020-11-22 00:00"}, "to": {"2026-11-22 00:00"}},
		"more than 1,000 ticks":             {"from": {"2026-01-22 00:00"}, "to": {"2026-11-22 00:00"}},
		"give --from before --to":           {"from": {"2026-11-22 05:00"}, "to": {"2026-11-22 04:00"}},
	} {
		res := f.post("/schedules/cpd/backfill", values)
		page := bodyOf(t, res)
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%v: status %d, want 400", values, res.StatusCode)
		}
		wantAll(t, page, "<title>Error: Backfill", name)
	}
	if res := f.post("/schedules/onboarding-after-cpd/backfill", stretch); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a schedule without ticks: status %d, want 400", res.StatusCode)
	}
}

func TestCancelAndRetry(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/runs/3", http.StatusOK), "/runs/3/cancel")
	wantAll(t, f.page(t, "/runs/3/cancel", http.StatusOK), "Cancel job 3", "It stops where it is")
	wantLeadsTo(t, f, f.post("/runs/3/cancel", nil), "/runs/3", "told to stop")
	wantAll(t, f.page(t, "/runs/2/retry", http.StatusOK), "A new job of the same run")
	wantLeadsTo(t, f, f.post("/runs/2/retry", nil), "/runs/101", "This is the job that does it again")
	if res := f.post("/runs/3/retry", nil); res.StatusCode != http.StatusConflict {
		t.Errorf("retry of a running job: status %d, want 409", res.StatusCode)
	}
	if res := f.post("/runs/1/cancel", nil); res.StatusCode != http.StatusConflict {
		t.Errorf("cancel of a finished job: status %d, want 409", res.StatusCode)
	}
	if res := f.post("/runs/99/cancel", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("cancel of no job: status %d, want 404", res.StatusCode)
	}
	wantAudit(t, f, "cancel job 3 done", "retry job 2 done", "retry job 3 refused", "cancel job 1 refused")
	wantAll(t, f.page(t, "/audit", http.StatusOK), "Cancel: job 3", "192.0.2.1", "refused", "No files in &lt;winter&gt;")
}

func TestOtherSitesCannotAct(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, header := range [][]string{
		{"Origin", "https://evil.example.com"},
		{"Origin", "null"},
		{"Origin", "http://localhost:8080", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "http://localhost:8080", "Sec-Fetch-Site", "same-site"},
	} {
		if res := f.post("/runs/3/cancel", nil, header...); res.StatusCode != http.StatusForbidden {
			t.Errorf("%v: status %d, want 403", header, res.StatusCode)
		}
	}
	refused := " from 192.0.2.1: ask /runs/3/cancel refused"
	if diff := cmp.Diff([]string{refused, refused, refused, refused}, f.audit(t)); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestPagesThatOnlyShowOfferNoActions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.deps.Queue = nil
	f.handler = New(f.deps)
	wantNone(t, f.page(t, "/runs/3", http.StatusOK), "/runs/3/cancel")
	wantNone(t, f.page(t, "/schedules/cpd", http.StatusOK), "/schedules/cpd/run")
	for _, target := range []string{"/runs/3/cancel", "/runs/2/retry", "/schedules/cpd/run"} {
		if res := f.post(target, nil); res.StatusCode != http.StatusConflict {
			t.Errorf("%s: status %d, want 409", target, res.StatusCode)
		}
	}
}

func TestQueues(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), `
		INSERT INTO river.river_job (kind, queue, state, max_attempts, args, metadata, scheduled_at)
		SELECT 'gias_sync', 'syncs', 'available', 5, '{}', '{}', '2026-11-22T06:20:00Z' FROM generate_series(1, 1234)`); err != nil {
		t.Fatal(err)
	}
	page := f.page(t, "/queues", http.StatusOK)
	wantAll(t, page, "1,234", "30 minutes", "host-1, process 4711", "1 job", "exports", "reports", "default")
	if _, err := f.deps.DB.Exec(t.Context(), "UPDATE queue.workers SET heartbeat_at = now() - interval '1 hour'"); err != nil {
		t.Fatal(err)
	}
	wantAll(t, f.page(t, "/queues", http.StatusOK), "No worker is alive")
}

func TestProgressComesAsItHappens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	res, err := http.Get(server.URL + "/runs/3/events?after=0")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("Content-Type %q", got)
	}
	lines := bufio.NewScanner(res.Body)
	wantLine(t, lines, "event: steps")
	wantLine(t, lines, "12,500 of 52,141 rows")
	f.finish(t)
	wantLine(t, lines, "event: log")
	wantLine(t, lines, "last &lt;words&gt;")
	wantLine(t, lines, "event: end")
	if lines.Scan() && lines.Text() != "data: completed" {
		t.Errorf("after the end: %q", lines.Text())
	}
	f.page(t, "/runs/99/events", http.StatusNotFound)
}

// finish has the running job say something and end.
func (f *fixture) finish(t *testing.T) {
	t.Helper()
	_, err := f.deps.DB.Exec(t.Context(), `
		INSERT INTO queue.logs (job_id, attempt, at, level, message) VALUES (3, 1, '2026-11-22T06:50:00Z', 'info', 'last <words>');
		UPDATE river.river_job SET state = 'completed', finalized_at = now() WHERE id = 3`)
	if err != nil {
		t.Fatal(err)
	}
}

func wantLine(t *testing.T, lines *bufio.Scanner, text string) {
	t.Helper()
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	t.Fatalf("the stream ended before %q: %v", text, lines.Err())
}

func TestTheServerStopsWhileSomebodyWatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	url, stop := f.serve(t)
	res, err := http.Get(url + "/runs/3/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	wantLine(t, bufio.NewScanner(res.Body), "event: steps")
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	wantNone(t, f.log.String(), "requests unfinished")
}

func TestADeveloperWatchesAndSteersInABrowser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	t.Run("progress", func(t *testing.T) {
		tab := newTab(t)
		do(t, tab, chromedp.Navigate(server.URL+"/runs/3"), chromedp.WaitVisible(`//td[contains(., "12,500 of 52,141")]`))
		if _, err := f.deps.DB.Exec(t.Context(), "UPDATE queue.steps SET done = 33333 WHERE job_id = 3"); err != nil {
			t.Fatal(err)
		}
		do(t, tab, chromedp.WaitVisible(`//td[contains(., "33,333 of 52,141")]`))
	})
	t.Run("without JavaScript", func(t *testing.T) {
		tab := newTab(t)
		if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
			t.Fatal(err)
		}
		do(t, tab,
			chromedp.Navigate(server.URL+"/schedules/cpd"),
			chromedp.Click(`//a[text()="Pause"]`),
			chromedp.Click(`//label[contains(., "1 week")]`),
			chromedp.Click(`//button[text()="Pause"]`),
			chromedp.WaitVisible(`//p[contains(., "The schedule is paused")]`),
			chromedp.Navigate(fmt.Sprintf("%s/runs/%d", server.URL, f.running)),
			chromedp.Click(`//a[text()="Cancel this job"]`),
			chromedp.Click(`//button[text()="Cancel the job"]`),
			chromedp.WaitVisible(`//p[contains(., "The job was told to stop")]`),
		)
	})
}
