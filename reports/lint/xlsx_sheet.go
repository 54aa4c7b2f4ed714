package lint

import (
	"strconv"
	"strings"
)

// sharedText is a text that cells share, as far as it is looked at.
type sharedText struct {
	text        []byte
	superscript bool
}

func (x *xlsx) sharedTexts(part string) error {
	return stream(x.zip, part, func(t *tokens) error {
		var now sharedText
		inside, phonetic := false, false
		for {
			if err := t.next(); err != nil {
				return err
			}
			switch {
			case t.kind == textPiece:
				if inside && !phonetic {
					now.text = appendSome(now.text, t.text)
				}
			case t.is("rPh"):
				phonetic = t.kind == startTag
			case t.is("t"):
				inside = t.kind == startTag
			case t.is("vertAlign"):
				now.superscript = now.superscript || t.str("val") == "superscript"
			case t.is("si") && t.kind != startTag:
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
	*tokens
	sheet   *sheet
	outside targets
	v       visitor
	row     row
	text    []byte // of the cells of the row
}

func (x *xlsx) sheet(s *sheet, part string, outside targets, v visitor) error {
	return stream(x.zip, part, func(t *tokens) error {
		r := &sheetReader{xlsx: x, tokens: t, sheet: s, outside: outside, v: v}
		for {
			if err := t.next(); err != nil {
				return err
			}
			if t.kind == endTag || t.kind == textPiece {
				continue
			}
			if err := r.tag(); err != nil {
				return err
			}
		}
	})
}

// tag takes note of one element of a sheet.
func (r *sheetReader) tag() error {
	s := r.sheet
	switch string(r.name) {
	case "row":
		return r.readRow()
	case "selection":
		if r.attr("pane") == nil || string(r.attr("pane")) == "topLeft" {
			s.cursor = r.str("activeCell")
		}
	case "pane":
		s.frozen = s.frozen || strings.HasPrefix(r.str("state"), "frozen")
	case "col":
		width, _ := strconv.ParseFloat(r.str("width"), 64)
		s.widths = append(s.widths, columns{first: r.int("min", 1) - 1, last: r.int("max", 1) - 1, width: width, hidden: truth(r.attr("hidden"))})
	case "mergeCell":
		s.merged = append(s.merged, r.str("ref"))
	case "autoFilter":
		s.filters = true
	case "hyperlink":
		r.outside.add(s, link{cell: r.str("ref"), inside: r.str("location")}, r.attr("id"))
	case "headerFooter":
		return r.readPrinted()
	}
	return nil
}

// readPrinted reads headers and footers; both may be there and empty.
func (r *sheetReader) readPrinted() error {
	if r.kind == emptyTag {
		return nil
	}
	for {
		if err := r.next(); err != nil {
			return err
		}
		if r.kind == textPiece {
			r.sheet.printed += strings.TrimSpace(string(r.tokens.text))
		}
		if r.kind == endTag && r.is("headerFooter") {
			return nil
		}
	}
}

func truth(value []byte) bool { return string(value) == "1" || string(value) == "true" }

func (r *sheetReader) readRow() error {
	r.row.number = r.int("r", r.row.number+1)
	r.row.hidden = truth(r.attr("hidden"))
	r.row.cells, r.text = r.row.cells[:0], r.text[:0]
	column := 0
	for r.kind != emptyTag {
		if err := r.next(); err != nil {
			return err
		}
		if r.kind == endTag && r.is("row") {
			break
		}
		if r.kind == textPiece || r.kind == endTag || !r.is("c") {
			continue
		}
		if at, row := parseRef(r.attr("r")); row {
			column = at
		}
		if err := r.readCell(column); err != nil {
			return err
		}
		column++
	}
	r.v.row(&r.row)
	return nil
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
	if id := r.int("s", 0); id >= 0 && id < len(r.looks) {
		c.look = &r.looks[id]
	}
	shared, plain, inline := false, false, false
	switch string(r.attr("t")) {
	case "s":
		shared = true
	case "inlineStr":
		inline = true
	case "", "n", "b", "d":
		plain = true
	}
	from, value := len(r.text), false
	for r.kind != emptyTag || !r.is("c") {
		if err := r.next(); err != nil {
			return err
		}
		if r.kind == endTag && r.is("c") {
			break
		}
		switch {
		case r.kind == textPiece && value:
			r.text = append(r.text, r.tokens.text[:min(len(r.tokens.text), maxText)]...)
		case r.kind == textPiece:
		case r.is("v"):
			value = r.kind == startTag && !inline
		case r.is("t"):
			value = r.kind == startTag && inline
		case r.is("vertAlign"):
			c.superscript = c.superscript || string(r.attr("val")) == "superscript"
		}
	}
	if c.text = r.text[from:]; len(c.text) == 0 {
		return nil
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
