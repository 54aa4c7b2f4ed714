package format

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
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
		hint := "fetch a file that has it"
		for heading, other := range l.Renamed(t) {
			hint += fmt.Sprintf("; its column %q looks like %q", other, heading)
		}
		return run.Invalid(hint, "%s lacks the required column %s", file, strings.Join(missing, ", "))
	}
	return nil
}

// otherFiles are those of the register that are none of ours, by a heading of theirs.
var otherFiles = map[string]string{
	"Group UID": "the register's file of groups", "Linked UID": "the register's file of links between groups",
	"GOVERNANCE ROLE": "the register's file of governors",
}

// notThis makes the error of a file that is another than the table's.
func (t *Table) notThis(ctx context.Context, in *source.Table) error {
	wanted := "a file of " + t.Part + " of the register"
	if t == &Establishments && Links.resembles(in.Header) {
		return run.Invalid("give it as the links: --arg links=PATH", "%s is the register's file of links, not %s", in.File.Name, wanted)
	}
	for heading, other := range otherFiles {
		if slices.Contains(in.Header, heading) {
			return run.Invalid("fetch ecf_tech.csv or edubasealldata.csv", "%s is %s, not %s", in.File.Name, other, wanted)
		}
	}
	return in.NotThis(ctx, wanted, t.resembles)
}

// Renamed finds columns that the file lacks and has under another heading, by the look of it.
func (l Layout) Renamed(t *Table) map[string]string {
	renamed := map[string]string{}
	for at, c := range t.Columns {
		if slices.Contains(l.Present, at) {
			continue
		}
		for _, heading := range l.Ignored {
			if lettersOf(heading) == lettersOf(c.Heading) {
				renamed[c.Heading] = heading
			}
		}
	}
	return renamed
}

// lettersOf is a heading without what people write in different ways.
func lettersOf(heading string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return -1
		}
		return unicode.ToLower(c)
	}, heading)
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

// Form is that of a column, by its heading.
func (t *Table) Form(heading string) Form { return t.Columns[t.column(heading)].Form }

func (t *Table) column(heading string) int {
	for i, c := range t.Columns {
		if strings.EqualFold(c.Heading, strings.TrimSpace(heading)) {
			return i
		}
	}
	return -1
}
