-- What one version changed, cell by cell. Of a removed row the log keeps all of it; here its name is enough.
SELECT {{key}}::text,
       coalesce({{name}}, ''),
       c.action,
       coalesce(c.column_name, ''),
       CASE WHEN c.action = 'changed' THEN coalesce(before.text, '') ELSE '' END,
       CASE WHEN c.action = 'changed' THEN coalesce(after.text, '') ELSE '' END,
       coalesce(c.reason, '')
FROM {{changes}} c
LEFT JOIN {{rows}} t ON {{row key}} = {{key}}
CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(c.old)
    WHEN 'array' THEN (SELECT string_agg(item, '; ' ORDER BY place) FROM jsonb_array_elements_text(c.old) WITH ORDINALITY AS i (item, place))
    ELSE c.old #>> '{}' END) AS before (text)
CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(c.new)
    WHEN 'array' THEN (SELECT string_agg(item, '; ' ORDER BY place) FROM jsonb_array_elements_text(c.new) WITH ORDINALITY AS i (item, place))
    ELSE c.new #>> '{}' END) AS after (text)
WHERE c.version = @version
ORDER BY {{order}}, array_position(@columns::text[], c.column_name)
LIMIT @most
