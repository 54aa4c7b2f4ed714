package metrics

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// Pool collects how busy this process's connections to the product's database are.
type Pool struct {
	pool                                *pgxpool.Pool
	connections, limit, waits, waitTime *prometheus.Desc
}

// NewPool makes a collector; [Metrics.Register] takes it. Only one may be registered.
func NewPool(pool *pgxpool.Pool) *Pool {
	return &Pool{
		pool:        pool,
		connections: desc("pool_connections", "Connections of this process's pool, by state (in_use, idle, opening).", "state"),
		limit:       desc("pool_connections_limit", "How many connections this process's pool may open."),
		waits:       desc("pool_waits_total", "How often a caller had to wait for a connection of this process's pool."),
		waitTime:    desc("pool_wait_seconds_total", "How long, summed up, callers waited for a connection of this process's pool."),
	}
}

// Describe declares every metric to Prometheus.
func (p *Pool) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{p.connections, p.limit, p.waits, p.waitTime} {
		to <- d
	}
}

// Collect reads the pool's own counts.
func (p *Pool) Collect(to chan<- prometheus.Metric) {
	s := p.pool.Stat()
	to <- constant(p.connections, float64(s.AcquiredConns()), "in_use")
	to <- constant(p.connections, float64(s.IdleConns()), "idle")
	to <- constant(p.connections, float64(s.ConstructingConns()), "opening")
	to <- constant(p.limit, float64(s.MaxConns()))
	to <- prometheus.MustNewConstMetric(p.waits, prometheus.CounterValue, float64(s.EmptyAcquireCount()))
	to <- prometheus.MustNewConstMetric(p.waitTime, prometheus.CounterValue, s.EmptyAcquireWaitTime().Seconds())
}
