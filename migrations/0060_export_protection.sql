-- +goose Up
-- Files with personal data: encrypted where their report says so, and gone after a time whatever else is kept.
ALTER TABLE reports.exports
    ADD COLUMN encrypted  boolean     NOT NULL DEFAULT false,
    ADD COLUMN expires_at timestamptz;
CREATE INDEX exports_by_expiry ON reports.exports (expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON COLUMN reports.exports.encrypted IS 'The file is a zip that only the passphrase opens; its name ends in .zip';
COMMENT ON COLUMN reports.exports.expires_at IS 'From when nobody can find the file any more, and housekeeping deletes it, the newest too; NULL: kept as other files are';
