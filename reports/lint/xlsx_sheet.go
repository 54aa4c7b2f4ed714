package lint

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/xmlscan"
)

// sharedText is a text that cells share, as far as it is looked at.
type sharedText struct {
	text        []byte
	superscript bool
}

func (x *xlsx) sharedTexts(part string) error {
	return stream(x.zip, part, func(t *xmlscan.Scanner) error {
		var now sharedText
		inside, phonetic := false, false
		for {
			if err := t.Next(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			switch {
			case t.Kind == xmlscan.Text:
				if inside && !phonetic {
					now.text = appendSome(now.text, t.Text)
				}
			case t.Is("rPh"):
				phonetic = t.Kind == xmlscan.Start
			case t.Is("t"):
				inside = t.Kind == xmlscan.Start
			case t.Is("vertAlign"):
				now.superscript = now.superscript || t.String("val") == "superscript"
			case t.Is("si") && t.Kind != xmlscan.Start:
				x.shared = append(x.shared, now)
				now = sharedText{}
			}
		}
	})
}

// appendSome adds as much of a text as is looked at.
func appendSome(b, text []byte) []byte {
	if room := maxText - len(b); len(text) > room {
		text = text[:max(0, room)]
	}
	return append(b, text...)
}

// sheetReader reads one sheet of a workbook.
type sheetReader struct {
	*xlsx
	*xmlscan.Scanner
	sheet   *sheet
	outside targets
	v       visitor
	row     row
	text    []byte // of the cells of the row
	last    int    // the last column of the row that had a cell
	reach   area   // which the sheet says that it has; none without bottom
	tables  int    // that the sheet says it has
	links   int
}

func (x *xlsx) sheet(s *sheet, part string, outside targets, v visitor) error {
	return stream(x.zip, part, func(t *xmlscan.Scanner) error {
		r := &sheetReader{xlsx: x, Scanner: t, sheet: s, outside: outside, v: v}
		t.Nested = true
		if err := t.Each(r.element); err != nil {
			return err
		}
		if n := len(s.tables); r.tables != n {
			x.book.damaged(s.name, "", "the sheet names %d tables and refers to %d", r.tables, n)
		}
		return nil
	})
}

// element takes note of one element of a sheet.
func (r *sheetReader) element() error {
	s := r.sheet
	switch string(r.Name) {
	case "row":
		return r.readRow()
	case "selection":
		if r.Attr("pane") == nil || string(r.Attr("pane")) == "topLeft" {
			s.cursor = r.String("activeCell")
		}
	case "pane":
		s.frozen = s.frozen || strings.HasPrefix(r.String("state"), "frozen")
	case "col":
		width, _ := strconv.ParseFloat(r.String("width"), 64)
		s.widths = append(s.widths, columns{first: r.Int("min", 1) - 1, last: r.Int("max", 1) - 1, width: width, hidden: r.True("hidden")})
	case "mergeCell":
		ref := r.String("ref")
		if _, top, _, bottom := parseArea(ref); top == 0 || bottom < top {
			r.damaged(ref, "cells are merged at %q, which is no place", ref)
		}
		if slices.Contains(s.merged, ref) {
			r.damaged(ref, "cells are merged twice")
		}
		s.merged = append(s.merged, ref)
	case "dimension":
		ref := r.String("ref")
		if r.reach.left, r.reach.top, r.reach.right, r.reach.bottom = parseArea(ref); r.reach.top == 0 {
			r.damaged("", "the sheet says that it reaches to %q, which is no place", ref)
		}
	case "autoFilter":
		s.filters = true
	case "tablePart", "drawing", "legacyDrawing":
		if string(r.Name) == "tablePart" {
			r.tables++
		}
		if !r.outside.has(r.Attr("id")) {
			r.damaged("", "the sheet refers to %s, a %s that is missing", r.Attr("id"), r.Name)
		}
	case "hyperlink":
		ref := r.String("ref")
		if _, top, _, _ := parseArea(ref); top == 0 {
			r.damaged("", "a link stands at %q, which is no place", ref)
		}
		if id := r.Attr("id"); id != nil && !r.outside.has(id) {
			r.damaged(ref, "the link refers to %s, which is missing", id)
		}
		if r.links++; r.links == frontmatter.MaxLinks+2 {
			r.damaged(ref, "the sheet has more links than Excel opens")
		}
		r.outside.add(s, link{cell: r.String("ref"), inside: r.String("location")}, r.Attr("id"))
	case "headerFooter":
		return r.readPrinted()
	}
	return nil
}

// readPrinted reads headers and footers; both may be there and empty.
func (r *sheetReader) readPrinted() error {
	return r.Inside(func() error {
		if r.Kind == xmlscan.Text {
			r.sheet.printed += strings.TrimSpace(string(r.Text))
		}
		return nil
	})
}

func (r *sheetReader) damaged(cell, format string, args ...any) {
	r.book.damaged(r.sheet.name, cell, format, args...)
}

func (r *sheetReader) readRow() error {
	number := r.Int("r", r.row.number+1)
	if number <= r.row.number || number > maxRows {
		r.damaged("", "row %d stands behind row %d", number, r.row.number)
	}
	r.row.number, r.last = number, -1
	r.row.hidden = r.True("hidden")
	r.row.cells, r.text = r.row.cells[:0], r.text[:0]
	column := 0
	err := r.Inside(func() error {
		if r.Kind > xmlscan.Empty || !r.Is("c") {
			return nil
		}
		if at, ok := parseRef(r.Attr("r")); ok {
			column = at
		}
		r.checkPlace(column)
		column++
		return r.readCell(column - 1)
	})
	r.v.row(&r.row)
	return err
}

// checkPlace sees to it that cells follow each other, each once and within the sheet.
func (r *sheetReader) checkPlace(column int) {
	at := func() string { return cellName(column, r.row.number) }
	if ref := r.Attr("r"); ref != nil && rowOf(ref) != r.row.number || column >= maxColumns {
		r.damaged(at(), "a cell of row %d says that it is %s", r.row.number, ref)
	}
	if column == r.last {
		r.damaged(at(), "the cell is there twice")
	} else if column < r.last {
		r.damaged(at(), "the cell stands behind %s", cellName(r.last, r.row.number))
	}
	r.last = column
	if a := r.reach; a.bottom > 0 && (a.left != a.right || a.top != a.bottom) && (column < a.left || column > a.right || r.row.number < a.top || r.row.number > a.bottom) {
		r.damaged(at(), "the cell is not where the sheet says that its cells are")
		r.reach.bottom = 0 // said once
	}
}

// rowOf is the row of B7, 0 for what is none.
func rowOf(ref []byte) (row int) {
	for _, c := range ref {
		switch {
		case c >= '0' && c <= '9' && row <= maxRows:
			row = row*10 + int(c-'0')
		case c < 'A' || c > 'Z' || row > 0:
			return 0
		}
	}
	return row
}

// kindOf is the type of a cell, without memory for the usual ones.
func kindOf(t []byte) string {
	switch string(t) {
	case "":
		return ""
	case "s":
		return "s"
	case "inlineStr":
		return "inlineStr"
	case "b":
		return "b"
	}
	return string(t)
}

// lost takes note of a reference to cells that are gone.
func (r *sheetReader) lost(column int, what []byte) {
	if len(r.book.references) < maxDamage {
		r.book.references = append(r.book.references, damage{r.sheet.name, cellName(column, r.row.number), fmt.Sprintf("the cell has %.60s", what)})
	}
}

// parseRef gives the column of B7.
func parseRef(ref []byte) (column int, ok bool) {
	for _, c := range ref {
		if c < 'A' || c > 'Z' {
			break
		}
		column = column*26 + int(c-'A') + 1
	}
	return column - 1, column > 0
}

// readCell reads up to the end of a cell and adds it to the row if it holds something.
func (r *sheetReader) readCell(column int) error {
	c := cell{column: column}
	if id := r.Int("s", 0); id >= 0 && id < len(r.looks) {
		c.look = &r.looks[id]
	} else if r.styled || id != 0 && r.Attr("s") != nil {
		r.damaged(cellName(column, r.row.number), "the cell has style %d of %d", id, len(r.looks))
	}
	shared, plain, inline := false, false, false
	kind := kindOf(r.Attr("t"))
	switch kind {
	case "s":
		shared = true
	case "inlineStr":
		inline = true
	case "", "n", "b", "d":
		plain = true
	}
	from, value, formula, size := len(r.text), false, false, 0
	err := r.Inside(func() error {
		switch {
		case r.Kind == xmlscan.Text && value:
			size += len(r.Text)
			r.text = append(r.text, r.Text[:min(len(r.Text), maxText)]...)
		case r.Kind == xmlscan.Text && formula && bytes.Contains(r.Text, []byte("#REF!")):
			r.lost(column, r.Text)
		case r.Kind == xmlscan.Text:
		case r.Is("f"):
			formula = r.Kind == xmlscan.Start
		case r.Is("v"):
			value = r.Kind == xmlscan.Start && !inline
		case r.Is("t"):
			value = r.Kind == xmlscan.Start && inline
		case r.Is("vertAlign"):
			c.superscript = c.superscript || string(r.Attr("val")) == "superscript"
		}
		return nil
	})
	if c.text = r.text[from:]; err != nil || len(c.text) == 0 {
		return err
	}
	if problem := badValue(kind, c.text); problem != "" {
		r.damaged(cellName(column, r.row.number), "%s", problem)
	} else if size > 3*maxCell {
		r.damaged(cellName(column, r.row.number), "the cell has a text of %d bytes, more than cells can hold", size)
	}
	if kind == "e" && string(c.text) == "#REF!" {
		r.lost(column, c.text)
	}
	if shared {
		r.shareText(&c)
	} else if plain {
		c.text = nil
	}
	if plain || len(c.text) > 0 {
		r.row.cells = append(r.row.cells, c)
	}
	return nil
}

// shareText gives a cell the text whose number it holds.
func (r *sheetReader) shareText(c *cell) {
	n, err := strconv.Atoi(string(c.text))
	if err != nil || n < 0 || n >= len(r.shared) {
		r.damaged(cellName(c.column, r.row.number), "the cell has shared text %s of %d", c.text, len(r.shared))
		c.text = nil
		return
	}
	c.text, c.superscript = r.shared[n].text, r.shared[n].superscript
}
