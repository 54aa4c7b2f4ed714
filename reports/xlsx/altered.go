package xlsx

import (
	"fmt"
	"slices"
	"strings"

	"cpd-jobs/reports/table"
)

// maxListed is how many altered values the notes list one by one.
const maxListed = 1000

// alterations are the values that no cell could hold as they were.
type alterations struct {
	count int
	list  []string
}

func (a *alterations) add(doc table.Document, row []table.Value, column int, done string) {
	a.count++
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

func (a *alterations) notes() []string {
	switch {
	case a.count == 0:
		return nil
	case a.count > len(a.list):
		return append(slices.Clone(a.list), fmt.Sprintf("And %s more values that no cell can hold as they are. The CSV file has them whole.", table.Thousands(int64(a.count-len(a.list)))))
	default:
		return slices.Clone(a.list)
	}
}
