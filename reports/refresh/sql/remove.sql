DELETE FROM {{.Live}} l USING {{.Diff}} d WHERE l.{{.Key}} = d.{{.Key}} AND d._action = 'removed'
