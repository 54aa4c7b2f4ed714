CREATE TEMPORARY TABLE staged_{{.Part}} (
    line integer NOT NULL,
    unread bigint NOT NULL,
{{- range .Present}}
    {{.Name}} {{.Type}},
{{- end}}
    row_hash bigint NOT NULL
);
-- The planner must know how many rows there are, and little else.
ALTER TABLE pg_temp.staged_{{.Part}} ALTER COLUMN urn SET STATISTICS 10
