package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"cpd-jobs/internal/clock"
)

// A scrape waits queryTimeout for the database at most. Answers are cached for cacheTTL: two Prometheus servers that
// scrape every few seconds cost no more queries than one.
const (
	queryTimeout = 4 * time.Second
	cacheTTL     = 5 * time.Second
)

// DatabaseOptions say what a [Database] queries, and where. DB, Log and Now are required.
type DatabaseOptions struct {
	DB *pgxpool.Pool
	// Targets are how old the data of each report may be.
	Targets map[string]time.Duration
	// Due says by when each schedule must have its next success, given the rules of ticks, which live elsewhere; nil
	// leaves that metric out.
	Due func(context.Context) (map[string]time.Time, error)
	Log *slog.Logger
	Now clock.Now
}

// Database collects what only the product's database knows: queues, schedules, reports and the database itself. It is
// true for all processes together, whichever of them is scraped. Where the database cannot be reached it says just
// that.
type Database struct {
	DatabaseOptions
	up, target, due, read *prometheus.Desc
	descs                 map[string]described

	mu        sync.Mutex // held while querying: scrapes at one moment share one answer
	queriedAt time.Time
	cached    []prometheus.Metric
}

type described struct {
	reading
	desc *prometheus.Desc
}

// NewDatabase makes a collector; [Metrics.Register] takes it.
func NewDatabase(o DatabaseOptions) *Database {
	d := &Database{
		DatabaseOptions: o, descs: map[string]described{},
		up:     desc("database_up", "1 where the product's database answered this scrape."),
		read:   desc("database_read_success", "1 where a part of what is asked of the database was read, by part.", "part"),
		target: desc("report_freshness_target_seconds", "How old the data of the report may be before people should worry.", "report"),
		due: desc("schedule_success_due_timestamp_seconds",
			"By when a job of the schedule must have succeeded: after the second tick from its last success; absent where nothing is due.", "schedule"),
	}
	for _, p := range parts() {
		for _, r := range p.readings {
			d.descs[r.name] = described{r, desc(r.name, r.help, r.labels...)}
		}
	}
	return d
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
}

// Describe declares every metric to Prometheus.
func (d *Database) Describe(to chan<- *prometheus.Desc) {
	for _, known := range d.descs {
		to <- known.desc
	}
	for _, own := range []*prometheus.Desc{d.up, d.read, d.target, d.due} {
		to <- own
	}
}

// Collect queries the database, or repeats the last answer while it is fresh.
func (d *Database) Collect(to chan<- prometheus.Metric) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.Now(); d.cached == nil || now.Sub(d.queriedAt) >= cacheTTL || now.Before(d.queriedAt) {
		ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
		defer cancel()
		d.cached = d.query(ctx)
		d.queriedAt = d.Now()
	}
	for _, m := range d.cached {
		to <- m
	}
}

func (d *Database) query(ctx context.Context) []prometheus.Metric {
	list := d.targets()
	conn, err := d.DB.Acquire(ctx)
	if err != nil {
		d.Log.Warn("metrics of the database not read", "error", err)
		return append(list, constant(d.up, 0))
	}
	defer conn.Release()
	version := major(conn.Conn().PgConn().ParameterStatus("server_version"))
	for _, p := range parts() {
		if p.since > version || p.until != 0 && p.until < version {
			continue
		}
		metrics, err := d.readPart(ctx, conn, p)
		list = append(append(list, metrics...), d.success(p.name, err))
	}
	metrics, err := d.dueMetrics(ctx)
	list = append(append(list, metrics...), d.success("due", err))
	up := 1.0
	if ctx.Err() != nil || conn.Conn().IsClosed() {
		up = 0
	}
	return append(list, constant(d.up, up))
}

func (d *Database) success(part string, err error) prometheus.Metric {
	if err != nil {
		d.Log.Warn("a part of the database's metrics not read", "part", part, "error", err)
		return constant(d.read, 0, part)
	}
	return constant(d.read, 1, part)
}

func (d *Database) targets() []prometheus.Metric {
	var list []prometheus.Metric
	for report, age := range d.Targets {
		list = append(list, constant(d.target, age.Seconds(), report))
	}
	return list
}

func (d *Database) dueMetrics(ctx context.Context) ([]prometheus.Metric, error) {
	if d.Due == nil {
		return nil, nil
	}
	due, err := d.Due(ctx)
	if err != nil {
		return nil, err
	}
	var list []prometheus.Metric
	for schedule, at := range due {
		list = append(list, constant(d.due, float64(at.UnixMilli())/1000, schedule))
	}
	return list, nil
}

// row is what the statements give.
type row struct {
	Metric string
	Labels []string
	Value  float64
}

// readPart runs one statement in a transaction that can neither write nor wait long for a lock.
func (d *Database) readPart(ctx context.Context, conn *pgxpool.Conn, p part) ([]prometheus.Metric, error) {
	var found []row
	err := pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '250ms'; SET LOCAL jit = off"); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, p.sql)
		found, err = pgx.CollectRows(rows, pgx.RowToStructByName[row])
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]prometheus.Metric, len(found))
	for i, r := range found {
		if list[i], err = d.metric(r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (d *Database) metric(r row) (prometheus.Metric, error) {
	known, ok := d.descs[r.Metric]
	if !ok {
		return nil, fmt.Errorf("no metric is declared as %s", r.Metric)
	}
	return prometheus.NewConstMetric(known.desc, known.kind, r.Value, r.Labels...)
}

func constant(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

// major is the first number of a server's version, such as "15.18 (Debian 15.18-0+deb12u1)"; 0 if it has none.
func major(version string) int {
	end := strings.IndexFunc(version, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(version)
	}
	n, err := strconv.Atoi(version[:end])
	if err != nil {
		return 0
	}
	return n
}
