INSERT INTO gias.{{.Part}} ({{.Names}}, row_hash)
SELECT {{.NamesOf "s"}}, s.row_hash
FROM pg_temp.staged_{{.Part}} s
{{- if not .AllNew}}
JOIN pg_temp.diff_{{.Part}} d ON {{.SameKeys "d" "s"}} AND d.what = 'new'
{{- end}};
{{if not .AllNew}}
UPDATE gias.{{.Part}} e SET
{{- range .Changing}}
    {{.Name}} = s.{{.Name}},
{{- end}}
    row_hash = s.row_hash{{if .Kept}}, gone_since = NULL{{end}},
    last_changed = CASE WHEN d.what = 'same' THEN e.last_changed ELSE now() END
FROM pg_temp.diff_{{.Part}} d
JOIN pg_temp.staged_{{.Part}} s ON {{.SameKeys "s" "d"}}
WHERE {{.SameKeys "e" "d"}} AND d.what IN ('changed', 'returned', 'same');
{{if .Kept}}
UPDATE gias.{{.Part}} e SET gone_since = now(), last_changed = now()
FROM pg_temp.diff_{{.Part}} d
WHERE {{.SameKeys "e" "d"}} AND d.what = 'gone';
{{else}}
DELETE FROM gias.{{.Part}} e
USING pg_temp.diff_{{.Part}} d
WHERE {{.SameKeys "e" "d"}} AND d.what = 'gone';
{{end}}{{end}}
{{- if .Large}}
ANALYZE gias.{{.Part}};
{{- end}}
