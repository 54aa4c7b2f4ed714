package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"cpd-jobs/reports/definition"
	"cpd-jobs/web/rows"
)

// figuresOf reads a breakdown for one group of schools.
func (s *site) figuresOf(ctx context.Context, def *definition.Definition, b breakdown, group string) (figures, error) {
	return remember(ctx, s, def, "by "+b.key+" "+group, func(ctx context.Context) (figures, error) {
		sql := "SELECT * FROM " + pgx.Identifier{def.Schema, b.view}.Sanitize() + " WHERE eligibility = $1"
		args := []any{group}
		if b.kind != "" {
			sql, args = sql+" AND kind = $2", append(args, b.kind)
		}
		found, _ := s.DB.Query(ctx, sql+" ORDER BY "+orderByNames(b.names), args...)
		list, err := pgx.CollectRows(found, pgx.RowToMap)
		if err != nil {
			return figures{}, fmt.Errorf("read %s: %w", b.view, err)
		}
		return newFigures(b, group, columnsOf(found, b), list), nil
	})
}

func orderByNames(names []string) string {
	terms := make([]string, len(names))
	for i, name := range names {
		terms[i] = pgx.Identifier{name}.Sanitize() + ` COLLATE "C"`
	}
	return strings.Join(terms, ", ")
}

// columnsOf are the columns that have figures: all schools, then shares, then counts.
func columnsOf(found pgx.Rows, b breakdown) []string {
	var shares, counts []string
	for _, f := range found.FieldDescriptions() {
		switch {
		case f.DataTypeOID == pgtype.NumericOID:
			shares = append(shares, f.Name)
		case f.DataTypeOID == pgtype.Int8OID && f.Name != "schools":
			counts = append(counts, f.Name)
		}
	}
	return slices.Concat([]string{"schools"}, shares, counts)
}

func newFigures(b breakdown, group string, columns []string, list []map[string]any) figures {
	f := figures{By: b.text}
	for i, name := range b.names {
		title := figureTitles[name]
		switch {
		case i == 0 && title == "":
			title = b.text
			if len(b.names) > 1 {
				title = words(name)
			}
		case title == "":
			title = words(name)
		}
		f.Names = append(f.Names, title)
	}
	for _, name := range columns {
		f.Heads = append(f.Heads, figureTitle(name))
	}
	for _, row := range list {
		f.Lines = append(f.Lines, newFiguresLine(b, group, columns, row))
	}
	return f
}

func figureTitle(name string) string {
	switch {
	case figureTitles[name] != "":
		return figureTitles[name]
	case stageTitles[name] != "":
		return stageTitles[name]
	default:
		return words(name)
	}
}

func newFiguresLine(b breakdown, group string, columns []string, row map[string]any) figuresLine {
	var l figuresLine
	for i, name := range b.names {
		text, _ := row[name].(string)
		if i > 0 {
			l.More = append(l.More, text)
			continue
		}
		l.Name, l.Href = text, b.explore(text, group)
		if b.key == "route" {
			l.Name = codeWords(text)
		}
	}
	for _, name := range columns {
		l.Cells = append(l.Cells, figure(row[name]))
	}
	return l
}

// figure is a count or a share as people read it.
func figure(v any) string {
	switch v := v.(type) {
	case int64:
		return count(v)
	case pgtype.Numeric:
		if share, err := v.Float64Value(); err == nil && share.Valid {
			return percent(share.Float64)
		}
	}
	return "" // of no schools at all there is no share
}

// explore is where the schools of one row are listed, "" where they cannot be.
func (b breakdown) explore(value, group string) string {
	if b.filter == "" {
		return ""
	}
	if value == "Unknown" || value == "none" {
		value = rows.None
	}
	q := url.Values{b.filter: {value}}
	if group != eligibilities[0].name {
		q.Set("eligibility", group)
	}
	return reportPath(schoolOnboarding) + "/explore?" + q.Encode()
}
