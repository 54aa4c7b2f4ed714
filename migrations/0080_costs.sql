-- +goose Up
-- Who uses how much: what each job cost, with who asked for it, for as long as its history is kept.
CREATE VIEW queue.costs AS
SELECT id AS job_id, run_id, kind, metadata ->> 'report' AS report, metadata ->> 'schedule' AS schedule, metadata ->> 'started_by' AS started_by,
       state, finalized_at,
       (metadata -> 'cost' ->> 'cpu_seconds')::float8 AS cpu_seconds, (metadata -> 'cost' ->> 'database_seconds')::float8 AS database_seconds,
       (metadata -> 'cost' ->> 'bytes_read')::bigint AS bytes_read, (metadata -> 'cost' ->> 'bytes_written')::bigint AS bytes_written
FROM queue.jobs
WHERE metadata ? 'cost';
COMMENT ON VIEW queue.costs IS 'What jobs cost in all their attempts; those that did nothing worth a line are not here';
COMMENT ON COLUMN queue.costs.cpu_seconds IS 'Processor time of the worker, user and system; what ran at one time shares it in equal parts';
COMMENT ON COLUMN queue.costs.database_seconds IS 'How long its connections waited for their servers, summed up over connections';
COMMENT ON COLUMN queue.costs.bytes_read IS 'Over connections to databases, of sources'' files once unpacked, and from the store of exports';
COMMENT ON COLUMN queue.costs.bytes_written IS 'Over connections to databases, and to the store of exports';
