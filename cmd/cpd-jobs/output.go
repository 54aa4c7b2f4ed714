package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// textTable is a table for people: a heading line, then rows, columns aligned.
type textTable struct {
	rows [][]any
}

func newTable(headings ...any) *textTable { return &textTable{rows: [][]any{headings}} }

func (t *textTable) row(cells ...any) { t.rows = append(t.rows, cells) }

func (t *textTable) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, cells := range t.rows {
		for i, c := range cells {
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			fmt.Fprint(tw, cell(c))
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}

// cell shows times to the second in UTC and nothing as a dash.
func cell(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05Z")
	case *time.Time:
		if v == nil {
			return "-"
		}
		return cell(*v)
	case string:
		if v == "" {
			return "-"
		}
	}
	return v
}

func sortedKeys(m map[string]any) []string {
	return slices.Sorted(maps.Keys(m))
}
