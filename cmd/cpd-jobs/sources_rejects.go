package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"strings"

	"cpd-jobs/jobs/rejects"
	"cpd-jobs/reports/inputs"
)

type sourcesRejectsCommand struct {
	Source string `arg:"" enum:"gias,uplift,cpd" help:"gias or uplift."`
	RunID  int64  `name:"run" help:"The run whose sync is meant; the newest sync without."`
	CSV    bool   `name:"csv" xor:"form" help:"Print CSV."`
	JSON   bool   `name:"json" xor:"form" help:"Print JSON."`
}

// Help is shown below the flags.
func (sourcesRejectsCommand) Help() string {
	return "The rows that a sync could not use, the values that it left out, and what it doubted, by line and reason."
}

func (c sourcesRejectsCommand) Run(ctx context.Context, a *session) error {
	list, err := rejects.List(ctx, a.pool, inputs.Input(c.Source), c.RunID)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"rejects": list})
	}
	cells := func(r rejects.Row) []any {
		return []any{r.RunID, r.Part, r.Kind, orDash(r.Line), orDash(r.URN), orDash(r.Column), r.Reason, orDash(r.Value)}
	}
	if c.CSV {
		return writeRejects(csv.NewWriter(a.stdout), list, cells)
	}
	t := newTable("run", "part", "kind", "line", "urn", "column", "reason", "value")
	for _, r := range list {
		t.row(cells(r)...)
	}
	return t.print(a.stdout)
}

func writeRejects(w *csv.Writer, list []rejects.Row, cells func(rejects.Row) []any) error {
	headings := []string{"run", "part", "kind", "line", "urn", "column", "reason", "value"}
	if err := w.Write(headings); err != nil {
		return err
	}
	for _, r := range list {
		record := make([]string, len(headings))
		for i, cell := range cells(r) {
			record[i] = plainCell(fmt.Sprint(cell))
		}
		if err := w.Write(record); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// plainCell keeps a spreadsheet program from taking a text for a formula.
func plainCell(text string) string {
	if text != "" && text != "-" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
