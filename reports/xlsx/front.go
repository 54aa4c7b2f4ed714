package xlsx

import (
	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

// beginSheet writes a sheet as far as the headings of its table, if it has one. Where panes are frozen, all of that
// stays in view.
func (w *Writer) beginSheet(b frontmatter.Sheet) (*sheet, error) {
	frozen := 0
	if w.book.Doc.Layout.FreezePanes && b.Table != "" {
		frozen = 1 + len(b.Lines) + 1
	}
	s, err := w.newSheet(b.Name, frozen, b.Widths...)
	if err != nil {
		return nil, err
	}
	if err := s.put(b.Title, &w.styles.title); err != nil {
		return nil, err
	}
	for _, l := range b.Lines {
		if err := s.putLine(l, b.Table != ""); err != nil {
			return nil, err
		}
	}
	if b.Table == "" {
		return s, nil
	}
	return s, s.startTable(b.Table, b.Columns)
}

// putLine writes a line. Above a table it goes on over the columns beside it, which are empty; elsewhere it wraps.
func (s *sheet) putLine(l frontmatter.Line, aboveTable bool) error {
	plain, linked := &s.styles.wrapped, &s.styles.wrappedLink
	if aboveTable {
		plain, linked = &s.styles.text, &s.styles.link
	}
	if l.Heading {
		return s.put(l.Text, &s.styles.subtitle)
	}
	return s.line(l.Line, plain, linked)
}

// writeFront writes a sheet that is known whole.
func (w *Writer) writeFront(b frontmatter.Sheet) error {
	s, err := w.beginSheet(b)
	if err != nil {
		return err
	}
	fitted := make([]table.Value, len(b.Columns))
	for i, row := range b.Rows {
		for column, v := range row {
			fitted[column], _ = frontmatter.Fit(v, b.Columns[column].Type)
		}
		target := ""
		if i < len(b.Links) {
			target = b.Links[i]
		}
		if err := s.addRow(fitted, target); err != nil {
			return err
		}
	}
	return s.end()
}
