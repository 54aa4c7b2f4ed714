package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cpd-jobs/reports/csvfile"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/versions"
)

// differencesColumns are those of a file of what lies between two versions: one row for each cell that changed, and one
// for each row that came or left.
var differencesColumns = []table.Column{
	{Name: "key", Title: "key", Type: table.Text}, {Name: "action", Title: "action", Type: table.Text}, {Name: "reason", Title: "reason", Type: table.Text},
	{Name: "column", Title: "column", Type: table.Text}, {Name: "old", Title: "old", Type: table.Text}, {Name: "new", Title: "new", Type: table.Text},
}

// differencesCSV is what lies between two versions as a file.
func (s *site) differencesCSV(w http.ResponseWriter, r *http.Request) error {
	def, first, last, err := s.comparable(r)
	if err != nil {
		return err
	}
	asked, problem := askedDifferences(r.URL.Query(), first, last)
	if problem != "" {
		return notFound(problem + ".")
	}
	between, err := versions.Diff(r.Context(), s.DB, def, versions.DiffOptions{From: asked.from, To: asked.to})
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a long download outlives the limit on reading the request
	h := w.Header()
	h.Set("Content-Type", formatOf("csv").MediaType)
	h.Set("Content-Disposition", attachmentNamed(fmt.Sprintf("%s-changes-%d-to-%d.csv", strings.ReplaceAll(def.Name, "_", "-"), asked.from, asked.to)))
	if err := writeDifferences(w, between); err != nil {
		panic(http.ErrAbortHandler) // the visitor has gone: half a file must not pass for a whole one
	}
	return nil
}

func writeDifferences(w http.ResponseWriter, between versions.Difference) error {
	out, err := csvfile.NewWriter(w, table.Document{Columns: differencesColumns})
	if err != nil {
		return err
	}
	for _, row := range between.Rows {
		cells := row.Cells
		if row.Action != "changed" {
			cells = []versions.Cell{{}}
		}
		for _, c := range cells {
			line := []string{row.Key, row.Action, row.Reason, c.Column, plainJSON(c.Old), plainJSON(c.New)}
			values := make([]table.Value, len(line))
			for i, text := range line {
				values[i] = table.String(text)
			}
			if err := out.Add(values); err != nil {
				return err
			}
		}
	}
	return out.Close()
}

// plainJSON is a value of the log of changes as files have it: lists with their separator, anything else as it is written.
func plainJSON(raw json.RawMessage) string {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return strings.Join(list, table.ListSeparator)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
