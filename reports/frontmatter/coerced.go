package frontmatter

import (
	"fmt"
	"slices"
	"strings"

	"cpd-jobs/reports/table"
)

// maxListed is how many coerced values are listed one by one.
const maxListed = 1000

// Coercions are the values that a format cannot hold as they are.
type Coercions struct {
	Count int
	Row   int64 // that is being written, from 1: its writer counts
	list  []string
}

// Add notes that something was done to a value of a row.
func (a *Coercions) Add(doc table.Document, row []table.Value, column int, done string) {
	a.Count++
	if len(a.list) < maxListed {
		a.list = append(a.list, fmt.Sprintf("%s, %s: %s.", a.where(doc, row), doc.Columns[column].Heading(), done))
	}
}

// where names a row by its key, without one by its number.
func (a *Coercions) where(doc table.Document, row []table.Value) string {
	var parts []string
	for i, c := range doc.Columns {
		if slices.Contains(doc.Key, c.Name) {
			parts = append(parts, c.Heading()+" "+row[i].String())
		}
	}
	if parts == nil {
		return "Row " + table.Thousands(a.Row)
	}
	return strings.Join(parts, ", ")
}

// Notes say in a line each what was done, and in a last one how much more there is.
func (a *Coercions) Notes() []string {
	notes := slices.Clone(a.list)
	if more := a.Count - len(a.list); more > 0 {
		notes = append(notes, fmt.Sprintf("And %s more values. A raw CSV file has every value as it is.", table.Thousands(int64(more))))
	}
	return notes
}
