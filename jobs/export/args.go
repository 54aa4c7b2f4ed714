package export

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/format"
	"cpd-jobs/reports/selection"
	"cpd-jobs/reports/table"
)

// Args are the arguments of report_export.
type Args struct {
	Report  string          `json:"report" default:"school_onboarding" help:"name of the report"`
	Formats []string        `json:"formats" default:"[\"xlsx\", \"csv\"]" help:"xlsx, ods, csv, csv-excel (with a byte order mark), parquet"`
	Where   selection.Where `json:"where,omitempty" help:"only rows that have these values, by column; an empty value means none; column.not, .from and .to compare"`
	Search  string          `json:"search,omitempty" help:"only rows whose name has these words, or whose postcode or key begins so"`
	Columns []string        `json:"columns,omitempty" help:"only these columns, in this order"`
	Sort    string          `json:"sort,omitempty" help:"a column to order the rows by; with a hyphen in front the other way round"`
	// Charts and those below are about workbooks alone.
	Charts        *bool      `json:"charts,omitempty" help:"false leaves out the charts, which a workbook has on a last sheet of their own"`
	FreezePanes   bool       `json:"freeze_panes,omitempty" help:"keep headings in view"`
	FilterButtons bool       `json:"filter_buttons,omitempty" help:"put a filter button on each heading"`
	Raw           bool       `json:"raw,omitempty" help:"CSV with every text exactly as it is, for programs: none has an apostrophe in front to keep a spreadsheet from running it"`
	AsOf          *time.Time `json:"as_of,omitempty" help:"as the report was at this moment, or with data as at exactly this moment; left out: as it is now"`
}

// Validate compares the arguments with the report's definition.
func (a Args) Validate() error {
	d, err := reports.Find(a.Report)
	if err != nil {
		return err
	}
	if err := a.checkPrivate(d); err != nil {
		return err // first: what else is wrong may quote the value
	}
	return errors.Join(a.checkFormats(d), a.part().Check(d))
}

func (a Args) checkFormats(d *definition.Definition) error {
	if len(a.Formats) == 0 {
		return errors.New("formats: name at least one")
	}
	var problems []error
	for i, f := range a.Formats {
		switch {
		case !slices.Contains(d.Formats, f):
			problems = append(problems, unknown("formats", f, "no format of this report", d.Formats))
		case slices.Contains(a.Formats[:i], f):
			problems = append(problems, fmt.Errorf("formats: %s is there twice", f))
		}
	}
	return errors.Join(problems...)
}

// checkPrivate keeps personal data out of the record of the job, where what is asked for stays.
func (a Args) checkPrivate(d *definition.Definition) error {
	if a.Search != "" && d.Restricted() {
		return errors.New("search: the report has personal data, and what is asked for stays in the record of the job")
	}
	for _, name := range slices.Sorted(maps.Keys(a.Where)) {
		column, _, _ := strings.Cut(name, ".")
		if c, _ := d.Column(column); c.Personal {
			return fmt.Errorf("where: %s is personal, and what is asked for stays in the record of the job", column)
		}
	}
	return nil
}

// unknown says what is wrong with a name, and which name may have been meant.
func unknown(argument, name, what string, names []string) error {
	if near := run.Nearest(name, names); near != "" {
		return fmt.Errorf("%s: %q is %s; did you mean %s?", argument, name, what, near)
	}
	return fmt.Errorf("%s: %q is %s; there are: %s", argument, name, what, strings.Join(names, ", "))
}

func columnNames(d *definition.Definition) []string {
	names := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		names[i] = c.Name
	}
	return names
}

func isWorkbook(name string) bool {
	f, _ := format.Find(name)
	return f.Workbook
}

// part is the part of the report that the arguments ask for.
func (a Args) part() selection.Selection {
	return selection.Selection{Where: a.Where, Search: strings.Join(strings.Fields(a.Search), " "), Columns: a.Columns, Sort: a.Sort}
}

// selection is what the arguments leave of the report. Naming every column in order leaves all of it, and the order in
// which values are named makes no difference.
func (a Args) selection(d *definition.Definition) exports.Selection {
	s := exports.Selection{Selection: a.part()}
	s.Where = maps.Clone(a.Where)
	for name, values := range s.Where {
		s.Where[name] = slices.Compact(slices.Sorted(slices.Values(values)))
	}
	if slices.Equal(a.Columns, columnNames(d)) {
		s.Columns = nil
	}
	s.Layout.Raw = a.Raw
	if slices.ContainsFunc(a.Formats, isWorkbook) {
		s.Layout = table.Layout{NoCharts: a.Charts != nil && !*a.Charts, FreezePanes: a.FreezePanes, FilterButtons: a.FilterButtons, Raw: a.Raw}
	}
	return s
}
