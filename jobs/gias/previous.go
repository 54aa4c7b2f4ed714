package gias

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias/format"
)

// Names of the parts, as in gias.files.
var (
	establishmentsPart = format.Establishments.Part
	linksPart          = format.Links.Part
)

// receivedFile is what is remembered of the file that a part was last merged from.
type receivedFile struct {
	Part    string
	Address string
	SHA256  string
	ETag    string
	Rules   int
}

// is says that f has the bytes that are merged already, by the same rules.
func (r receivedFile) is(f *source.File) bool {
	return r.SHA256 == f.SHA256 && r.Rules == format.Rules
}

// previous are the last merged files by part.
type previous map[string]receivedFile

// options adds to o what is already here of a source, so that the source need not send it again.
func (p previous) options(part, from string, o source.Options) source.Options {
	if last := p[part]; last.Address == source.Fingerprint(from) && last.Rules == format.Rules {
		o.ETag = last.ETag
	}
	return o
}

func (s *sync) latestFiles(ctx context.Context) (previous, error) {
	rows, _ := s.conn.Query(ctx, `
		SELECT DISTINCT ON (part) part, address, sha256, etag, rules
		FROM gias.files ORDER BY part, sync_id DESC`)
	files, err := pgx.CollectRows(rows, pgx.RowToStructByPos[receivedFile])
	if err != nil {
		return nil, fmt.Errorf("read which files of the register were merged last: %w", err)
	}
	latest := make(previous, len(files))
	for _, f := range files {
		latest[f.Part] = f
	}
	return latest, nil
}
