package alarm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/alarm"
	"cpd-jobs/internal/pgtest"
)

// channel is where a team reads its news.
type channel struct {
	mu     sync.Mutex
	said   []string
	status int
}

func (c *channel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var message struct{ Text string }
	raw, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(raw, &message); err != nil || message.Text == "" || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if c.status != 0 {
		w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
		w.WriteHeader(c.status)
		return
	}
	c.said = append(c.said, message.Text)
}

// heard are the first lines of what was said since the last time, and forgets them.
func (c *channel) heard() (lines []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, text := range c.said {
		line, _, _ := strings.Cut(text, "\n")
		line, _, _ = strings.Cut(line, ", since")
		line, _, _ = strings.Cut(line, "; it began")
		lines = append(lines, strings.TrimPrefix(line, ":red_circle: "))
	}
	c.said = nil
	return lines
}

// team is a watch, its database and its channel.
type team struct {
	t       *testing.T
	pool    *pgxpool.Pool
	watch   *alarm.Watch
	channel *channel
	log     *bytes.Buffer
	due     map[string]time.Time
}

func newTeam(t *testing.T) *team {
	t.Helper()
	x := &team{t: t, pool: pgtest.New(t), channel: &channel{}, log: &bytes.Buffer{}, due: map[string]time.Time{}}
	server := httptest.NewServer(x.channel)
	t.Cleanup(server.Close)
	x.watch = alarm.NewWatch(alarm.Options{
		DB: x.pool, Targets: map[string]time.Duration{"school_onboarding": 3 * time.Hour},
		Due:     func(context.Context) (map[string]time.Time, error) { return x.due, nil },
		Webhook: server.URL + "/services/T0/secret", Environment: "staging", PublicURL: "https://cpd-jobs.example.org",
		Runbooks: "https://runbooks.example.org/", Log: slog.New(slog.NewTextHandler(x.log, nil)),
	})
	return x
}

func (x *team) exec(sql string, args ...any) {
	x.t.Helper()
	if _, err := x.pool.Exec(x.t.Context(), sql, args...); err != nil {
		x.t.Fatal(err)
	}
}

// ended inserts a job that ended so many minutes ago.
func (x *team) ended(id int, schedule, state, metadata string, ago int) {
	x.t.Helper()
	x.exec(`INSERT INTO river.river_job (id, kind, state, max_attempts, attempt, args, metadata, finalized_at, errors)
		VALUES ($1, 'report_export', $2::river.river_job_state, 5, 5, '{"report": "r"}',
			jsonb_strip_nulls(jsonb_build_object('run_id', $1::bigint, 'schedule', nullif($3, ''))) || $4::jsonb,
			now() - make_interval(mins => $5), ARRAY['{"error": "the disk <is> full\nand more"}'::jsonb])`,
		id, state, schedule, metadata, ago)
}

func (x *team) look() {
	x.t.Helper()
	if err := x.watch.Check(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
}

func (x *team) expect(when string, want ...string) {
	x.t.Helper()
	if diff := cmp.Diff(want, x.channel.heard()); diff != "" {
		x.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

func TestFailureIsToldOnceAndItsEndOnce(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.look()
	x.expect("nothing has happened")
	x.ended(1, "exports", "discarded", `{"failure": "transient"}`, 9)
	x.ended(2, "exports", "discarded", `{"failure": "transient"}`, 5)
	x.look()
	said := strings.Join(x.channel.said, "\n")
	for _, want := range []string{
		"Job 2, run 2: cpd-jobs jobs show 2 or https://cpd-jobs.example.org/runs/2", "\nthe disk &lt;is&gt; full...\n",
		"What to do: https://runbooks.example.org/refresh-failed.md",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q but\n%s", want, said)
		}
	}
	x.expect("the schedule failed twice", "cpd-jobs (staging): exports failed and will not be tried again by itself")
	x.ended(3, "exports", "discarded", `{}`, 1)
	x.look()
	x.expect("it failed again")
	x.ended(4, "", "completed", `{}`, 0) // a person made up for it: the same kind and arguments
	x.exec("UPDATE river.river_job SET finalized_at = now() + interval '1 second' WHERE id = 4")
	x.look()
	x.expect("somebody made up for it", ":large_green_circle: cpd-jobs (staging): exports has succeeded again")
	x.look()
	x.expect("nothing new")
}

// A row whose metadata hold anything, such as a text that no index takes, keeps no other failure from being told.
func TestOddRowKeepsNoFailureBack(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.ended(1, "odd", "discarded", `{"run_id": "x", "report": [], "traceparent": 5}`, 5)
	x.exec("UPDATE river.river_job SET metadata = metadata || jsonb_build_object('schedule', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 3000) AS n))")
	x.ended(2, "exports", "discarded", `{}`, 5)
	x.ended(3, "", "discarded", `{}`, 5)
	x.exec("UPDATE river.river_job SET metadata = '[]', errors = ARRAY['7'::jsonb, 'null'] WHERE id = 3")
	x.look()
	if said := strings.Join(x.channel.heard(), "\n"); !strings.Contains(said, "exports failed") {
		t.Errorf("said is %s", said)
	}
}

// A check that fails keeps no other from being done, and no message from being sent.
func TestCheckThatFailsKeepsNoMessageBack(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.watch.Due = func(context.Context) (map[string]time.Time, error) { return nil, errors.New("cannot be read") }
	x.exec("ALTER TABLE reports.refreshes RENAME COLUMN as_of TO was_at")
	x.ended(1, "register", "discarded", "{}", 1)
	err := x.watch.Check(t.Context())
	for _, check := range []string{"check for stale reports: ", "check for silent schedules: cannot be read"} {
		if err == nil || !strings.Contains(err.Error(), check) {
			t.Errorf("the error is %v, want it to name %q", err, check)
		}
	}
	if got := x.channel.heard(); len(got) != 1 {
		t.Errorf("heard %v, want the failure", got)
	}
}

func TestJobThatCannotBeTakenOverIsTold(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.exec(`INSERT INTO river.river_job (id, kind, state, max_attempts, attempt, args, metadata)
		VALUES (7, 'report_export', 'running', 5, 1, '{}', '{"run_id": 7}')`)
	x.exec("INSERT INTO queue.set_aside_jobs (job_id, reason, set_aside_by, retry_at) VALUES (7, 'it is odd', 'v1', now())")
	x.look()
	if said := strings.Join(x.channel.said, "\n"); !strings.Contains(said, "report_export failed") || !strings.Contains(said, "it is odd") {
		t.Errorf("said is %s", said)
	}
}

func TestWhatIsNoFailure(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.ended(1, "a", "cancelled", `{"cancel_attempted_at": "2026-11-22"}`, 5)                              // by a person
	x.ended(2, "b", "discarded", `{"taken_over_by": 3}`, 5)                                               // went on elsewhere
	x.ended(3, "c", "discarded", `{"dry_run": true}`, 5)                                                  // meant nothing
	x.ended(4, "d", "discarded", `{}`, 90)                                                                // long ago
	x.ended(5, "e", "discarded", `{}`, 5)                                                                 // made up for meanwhile
	x.exec("UPDATE river.river_job SET args = '{\"report\": \"other\"}', kind = 'cpd_sync' WHERE id < 6") // none like the next
	x.ended(6, "e", "completed", `{}`, 3)
	x.look()
	x.expect("nothing failed for good")
	x.ended(7, "f", "cancelled", `{"failure": "refused"}`, 1)
	x.look()
	x.expect("a guard refused", "cpd-jobs (staging): f failed and will not be tried again by itself")
}

func TestStaleAndSilent(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.exec(`INSERT INTO reports.definitions VALUES ('school_onboarding', 't', 'a', '1.0', 'h', 'l', 1, now())`)
	x.exec(`INSERT INTO reports.refreshes (report, version, run_id, as_of, published_at, rows, added, removed, changed, content_version,
		definition_version, definition_hash, program_version, inputs, steps)
		VALUES ('school_onboarding', 1, 1, now() - interval '4 hours', now(), 1, 1, 0, 0, 1, '1.0', 'h', 'v1', '[]', '[]')`)
	x.due = map[string]time.Time{"register": time.Now().Add(-time.Minute), "cpd": time.Now().Add(time.Hour)}
	x.look()
	x.expect("stale and silent",
		"cpd-jobs (staging): report school_onboarding is older than it may be", "cpd-jobs (staging): schedule register had no success for too long")
	x.exec("UPDATE reports.refreshes SET as_of = now()")
	x.due["register"] = time.Now().Add(time.Hour)
	x.look()
	x.expect("both are right again", ":large_green_circle: cpd-jobs (staging): report school_onboarding is fresh again",
		":large_green_circle: cpd-jobs (staging): schedule register is heard of again")
}

func TestSeveralProcessesTellItOnce(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	for id := range 8 {
		x.ended(id+1, string(rune('a'+id)), "discarded", `{}`, 1)
	}
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for range 3 {
				if err := x.watch.Check(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	x.look()
	if got := x.channel.heard(); len(got) != 8 {
		t.Errorf("%d messages of 8 incidents: %v", len(got), got)
	}
}

func TestAWebhookThatIsAway(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusTemporaryRedirect} {
		x := newTeam(t)
		x.channel.status = status
		x.ended(1, "a", "discarded", `{}`, 1)
		err := x.watch.Check(t.Context())
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "it answers") {
			t.Errorf("%d: got %v, want that it answers so, and not where", status, err)
		}
		x.channel.status = 0
		x.look()
		x.expect("before the next try is due")
		x.exec("UPDATE queue.incidents SET next_try = now()")
		x.ended(2, "a", "completed", `{}`, 0)
		x.exec("UPDATE river.river_job SET finalized_at = now() + interval '1 second' WHERE id = 2")
		x.look()
		x.expect("over before it was told", ":large_green_circle: cpd-jobs (staging): a has succeeded again")
		x.look()
		x.expect("nothing new")
	}
}

func TestWithoutAWebhookIncidentsAreRecorded(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.watch.Webhook = ""
	x.ended(1, "a", "discarded", `{}`, 1)
	x.look()
	var n int
	if err := x.pool.QueryRow(t.Context(), "SELECT count(*) FROM queue.incidents WHERE ended_at IS NULL AND told_at IS NULL").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d incidents are recorded (%v), want 1", n, err)
	}
}

func TestADamagedFileIsAnIncidentUntilItIsMadeAgain(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	exec := func(sql string) {
		t.Helper()
		if _, err := x.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		if err := x.watch.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO reports.exports (report, version, definition_version, definition_hash, format, name, key, size, rows, checksum, sha256, as_of, run_id, job_id, damaged_at)
		VALUES ('school_onboarding', 1, '1', 'h', 'csv', 'n', 'k', 1, 1, 'c', 's', now(), 1, 1, now() - interval '1 second')`)
	if got := x.channel.heard(); len(got) != 1 || !strings.HasSuffix(got[0], "a stored file of report school_onboarding is not as it was published") {
		t.Errorf("heard %q", got)
	}
	exec("UPDATE reports.exports SET damaged_at = NULL")
	if got := x.channel.heard(); len(got) != 1 || !strings.HasSuffix(got[0], "the damaged file of report school_onboarding is gone or was made again") {
		t.Errorf("heard %q", got)
	}
}
