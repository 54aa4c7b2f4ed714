UPDATE {{.Live}} l
SET {{.AsOf}} = d.{{.AsOf}}
{{- range .Columns}}{{if .Compared}},
    {{.Name}} = d.{{.Name}}{{end}}{{end}}
FROM {{.Diff}} d
WHERE l.{{.Key}} = d.{{.Key}} AND d._action = 'changed'
