-- What has expired, the newest too, and of the rest what is neither among the newest that are kept nor young. Parts of a report are counted together, since each of them may
-- be the only one of its kind; the newest file of a whole report stays in any case, for links to the latest lead there.
SELECT id
FROM (
    SELECT id, selection, created_at, expires_at,
           row_number() OVER (PARTITION BY report, format, selection = '{}' ORDER BY version DESC, id DESC) AS newness
    FROM reports.exports
) AS e
WHERE expires_at <= now()
   OR newness > greatest(@keep::bigint, CASE WHEN selection = '{}' THEN 1 ELSE 0 END)
      AND created_at < now() - make_interval(secs => @seconds::float8)
ORDER BY id
