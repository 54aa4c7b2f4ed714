WITH ended AS (
    SELECT kind, state::text, metadata ? 'taken_over_by' AS taken_over FROM river.river_job
    WHERE state IN ('completed', 'cancelled', 'discarded') AND finalized_at > now() - interval '1 day'
    UNION ALL
    SELECT kind, state, metadata ? 'taken_over_by' FROM queue.history WHERE finalized_at > now() - interval '1 day'
)
SELECT 'jobs_ended_last_day' AS metric, ARRAY[kind, state] AS labels, count(*)::float8 AS value
FROM ended WHERE NOT taken_over GROUP BY kind, state
UNION ALL
SELECT 'takeovers_last_day', '{}', count(*) FROM ended WHERE taken_over
