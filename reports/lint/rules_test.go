package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// madeSheet is a sheet made by hand, with its rows.
type madeSheet struct {
	*sheet
	rows []*row
}

// madeBook is a workbook made by hand: what a reader of files would tell a checker.
type madeBook struct {
	workbook
	made []*madeSheet
}

var (
	plainLook   = look{wrap: true, font: "Arial", size: 12, colour: black, fill: white}
	headingLook = look{heading: true, bold: true, font: "Arial", size: 14, colour: black, fill: white}
)

// soundBook has a cover, contents, notes and a table of schools, and nothing to find.
func soundBook() *madeBook {
	b := &madeBook{workbook: workbook{title: "Schools", author: "The team", subject: "Every school", language: "en-GB"}}
	b.add("Cover", nil, "Schools of England", "Every school that is open.")
	b.add("Contents", []string{"Sheet", "What it holds"}, "Contents", "One row for each sheet.").
		values("Notes", "What the marks mean").values("Schools", "Every school")
	b.add("Notes", []string{"Mark", "What it means"}, "Notes", "One row for each note.").values("[note 1]", "As the register has it.")
	b.add("Schools", []string{"URN", "Name [note 1]", "Stage"}, "Schools", "Empty cells: it is not known.").
		values("100001", "Elm School", "chosen").values("100002", "Oak School", "").values("100003", "Ash School", "waiting")
	return b
}

// add adds a sheet: its title and lines from A1 down, then a table where there are headings.
func (b *madeBook) add(name string, headings []string, lines ...string) *madeSheet {
	s := &madeSheet{sheet: &sheet{name: name, cursor: "A1", widths: []columns{{first: 0, last: 25, width: 20}}}}
	for _, line := range lines {
		s.values(line)
	}
	s.rows[0].cells[0].look = &headingLook
	if headings != nil {
		top := len(s.rows) + 1
		s.tables = []area{{name: strings.ToLower(name) + "_of_test", top: top, right: len(headings) - 1, bottom: top, headers: 1}}
		s.values(headings...)
	}
	b.made = append(b.made, s)
	return s
}

// values adds a row of texts below the last. An empty text is an empty cell.
func (s *madeSheet) values(texts ...string) *madeSheet {
	r := &row{number: len(s.rows) + 1}
	for i, text := range texts {
		if text != "" {
			r.cells = append(r.cells, cell{column: i, text: []byte(text), look: &plainLook})
		}
	}
	s.rows = append(s.rows, r)
	if len(s.tables) > 0 {
		s.tables[0].bottom = r.number
	}
	return s
}

// at is the cell, which must be there.
func (b *madeBook) at(sheet, ref string) *cell {
	column, number := parseCell(ref)
	for _, r := range b.sheet(sheet).rows {
		for i := range r.cells {
			if r.number == number && r.cells[i].column == column {
				return &r.cells[i]
			}
		}
	}
	panic(sheet + " has no cell " + ref)
}

func (b *madeBook) sheet(name string) *madeSheet {
	i := slices.IndexFunc(b.made, func(s *madeSheet) bool { return s.name == name })
	return b.made[i]
}

func (b *madeBook) write(sheet, ref, text string) { b.at(sheet, ref).text = []byte(text) }

// restyle gives one cell a look of its own.
func (b *madeBook) restyle(sheet, ref string, change func(*look)) {
	changed := plainLook
	change(&changed)
	b.at(sheet, ref).look = &changed
}

// drop takes a row's cells away.
func (b *madeBook) drop(sheet string, number int) { b.sheet(sheet).rows[number-1].cells = nil }

// charts adds a last sheet that has a chart and nothing else but a title.
func (b *madeBook) charts(alt string) {
	b.add("Charts", nil, "Charts").charts = []chart{{name: "Stages", alt: alt}}
}

func (b *madeBook) check() []Finding {
	b.sheets = nil
	for _, s := range b.made {
		b.sheets = append(b.sheets, s.sheet)
	}
	c := newChecker(&b.workbook)
	for _, s := range b.made {
		c.begin(s.sheet)
		for _, r := range s.rows {
			c.row(r)
		}
		c.end(s.sheet)
	}
	return c.finish()
}

func TestSoundBookHasNoFindings(t *testing.T) {
	t.Parallel()
	if found := soundBook().check(); len(found) > 0 {
		t.Errorf("found %v, want nothing", found)
	}
}

// edge is a book that just breaks a rule, what must be found then, and one that just keeps it.
type edge struct {
	rule, found   string // "Sheet!Cell: the beginning of the text"
	breaks, keeps func(b *madeBook)
}

var edges = []edge{
	{"table", "Schools: the sheet has no table", func(b *madeBook) { b.sheet("Schools").tables = nil },
		func(b *madeBook) { b.charts("Bars, one for each stage.") }},
	{"merged-cells", "Schools!A4:B4: cells are merged", func(b *madeBook) { b.sheet("Schools").merged = []string{"A4:B4"} }, nil},
	{"blank-rows", "Schools!A5: 1 rows of the table are blank", func(b *madeBook) { b.drop("Schools", 5) },
		func(b *madeBook) { b.sheet("Schools").rows[4].cells = b.sheet("Schools").rows[4].cells[:1] }},
	{"blank-rows", "Schools!A6: 1 rows", func(b *madeBook) { b.drop("Schools", 6) }, nil},
	{"blank-rows", "Schools!A4: 2 rows", func(b *madeBook) { b.drop("Schools", 4); b.drop("Schools", 5) },
		func(b *madeBook) { b.drop("Schools", 4); b.drop("Schools", 5); b.drop("Schools", 6) }}, // a table without rows has an empty one
	{"blank-columns", "Schools!C3: a column of the table is blank",
		func(b *madeBook) {
			for _, r := range b.sheet("Schools").rows[2:] {
				r.cells = r.cells[:2]
			}
		},
		func(b *madeBook) {
			for _, r := range b.sheet("Schools").rows[3:] {
				r.cells = r.cells[:2]
			}
		}},
	{"headings", `Schools!C3: two columns are headed "uRn"`, func(b *madeBook) { b.write("Schools", "C3", " uRn ") },
		func(b *madeBook) { b.write("Schools", "C3", "URN of the trust") }},
	{"headings", "Schools!A3: the table has 2 header rows", func(b *madeBook) { b.sheet("Schools").tables[0].headers = 2 }, nil},
	{"headings", "Schools!C3: a column has no heading", func(b *madeBook) { b.sheet("Schools").rows[2].cells = b.sheet("Schools").rows[2].cells[:2] },
		func(b *madeBook) { b.at("Schools", "C3").text = nil }}, // a number
	{"wrap", "Schools!C4:", func(b *madeBook) {
		b.write("Schools", "C4", strings.Repeat("m", 30))
		b.restyle("Schools", "C4", func(l *look) { l.wrap = false })
	}, func(b *madeBook) { b.write("Schools", "C4", strings.Repeat("m", 30)) }},
	{"wrap", "Schools!C3:", func(b *madeBook) {
		b.write("Schools", "C3", strings.Repeat("m", 30))
		b.restyle("Schools", "C3", func(l *look) { l.wrap = false })
	}, func(b *madeBook) {
		b.write("Schools", "C3", strings.Repeat("i", 30)) // as many letters, which are narrow
		b.restyle("Schools", "C3", func(l *look) { l.wrap = false })
	}},
	{"empty-cells", "Schools!C5: the table has empty cells", func(b *madeBook) { b.write("Schools", "A2", "One row for each school.") },
		func(b *madeBook) { b.write("Schools", "A2", "Stages that are not known are [x].") }},
	{"note-symbols", `Schools!A2: "Empty cells*"`, func(b *madeBook) { b.write("Schools", "A2", "Empty cells*") },
		func(b *madeBook) { b.write("Schools", "A2", "Empty cells: 2 * 3 km²") }},
	{"note-symbols", `Schools!C3: "Stage²"`, func(b *madeBook) { b.write("Schools", "C3", "Stage²") },
		func(b *madeBook) { b.write("Schools", "C3", "10²") }},
	{"note-symbols", `Schools!B4: part of "Elm School"`, func(b *madeBook) { b.at("Schools", "B4").superscript = true },
		func(b *madeBook) { b.write("Schools", "B4", "Elm* School") }}, // a value is the data's
	{"note-symbols", "Schools!B4: the cell is superscript", func(b *madeBook) { b.restyle("Schools", "B4", func(l *look) { l.superscript = true }) }, nil},
	{"links", "Cover!A2: the link leads nowhere", func(b *madeBook) { b.sheet("Cover").addLink(link{cell: "A2"}) },
		func(b *madeBook) { b.sheet("Cover").addLink(link{cell: "A2", outside: "https://example.org/schools"}) }},
	{"links", `Cover!A2: the link leads to "mailto:ann"`, func(b *madeBook) { b.sheet("Cover").addLink(link{cell: "A2", outside: "mailto:ann"}) },
		func(b *madeBook) { b.sheet("Cover").addLink(link{cell: "A2", outside: "mailto:ann@example.org"}) }},
	{"links", "Cover!A2: the link leads to a sheet Note, which there is not",
		func(b *madeBook) { b.sheet("Cover").addLink(link{cell: "A2", inside: "'Note'!A1"}) },
		func(b *madeBook) { b.sheet("Cover").addLink(link{cell: "A2", inside: "'notes'!A1"}) }},
	{"links", `Cover!A2: the link's text "Click here."`, func(b *madeBook) {
		b.write("Cover", "A2", "Click here.")
		b.sheet("Cover").addLink(link{cell: "A2", outside: "https://example.org"})
	}, func(b *madeBook) {
		b.write("Cover", "A2", "Click here to ask about these figures")
		b.sheet("Cover").addLink(link{cell: "A2", outside: "https://example.org"})
	}},
	{"title", "Notes!A1: the title", func(b *madeBook) { b.at("Notes", "A1").look = &plainLook }, nil},
	{"title", "Notes!A1: A1 holds no title", func(b *madeBook) { b.write("Notes", "A1", " ") },
		func(b *madeBook) { b.write("Notes", "A1", "N") }},
	{"floating", `Cover: the sheet has a header or footer: "Page 1"`, func(b *madeBook) { b.sheet("Cover").printed = "Page 1" }, nil},
	{"floating", "Cover: the sheet has comments", func(b *madeBook) { b.sheet("Cover").boxes = []string{"comments"} }, nil},
	{"contrast", "Schools!A4: text of #777777 on #FFFFFF: a contrast of 4.5 to 1",
		func(b *madeBook) { b.restyle("Schools", "A4", func(l *look) { l.colour = rgb{0x77, 0x77, 0x77} }) },
		func(b *madeBook) { b.restyle("Schools", "A4", func(l *look) { l.colour = rgb{0x76, 0x76, 0x76} }) }},
	{"sheet-names", "Sheet12: the sheet's name says nothing", func(b *madeBook) { b.sheet("Cover").name = "Sheet12" },
		func(b *madeBook) { b.sheet("Cover").name = "Sheet of schools" }},
	{"sheet-names", "2026: the sheet's name says nothing", func(b *madeBook) { b.sheet("Cover").name = "2026" },
		func(b *madeBook) { b.sheet("Cover").name = "Year 2026" }},
	{"sheet-names", "Notes: two sheets have this name", func(b *madeBook) { b.sheet("Cover").name = "NOTES " },
		func(b *madeBook) { b.sheet("Cover").name = "Notes 2" }},
	{"blank-sheets", "Cover: the sheet is blank", func(b *madeBook) { b.sheet("Cover").rows = nil }, nil},
	{"left-edge", "Cover!B: nothing stands in column A", func(b *madeBook) {
		b.drop("Cover", 1)
		b.at("Cover", "A2").column = 1
	}, func(b *madeBook) { b.at("Cover", "A2").column = 1 }},
	{"left-edge", "Schools!B3: the table does not begin in column A", func(b *madeBook) { b.sheet("Schools").tables[0].left = 1 }, nil},
	{"left-edge", "Schools!A2: blank rows stand above the table", func(b *madeBook) { b.drop("Schools", 2) }, nil},
	{"properties", "the document has no author, no language", func(b *madeBook) { b.author, b.language = " ", "" },
		func(b *madeBook) { b.author = "?" }},
	{"cursor", "the file opens at A1 of Notes", func(b *madeBook) { b.active = 2 }, nil},
	{"cursor", "the file opens at A2 of Cover", func(b *madeBook) { b.sheet("Cover").cursor = "A2" },
		func(b *madeBook) { b.sheet("Cover").cursor = "" }},
	{"charts", "Charts: the chart Stages has no alternative text", func(b *madeBook) { b.charts(" ") },
		func(b *madeBook) { b.charts("Bars.") }},
	{"charts", "Charts: charts stand elsewhere", func(b *madeBook) {
		b.charts("Bars.")
		b.made[3], b.made[4] = b.made[4], b.made[3]
	}, nil},
	{"charts", "Schools: charts stand elsewhere", func(b *madeBook) { b.sheet("Schools").charts = []chart{{"Stages", "Bars."}} }, nil},
	{"table-name", `Schools!A3: the table's name "Table1" says nothing`, func(b *madeBook) { b.sheet("Schools").tables[0].name = "Table1" },
		func(b *madeBook) { b.sheet("Schools").tables[0].name = "Table1_schools" }},
	{"table-name", `Schools!A3: the table's name ""`, func(b *madeBook) { b.sheet("Schools").tables[0].name = "" }, nil},
	{"one-table", "Schools: the sheet has 2 tables", func(b *madeBook) {
		s := b.sheet("Schools")
		s.tables = append(s.tables, area{name: "more", top: 7, bottom: 8, right: 2, headers: 1})
		s.rows = append(s.rows, &row{number: 7, cells: []cell{{column: 0, text: []byte("More")}, {column: 1, text: []byte("Of")}, {column: 2, text: []byte("It")}}})
	}, nil},
	{"below-table", "Schools!A7: something stands below", func(b *madeBook) {
		b.sheet("Schools").rows = append(b.sheet("Schools").rows, &row{number: 7, cells: []cell{{text: []byte("The end.")}}})
	}, nil},
	{"below-table", "Schools!D4: something stands beside", func(b *madeBook) {
		r := b.sheet("Schools").rows[3]
		r.cells = append(r.cells, cell{column: 3, text: []byte("Look!")})
	}, func(b *madeBook) { // once the table has the column
		s := b.sheet("Schools")
		s.tables[0].right = 3
		s.rows[2].cells = append(s.rows[2].cells, cell{column: 3, text: []byte("More")})
		s.rows[3].cells = append(s.rows[3].cells, cell{column: 3, text: []byte("Look!")})
	}},
	{"below-table", "Schools!D3: something stands beside", func(b *madeBook) {
		r := b.sheet("Schools").rows[2]
		r.cells = append(r.cells, cell{column: 3, text: []byte("Look!")})
	}, nil},
	{"widths", "Schools!A: the column's width is 2.9", func(b *madeBook) { b.sheet("Schools").widths = []columns{{0, 0, 2.9, false}, {1, 9, 20, false}} },
		func(b *madeBook) {
			b.sheet("Schools").widths = []columns{{0, 0, 9, false}, {1, 1, 150, false}, {2, 9, 10, false}}
		}},
	{"widths", "Schools!B: the column's width is 150.5", func(b *madeBook) {
		b.sheet("Schools").widths = []columns{{0, 0, 20, false}, {1, 1, 150.5, false}, {2, 2, 20, false}}
	}, nil},
	{"widths", "Schools!C: the column's width is 8.43", func(b *madeBook) { b.sheet("Schools").widths[0].last = 1 },
		func(b *madeBook) { b.sheet("Schools").widths[0].last = 2 }},
	{"filters", "Schools: the sheet has a filter", func(b *madeBook) { b.sheet("Schools").filters = true }, nil},
	{"filters", "Schools!A3: the table has filter buttons", func(b *madeBook) { b.sheet("Schools").tables[0].filters = true }, nil},
	{"freeze-panes", "Schools: panes are frozen", func(b *madeBook) { b.sheet("Schools").frozen = true }, nil},
	{"hidden", "Notes: the sheet is hidden", func(b *madeBook) { b.sheet("Notes").hidden = true }, nil},
	{"hidden", "Notes: 1 rows are hidden", func(b *madeBook) { b.sheet("Notes").rows[3].hidden = true }, nil},
	{"hidden", "Notes!Y: 2 columns are hidden", func(b *madeBook) { b.sheet("Notes").widths = append(b.sheet("Notes").widths, columns{24, 25, 0, true}) }, nil},
	{"note-order", "Notes: note 2 stands where note 1 should", func(b *madeBook) {
		b.write("Notes", "A4", "[note 2]")
		b.write("Schools", "B3", "Name [note 2]")
	}, func(b *madeBook) { b.sheet("Notes").values("[note 2]", "More.") }},
	{"note-order", "Schools: [note 2] is explained on no notes sheet", func(b *madeBook) { b.write("Schools", "C3", "Stage [note 2]") },
		func(b *madeBook) { b.write("Schools", "C3", "Stage [Note 1]") }},
	{"note-order", "Schools: [note 1] is marked after [note 2]", func(b *madeBook) {
		b.sheet("Notes").values("[note 2]", "More.")
		b.write("Schools", "A3", "URN [note 2]")
	}, func(b *madeBook) {
		b.sheet("Notes").values("[note 2]", "More.")
		b.write("Schools", "A3", "URN [note 1] [note 2]")
	}},
	{"note-place", `Schools!B4: "Elm [note 1]"`, func(b *madeBook) { b.write("Schools", "B4", "Elm [note 1]") },
		func(b *madeBook) { b.write("Schools", "A4", "100001 [note 1]") }}, // the first column names the row
	{"note-place", `Schools!C4: "[note 1]"`, func(b *madeBook) { b.write("Schools", "C4", "[note 1]") },
		func(b *madeBook) { b.write("Schools", "C3", "Notes"); b.write("Schools", "C4", "[note 1]") }},
	{"fills", "Schools!A4: the cell has a background fill", func(b *madeBook) { b.restyle("Schools", "A4", func(l *look) { l.filled = true }) },
		func(b *madeBook) { b.restyle("Schools", "A4", func(l *look) { l.bold = true }) }},
	{"images", "Cover: the sheet has 2 images", func(b *madeBook) { b.sheet("Cover").images = 2 }, nil},
	{"images", "the file holds 1 images", func(b *madeBook) { b.images = 1 }, nil},
	{"macros", "the file has macros", func(b *madeBook) { b.macros = true }, nil},
	{"dates-1904", "the file counts days from 1904", func(b *madeBook) { b.date1904 = true }, nil},
	{"font", "Schools!A4: the font is 11.5 points, under 12", func(b *madeBook) { b.restyle("Schools", "A4", func(l *look) { l.size = 11.5 }) },
		func(b *madeBook) { b.restyle("Schools", "A4", func(l *look) { l.size = 0 }) }}, // not known
	{"font", "Schools!A4: the font Georgia Pro is not sans-serif", func(b *madeBook) { b.restyle("Schools", "A4", func(l *look) { l.font = "Georgia Pro" }) },
		func(b *madeBook) { b.restyle("Schools", "A4", func(l *look) { l.font = "Tahoma" }) }},
	{"alignment", "Schools!A4: text is not left-aligned", func(b *madeBook) { b.restyle("Schools", "A4", func(l *look) { l.align = "right" }) },
		func(b *madeBook) {
			b.restyle("Schools", "A4", func(l *look) { l.align = "right" })
			b.at("Schools", "A4").text = nil // a number
		}},
	{"order", "Cover: the first sheet has a table", func(b *madeBook) {
		b.sheet("Cover").tables = []area{{name: "cover_of_test", top: 2, bottom: 3, headers: 1}}
		b.sheet("Cover").values("Open")
	}, nil},
	{"order", "no sheet lists the contents", func(b *madeBook) {
		b.sheet("Contents").name = "Sheets"
		b.write("Sheets", "A1", "Sheets")
	}, func(b *madeBook) { b.sheet("Contents").name = "Sheets" }}, // the title still says contents
	{"order", "Contents: the contents do not come second", func(b *madeBook) { b.made[1], b.made[2], b.made[3] = b.made[3], b.made[1], b.made[2] }, nil},
	{"order", "Notes: the notes do not stand between", func(b *madeBook) { b.made[2], b.made[3] = b.made[3], b.made[2] }, nil},
	{"repair", "Schools!A4: a cell that Excel repairs", func(b *madeBook) { b.damage = []damage{{"Schools", "A4", "a cell that Excel repairs"}} }, nil},
	{"references", "Schools!A4: leads to #REF!", func(b *madeBook) { b.references = []damage{{"Schools", "A4", "leads to #REF!"}} }, nil},
}

func TestRulesAtTheirEdges(t *testing.T) {
	t.Parallel()
	for _, test := range edges {
		b := soundBook()
		test.breaks(b)
		if found := b.check(); !slices.ContainsFunc(found, func(f Finding) bool {
			return f.Rule == test.rule && f.Level == levels[test.rule] && strings.HasPrefix(whereAndWhat(f), test.found)
		}) {
			t.Errorf("%s: found %q, want %q", test.rule, found, test.found)
		}
		if test.keeps == nil {
			continue
		}
		b = soundBook()
		test.keeps(b)
		for _, f := range b.check() {
			if f.Rule == test.rule {
				t.Errorf("%s: nearly breaks it (%s), and %q was found", test.rule, test.found, whereAndWhat(f))
			}
		}
	}
}

// whereAndWhat is a finding as the tests above write it.
func whereAndWhat(f Finding) string {
	switch {
	case f.Sheet == "":
		return f.Text
	case f.Cell == "":
		return f.Sheet + ": " + f.Text
	default:
		return f.Sheet + "!" + f.Cell + ": " + f.Text
	}
}

func TestEveryRuleHasAnEdge(t *testing.T) {
	t.Parallel()
	for _, rule := range Rules() {
		if !slices.ContainsFunc(edges, func(e edge) bool { return e.rule == rule.Name }) {
			t.Errorf("no book just breaks the rule %s", rule.Name)
		}
	}
}

// A look is complained about once a book, at the first cell that has it; the rest is counted.
func TestLooksAndRepetitionsAreSaidOnce(t *testing.T) {
	t.Parallel()
	b := soundBook()
	small := plainLook
	small.size = 8
	for _, ref := range []string{"A4", "B4", "A5", "B5"} {
		b.at("Schools", ref).look = &small
	}
	for n := range 9 {
		b.sheet("Notes").merged = append(b.sheet("Notes").merged, fmt.Sprintf("A%d:B%d", n+20, n+20))
	}
	var got []string
	for _, f := range b.check() {
		got = append(got, whereAndWhat(f))
	}
	want := []string{
		"Notes!A20:B20: cells are merged", "Notes!A21:B21: cells are merged", "Notes!A22:B22: cells are merged",
		"Notes!A23:B23: cells are merged", "Notes!A24:B24: cells are merged", "Notes: and 4 more",
		"Schools!A4: the font is 8 points, under 12",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string][2]int{
		"A1": {0, 1}, "$B$7": {1, 7}, "Z9": {25, 9}, "AA10": {26, 10}, "XFD1048576": {16383, 1048576},
		"": {}, "7": {}, "B": {}, "b7": {}, "B-": {}, "ABCDE1": {},
	} {
		if column, number := parseCell(ref); column != want[0] || number != want[1] {
			t.Errorf("%q: column %d, row %d, want %v", ref, column, number, want)
		}
	}
	for ref, want := range map[string][4]int{"B7:D9": {1, 7, 3, 9}, "C3": {2, 3, 2, 3}} {
		left, top, right, bottom := parseArea(ref)
		if got := [4]int{left, top, right, bottom}; got != want {
			t.Errorf("%s: %v, want %v", ref, got, want)
		}
	}
	if got := cellName(27, 3); got != "AB3" {
		t.Errorf("column 27, row 3 is %s, want AB3", got)
	}
}

func TestTargetSheet(t *testing.T) {
	t.Parallel()
	for place, want := range map[string]string{
		"Notes!A1": "Notes", "'A sheet'!A1": "A sheet", "'It''s'.A1": "It's", "$Notes.A1": "Notes", "$'A sheet'.A1": "A sheet",
		"'A.sheet!'!B2": "A.sheet!", "schools_of_test": "", "A1": "", "'half": "",
	} {
		if got, ok := targetSheet(place); got != want || ok != (want != "") {
			t.Errorf("%s leads to %q, %t, want %q", place, got, ok, want)
		}
	}
}

func TestPoorLinks(t *testing.T) {
	t.Parallel()
	for text, poor := range map[string]bool{
		"here": true, "HERE.": true, "Read more >": true, "www.example.org": true, "https://example.org": true, "Website": true, "this": true,
		"": false, "hereafter": false, "thistle": false, "more schools": false, "Notes": false, "httpd": false, "example.org": false,
		"link " + strings.Repeat("x", maxText): false,
	} {
		if got := poorLink([]byte(text)); got != poor {
			t.Errorf("%.20q is poor: %t, want %t", text, got, poor)
		}
	}
}

func TestColours(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]rgb{"FFCC00": {255, 204, 0}, "#0B0C0C": {11, 12, 12}, "80FF0000": {255, 0, 0}} {
		if got, ok := parseRGB(text); !ok || got != want {
			t.Errorf("%s is %v, %t, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "FFF", "GGGGGG", "#12345", "123456789"} {
		if got, ok := parseRGB(text); ok {
			t.Errorf("%q is the colour %v", text, got)
		}
	}
	// The figures are those of WCAG's own examples.
	for _, test := range []struct {
		a, b rgb
		want string
	}{
		{black, white, "21.00"}, {white, black, "21.00"}, {white, white, "1.00"}, {rgb{0x76, 0x76, 0x76}, white, "4.54"},
		{rgb{255, 0, 0}, white, "4.00"}, {rgb{10, 10, 10}, black, "1.06"},
	} {
		if got := fmt.Sprintf("%.2f", contrast(test.a, test.b)); got != test.want {
			t.Errorf("%v on %v: %s, want %s", test.a, test.b, got, test.want)
		}
	}
	for _, test := range []struct {
		by   float64
		want rgb
	}{{0, rgb{100, 200, 0}}, {0.5, rgb{177, 227, 127}}, {1, white}, {-0.5, rgb{50, 100, 0}}, {-1, black}} {
		if got := (rgb{100, 200, 0}).tint(test.by); got != test.want {
			t.Errorf("tinted by %g: %v, want %v", test.by, got, test.want)
		}
	}
}
