package format

import (
	"errors"
	"fmt"
	"strings"

	"cpd-jobs/internal/run"
)

// errOther says that a header is that of something else.
var errOther = errors.New("another kind of file")

// resembles says that a header has enough of the table's columns to complain about the others by name.
func (t *Table) resembles(header []string) bool {
	known := 0
	for _, heading := range header {
		if t.column(heading) >= 0 {
			known++
		}
	}
	return known >= 3
}

// Layout is how one file arranges a table.
type Layout struct {
	// Name tells the known ones apart: "ecf_tech, 32 columns", "edubasealldata", "links".
	Name string
	// Width is the number of fields of every row.
	Width int
	// Header is the file's own.
	Header []string
	// Present are the table's columns that the file has, in the table's order. Others are left as they were.
	Present []int
	// Ignored are headings that mean nothing here.
	Ignored []string

	columns []int // for each field of the file its column of the table, -1 for none
}

// layoutOf matches a header by name. Position means nothing: order and set vary from year to year.
func layoutOf(t *Table, file string, header []string) (Layout, error) {
	if !t.resembles(header) {
		return Layout{}, errOther
	}
	l := Layout{Width: len(header), Header: header, columns: make([]int, len(header))}
	fields := make([]int, len(t.Columns)) // 1 + the field of each column
	for i, heading := range header {
		l.columns[i] = t.column(heading)
		switch at := l.columns[i]; {
		case at < 0:
			l.Ignored = append(l.Ignored, heading)
		case fields[at] > 0:
			return l, run.Invalid("which one is meant cannot be known; fetch it again", "%s has the column %q twice", file, heading)
		default:
			fields[at] = i + 1
		}
	}
	for at, field := range fields {
		if field > 0 {
			l.Present = append(l.Present, at)
		}
	}
	if err := l.mustHave(t, file, fields); err != nil {
		return l, err
	}
	l.Name = l.name(t)
	return l, nil
}

func (l Layout) mustHave(t *Table, file string, fields []int) error {
	var missing []string
	for at, c := range t.Columns {
		if c.Required && fields[at] == 0 {
			missing = append(missing, fmt.Sprintf("%q", c.Heading))
		}
	}
	if len(missing) > 0 {
		return run.Invalid("fetch a file that has it", "%s lacks the required column %s", file, strings.Join(missing, ", "))
	}
	return nil
}

// groupHeading is in the public download and in no extract.
const groupHeading = "EstablishmentTypeGroup (code)"

func (l Layout) name(t *Table) string {
	if t != &Establishments {
		return t.Part
	}
	for _, heading := range l.Ignored {
		if heading == groupHeading {
			return "edubasealldata"
		}
	}
	return fmt.Sprintf("ecf_tech, %d columns", len(l.Present))
}

func (t *Table) column(heading string) int {
	for i, c := range t.Columns {
		if c.Heading == heading {
			return i
		}
	}
	return -1
}
