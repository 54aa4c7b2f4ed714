package ods

import (
	"strconv"
	"strings"
)

// text writes a cell of text, each of its lines a paragraph, with a link where there is one.
func (x *xml) text(s string, own look, link string) {
	x.cell(own)
	if plain(s) && link == "" {
		x.raw(`string"><text:p>`)
		x.raw(s)
		x.raw(`</text:p></table:table-cell>`)
		return
	}
	x.raw(`string"`)
	if strings.ContainsAny(s, "\t\r") { // paragraphs cannot tell a return from a line feed, and LibreOffice drops tabs from them
		x.raw(` office:string-value="`)
		x.attribute(s)
		x.raw(`"`)
	}
	x.raw(`>`)
	for _, paragraph := range strings.Split(lineEnds.Replace(s), "\n") {
		x.raw(`<text:p>`)
		x.linked(paragraph, link)
		x.raw(`</text:p>`)
	}
	x.raw(`</table:table-cell>`)
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// special are the bytes that XML or OpenDocument would take for something else than themselves, or, as a space, may.
var special = [256]bool{'&': true, '<': true, '>': true, '"': true, '\t': true, '\n': true, '\r': true}

// plain says that s stands for itself: nothing to escape, no space that OpenDocument would drop.
func plain(s string) bool {
	space := true // at the beginning, and after a space
	for i := range len(s) {
		if special[s[i]] || space && s[i] == ' ' {
			return false
		}
		space = s[i] == ' '
	}
	return !space || s == ""
}

func (x *xml) linked(paragraph, link string) {
	if link == "" {
		x.paragraph(paragraph)
		return
	}
	x.raw(`<text:a xlink:type="simple" xlink:href="`)
	x.attribute(address(link))
	x.raw(`">`)
	x.paragraph(paragraph)
	x.raw(`</text:a>`)
}

// address is where a link leads; one within the book to the top of a sheet.
func address(link string) string {
	if sheet, inside := strings.CutPrefix(link, "#"); inside {
		return "#" + cellAddress(sheet, "A1")
	}
	return link
}

// cellAddress is a cell's, or the first of a range, of a sheet.
func cellAddress(sheet, cell string) string {
	return "'" + strings.ReplaceAll(sheet, "'", "''") + "'." + cell
}

// paragraph writes text so that every space in it counts.
func (x *xml) paragraph(s string) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\t':
			x.raw(`<text:tab/>`)
		case c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ' || s[i-1] == '\t' || s[i+1] == '\t'):
			x.raw(`<text:s/>`)
		default:
			x.escape(c)
		}
	}
}

// attribute writes text as the value of an attribute, line ends and all.
func (x *xml) attribute(s string) {
	for i := range len(s) {
		switch c := s[i]; c {
		case '\t', '\n', '\r':
			x.raw("&#" + strconv.Itoa(int(c)) + ";")
		default:
			x.escape(c)
		}
	}
}

func (x *xml) escape(c byte) {
	switch c {
	case '&':
		x.raw("&amp;")
	case '<':
		x.raw("&lt;")
	case '>':
		x.raw("&gt;")
	case '"':
		x.raw("&quot;")
	default:
		x.b = append(x.b, c)
	}
}
