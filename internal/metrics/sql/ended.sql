WITH ended AS (
    SELECT kind, state, metadata ? 'taken_over_by' AS taken_over, superseded_by FROM queue.jobs WHERE finalized_at > now() - interval '1 day'
)
SELECT 'jobs_ended_last_day' AS metric, ARRAY[kind, state] AS labels, count(*)::float8 AS value
FROM ended WHERE NOT taken_over AND superseded_by IS NULL GROUP BY kind, state
UNION ALL
SELECT 'jobs_quarantined', '{}', count(*) FROM queue.jobs WHERE metadata ? 'quarantined' AND run_state = 'quarantined' AND superseded_by IS NULL
UNION ALL
SELECT 'takeovers_last_day', '{}', count(*) FROM ended WHERE taken_over
