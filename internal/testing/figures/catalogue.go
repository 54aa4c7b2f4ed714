package main

// about says what a benchmark's figures mean. One that is not listed is shown with the bare units.
type about struct {
	bench, title, says string
	figures            []figure
}

// figure is one of a benchmark's metrics, beside its yardstick from the same run.
type figure struct {
	unit, says      string
	yardstick       string // the unit of what it is compared with
	atMost, atLeast float64
	promisedOf      string // the one variant that it is promised of; "" is all
}

// catalogue is in the order in which people read.
var catalogue = []about{
	{"BenchmarkDemo", "From nothing to a report", "`cpd-jobs demo` at national size from an empty directory: PostgreSQL, made-up sources, the three syncs, the refresh and the files; then once more over its data.", []figure{
		{unit: "whole-s", says: "seconds, the whole demo", atMost: 90},
		{unit: "again-s", says: "seconds until the second start has its pages", atMost: 5},
		{unit: "MiB-peak", says: "MiB, the process at most", atMost: 200},
	}},
	{"BenchmarkCollector", "Profile of a column", "50,000 distinct values of one column through the collector of profiles.", []figure{
		{unit: "ns/value", says: "nanoseconds a value"},
	}},
	{"BenchmarkJobsPerSecond", "Jobs a second", "20,000 probes that do nothing, through our worker with history, metrics and logs on, and through a plain River client with the same settings, in turns; medians of seven rounds.", []figure{
		{unit: "jobs/s", says: "jobs a second", yardstick: "plain-jobs/s"},
		{unit: "ratio", says: "of plain River's", atLeast: 0.9},
	}},
	{"BenchmarkThousandSchedulesAtOneInstant", "From tick to started job", "1,000 schedules that fire at one instant, two workers of 500 slots.", []figure{
		{unit: "ms-p99", says: "milliseconds, 99 of 100 jobs start within", atMost: 250},
		{unit: "ms-p50", says: "milliseconds, half of the jobs start within"},
		{unit: "ms-worst", says: "milliseconds, the last one starts after"},
		{unit: "ticks", says: "ticks, each with one job"},
	}},
	{"BenchmarkYearsOfHistory", "Years of history", "Ten million ticks and a million finished jobs: the slowest statement of the poll, of what is asked about schedules, and of housekeeping, which deletes what is older than 400 days.", []figure{
		{unit: "ms-asking", says: "milliseconds, the slowest statement of the poll and of what is asked about schedules", atMost: 50},
		{unit: "ms-housekeeping", says: "milliseconds, the slowest statement of housekeeping", atMost: 50},
		{unit: "ticks-left", says: "ticks that stay"},
		{unit: "jobs-left", says: "jobs that stay in the history"},
	}},
	{"BenchmarkRefresh", "Refresh of the School onboarding report", "Every figure but the first is a multiple of what PostgreSQL takes for CREATE UNLOGGED TABLE AS of the same query in the same run (table-s, in seconds).", []figure{
		{unit: "table-s", says: "seconds for the plain table, the yardstick"},
		{unit: "1%-x", says: "1 % of schools changed", atMost: 1.5},
		{unit: "unchanged-x", says: "nothing changed", atMost: 1.2, promisedOf: "schools=240000"},
		{unit: "first-x", says: "first refresh of all"},
		{unit: "all-x", says: "all rows changed"},
		{unit: "view-x", says: "REFRESH MATERIALIZED VIEW, for comparison"},
		{unit: "concurrently-x", says: "the same CONCURRENTLY, nothing changed, for comparison"},
	}},
	{"BenchmarkPages", "Pages at national size", "50 requests a second for 40 seconds over every page, every filter, order and search of Explore, and downloads; 95 of 100 requests of the slowest kind, by the server's clock but for the first byte.", []figure{
		{unit: "ms-p95", says: "milliseconds, the slowest kind of page", atMost: 50},
		{unit: "ms-first-byte", says: "milliseconds to the first byte of a download", atMost: 50},
		{unit: "kB-heaviest", says: "kB, the heaviest page with all that it needs", atMost: 150},
	}},
	{"BenchmarkCopy", "Copy of the CPD service's tables", "Beside psql's COPY binary piped to COPY binary, same indexes, ANALYZE on both sides.", []figure{
		{unit: "sync-s", says: "seconds", yardstick: "psql-s"},
		{unit: "ratio", says: "of psql's time, table after table", atMost: 1.3},
		{unit: "ratio-at-once", says: "of psql's time, as many tables at once as the sync has", atMost: 1.3},
	}},
	{"BenchmarkRegister", "Sync of the register of schools", "800,000 establishments, twenty national registers, beside psql's \\copy of the same file into a plain table of text.", []figure{
		{unit: "psql-s", says: "seconds for the plain table, the yardstick"},
		{unit: "first-ratio", says: "of it, first import", atMost: 3},
		{unit: "unchanged-ratio", says: "of it, the same file again", atMost: 1.5},
		{unit: "reread-ratio", says: "of it, the same rows in another file", atMost: 2.5},
	}},
	{"BenchmarkMemory", "Memory", "The most that the process held, each job in one of its own.", []figure{
		{unit: "gias_sync-MiB", says: "MiB, gias_sync", atMost: 150},
		{unit: "uplift_sync-MiB", says: "MiB, uplift_sync", atMost: 150},
		{unit: "cpd_sync-MiB", says: "MiB, cpd_sync", atMost: 150},
		{unit: "school_onboarding_refresh-MiB", says: "MiB, school_onboarding_refresh", atMost: 150},
	}},
	{"BenchmarkWorkbook", "Writing a workbook", "250,000 rows of 25 columns; rereading not counted.", []figure{
		{unit: "rows/s", says: "rows a second"},
		{unit: "time/libxlsxwriter", says: "of libxlsxwriter's time, constant memory", atMost: 0.25},
		{unit: "size/libxlsxwriter", says: "of its file's size", atMost: 1.1},
		{unit: "time/excelize", says: "of plain excelize's time"},
		{unit: "reread/write", says: "rereading, of the time of writing", atMost: 1},
		{unit: "s/write", says: "seconds"},
		{unit: "MB", says: "MB, the file"},
		{unit: "size/excelize", says: "of the size of plain excelize's file"},
	}},
	{"BenchmarkTwoMillionRows", "Two million rows of 30 columns", "A workbook written and read back by a process of its own.", []figure{
		{unit: "MiB-peak", says: "MiB, the process at most", atMost: 64},
		{unit: "sheets", says: "sheets, as many as the rows need"},
	}},
	{"BenchmarkFormats", "Files in each format", "250,000 rows of 25 columns; COPY TO STDOUT (FORMAT csv) of the same rows beside them.", []figure{
		{unit: "csv/copy", says: "CSV, of COPY's time", atMost: 1.3},
		{unit: "parquet/csv", says: "Parquet, of the CSV's time", atMost: 2},
		{unit: "ods/xlsx", says: "ODS, of the XLSX's time", atMost: 2},
		{unit: "copy-s", says: "seconds, COPY"},
		{unit: "csv-s", says: "seconds, CSV"},
		{unit: "csv-excel-s", says: "seconds, CSV for Excel"},
		{unit: "parquet-s", says: "seconds, Parquet"},
		{unit: "xlsx-s", says: "seconds, XLSX"},
		{unit: "ods-s", says: "seconds, ODS"},
		{unit: "csv-MB", says: "MB, CSV"},
		{unit: "csv-excel-MB", says: "MB, CSV for Excel"},
		{unit: "parquet-MB", says: "MB, Parquet"},
		{unit: "xlsx-MB", says: "MB, XLSX"},
		{unit: "ods-MB", says: "MB, ODS"},
	}},
	{"BenchmarkSchools", "How cost grows with schools", "The whole main job on sources of one, three and ten times the size; rows exported are the schools of the report.", []figure{
		{unit: "sync-s", says: "seconds, copy of the CPD tables"},
		{unit: "refresh-s", says: "seconds, refresh"},
		{unit: "xlsx-s", says: "seconds, export as XLSX"},
		{unit: "csv-s", says: "seconds, export as CSV"},
		{unit: "rows", says: "rows exported"},
	}},
	{"BenchmarkSchedules", "How cost grows with schedules", "All fire at one instant, again and again.", []figure{
		{unit: "ms-p99", says: "milliseconds from tick to started job, 99 of 100"},
		{unit: "ms-p50", says: "milliseconds, half of them"},
	}},
	{"BenchmarkWorkers", "What more workers bring", "Jobs that do nothing, workers in one process with a pool each: they share the processor and the server.", []figure{
		{unit: "jobs/s", says: "jobs a second"},
	}},
	{"BenchmarkReportPages", "Pages of the report", "What the server spends on one, at national size; a person at a time.", []figure{once}},
	{"BenchmarkExplore", "Pages of Explore", "The same, by what is asked of it.", []figure{once}},
	{"BenchmarkSource", "The made-up source", "The CPD service's own tables with all their rows, keys and indexes.", []figure{
		{unit: "rows/s", says: "rows a second"},
		{unit: "MiB-peak", says: "MiB, the process at most"},
	}},
	{"BenchmarkRegisterFiles", "The made-up register", "Its files at national size.", []figure{once}},
	{"BenchmarkNothing", "A job that does nothing", "From the worker's call to its return, without the queue.", []figure{once}},
	{"BenchmarkNext", "The next tick of a schedule", "By its cron expression.", []figure{once}},
	{"BenchmarkPlanOfOneTick", "The plan of one tick", "What the worker decides each minute for a schedule of every minute.", []figure{once}},
	{"BenchmarkSimulateAYear", "A year simulated", "Ten schedules, one of them of every minute.", []figure{once}},
}

// once is the figure of a benchmark that measures nothing but time.
var once = figure{unit: "ns/op", says: "once"}

// describe finds what is known of a benchmark.
func describe(name string) about {
	for _, a := range catalogue {
		if a.bench == name {
			return a
		}
	}
	return about{bench: name, title: name}
}

// place is where a benchmark stands on the page: those without a description come last.
func place(name string) int {
	for i, a := range catalogue {
		if a.bench == name {
			return i
		}
	}
	return len(catalogue)
}

// holds says whether a figure keeps what is promised of it.
func (f figure) holds(got float64) bool {
	return (f.atMost == 0 || got <= f.atMost) && (f.atLeast == 0 || got >= f.atLeast)
}
