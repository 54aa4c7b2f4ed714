-- Of the last refresh: how many schools went from which stage to which. A school that came has no stage before, one that
-- left none after.
SELECT m.from_stage, m.to_stage, count(*) AS schools
FROM (
    SELECT CASE c.action WHEN 'removed' THEN c.old ->> 'stage' WHEN 'changed' THEN c.old #>> '{}' END AS from_stage,
           CASE c.action WHEN 'added' THEN r.stage WHEN 'changed' THEN c.new #>> '{}' END AS to_stage
    FROM reports.school_onboarding_changes c
    LEFT JOIN reports.school_onboarding r ON r.urn = c.urn
    WHERE c.version = (SELECT max(version) FROM reports.refreshes WHERE report = 'school_onboarding')
      AND (c.action <> 'changed' OR c.column_name = 'stage')
) m
GROUP BY m.from_stage, m.to_stage
