UPDATE queue.incidents AS i SET ended_at = greatest(made_up.finalized_at, i.began_at), next_try = now(), tries = 0
FROM queue.incidents AS open
CROSS JOIN LATERAL (
    SELECT min(finalized_at) AS finalized_at FROM queue.jobs AS j
    WHERE j.state = 'completed' AND j.finalized_at > open.began_at AND NOT j.metadata ? 'dry_run'
        AND (j.metadata ->> 'schedule' = open.subject OR j.kind = open.kind AND j.args = open.args)
) AS made_up
WHERE open.what = 'failed' AND open.ended_at IS NULL AND made_up.finalized_at IS NOT NULL AND i.id = open.id
