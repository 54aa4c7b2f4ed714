package uplift

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/pg"
	"cpd-jobs/reports/inputs"
)

// Summary is what a sync reports of itself: Read is Merged plus Unchanged plus Rejected, and Merged is Added plus Changed.
type Summary struct {
	DryRun    bool   `json:"dry_run,omitempty"`
	Note      string `json:"note,omitempty"`
	File      string `json:"file"`
	SHA256    string `json:"sha256"`
	SizeBytes int64  `json:"size_bytes"`
	Layout    string `json:"layout,omitempty"`
	Encoding  string `json:"encoding,omitempty"`
	Year      int    `json:"year"`

	Read      int64 `json:"read"`
	Merged    int64 `json:"merged"`
	Unchanged int64 `json:"unchanged"`
	// Rejected counts rows that a later one supersedes, too.
	Rejected int64 `json:"rejected"`

	Added   int64 `json:"added"`
	Changed int64 `json:"changed"`
	// Missing are schools of an earlier file for the year, or districts whose spell ends.
	Missing int64 `json:"missing"`

	// Issues counts what is odd, by kind; the rows are in uplift.issues, the first few of each kind in Sample.
	Issues map[string]int64 `json:"issues,omitempty"`
	Sample []issue          `json:"sample,omitempty"`
}

func (s Summary) clone() Summary {
	s.Issues, s.Sample = maps.Clone(s.Issues), slices.Clone(s.Sample)
	return s
}

// issue is one thing that a person may want to look at.
type issue struct {
	Kind   string `json:"kind" db:"kind"`
	Line   int    `json:"line,omitempty" db:"line"`
	URN    string `json:"urn,omitempty" db:"urn"`
	Column string `json:"column,omitempty" db:"column_name"`
	Reason string `json:"reason" db:"reason"`
	Value  string `json:"value,omitempty" db:"value"`
}

// contentHash is over all flags and spells here, whatever their order.
const contentHash = `
	SELECT a.n + b.n, format('%s-%s-%s-%s', a.n, to_hex(a.x), b.n, to_hex(b.x))
	FROM (SELECT count(*) AS n, coalesce(bit_xor(('x' || left(md5(concat_ws(' ', urn, start_year, pupil_premium, coalesce(sparsity::text, '-'),
	             missing_since IS NULL)), 16))::bit(64)::bigint), 0) AS x FROM uplift.schools) a,
	     (SELECT count(*) AS n, coalesce(bit_xor(('x' || left(md5(concat_ws(' ', district_code, start_year, end_year)), 16))::bit(64)::bigint), 0) AS x
	      FROM uplift.districts) b`

// record publishes a version where anything changed, and keeps what was received and what is odd about it.
func (s *sync) record(ctx context.Context, tx pgx.Tx) error {
	changed := s.summary.Merged+s.summary.Missing > 0
	if changed {
		if err := s.publishVersion(ctx, tx); err != nil {
			return err
		}
	} else {
		s.summary.Note = "the uplifts have not changed"
	}
	summary, err := json.Marshal(s.summary)
	if err != nil {
		return err
	}
	var id int64
	err = tx.QueryRow(ctx, `
		INSERT INTO uplift.files (run_id, synced_at, version, layout, start_year, source, name, sha256, size_bytes, encoding, header,
		                          rules, read, merged, unchanged, rejected, summary, etag, address)
		VALUES ($1, now(), CASE WHEN $2 THEN $3::bigint END, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) RETURNING id`,
		s.run.ID(), changed, s.version, s.layout.String(), s.year, strings.ToValidUTF8(s.delivery.Source, "?"), strings.ToValidUTF8(s.file.Name, "?"),
		s.file.SHA256, s.file.SizeBytes, s.summary.Encoding, s.layout.header, rules,
		s.summary.Read, s.summary.Merged, s.summary.Unchanged, s.summary.Rejected, summary,
		strings.ToValidUTF8(s.delivery.ETag, "?"), s.address()).Scan(&id)
	if err != nil {
		return fmt.Errorf("record %s: %w", s.file.Name, err)
	}
	if err := s.recordIssues(ctx, tx, id); err != nil || !changed {
		return err
	}
	return s.run.Changed(ctx, tx, s.version)
}

func (s *sync) publishVersion(ctx context.Context, tx pgx.Tx) error {
	v := inputs.Version{Input: inputs.Uplift, AsAt: s.asAt, RunID: s.run.ID()}
	if err := tx.QueryRow(ctx, contentHash).Scan(&v.Rows, &v.ContentHash); err != nil {
		return fmt.Errorf("hash the uplifts: %w", err)
	}
	var err error
	if v.Details, err = json.Marshal(s.summary); err != nil {
		return err
	}
	s.version, err = inputs.Publish(ctx, tx, v)
	return err
}

func (s *sync) recordIssues(ctx context.Context, tx pgx.Tx, file int64) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"uplift", "issues"},
		[]string{"file_id", "run_id", "kind", "line", "urn", "column_name", "reason", "value"},
		pgx.CopyFromSlice(len(s.issues), func(n int) ([]any, error) {
			i := s.issues[n]
			return []any{file, s.run.ID(), i.Kind, pg.Null(i.Line), pg.Null(i.URN), pg.Null(i.Column), i.Reason, pg.Null(i.Value)}, nil
		}))
	if err != nil {
		return fmt.Errorf("record what is odd about %s: %w", s.file.Name, err)
	}
	return nil
}
