// Package lint compares spreadsheet files, XLSX or ODS and from whatever program, with the Analysis Function's
// checklist for accessible spreadsheets: all of it that a program can judge, which is everything but spelling. Files
// are streamed: a sheet of a million rows takes no more memory than a small one.
package lint

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"

	"cpd-jobs/internal/run"
)

// Level says how much a finding matters.
type Level string

const (
	// Essential is what the checklist calls so: a file that fails it is not published.
	Essential Level = "essential"
	// Advice is the rest, from which a file may depart for a reason.
	Advice Level = "advice"
)

// Finding is one departure from the checklist.
type Finding struct {
	Rule  string `json:"rule"` // merged-cells; see [Rules]
	Level Level  `json:"level"`
	Sheet string `json:"sheet,omitempty"`
	Cell  string `json:"cell,omitempty"`
	Text  string `json:"text"` // what is wrong
}

// String is the finding in one line.
func (f Finding) String() string {
	where := f.Sheet
	if f.Cell != "" {
		where += "!" + f.Cell
	}
	if where != "" {
		where += ": "
	}
	return fmt.Sprintf("%s: %s%s (%s)", f.Level, where, f.Text, f.Rule)
}

// EssentialOf are the findings that keep a file from being published.
func EssentialOf(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Level != Essential })
}

// WithoutText are the findings as they may be told to those who may not see the file: without what stands in its cells.
func WithoutText(findings []Finding) []Finding {
	about := map[string]string{}
	for _, r := range Rules() {
		about[r.Name] = r.About
	}
	list := slices.Clone(findings)
	for i, f := range list {
		list[i].Text = "not so: " + about[f.Rule]
	}
	return list
}

// Check reads a file of the given size and lists what departs from the checklist: essential findings first, then by
// sheet. A file that is no spreadsheet is an error of class Invalid that names it.
func Check(r io.ReaderAt, size int64, name string) ([]Finding, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, run.Invalid("give an XLSX or ODS file", "%s is no spreadsheet: %w", name, err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	b, err := open(z)
	if err != nil && (b == nil || b.damage == nil) {
		return nil, run.Invalid("give an XLSX or ODS file", "%s cannot be read: %w", name, err)
	}
	c := newChecker(b)
	if err == nil {
		err = b.walk(c, b)
	}
	if err != nil {
		b.damaged("", "", "%v", err)
	}
	return c.finish(), nil
}

// open finds out the format.
func open(z *zip.Reader) (*workbook, error) {
	for _, f := range z.File {
		switch f.Name {
		case "[Content_Types].xml":
			return openXLSX(z)
		case "content.xml":
			return openODS(z)
		}
	}
	return nil, errors.New("the archive holds no spreadsheet")
}
