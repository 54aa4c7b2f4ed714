package frontmatter

import (
	"fmt"
	"slices"
	"strings"

	"cpd-jobs/reports/table"
)

// maxListed is how many altered values are listed one by one.
const maxListed = 1000

// Alterations are the values that a format cannot hold as they are.
type Alterations struct {
	Count int
	list  []string
}

// Add notes that something was done to a value of a row.
func (a *Alterations) Add(doc table.Document, row []table.Value, column int, done string) {
	a.Count++
	if len(a.list) < maxListed {
		a.list = append(a.list, fmt.Sprintf("%s, %s: %s.", where(doc, row), doc.Columns[column].Heading(), done))
	}
}

// where names a row by its key.
func where(doc table.Document, row []table.Value) string {
	var parts []string
	for i, c := range doc.Columns {
		if slices.Contains(doc.Key, c.Name) {
			parts = append(parts, c.Heading()+" "+row[i].String())
		}
	}
	if parts == nil {
		return "One row"
	}
	return strings.Join(parts, ", ")
}

// Notes say in a line each what was done, and in a last one how much more there is.
func (a *Alterations) Notes() []string {
	notes := slices.Clone(a.list)
	if more := a.Count - len(a.list); more > 0 {
		notes = append(notes, fmt.Sprintf("And %s more values that this format cannot hold as they are. The CSV file has them whole.", table.Thousands(int64(more))))
	}
	return notes
}
