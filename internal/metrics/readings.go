package metrics

import (
	_ "embed"

	"github.com/prometheus/client_golang/prometheus"
)

// Statements give rows of (metric, labels, value), the metric without its prefix. Each part has its own, so that one
// that fails leaves the others: a role that may not read a statistics view still knows how old its reports are.
var (
	//go:embed sql/queue.sql
	queueSQL string
	//go:embed sql/ended.sql
	endedSQL string
	//go:embed sql/schedules.sql
	schedulesSQL string
	//go:embed sql/reports.sql
	reportsSQL string
	//go:embed sql/inputs.sql
	inputsSQL string
	//go:embed sql/database.sql
	databaseSQL string
	//go:embed sql/tables.sql
	tablesSQL string
	//go:embed sql/checkpoints.sql
	checkpointsSQL string
	//go:embed sql/checkpoints_17.sql
	checkpoints17SQL string
)

// part is what one statement reads.
type part struct {
	name string
	sql  string
	// since is the first major version of PostgreSQL whose statistics are as the statement has them, until the last; 0: any.
	since, until int
	readings     []reading
}

// reading is one metric and what its labels are called.
type reading struct {
	name   string
	help   string
	kind   prometheus.ValueType
	labels []string
}

func gauge(name, help string, labels ...string) reading {
	return reading{name: name, help: help, kind: prometheus.GaugeValue, labels: labels}
}

func total(name, help string, labels ...string) reading {
	return reading{name: name, help: help, kind: prometheus.CounterValue, labels: labels}
}

// parts are in the order in which they are read: what alarms hang on comes first.
func parts() []part {
	checkpoints := []reading{total("database_checkpoints_total", "Checkpoints of the server, by cause (timed, requested).", "cause")}
	return []part{
		{name: "queue", sql: queueSQL, readings: queueReadings()},
		{name: "schedules", sql: schedulesSQL, readings: scheduleReadings()},
		{name: "reports", sql: reportsSQL, readings: reportReadings()},
		{name: "inputs", sql: inputsSQL, readings: inputReadings()},
		{name: "ended", sql: endedSQL, readings: endedReadings()},
		{name: "database", sql: databaseSQL, readings: databaseReadings()},
		{name: "tables", sql: tablesSQL, readings: tableReadings()},
		{name: "checkpoints", sql: checkpointsSQL, until: 16, readings: checkpoints},
		{name: "checkpoints", sql: checkpoints17SQL, since: 17, readings: checkpoints},
	}
}

func queueReadings() []reading {
	return []reading{
		gauge("queue_jobs", "Jobs that have not ended, by queue and state.", "queue", "state"),
		gauge("queue_oldest_wait_seconds", "How long the job at the head of each queue has waited for a worker; 0 where none waits.", "queue"),
		gauge("job_running_seconds", "How long the longest running attempt has run, by kind; absent where none runs.", "kind"),
		gauge("workers_alive", "Workers whose heartbeat is fresh."),
		gauge("jobs_set_aside", "Jobs of dead workers that could not be taken over."),
		gauge("incidents_open", "Incidents that are not over, by what is wrong (failed, stale, silent).", "what"),
	}
}

func endedReadings() []reading {
	return []reading{
		gauge("jobs_ended_last_day", "Jobs that ended within the last 24 hours on any worker, by kind and state.", "kind", "state"),
		gauge("jobs_quarantined", "Jobs in quarantine: they failed in a way that trying again would repeat."),
		gauge("takeovers_last_day", "Jobs taken over within the last 24 hours from workers that stopped answering."),
	}
}

func scheduleReadings() []reading {
	return []reading{
		gauge("schedule_last_success_timestamp_seconds", "When a job of the schedule last succeeded; absent where none has.", "schedule"),
		gauge("schedule_next_tick_timestamp_seconds", "The first tick of the schedule that is not accounted for yet.", "schedule"),
		gauge("schedule_paused", "1 where the schedule is paused now.", "schedule"),
		gauge("schedule_set_aside", "1 where workers cannot record the schedule's ticks, and have set it aside.", "schedule"),
		gauge("ticks_waiting", "Ticks that are enqueued and wait for their turn."),
		gauge("backfills_set_aside", "Backfills that no worker can go on with."),
		gauge("ticks_late", "Schedules whose next tick was due over 5 seconds ago and that no worker has accounted for."),
		gauge("tick_oldest_late_seconds", "How long ago the oldest tick was due that no worker has accounted for; 0 where none is late."),
		gauge("ticks_last_day", "Ticks of the last 24 hours, by state (enqueued, skipped, missed) and reason.", "state", "reason"),
		gauge("schedules_held", "1 where the database is a restored copy that has not been confirmed: its schedules are held."),
	}
}

func reportReadings() []reading {
	return []reading{
		gauge("report_as_of_timestamp_seconds", "The instant that the live version of the report describes; absent before the first refresh.", "report"),
		gauge("report_published_timestamp_seconds", "When readers got the live version of the report.", "report"),
		gauge("report_rows", "Rows of the live version of the report.", "report"),
		gauge("report_changes", "Rows that the live version added, removed or changed.", "report", "change"),
		gauge("report_failing_checks", "Checks that found something: warned about in the live version, or stopped the latest refresh.", "report", "effect"),
		gauge("export_last_bytes", "Size of the latest file of all of the report, by format.", "report", "format"),
		gauge("export_last_rows", "Rows of the latest file of all of the report, by format.", "report", "format"),
		gauge("export_last_seconds", "How long the latest export of all of the report took: writing, reading back and publishing every format.", "report"),
		gauge("export_lint_findings", "Where the latest workbook of all of the report departs from the checklist for accessible spreadsheets, by format.", "report", "format"),
		gauge("export_last_timestamp_seconds", "When the latest file of all of the report was written, by format.", "report", "format"),
	}
}

func inputReadings() []reading {
	return []reading{
		gauge("input_as_at_timestamp_seconds", "The instant that the live version of the input describes; absent before the first sync.", "input"),
		gauge("input_published_timestamp_seconds", "When the live version of the input was published.", "input"),
		gauge("input_rows", "Rows of the live version of the input.", "input"),
		gauge("input_received_rows", "Rows that the last sync with other files read, by what became of them: merged, unchanged or rejected.", "input", "outcome"),
		gauge("input_rejected_rows", "Rows that the last sync with other files could not use.", "input"),
		gauge("source_replica_lag_seconds", "How far the replica that the CPD service's data were last read from was behind; absent for a primary."),
	}
}

func databaseReadings() []reading {
	return []reading{
		gauge("database_connections", "Sessions on the product's database, by state.", "state"),
		gauge("database_connections_all", "Sessions on the whole server."),
		gauge("database_connections_limit", "How many sessions the server allows."),
		gauge("database_longest_transaction_seconds", "How long the longest open transaction has been open."),
		gauge("database_oldest_snapshot_seconds", "How long the oldest transaction with a snapshot has been open: nothing deleted since can be cleaned away."),
		gauge("database_oldest_snapshot_transactions", "How many transactions ago the oldest snapshot was taken."),
		total("database_blocks_hit_total", "Blocks found in the server's cache."),
		total("database_blocks_read_total", "Blocks not found in the server's cache."),
		total("database_deadlocks_total", "Deadlocks that the server broke."),
		total("database_temporary_bytes_total", "Bytes that queries wrote to temporary files because their memory did not suffice."),
		gauge("database_size_bytes", "Size of the product's database."),
		gauge("database_replication_lag_seconds", "How far the slowest standby of the product's database is behind; absent where there is none."),
		gauge("database_replication_lag_bytes", "How much log the slowest standby of the product's database has not replayed; absent where there is none."),
	}
}

func tableReadings() []reading {
	return []reading{
		gauge("table_dead_rows", "Rows that were deleted or replaced and not cleaned away yet, as the server estimates.", "table"),
		gauge("table_live_rows", "Rows, as the server estimates.", "table"),
		gauge("table_size_bytes", "Size with indexes; that of a schema's copies (schema.*) is an estimate without them.", "table"),
	}
}
