-- +goose Up
-- pg_upgrade moves the files of a database to a cluster with another identifier. It keeps the row below with its xmin,
-- which a dump and restore never does: so an upgraded database is told from a restored copy, and is not held.
ALTER TABLE queue.identity ADD COLUMN written_by xid;
COMMENT ON COLUMN queue.identity.written_by IS 'The transaction that wrote the row: equals its xmin unless the row was restored from a dump';
UPDATE queue.identity SET written_by = pg_current_xact_id()::xid
WHERE system_identifier = (SELECT c.system_identifier FROM pg_control_system() AS c)
  AND database_oid = (SELECT oid FROM pg_database WHERE datname = current_database());
