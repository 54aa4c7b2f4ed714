package lint

import (
	"bytes"
	"regexp"
	"strconv"
)

// noteMarker is the only way to mark a note.
var noteMarker = regexp.MustCompile(`(?i)\[notes? (\d+)\]`)

// noteCheck gathers the notes that are marked, and those that are explained.
type noteCheck struct {
	seen    map[int]string // where each was first marked
	order   []int          // as they were first marked
	defined []int          // on the notes sheet, in its order
	at      string         // the notes sheet
}

// see takes in the markers in a title, a heading or a line.
func (n *noteCheck) see(s *sheetCheck, text []byte) {
	if bytes.IndexByte(text, '[') < 0 || s.isNotes() {
		return
	}
	for _, m := range noteMarker.FindAllSubmatch(text, -1) {
		number, err := strconv.Atoi(string(m[1]))
		if err != nil {
			continue
		}
		if n.seen == nil {
			n.seen = map[int]string{}
		}
		if _, again := n.seen[number]; !again {
			n.seen[number] = s.sheet.name
			n.order = append(n.order, number)
		}
	}
}

// define takes in a note of the notes sheet, in whose first column the markers stand.
func (n *noteCheck) define(s *sheetCheck, text []byte) {
	m := noteMarker.FindSubmatch(text)
	if m == nil {
		return
	}
	number, err := strconv.Atoi(string(m[1]))
	if err == nil {
		n.defined, n.at = append(n.defined, number), s.sheet.name
	}
}

// finish compares both.
func (n *noteCheck) finish(c *checker) {
	for i, number := range n.defined {
		if number != i+1 {
			c.find("note-order", n.at, "", "note %d stands where note %d should", number, i+1)
			break
		}
	}
	known := map[int]bool{}
	for _, number := range n.defined {
		known[number] = true
	}
	highest := 0
	for _, number := range n.order {
		if !known[number] {
			c.find("note-order", n.seen[number], "", "[note %d] is explained on no notes sheet", number)
		}
		if number < highest {
			c.find("note-order", n.seen[number], "", "[note %d] is marked after [note %d]", number, highest)
		}
		highest = max(highest, number)
	}
}
