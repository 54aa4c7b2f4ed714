-- +goose Up
-- The audit can only grow: what came of an event is a row of its own, each row carries a hash over itself and the row before,
-- and a row goes only when it is old. The release before goes on to work: its updates become such rows.
ALTER TABLE queue.audit ADD COLUMN of_id bigint, ADD COLUMN hash bytea;
COMMENT ON COLUMN queue.audit.of_id IS 'The row of the event whose outcome this is; null: the event itself';
COMMENT ON COLUMN queue.audit.hash IS 'queue.audit_hash of this row and the row before, which has the id before';
CREATE INDEX audit_outcomes ON queue.audit (of_id) WHERE of_id IS NOT NULL;

CREATE TABLE queue.audit_begin (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    last_id bigint  NOT NULL,
    hash    bytea
);
COMMENT ON TABLE queue.audit_begin IS 'The last row of the audit that was deleted for its age: what the hash of the first row is made with';

-- +goose StatementBegin
CREATE FUNCTION queue.audit_hash(before bytea, a queue.audit) RETURNS bytea LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
    SELECT sha256(before || convert_to(jsonb_build_array(
        a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor, a.via, a.action, a.target, a.detail, a.address, a.outcome, a.of_id)::text, 'UTF8'))
$$;

-- Rows get their number and their hash one after the other: a number that is missing is a row that was taken away. Rows of
-- before this migration have no hash.
CREATE FUNCTION queue.audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
DECLARE last record;
BEGIN
    PERFORM pg_advisory_xact_lock(7021786294521981); -- "audit" and more: any constant will do
    SELECT id, hash INTO last FROM queue.audit ORDER BY id DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT last_id AS id, hash INTO last FROM queue.audit_begin;
    END IF;
    NEW.id := coalesce(last.id, 0) + 1;
    NEW.hash := queue.audit_hash(coalesce(last.hash, ''::bytea), NEW);
    RETURN NEW;
END
$$;

CREATE FUNCTION queue.audit_append() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
BEGIN
    IF OLD.outcome = 'begun' AND NEW.outcome <> 'begun' AND OLD.of_id IS NULL
       AND (NEW.id, NEW.at, NEW.actor, NEW.via, NEW.action, NEW.target, NEW.detail, NEW.address)
         = (OLD.id, OLD.at, OLD.actor, OLD.via, OLD.action, OLD.target, OLD.detail, OLD.address) THEN
        INSERT INTO queue.audit (actor, via, action, target, address, outcome, finished_at, of_id)
        VALUES (OLD.actor, OLD.via, OLD.action, OLD.target, OLD.address, NEW.outcome, NEW.finished_at, OLD.id);
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'rows of the audit do not change';
END
$$;

CREATE FUNCTION queue.audit_expire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' OR OLD.at >= now() - interval '399 days' THEN
        RAISE EXCEPTION 'rows of the audit are kept for 400 days';
    END IF;
    INSERT INTO queue.audit_begin (last_id, hash) VALUES (OLD.id, OLD.hash)
    ON CONFLICT (single) DO UPDATE SET last_id = excluded.last_id, hash = excluded.hash WHERE audit_begin.last_id < excluded.last_id;
    RETURN OLD;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER audit_chain BEFORE INSERT ON queue.audit FOR EACH ROW EXECUTE FUNCTION queue.audit_chain();
CREATE TRIGGER audit_append BEFORE UPDATE ON queue.audit FOR EACH ROW EXECUTE FUNCTION queue.audit_append();
CREATE TRIGGER audit_expire BEFORE DELETE ON queue.audit FOR EACH ROW EXECUTE FUNCTION queue.audit_expire();
CREATE TRIGGER audit_stays BEFORE TRUNCATE ON queue.audit FOR EACH STATEMENT EXECUTE FUNCTION queue.audit_expire();

CREATE VIEW queue.audit_events AS
SELECT e.id, e.at, e.actor, e.via, e.action, e.target, e.detail, e.address,
       coalesce(o.outcome, e.outcome) AS outcome, coalesce(o.at, e.finished_at) AS finished_at
FROM queue.audit AS e
LEFT JOIN LATERAL (SELECT outcome, at FROM queue.audit WHERE of_id = e.id ORDER BY id LIMIT 1) AS o ON true
WHERE e.of_id IS NULL;
COMMENT ON VIEW queue.audit_events IS 'The audit with each event''s outcome beside it';
