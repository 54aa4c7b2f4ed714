-- Why each school that was in the report is not any more. A school that this does not name is gone from the service.
-- The first reason that holds is given; whether section 41 was lost is read off the row as it was published.
SELECT old.urn,
       CASE
           WHEN s.school_status_code = 2 THEN 'closed'
           WHEN s.school_status_code = 4 THEN 'proposed to open'
           WHEN s.school_status_code IS NULL OR s.school_status_code NOT IN (1, 3) THEN 'status not known'
           WHEN t.class = 'eligible' THEN 'not in England'
           WHEN s.section_41_approved THEN 'not in England'
           WHEN old.section_41_approved THEN 'section 41 lost'
           ELSE 'type'
       END AS reason
FROM :"leavers" gone
JOIN :"live" old ON old.urn = gone.urn
JOIN cpd.schools s ON s.urn = old.urn
LEFT JOIN reports.school_types t ON t.code = s.school_type_code
