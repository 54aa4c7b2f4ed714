// Package metrics says how the program does, for Prometheus. What one process does is counted there, by [Metrics]; what
// is true for all of them - queues, schedules, reports, the database - is read from the database at each scrape, by
// [Database], so that it survives restarts and shows when no worker runs. Every name begins with cpd_jobs_, every label
// has few values.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cpd-jobs/internal/cost"
)

// Metrics are one process's. Counting is safe for concurrent use, and does nothing on a nil pointer.
type Metrics struct {
	registry *prometheus.Registry

	jobs         *prometheus.CounterVec
	jobDuration  *prometheus.HistogramVec
	ticks        *prometheus.CounterVec
	lateness     prometheus.Histogram
	takeovers    *prometheus.CounterVec
	processor    *prometheus.CounterVec
	waiting      *prometheus.CounterVec
	traffic      *prometheus.CounterVec
	downloads    *prometheus.CounterVec
	requests     *prometheus.CounterVec
	requestTimes *prometheus.HistogramVec
}

// New makes the metrics of a process on a registry of their own; version says what runs.
func New(version string) *Metrics {
	registry := newRegistry(version)
	m := newMetrics(registry)
	m.registry = registry
	return m
}

func newMetrics(r prometheus.Registerer) *Metrics {
	// Buckets follow what is promised: a tick starts its job within 250 ms, a page takes 50 ms, a job seconds to hours.
	latenessBuckets := []float64{.025, .05, .1, .25, .5, 1, 5, 30, 60, 300, 3600}
	jobBuckets := []float64{.1, .5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600}
	requestBuckets := []float64{.005, .01, .025, .05, .1, .25, .5, 1, 5, 30}
	m := &Metrics{
		jobs: counter("jobs_finished_total",
			"Attempts at jobs that ended, by kind and outcome (completed, failed, cancelled, snoozed, interrupted).", "kind", "outcome"),
		jobDuration: histogram("job_duration_seconds",
			"How long attempts at jobs took, by kind.", jobBuckets, "kind"),
		ticks: counter("ticks_total",
			"Ticks of schedules accounted for, by state (enqueued, skipped, missed) and reason.", "state", "reason"),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "tick_lateness_seconds", Buckets: latenessBuckets,
			Help: "How long after its tick a job was enqueued.",
		}),
		takeovers: counter("takeovers_total",
			"Jobs taken over from workers that stopped answering, by kind.", "kind"),
		processor: counter("job_cpu_seconds_total",
			"Processor time of this process that attempts at jobs took, by kind; what ran at one time shares it equally.", "kind"),
		waiting: counter("job_database_seconds_total",
			"How long attempts at jobs waited for databases, summed up over connections, by kind.", "kind"),
		traffic: counter("job_bytes_total",
			"Bytes that attempts at jobs moved between databases, files and this process, by kind and direction (read, written).", "kind", "direction"),
		downloads: counter("downloads_total",
			"Files of reports that people and programs began to download, by report and format.", "report", "format"),
		requests: counter("http_requests_total",
			"Requests answered, by route, method and status.", "route", "method", "code"),
		requestTimes: histogram("http_request_duration_seconds",
			"How long answers took, by route.", requestBuckets, "route"),
	}
	r.MustRegister(m.jobs, m.jobDuration, m.ticks, m.lateness, m.takeovers, m.processor, m.waiting, m.traffic, m.downloads,
		m.requests, m.requestTimes)
	return m
}

// JobEnded counts an attempt at a job.
func (m *Metrics) JobEnded(kind, outcome string, took time.Duration) {
	if m == nil {
		return
	}
	m.jobs.WithLabelValues(kind, outcome).Inc()
	m.jobDuration.WithLabelValues(kind).Observe(took.Seconds())
}

// JobCost counts what an attempt at a job cost.
func (m *Metrics) JobCost(kind string, spent cost.Cost) {
	if m == nil {
		return
	}
	m.processor.WithLabelValues(kind).Add(spent.CPUSeconds)
	m.waiting.WithLabelValues(kind).Add(spent.DatabaseSeconds)
	m.traffic.WithLabelValues(kind, "read").Add(float64(spent.BytesRead))
	m.traffic.WithLabelValues(kind, "written").Add(float64(spent.BytesWritten))
}

// Downloaded counts a download.
func (m *Metrics) Downloaded(report, format string) {
	if m == nil {
		return
	}
	m.downloads.WithLabelValues(report, format).Inc()
}

// Enqueued counts a tick that became a job, late after its time.
func (m *Metrics) Enqueued(late time.Duration) {
	if m == nil {
		return
	}
	m.ticks.WithLabelValues("enqueued", "").Inc()
	m.lateness.Observe(max(late, 0).Seconds()) // clocks apart must not make a negative sum
}

// NotEnqueued counts a tick that became no job: state is skipped or missed.
func (m *Metrics) NotEnqueued(state, reason string) {
	if m == nil {
		return
	}
	m.ticks.WithLabelValues(state, reason).Inc()
}

// TakenOver counts a job that another worker left behind.
func (m *Metrics) TakenOver(kind string) {
	if m == nil {
		return
	}
	m.takeovers.WithLabelValues(kind).Inc()
}

// Answered counts a request. The route is the pattern that matched, never the path, whose values have no bound.
func (m *Metrics) Answered(route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	m.requests.WithLabelValues(route, boundedMethod(method), strconv.Itoa(status)).Inc()
	m.requestTimes.WithLabelValues(route).Observe(took.Seconds())
}

// boundedMethod keeps callers from making a series of every word that they send.
func boundedMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
}
