package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// checker looks at a book sheet by sheet and gathers what it finds.
type checker struct {
	book     *workbook
	findings []Finding
	counts   map[[2]string]int // findings by rule and sheet
	sheets   []*sheetCheck
	now      *sheetCheck
	notes    noteCheck
	looks    map[*look]bool // complained about, by those that are looked at once a book
}

func newChecker(b *workbook) *checker {
	return &checker{book: b, findings: []Finding{}, counts: map[[2]string]int{}, looks: map[*look]bool{}}
}

// maxFindings of one rule on one sheet are listed.
const maxFindings = 5

// find adds a finding. sheet and cell may be "".
func (c *checker) find(rule, sheet, cell, format string, args ...any) {
	key := [2]string{rule, sheet}
	if c.counts[key]++; c.counts[key] <= maxFindings {
		c.findings = append(c.findings, Finding{Rule: rule, Level: levels[rule], Sheet: sheet, Cell: cell, Text: fmt.Sprintf(format, args...)})
	}
}

func (c *checker) begin(s *sheet) {
	c.now = newSheetCheck(c, s, len(c.sheets) == 0)
	c.sheets = append(c.sheets, c.now)
}

func (c *checker) row(r *row) { c.now.row(r) }

func (c *checker) end(*sheet) { c.now.end() }

// finish looks at the book as a whole.
func (c *checker) finish() []Finding {
	c.checkProperties()
	c.checkNames()
	c.checkOrder()
	c.checkTargets()
	c.checkCharts()
	c.notes.finish(c)
	for _, d := range c.book.damage {
		c.find("repair", d.sheet, d.cell, "%s", d.text)
	}
	for _, d := range c.book.references {
		c.find("references", d.sheet, d.cell, "%s", d.text)
	}
	if c.book.date1904 {
		c.find("dates-1904", "", "", "the file counts days from 1904, and dates that are copied elsewhere move by four years")
	}
	if c.book.macros {
		c.find("macros", "", "", "the file has macros")
	}
	for key, n := range c.counts {
		if n > maxFindings {
			c.findings = append(c.findings, Finding{Rule: key[0], Level: levels[key[0]], Sheet: key[1], Text: fmt.Sprintf("and %d more", n-maxFindings)})
		}
	}
	c.sort()
	return c.findings
}

// sort puts essential findings first, then goes by sheet and rule.
func (c *checker) sort() {
	at := map[string]int{}
	for i, s := range c.book.sheets {
		at[s.name] = i + 1
	}
	order := map[string]int{}
	for i, r := range Rules() {
		order[r.Name] = i
	}
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(-cmp.Compare(a.Level, b.Level), cmp.Compare(at[a.Sheet], at[b.Sheet]), cmp.Compare(order[a.Rule], order[b.Rule]))
	})
}

func (c *checker) checkProperties() {
	b := c.book
	var missing []string
	for _, p := range [][2]string{{"title", b.title}, {"author", b.author}, {"subject", b.subject}, {"language", b.language}} {
		if strings.TrimSpace(p[1]) == "" {
			missing = append(missing, p[0])
		}
	}
	if missing != nil {
		c.find("properties", "", "", "the document has no %s", strings.Join(missing, ", no "))
	}
	if len(b.sheets) > 0 && (b.active != 0 || b.sheets[0].cursor != "" && b.sheets[0].cursor != "A1") {
		at := b.sheets[min(max(b.active, 0), len(b.sheets)-1)]
		c.find("cursor", "", "", "the file opens at %s of %s, not at A1 of the first sheet", cmp.Or(at.cursor, "A1"), at.name)
	}
	images := 0
	for _, s := range b.sheets {
		images += s.images
	}
	if b.images > 0 && images == 0 {
		c.find("images", "", "", "the file holds %d images", b.images)
	}
}

// defaultNames are what programs call sheets without a name of their own.
var defaultNames = []string{"sheet", "tabelle", "feuil", "hoja", "foglio"}

func (c *checker) checkNames() {
	seen := map[string]bool{}
	for _, s := range c.book.sheets {
		name := strings.ToLower(strings.TrimSpace(s.name))
		if seen[name] {
			c.find("sheet-names", s.name, "", "two sheets have this name")
		}
		seen[name] = true
		if word := strings.TrimRight(name, "0123456789"); word == "" || len(c.book.sheets) > 1 && slices.Contains(defaultNames, word) {
			c.find("sheet-names", s.name, "", "the sheet's name says nothing of what it holds")
		}
	}
}

// checkOrder compares where cover, contents and notes stand.
func (c *checker) checkOrder() {
	sheets := c.sheets
	if len(sheets) == 0 {
		return
	}
	if len(sheets[0].tables) > 0 {
		c.find("order", sheets[0].sheet.name, "", "the first sheet has a table and so is no cover")
	}
	contents := slices.IndexFunc(sheets, (*sheetCheck).isContents)
	notes := slices.IndexFunc(sheets, (*sheetCheck).isNotes)
	data := slices.IndexFunc(sheets, func(s *sheetCheck) bool { return len(s.tables) > 0 && !s.isContents() && !s.isNotes() })
	switch {
	case contents < 0 && len(sheets) > 3:
		c.find("order", "", "", "no sheet lists the contents")
	case contents > 1:
		c.find("order", sheets[contents].sheet.name, "", "the contents do not come second")
	}
	if notes >= 0 && (data >= 0 && notes > data || notes < contents) {
		c.find("order", sheets[notes].sheet.name, "", "the notes do not stand between the contents and the tables")
	}
}

// checkTargets looks for the sheets that links lead to, now that all are known.
func (c *checker) checkTargets() {
	names := map[string]bool{}
	for _, s := range c.book.sheets {
		names[strings.ToLower(s.name)] = true
	}
	for _, s := range c.book.sheets {
		for _, l := range s.links {
			if l.inside == "" {
				continue
			}
			name, ok := targetSheet(l.inside)
			if ok && !names[strings.ToLower(name)] {
				c.find("links", s.name, l.cell, "the link leads to a sheet %s, which there is not", name)
			}
		}
	}
}

// targetSheet is the sheet that a link within the book names: 'A sheet'!A1, or 'A sheet'.A1 in ODS. A link may also
// give a defined name, or a cell of its own sheet.
func targetSheet(place string) (name string, ok bool) {
	if quoted, found := strings.CutPrefix(strings.TrimPrefix(place, "$"), "'"); found {
		end := strings.LastIndexByte(quoted, '\'')
		if end < 0 {
			return "", false
		}
		return strings.ReplaceAll(quoted[:end], "''", "'"), true
	}
	at := strings.LastIndexAny(place, "!.")
	if at < 0 {
		return "", false
	}
	return strings.TrimPrefix(place[:at], "$"), true
}

// checkCharts knows one exception to cells and nothing else: a last sheet of charts, each with its alternative text.
func (c *checker) checkCharts() {
	for i, s := range c.book.sheets {
		if len(s.charts) == 0 {
			continue
		}
		if i != len(c.book.sheets)-1 || len(s.tables) > 0 {
			c.find("charts", s.name, "", "charts stand elsewhere than alone on the last sheet")
		}
		for _, chart := range s.charts {
			if strings.TrimSpace(chart.alt) == "" {
				c.find("charts", s.name, "", "the chart %s has no alternative text", chart.name)
			}
		}
	}
}
