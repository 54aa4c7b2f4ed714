package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/format"
	"cpd-jobs/reports/table"
)

// Args are the arguments of report_export.
type Args struct {
	Report  string   `json:"report" default:"school_onboarding" help:"name of the report"`
	Formats []string `json:"formats" default:"[\"xlsx\", \"csv\"]" help:"xlsx, ods, csv, csv-excel (with a byte order mark), parquet"`
	Where   Where    `json:"where,omitempty" help:"only rows that have these values, by column; an empty value means none"`
	Search  string   `json:"search,omitempty" help:"only rows whose name has these words, or whose postcode or key begins so"`
	Columns []string `json:"columns,omitempty" help:"only these columns, in this order"`
	// Charts and those below are about workbooks alone.
	Charts        *bool      `json:"charts,omitempty" help:"false leaves out the charts, which a workbook has on a last sheet of their own"`
	FreezePanes   bool       `json:"freeze_panes,omitempty" help:"keep headings in view"`
	FilterButtons bool       `json:"filter_buttons,omitempty" help:"put a filter button on each heading"`
	Raw           bool       `json:"raw,omitempty" help:"CSV with every text exactly as it is, for programs: none has an apostrophe in front to keep a spreadsheet from running it"`
	AsOf          *time.Time `json:"as_of,omitempty" help:"as the report was at this moment, or with data as at exactly this moment; left out: as it is now"`
}

// Where is what rows must have, by column. In JSON the values may be of any simple type.
type Where map[string]string

// UnmarshalJSON takes texts, numbers, true, false and null (no value).
func (w *Where) UnmarshalJSON(raw []byte) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	*w = make(Where, len(values))
	for name, value := range values {
		var text string
		switch first := strings.TrimSpace(string(value))[0]; {
		case first == '"':
			if err := json.Unmarshal(value, &text); err != nil {
				return err
			}
		case first == '{' || first == '[':
			return fmt.Errorf("where: %s: give one value", name)
		case string(value) != "null":
			text = string(value)
		}
		(*w)[name] = text
	}
	return nil
}

// Validate compares the arguments with the report's definition.
func (a Args) Validate() error {
	d, err := reports.Find(a.Report)
	if err != nil {
		return err
	}
	return errors.Join(a.checkFormats(d), a.checkColumns(d), a.checkWhere(d), a.checkSearch(d))
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

func (a Args) checkColumns(d *definition.Definition) error {
	var problems []error
	for i, name := range a.Columns {
		if _, ok := d.Column(name); !ok {
			problems = append(problems, unknown("columns", name, "no column of this report", columnNames(d)))
		} else if slices.Contains(a.Columns[:i], name) {
			problems = append(problems, fmt.Errorf("columns: %s is there twice", name))
		}
	}
	return errors.Join(problems...)
}

func (a Args) checkWhere(d *definition.Definition) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(a.Where)) {
		c, ok := d.Column(name)
		if !ok {
			problems = append(problems, unknown("where", name, "no column of this report", columnNames(d)))
			continue
		}
		if c.Personal {
			problems = append(problems, fmt.Errorf("where: %s is personal, and what is asked for stays in the record of the job", name))
			continue
		}
		if value := a.Where[name]; value != "" {
			if _, err := table.ParseStrict(value, table.Type(c.Type)); err != nil {
				problems = append(problems, fmt.Errorf("where: %s: %w", name, err))
			}
		}
	}
	return errors.Join(problems...)
}

// Limits on a search: more is no question that a person has, and would cost the database time.
const (
	maxSearch = 100
	maxWords  = 8
)

func (a Args) checkSearch(d *definition.Definition) error {
	switch {
	case a.Search != "" && d.Restricted():
		return errors.New("search: the report has personal data, and what is asked for stays in the record of the job")
	case utf8.RuneCountInString(a.Search) > maxSearch || len(strings.Fields(a.Search)) > maxWords:
		return fmt.Errorf("search: at most %d words and %d characters", maxWords, maxSearch)
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

// selection is what the arguments leave of the report. Naming every column in order leaves all of it.
func (a Args) selection(d *definition.Definition) exports.Selection {
	s := exports.Selection{Where: a.Where, Search: strings.Join(strings.Fields(a.Search), " "), Columns: a.Columns}
	if slices.Equal(a.Columns, columnNames(d)) {
		s.Columns = nil
	}
	s.Layout.Raw = a.Raw
	if slices.ContainsFunc(a.Formats, isWorkbook) {
		s.Layout = table.Layout{NoCharts: a.Charts != nil && !*a.Charts, FreezePanes: a.FreezePanes, FilterButtons: a.FilterButtons, Raw: a.Raw}
	}
	return s
}
