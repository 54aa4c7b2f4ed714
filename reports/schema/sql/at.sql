CREATE OR REPLACE FUNCTION {{.At}}(instant timestamptz) RETURNS SETOF {{.Row}}
LANGUAGE plpgsql STABLE ROWS 20000 AS $at$
DECLARE
    live bigint;
    pruned timestamptz;
BEGIN
    SELECT d.history_from INTO pruned FROM reports.definitions d WHERE d.report = {{.NameLiteral}};
    IF instant < pruned THEN
        RAISE EXCEPTION 'what {{.Name}} was at % is not kept any more', instant
            USING HINT = format('its history goes back to %s', pruned), ERRCODE = 'data_exception';
    END IF;
    SELECT max(f.version) INTO live
    FROM reports.refreshes f
    WHERE f.report = {{.NameLiteral}} AND f.published_at <= instant;
    IF live IS NULL THEN
        RETURN; -- nothing had been published
    END IF;
    RETURN QUERY SELECT * FROM {{.AtVersion}}(live);
END
$at$
