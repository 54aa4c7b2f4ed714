package xlsx

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits on the table of shared texts, which waits in memory until the end of the workbook. What has no room in it
// stays in its cell.
const (
	maxShared      = 4096
	maxSharedBytes = 1 << 20
)

const sharedPart = "xl/sharedStrings.xml"

// sharedTexts are the texts that need an escape, or whose spaces at the ends count: readers that do not get these right
// within cells (exceljs, R's openxlsx) do so in the table that Excel itself would write. All other texts stand in their
// cells, so that millions need no memory. Numbers are given in order of first use.
type sharedTexts struct {
	numbers map[string]int
	list    []string
	bytes   int
	uses    int
}

// number is that of a text in the table; ok is false for one that stands in its cell.
func (s *sharedTexts) number(text string) (n int, ok bool) {
	if !delicate(text) {
		return 0, false
	}
	n, ok = s.numbers[text]
	if !ok {
		if len(s.list) == maxShared || s.bytes+len(text) > maxSharedBytes {
			return 0, false
		}
		if s.numbers == nil {
			s.numbers = map[string]int{}
		}
		text = strings.Clone(text) // which may be a piece of something big
		n = len(s.list)
		s.numbers[text], s.list, s.bytes = n, append(s.list, text), s.bytes+len(text)
	}
	s.uses++
	return n, true
}

func delicate(text string) bool {
	if text == "" {
		return false
	}
	if isSpace(text[0]) || isSpace(text[len(text)-1]) {
		return true
	}
	for i := range len(text) {
		if c := text[i]; c < utf8.RuneSelf && special[c] && (c != '_' || looksEscaped(text[i:])) {
			return true
		}
	}
	return false
}

// writeShared writes the table, if there is one. excelize, which has none, is given a text of its own so that it refers
// to the part.
func (w *Writer) writeShared() error {
	s := &w.shared
	if len(s.list) == 0 {
		return nil
	}
	out, err := w.archive.begin(sharedPart, false)
	if err != nil {
		return err
	}
	b := fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`+"\n"+
		`<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="%d" uniqueCount="%d">`, s.uses, len(s.list))
	for _, text := range s.list {
		b = append(b, `<si><t xml:space="preserve">`...)
		b = append(appendText(b, text), `</t></si>`...)
	}
	if _, err := out.Write(append(b, `</sst>`...)); err != nil {
		return err
	}
	return w.file.SetCellStr(w.book.Front()[0].Name, "A1", "shared")
}
