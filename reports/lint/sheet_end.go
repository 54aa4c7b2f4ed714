package lint

import (
	"fmt"
	"net/url"
	"strings"

	"cpd-jobs/reports/table"
)

// end looks at the sheet as a whole.
func (s *sheetCheck) end() {
	s.checkSheet()
	if s.last == 0 && len(s.sheet.charts) == 0 {
		s.find("blank-sheets", "", "the sheet is blank")
		return
	}
	s.checkTitle()
	s.checkTables()
	s.checkLayout()
	for _, t := range s.tables {
		t.end()
	}
	s.checkLinks()
}

// checkSheet looks at what is not in cells.
func (s *sheetCheck) checkSheet() {
	sheet := s.sheet
	for _, ref := range sheet.merged {
		s.find("merged-cells", ref, "cells are merged")
	}
	if sheet.printed != "" {
		s.find("floating", "", "the sheet has a header or footer: %.60q", sheet.printed)
	}
	for _, box := range sheet.boxes {
		s.find("floating", "", "the sheet has %s", box)
	}
	if sheet.images > 0 {
		s.find("images", "", "the sheet has %d images", sheet.images)
	}
	if sheet.frozen {
		s.find("freeze-panes", "", "panes are frozen")
	}
	if sheet.filters {
		s.find("filters", "", "the sheet has a filter")
	}
	if sheet.hidden {
		s.find("hidden", "", "the sheet is hidden")
	}
	if s.hidden > 0 {
		s.find("hidden", "", "%d rows are hidden", s.hidden)
	}
	for _, w := range sheet.widths {
		if w.hidden {
			s.find("hidden", table.ColumnLetters(w.first+1), "%d columns are hidden", w.last-w.first+1)
		}
	}
}

func (s *sheetCheck) checkTitle() {
	switch {
	case s.title == nil || strings.TrimSpace(string(s.title.text)) == "":
		s.find("title", "A1", "A1 holds no title")
	case s.title.look == nil || !s.title.look.heading:
		s.find("title", "A1", "the title %q does not have the cell style Heading 1", s.title.text)
	}
}

// isCover says that the sheet is the first and that what it holds stands in one column, but for a few lines.
func (s *sheetCheck) isCover() bool { return s.first && s.wide < 3 }

// checkTables counts them: none on the cover and on a sheet of charts, one on every other.
func (s *sheetCheck) checkTables() {
	switch n := len(s.tables); {
	case n == 0 && !s.isCover() && len(s.sheet.charts) == 0:
		s.find("table", "", "the sheet has no table that is marked up as one")
	case n > 1:
		s.find("one-table", "", "the sheet has %d tables", n)
	}
}

// checkLayout sees to it that content begins in column A and that the table follows the lines at once.
func (s *sheetCheck) checkLayout() {
	if s.left > 0 {
		s.find("left-edge", table.ColumnLetters(s.left+1), "nothing stands in column A")
	}
	if len(s.tables) == 0 {
		return
	}
	t := s.tables[0]
	if t.left > 0 {
		s.find("left-edge", cellName(t.left, t.top), "the table does not begin in column A")
	}
	above := 0
	for _, l := range s.lines {
		if l.row < t.top {
			above = max(above, l.row)
		}
	}
	if above > 0 && above < t.top-1 {
		s.find("left-edge", cellName(t.left, above+1), "blank rows stand above the table")
	}
}

func (s *sheetCheck) checkLinks() {
	for _, l := range s.sheet.links {
		s.checkLinkText(l.cell)
		if l.inside != "" {
			continue // looked at once all sheets are known
		}
		if problem := linkProblem(l.outside); problem != "" {
			s.find("links", l.cell, "%s", problem)
		}
	}
	if len(s.odd) == 0 {
		return
	}
	for _, at := range s.sheet.sound {
		s.checkLinkText(cellName(int(at.column), int(at.row)))
	}
}

func (s *sheetCheck) checkLinkText(cell string) {
	if text, poor := s.odd[cell]; poor {
		s.find("links", cell, "the link's text %q does not say where it leads", text)
	}
}

// linkProblem says what is wrong with an address out of the book, "" for nothing.
func linkProblem(outside string) string {
	target, err := url.Parse(outside)
	switch {
	case err != nil || outside == "":
		return fmt.Sprintf("the link leads nowhere: %q", outside)
	case target.Scheme == "mailto" && strings.Contains(target.Opaque, "@"):
		return ""
	case (target.Scheme == "http" || target.Scheme == "https") && target.Host != "":
		return ""
	default:
		return fmt.Sprintf("the link leads to %q, which only works in some places", outside)
	}
}
