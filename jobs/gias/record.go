package gias

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/jobs/gias/format"
	"cpd-jobs/jobs/profile"
	"cpd-jobs/reports/inputs"
)

// contentHash is over what is in the register now, whatever the order. Row hashes of different layouts differ, so equal
// content may have two hashes, but equal hashes mean equal content.
const contentHash = `
	SELECT e.n, format('%s-%s-%s-%s', e.n, to_hex(e.x), l.n, to_hex(l.x))
	FROM (SELECT count(*) AS n, coalesce(bit_xor(row_hash), 0) AS x FROM gias.establishments WHERE gone_since IS NULL) e,
	     (SELECT count(*) AS n, coalesce(bit_xor(row_hash), 0) AS x FROM gias.links) l`

// publishVersion makes a new version of the input, unless nothing changed: then the live one stays.
func (s *sync) publishVersion(ctx context.Context, tx pgx.Tx) error {
	if !s.changed() {
		s.summary.Note = "the register has not changed"
		return tx.QueryRow(ctx, "SELECT version FROM reports.inputs WHERE input = $1", inputs.GIAS).Scan(&s.version)
	}
	v := inputs.Version{Input: inputs.GIAS, AsAt: s.asAt, RunID: s.run.ID()}
	if err := tx.QueryRow(ctx, contentHash).Scan(&v.Rows, &v.ContentHash); err != nil {
		return fmt.Errorf("hash the register: %w", err)
	}
	var err error
	if v.Details, err = json.Marshal(s.details()); err != nil {
		return err
	}
	s.version, err = inputs.Publish(ctx, tx, v)
	return err
}

// profiles are those of the columns of the files, with addresses masked.
func (s *sync) profiles() []profile.Column {
	var list []profile.Column
	for _, p := range s.parts {
		for _, at := range p.layout.Present {
			c := p.profile[at]
			c.Smallest, c.Largest = mask(c.Smallest, false), mask(c.Largest, false)
			for i := range c.Frequent {
				c.Frequent[i].Value = *mask(&c.Frequent[i].Value, false)
			}
			list = append(list, c)
		}
	}
	return list
}

// details is the summary without its sample, which is large and in gias.changes.
func (s *sync) details() Summary {
	d := s.summary
	d.Sample = nil
	return d
}

// record keeps what was received and what was wrong with it.
func (s *sync) record(ctx context.Context, tx pgx.Tx) (id int64, err error) {
	summary, err := json.Marshal(s.details())
	if err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO gias.syncs (run_id, synced_at, version, summary)
		VALUES ($1, now(), CASE WHEN $2 THEN $3::bigint END, $4) RETURNING id`,
		s.run.ID(), s.changed(), s.version, summary).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("record the sync: %w", err)
	}
	for _, p := range s.parts {
		if err := s.recordFile(ctx, tx, id, p); err != nil {
			return 0, fmt.Errorf("record %s: %w", p.file.Name, err)
		}
		if err := s.recordIssues(ctx, tx, id, p); err != nil {
			return 0, fmt.Errorf("record what is wrong with %s: %w", p.file.Name, err)
		}
	}
	return id, nil
}

func (s *sync) recordFile(ctx context.Context, tx pgx.Tx, id int64, p *part) error {
	x := p.summary
	_, err := tx.Exec(ctx, `
		INSERT INTO gias.files (sync_id, part, source, name, sha256, size_bytes, encoding, layout, header, etag, address, rules,
		                        read, merged, unchanged, rejected, values_left_out, doubts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		id, p.table.Part, strings.ToValidUTF8(p.from.Source, "?"), strings.ToValidUTF8(p.file.Name, "?"), x.SHA256, x.SizeBytes, x.Encoding, x.Layout, p.layout.Header,
		strings.ToValidUTF8(p.from.ETag, "?"), p.from.Address, format.Rules, x.Read, x.Merged, x.Unchanged, x.Rejected, x.ValuesLeftOut, x.Doubts)
	return err
}

func (s *sync) recordIssues(ctx context.Context, tx pgx.Tx, id int64, p *part) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"gias", "rejects"},
		[]string{"sync_id", "run_id", "part", "scope", "line", "urn", "column_name", "reason", "value"},
		pgx.CopyFromSlice(len(p.issues.kept), func(n int) ([]any, error) {
			i := p.issues.kept[n]
			return []any{id, s.run.ID(), p.table.Part, string(i.Scope), i.Line, pg.Null(i.URN), pg.Null(i.Column), i.Reason, pg.Null(i.Value)}, nil
		}))
	return err
}
