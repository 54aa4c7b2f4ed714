-- Where nothing was here before, everything is new and no list of it is needed.
-- What is new, back, possibly changed, and gone, in one pass over both sides. Rows that could not be read are not gone.
CREATE TEMPORARY TABLE diff_{{.Part}} ON COMMIT DROP AS
{{- if .AllNew}}
SELECT {{.Keys}}, 'new' AS what FROM pg_temp.staged_{{.Part}} LIMIT 0;
{{- else}}
SELECT {{.EitherKeys "s" "e"}},
       CASE WHEN e.urn IS NULL THEN 'new' WHEN s.urn IS NULL THEN 'gone'
            {{- if .Kept}} WHEN e.gone_since IS NOT NULL THEN 'returned'{{end}} ELSE 'changed' END AS what
FROM pg_temp.staged_{{.Part}} s
FULL JOIN gias.{{.Part}} e ON {{.SameKeys "e" "s"}}
WHERE e.row_hash IS DISTINCT FROM s.row_hash AND (s.urn IS NOT NULL OR e.urn NOT IN (SELECT u.urn FROM pg_temp.unread_{{.Part}} u){{if .Kept}} AND e.gone_since IS NULL{{end}})
{{- if .Kept}}
   OR s.urn IS NOT NULL AND e.gone_since IS NOT NULL{{end}};
{{- end}}
ALTER TABLE pg_temp.diff_{{.Part}} ADD PRIMARY KEY ({{.Keys}});
ANALYZE pg_temp.diff_{{.Part}};

CREATE TEMPORARY TABLE fields_{{.Part}} ON COMMIT DROP AS
SELECT {{.KeysOf "s"}}, f.field, f.old, f.new
FROM pg_temp.diff_{{.Part}} d
JOIN pg_temp.staged_{{.Part}} s ON {{.SameKeys "s" "d"}}
JOIN gias.{{.Part}} e ON {{.SameKeys "e" "d"}}
CROSS JOIN LATERAL (VALUES
{{- range $i, $c := .Changing}}
    {{if $i}}, {{end}}({{quote $c.Heading}}, {{shown "e" $c}}, {{shown "s" $c}})
{{- end}}
) AS f(field, old, new)
WHERE d.what IN ('changed', 'returned') AND f.old IS DISTINCT FROM f.new;

-- A file with other columns has other hashes; without a field that differs its rows are the same.
UPDATE pg_temp.diff_{{.Part}} d SET what = 'same'
WHERE what = 'changed' AND NOT EXISTS (SELECT FROM pg_temp.fields_{{.Part}} f WHERE {{.SameKeys "f" "d"}});
