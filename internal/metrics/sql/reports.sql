WITH live AS (
    SELECT d.report, r.* FROM reports.definitions AS d
    LEFT JOIN LATERAL (
        SELECT version, as_of, published_at, rows, added, removed, changed FROM reports.refreshes
        WHERE refreshes.report = d.report AND version = d.live_version) AS r ON true
), stopped AS (
    SELECT DISTINCT ON (c.report) c.report, c.run_id FROM reports.check_results AS c JOIN live USING (report)
    WHERE c.version IS NULL AND c.checked_at > coalesce(live.published_at, '-infinity')
    ORDER BY c.report, c.checked_at DESC
), latest AS (
    SELECT DISTINCT ON (report, format) report, format, size, rows, created_at, job_id, jsonb_array_length(lint) AS findings FROM reports.exports
    WHERE selection = '{}' ORDER BY report, format, created_at DESC
)
SELECT 'report_as_of_timestamp_seconds' AS metric, ARRAY[report] AS labels, extract(epoch FROM as_of)::float8 AS value
FROM live WHERE as_of IS NOT NULL
UNION ALL
SELECT 'report_published_timestamp_seconds', ARRAY[report], extract(epoch FROM published_at) FROM live WHERE published_at IS NOT NULL
UNION ALL
SELECT 'report_rows', ARRAY[report], rows FROM live WHERE rows IS NOT NULL
UNION ALL
SELECT 'report_changes', ARRAY[report, change], n
FROM live, LATERAL (VALUES ('added', added), ('removed', removed), ('changed', changed)) AS c (change, n) WHERE n IS NOT NULL
UNION ALL
SELECT 'report_failing_checks', ARRAY[report, 'warned'],
    (SELECT count(*) FROM reports.check_results AS c WHERE c.report = live.report AND c.version = live.version)
FROM live
UNION ALL
SELECT 'report_failing_checks', ARRAY[report, 'stopped'],
    (SELECT count(*) FROM reports.check_results AS c JOIN stopped AS s USING (report, run_id)
     WHERE c.report = live.report AND c.version IS NULL)
FROM live
UNION ALL
SELECT 'export_last_bytes', ARRAY[report, format], size FROM latest
UNION ALL
SELECT 'export_last_seconds', ARRAY[report], extract(epoch FROM max(s.finished_at) - min(s.started_at))
FROM (SELECT DISTINCT ON (report) report, job_id FROM latest ORDER BY report, created_at DESC) AS l
JOIN queue.steps AS s USING (job_id)
WHERE s.attempt = (SELECT max(attempt) FROM queue.steps AS a WHERE a.job_id = l.job_id) GROUP BY report HAVING max(s.finished_at) IS NOT NULL
UNION ALL
SELECT 'export_lint_findings', ARRAY[report, format], findings FROM latest WHERE findings IS NOT NULL
UNION ALL
SELECT 'export_last_rows', ARRAY[report, format], rows FROM latest
UNION ALL
SELECT 'export_last_timestamp_seconds', ARRAY[report, format], extract(epoch FROM created_at) FROM latest
