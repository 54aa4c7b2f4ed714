package lint

import (
	"io"
	"strconv"
	"strings"

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
}

func (x *xlsx) sheet(s *sheet, part string, outside targets, v visitor) error {
	return stream(x.zip, part, func(t *xmlscan.Scanner) error {
		r := &sheetReader{xlsx: x, Scanner: t, sheet: s, outside: outside, v: v}
		return t.Each(r.element)
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
		s.merged = append(s.merged, r.String("ref"))
	case "autoFilter":
		s.filters = true
	case "hyperlink":
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

func (r *sheetReader) readRow() error {
	r.row.number = r.Int("r", r.row.number+1)
	r.row.hidden = r.True("hidden")
	r.row.cells, r.text = r.row.cells[:0], r.text[:0]
	column := 0
	err := r.Inside(func() error {
		if r.Kind > xmlscan.Empty || !r.Is("c") {
			return nil
		}
		if at, row := parseRef(r.Attr("r")); row {
			column = at
		}
		column++
		return r.readCell(column - 1)
	})
	r.v.row(&r.row)
	return err
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
	}
	shared, plain, inline := false, false, false
	switch string(r.Attr("t")) {
	case "s":
		shared = true
	case "inlineStr":
		inline = true
	case "", "n", "b", "d":
		plain = true
	}
	from, value := len(r.text), false
	err := r.Inside(func() error {
		switch {
		case r.Kind == xmlscan.Text && value:
			r.text = append(r.text, r.Text[:min(len(r.Text), maxText)]...)
		case r.Kind == xmlscan.Text:
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
		c.text = nil
		return
	}
	c.text, c.superscript = r.shared[n].text, r.shared[n].superscript
}
