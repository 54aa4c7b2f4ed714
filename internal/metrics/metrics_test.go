package metrics

import (
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cpd-jobs/internal/cost"
)

// somethingOfEach makes every metric appear.
func somethingOfEach(m *Metrics) {
	m.JobEnded("gias_sync", "completed", 12*time.Second)
	m.JobEnded("gias_sync", "failed", time.Second)
	m.Enqueued(120 * time.Millisecond)
	m.Enqueued(-time.Second)
	m.NotEnqueued("skipped", "overlap")
	m.NotEnqueued("missed", "catch_up_none")
	m.TakenOver("cpd_sync")
	m.JobCost("gias_sync", cost.Cost{CPUSeconds: 1.5, DatabaseSeconds: 2.5, BytesRead: 1000, BytesWritten: 200})
	m.Downloaded("school_onboarding", "xlsx")
	m.Answered("GET /reports/{name}", "GET", 200, 4*time.Millisecond)
	m.Answered("GET /reports/{name}", "BREW", 405, time.Millisecond)
}

func TestWhatIsCountedIsShown(t *testing.T) {
	t.Parallel()
	m := New("v1.2.3")
	somethingOfEach(m)
	got := scrape(t, m)
	for _, want := range []string{
		`cpd_jobs_jobs_finished_total{kind="gias_sync",outcome="completed"} 1`,
		`cpd_jobs_jobs_finished_total{kind="gias_sync",outcome="failed"} 1`,
		`cpd_jobs_job_duration_seconds_bucket{kind="gias_sync",le="1"} 1`,
		`cpd_jobs_job_duration_seconds_sum{kind="gias_sync"} 13`,
		`cpd_jobs_ticks_total{reason="",state="enqueued"} 2`,
		`cpd_jobs_ticks_total{reason="overlap",state="skipped"} 1`,
		`cpd_jobs_ticks_total{reason="catch_up_none",state="missed"} 1`,
		`cpd_jobs_tick_lateness_seconds_bucket{le="0.25"} 2`,
		`cpd_jobs_tick_lateness_seconds_sum 0.12`,
		`cpd_jobs_takeovers_total{kind="cpd_sync"} 1`,
		`cpd_jobs_job_cpu_seconds_total{kind="gias_sync"} 1.5`,
		`cpd_jobs_job_database_seconds_total{kind="gias_sync"} 2.5`,
		`cpd_jobs_job_bytes_total{direction="read",kind="gias_sync"} 1000`,
		`cpd_jobs_job_bytes_total{direction="written",kind="gias_sync"} 200`,
		`cpd_jobs_downloads_total{format="xlsx",report="school_onboarding"} 1`,
		`cpd_jobs_http_requests_total{code="200",method="GET",route="GET /reports/{name}"} 1`,
		`cpd_jobs_http_requests_total{code="405",method="other",route="GET /reports/{name}"} 1`,
		`cpd_jobs_http_request_duration_seconds_count{route="GET /reports/{name}"} 2`,
		`version="v1.2.3"} 1`,
		"go_goroutines ",
		"process_cpu_seconds_total ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not shown", want)
		}
	}
	if t.Failed() {
		t.Logf("shown:\n%s", got)
	}
}

func TestNobodyNeedsToCount(t *testing.T) {
	t.Parallel()
	somethingOfEach(nil)
}

func TestFailingCollectorLeavesTheRest(t *testing.T) {
	t.Parallel()
	m := New("v1.2.3")
	m.Register(broken{})
	scrape(t, m)
	if got := scrape(t, m); !strings.Contains(got, "go_goroutines ") ||
		!strings.Contains(got, `promhttp_metric_handler_errors_total{cause="gathering"} 1`) {
		t.Errorf("want the other metrics and the failure counted, got:\n%s", got)
	}
}

type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}

func (broken) Collect(metrics chan<- prometheus.Metric) {
	metrics <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(errors.New("the database is away")), errors.New("the database is away"))
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.Code != 200 {
		t.Fatalf("scrape: status %d, %v", answer.Code, err)
	}
	return string(text)
}
