package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestRunsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/runs", http.StatusOK)
	wantAll(t, page, "CPD sync", "(job 1)", "Done", "Report export", "Failed", "GIAS sync", "Running", "59 seconds so far", "person ann@laptop", "40 seconds")
	if !(strings.Index(page, "(job 3)") < strings.Index(page, "(job 2)") && strings.Index(page, "(job 2)") < strings.Index(page, "(job 1)")) {
		t.Error("jobs are not listed newest first")
	}
	wantNone(t, page, "Older")
}

func TestRunsAreFiltered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for target, jobs := range map[string][]bool{ // 1, 2, 3
		"/runs?state=discarded":       {false, true, false},
		"/runs?state=running":         {false, false, true},
		"/runs?kind=cpd_sync":         {true, false, false},
		"/runs?run=1":                 {true, true, false},
		"/runs?run=1&state=completed": {true, false, false},
		"/runs?before=2":              {true, false, false},
	} {
		page := f.page(t, target, http.StatusOK)
		for i, want := range jobs {
			if got := strings.Contains(page, fmt.Sprintf("(job %d)", i+1)); got != want {
				t.Errorf("%s shows job %d: %t, want %t", target, i+1, got, want)
			}
		}
	}
	wantAll(t, f.page(t, "/runs?kind=%3Cb%3E", http.StatusOK), "No runs match", "of kind &lt;b&gt;")
}

func TestRunsComeInPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.deps.DB.Exec(t.Context(), `
		INSERT INTO queue.history (id, kind, queue, priority, state, attempt, max_attempts, args, metadata, created_at, scheduled_at)
		SELECT n, 'probe', 'default', 1, 'completed', 1, 1, '{}', '{}', now(), now() FROM generate_series(101, 160) AS n`)
	if err != nil {
		t.Fatal(err)
	}
	first := f.page(t, "/runs?kind=probe", http.StatusOK)
	wantAll(t, first, "(job 160)", "(job 111)", `href="/runs?before=111&amp;kind=probe"`)
	wantNone(t, first, "(job 110)")
	last := f.page(t, "/runs?before=111&kind=probe", http.StatusOK)
	wantAll(t, last, "(job 110)", "(job 101)")
	wantNone(t, last, "(job 111)", "rel=\"next\"")
}

func TestRunThatEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/runs/1", http.StatusOK),
		"<title>CPD sync, job 1 – CPD reports</title>",
		"schedule refresh 2026-11-22T06:10:00Z", "40 seconds", "1 of at most 5",
		"copy tables", "1,203,456", "37 seconds",
		"copied table", "table=schools", "rows=100",
		"&#34;version&#34;: 2",
		"<code>cpd-jobs run cpd_sync</code>",
	)
}

func TestRunThatFailed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.page(t, "/runs/2", http.StatusOK)
	wantAll(t, page, "Why it did not finish", "write xlsx: &lt;disk&gt; is full", "(attempt 2)", "It panicked", "cpd-jobs jobs show 2")
	wantNone(t, page, "goroutine 7")
}

func TestRunUnderWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	wantAll(t, f.page(t, "/runs/3", http.StatusOK), "Load this page again", "12,500 of 52,141 rows", "59 seconds so far",
		"cpd-jobs run gias_sync --args &#39;{&#34;source&#34;:&#34;it&#39;\\&#39;&#39;s here.csv&#34;}&#39;")
}

func TestLongLogsComeInPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.deps.DB.Exec(t.Context(), `INSERT INTO queue.logs (job_id, attempt, at, level, message)
		SELECT 3, 1, now(), 'info', 'line ' || n || '.' FROM generate_series(1, 1001) AS n`)
	if err != nil {
		t.Fatal(err)
	}
	first := f.page(t, "/runs/3", http.StatusOK)
	wantAll(t, first, "line 1000.", "Later lines of the log")
	_, rest, _ := strings.Cut(first, `<a class="govuk-link" href="/runs/3?after=`)
	after, _, _ := strings.Cut(rest, "#log")
	second := f.page(t, "/runs/3?after="+after, http.StatusOK)
	wantAll(t, second, "line 1001.")
	wantNone(t, second, "line 1000.", "Later lines")
}

func TestCommandThatRepeatsARun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{`{}`, "cpd-jobs run probe"},
		{`null`, "cpd-jobs run probe"},
		{`{"rows": 3, "note": "a b"}`, `cpd-jobs run probe --args '{"rows":3,"note":"a b"}'`},
		{`{"note": "it's; $(rm)"}`, `cpd-jobs run probe --args '{"note":"it'\''s; $(rm)"}'`},
	} {
		if got := againCommand("probe", json.RawMessage(c.args)); got != c.want {
			t.Errorf("arguments %s: %s, want %s", c.args, got, c.want)
		}
	}
}
