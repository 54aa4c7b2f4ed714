INSERT INTO {{.Live}} ({{range $i, $c := .Columns}}{{if $i}}, {{end}}{{.Name}}{{end}})
SELECT {{range $i, $c := .Columns}}{{if $i}}, {{end}}d.{{.Name}}{{end}}
FROM {{.Diff}} d
WHERE d._action = 'added'
ORDER BY {{.OrderOfDiff}}
