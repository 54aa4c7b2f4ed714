-- One row for each changed field of a link; all fields of a link that appeared or went.
CREATE TEMPORARY TABLE changes_links ON COMMIT DROP AS
SELECT d.urn, d.link_urn, 'link_added' AS event, f.field, NULL::text AS old, f.value AS new
FROM pg_temp.diff_links d
JOIN pg_temp.staged_links s USING (urn, link_urn, link_type)
CROSS JOIN LATERAL (VALUES ('LinkURN', s.link_urn), ('LinkType', s.link_type)
{{- range .Changing}}, ({{quote .Heading}}, {{shown "s" .}}){{end}}) AS f(field, value)
WHERE d.what = 'new' AND f.value IS NOT NULL AND NOT {{.AllNew}}
UNION ALL
SELECT d.urn, d.link_urn, 'link_removed', f.field, f.value, NULL
FROM pg_temp.diff_links d
JOIN gias.links e USING (urn, link_urn, link_type)
CROSS JOIN LATERAL (VALUES ('LinkURN', e.link_urn), ('LinkType', e.link_type)
{{- range .Changing}}, ({{quote .Heading}}, {{shown "e" .}}){{end}}) AS f(field, value)
WHERE d.what = 'gone' AND f.value IS NOT NULL
UNION ALL
SELECT urn, link_urn, 'link_changed', field, old, new
FROM pg_temp.fields_links
