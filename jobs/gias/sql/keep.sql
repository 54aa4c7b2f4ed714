-- A value that cannot be read replaces none that is here.
UPDATE pg_temp.staged_{{.Part}} s SET
{{- range $i, $c := .Unreadable}}
    {{if $i}}, {{end}}{{$c.Name}} = CASE WHEN s.unread & (1::bigint << {{$c.Bit}}) <> 0 THEN e.{{$c.Name}} ELSE s.{{$c.Name}} END
{{- end}}
FROM gias.{{.Part}} e
WHERE s.unread <> 0 AND {{.SameKeys "e" "s"}}
