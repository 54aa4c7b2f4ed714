package gias

import (
	"context"
	"fmt"
	"strings"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias/format"
	"cpd-jobs/jobs/profile"
)

// part is one of the register's two files on its way into its table.
type part struct {
	table  *format.Table
	file   *source.File
	from   *format.Delivery
	layout format.Layout
	issues issues
	// forms and profile are the file's, by the columns of the table.
	forms   []format.DateForms
	profile []profile.Column
	// live is how many rows are here already, liveOpen how many of them are not closed.
	live, liveOpen int64
	summary        *PartSummary
}

// stage reads a file into a temporary table. The rows stream from file to database; what is kept here are the issues.
func (s *sync) stage(ctx context.Context, p *part) error {
	return s.run.Step(ctx, "stage "+p.table.Part, func(ctx context.Context, step *run.Step) error {
		r, err := format.NewReader(ctx, p.table, p.file)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		r.OnIssue = p.issues.add
		p.layout = r.Layout
		for heading, other := range r.Layout.Renamed(p.table) {
			p.issues.add(format.Issue{Scope: format.Doubt, Line: 1, Column: heading, Reason: "is not in the file, but a column that looks like it; what is here stays", Value: other})
			s.run.Log().Warn("a column of the register seems to have another name; what is here of it stays", "column", heading, "in_file", other)
		}
		if err := s.load(ctx, p, r, step); err != nil {
			return err
		}
		p.summary.read(p, r.Counts())
		p.summary.Doubts += int64(len(r.Layout.Renamed(p.table)))
		if r.MayRepeat() {
			if err := s.dropRepeats(ctx, p); err != nil {
				return err
			}
		}
		p.summary.Issues = p.issues.reasons
		step.SetRows(p.summary.Read, p.summary.Read-p.summary.Rejected)
		return nil
	})
}

func (s *sync) load(ctx context.Context, p *part, r *format.Reader, step *run.Step) error {
	if _, err := s.conn.Exec(ctx, p.sql("stage.sql")); err != nil {
		return fmt.Errorf("make the staging table: %w", err)
	}
	names := []string{"line", "unread"}
	for _, at := range p.layout.Present {
		names = append(names, p.table.Columns[at].Name)
	}
	copySQL := fmt.Sprintf("COPY pg_temp.staged_%s (%s, row_hash) FROM STDIN", p.table.Part, strings.Join(names, ", "))
	text := newCopyText(r, p, step)
	_, err := s.conn.Conn().PgConn().CopyFrom(ctx, text, copySQL)
	if r.Err() != nil {
		return r.Err() // the cause; COPY only says that it was broken off
	}
	if err != nil {
		return fmt.Errorf("stage %s: %w", p.file.Name, err)
	}
	text.describe(p)
	if _, err := s.conn.Exec(ctx, "ANALYZE pg_temp.staged_"+p.table.Part+" (urn)"); err != nil {
		return fmt.Errorf("analyse the staging table: %w", err)
	}
	return nil
}

// repeat is a row whose key stands more than once in the file.
type repeat struct {
	Line, First int
	URN         string
	Same        bool // all rows of the key are the same
}

// dropRepeats takes rows with the same key once where they are the same, and not at all where they contradict each
// other: no order says which is right.
func (s *sync) dropRepeats(ctx context.Context, p *part) error {
	rows, _ := s.conn.Query(ctx, p.sql("repeats.sql"))
	err := forEach(rows, func(x repeat) {
		i := format.Issue{Scope: format.RowRejected, Line: x.Line, URN: x.URN, Column: p.table.Columns[0].Heading}
		i.Reason = "stands twice with different content"
		if x.Same {
			i.Reason = "repeats an earlier row"
			i.Value = fmt.Sprintf("line %d", x.First)
		}
		p.issues.add(i)
		p.summary.Rejected++
	})
	if err != nil {
		return fmt.Errorf("look for repeated rows of %s: %w", p.file.Name, err)
	}
	return nil
}
