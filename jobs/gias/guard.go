package gias

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/jobs/gias/format"
	"cpd-jobs/jobs/guard"
	"cpd-jobs/jobs/profile"
	"cpd-jobs/reports/inputs"
)

// fewMonths is how many days with the month first pass whatever their share: slips of a hand.
const fewMonths = 2

// guardFiles stops files with too many bad rows, or with days of which it cannot be known which is meant, before
// anything is compared.
func (s *sync) guardFiles() error {
	var found []guard.Breach
	limit := guard.Of("gias", "", "")
	for _, p := range s.parts {
		read, rejected := p.summary.Read, p.summary.Rejected
		if guard.Exceeds(limit.Rejected, rejected, read) || read > 0 && rejected == read {
			found = append(found, guard.Breach{Guard: guard.Rejects, Reason: fmt.Sprintf("%d of %d rows of %s were rejected (%s)",
				rejected, read, p.file.Name, p.issues.mostly(format.RowRejected))})
		}
		for _, at := range p.layout.Present {
			c := p.table.Columns[at]
			what, forms := "", p.forms[at]
			switch months := guard.Of("gias", "", c.Name).MonthFirst; {
			case forms.ISO > 0 && forms.DayFirst > 0:
				what = "the days stand in more than one form"
			case forms.MonthFirst > fewMonths && guard.ExceedsShare(months, forms.MonthFirst, forms.DayFirst+forms.MonthFirst):
				what = "the month stands first, and which days were turned round unseen cannot be known"
			default:
				continue
			}
			found = append(found, guard.Breach{Guard: guard.ColumnPrefix + c.Name, Reason: fmt.Sprintf("%s (%s): %s: %s", c.Heading, c.Name, what, forms)})
		}
	}
	return guard.Stop(s.run.Log(), s.args.Allow, found)
}

// guardDifferences stops a delivery that would lose, close or change too much, before anything is written.
func (s *sync) guardDifferences(ctx context.Context, tx pgx.Tx) error {
	var found []guard.Breach
	limit := guard.Of("gias", "", "")
	before, err := profile.Latest(ctx, tx, inputs.GIAS)
	if err != nil {
		return err
	}
	for _, p := range s.parts {
		if guard.ExceedsShare(limit.Gone, p.summary.Gone, p.live) {
			found = append(found, guard.Breach{Guard: guard.Shrink,
				Reason: fmt.Sprintf("%d of %d %s are gone from %s", p.summary.Gone, p.live, p.table.Part, p.file.Name)})
		}
		if closed := s.summary.Events["closed"]; p.Kept() && guard.ExceedsShare(limit.Closed, closed, p.liveOpen) {
			found = append(found, guard.Breach{Guard: guard.Closures,
				Reason: fmt.Sprintf("%d of %d establishments that were not closed are closed in %s", closed, p.liveOpen, p.file.Name)})
		}
		columns, err := p.columnDifferences(ctx, tx, before)
		if err != nil {
			return err
		}
		for _, c := range columns {
			found = append(found, c.Breaches()...)
		}
	}
	return guard.Stop(s.run.Log(), s.args.Allow, found)
}

// columnDifferences says of each column what the comparison would do to it, with examples where a guard says no.
func (p *part) columnDifferences(ctx context.Context, tx pgx.Tx, before map[[2]string]profile.Column) ([]guard.Column, error) {
	if p.AllNew() {
		return p.newColumns(), nil
	}
	filled := make([]int64, len(p.Changing()))
	var counts []string
	var into []any
	for i, c := range p.Changing() {
		counts, into = append(counts, "count("+c.Name+")"), append(into, &filled[i])
	}
	here := "gias." + p.table.Part
	if p.Kept() {
		here += " WHERE gone_since IS NULL"
	}
	if err := tx.QueryRow(ctx, "SELECT "+strings.Join(counts, ", ")+" FROM "+here).Scan(into...); err != nil {
		return nil, fmt.Errorf("count the values of %s: %w", p.table.Part, err)
	}
	type difference struct {
		Field         string
		Lost, Changed int64
	}
	differences := map[string]difference{}
	rows, _ := tx.Query(ctx, `
		SELECT field, count(*) FILTER (WHERE new IS NULL), count(*) FILTER (WHERE new IS NOT NULL)
		FROM pg_temp.fields_`+p.table.Part+` WHERE old IS NOT NULL GROUP BY field`)
	if err := forEach(rows, func(d difference) { differences[d.Field] = d }); err != nil {
		return nil, fmt.Errorf("count the differences of %s by column: %w", p.table.Part, err)
	}
	list := p.newColumns()
	for i := range list {
		c, d := &list[i], differences[list[i].Heading]
		was := before[[2]string{p.table.Part, c.Name}]
		c.Before, c.Lost, c.Changed, c.DistinctWas = filled[i], d.Lost, d.Changed, was.Distinct
		c.Was.Value, c.Was.Share = was.Top()
		if len(c.Breaches()) == 0 {
			continue
		}
		rows, _ := tx.Query(ctx, `SELECT old, coalesce(new, '') FROM pg_temp.fields_`+p.table.Part+`
			WHERE field = $1 AND old IS NOT NULL ORDER BY new IS NOT NULL, urn LIMIT 3`, c.Heading)
		if err := forEach(rows, func(e guard.Example) { c.Examples = append(c.Examples, p.masked(c.Heading, e)) }); err != nil {
			return nil, fmt.Errorf("find examples of %s: %w", c.Heading, err)
		}
	}
	return list, nil
}

// newColumns are the changing columns with what the file alone says.
func (p *part) newColumns() []guard.Column {
	var list []guard.Column
	for _, at := range p.layout.Present {
		if at < p.table.Keys {
			continue
		}
		column, now := p.table.Columns[at], p.profile[at]
		c := guard.Column{
			Source: "gias", Table: p.table.Part, Name: column.Name, Heading: column.Heading, Read: now.Filled + now.Unreadable,
			Unreadable: now.Unreadable, Distinct: now.Distinct, Looks: now.Forms,
		}
		c.Now.Value, c.Now.Share = now.Top()
		list = append(list, c)
	}
	return list
}

// masked hides addresses, which may name a person.
func (p *part) masked(heading string, e guard.Example) guard.Example {
	contact := p.table.Form(heading) == format.Email
	return guard.Example{Before: *mask(&e.Before, contact), After: *mask(&e.After, contact && e.After != "")}
}
