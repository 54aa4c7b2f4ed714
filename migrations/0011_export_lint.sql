-- +goose Up
-- Workbooks are compared with the checklist for accessible spreadsheets before they are published.
ALTER TABLE reports.exports ADD COLUMN lint jsonb;
COMMENT ON COLUMN reports.exports.lint IS
    'Where the file departs from the checklist: [{rule, level, sheet, cell, text}], none of them essential; NULL: it is no workbook';
