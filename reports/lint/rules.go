package lint

// Rule is one line of the checklist.
type Rule struct {
	Name  string
	Level Level
	About string // what the checklist asks for
}

// Rules lists what is checked.
func Rules() []Rule {
	return []Rule{
		{"repair", Essential, "Excel opens the file without having to repair it"},
		{"references", Essential, "no formula, name or value leads to cells that are gone (#REF!)"},
		{"table", Essential, "every table is marked up as one"},
		{"merged-cells", Essential, "no merged or split cells"},
		{"blank-rows", Essential, "no blank rows within a table"},
		{"blank-columns", Essential, "no blank columns within a table"},
		{"headings", Essential, "exactly one header row, tagged, with unique headings"},
		{"wrap", Essential, "text in tables wraps where it is wider than its column"},
		{"empty-cells", Essential, "empty cells only where a line above the table explains them"},
		{"note-symbols", Essential, "notes are marked [note n], never by symbols or superscript"},
		{"links", Essential, "links have descriptive text and lead somewhere"},
		{"title", Essential, "every sheet has a title in A1, tagged as a heading"},
		{"floating", Essential, "no headers, footers, comments or floating boxes"},
		{"contrast", Essential, "text stands out from its background, 4.5 to 1 or more"},
		{"sheet-names", Essential, "sheet names are unique and say something"},
		{"blank-sheets", Essential, "no blank sheets"},
		{"left-edge", Essential, "content starts in column A, the table right below the lines above it"},
		{"properties", Essential, "the document has a title, an author, a subject and a language"},
		{"cursor", Essential, "the file opens at A1 of the first sheet"},
		{"charts", Essential, "charts stand alone on the last sheet and have alternative text"},
		{"table-name", Advice, "tables have names that say something"},
		{"one-table", Advice, "one table to a sheet"},
		{"below-table", Advice, "nothing stands below or beside a table"},
		{"widths", Advice, "columns have sensible widths"},
		{"filters", Advice, "no filters"},
		{"freeze-panes", Advice, "no freeze panes"},
		{"hidden", Advice, "no hidden sheets, rows or columns"},
		{"note-order", Advice, "notes are numbered in order and explained on a notes sheet"},
		{"note-place", Advice, "note markers stand in titles, headings or a column of notes"},
		{"fills", Advice, "no background fills"},
		{"images", Advice, "no images"},
		{"macros", Advice, "no macros"},
		{"dates-1904", Advice, "dates count from 1900, as other files have it"},
		{"font", Advice, "a plain sans-serif font of 12 points or more"},
		{"alignment", Advice, "text is left-aligned"},
		{"order", Advice, "cover, contents, notes, tables"},
	}
}

var levels = func() map[string]Level {
	m := map[string]Level{}
	for _, r := range Rules() {
		m[r.Name] = r.Level
	}
	return m
}()
