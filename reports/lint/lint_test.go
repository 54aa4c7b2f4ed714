package lint_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/tabletest"
	"cpd-jobs/reports/lint"
	"cpd-jobs/reports/ods"
	"cpd-jobs/reports/table"
	"cpd-jobs/reports/xlsx"
)

// good is a workbook that keeps to the checklist.
func good(t testing.TB) []byte {
	t.Helper()
	funnel := tabletest.Funnel()
	funnel.Charts = []table.Chart{{Title: "Schools by stage", Alt: "Bar chart of schools by stage.", Value: 1, Last: 1}}
	var out bytes.Buffer
	w, err := xlsx.NewWriter(&out, tabletest.Document(), funnel)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range tabletest.HostileRows() {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func goodODS(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := ods.NewWriter(&out, tabletest.Document(), tabletest.Funnel())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range tabletest.HostileRows() {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func check(t testing.TB, file []byte) []lint.Finding {
	t.Helper()
	findings, err := lint.Check(bytes.NewReader(file), int64(len(file)), "example")
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func TestGoodFiles(t *testing.T) {
	t.Parallel()
	again, err := excelize.OpenReader(bytes.NewReader(good(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	var saved bytes.Buffer
	if err := again.Write(&saved); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"XLSX": good(t), "the same saved by another program": saved.Bytes(), "ODS": goodODS(t)} {
		for _, f := range check(t, file) {
			t.Errorf("%s: %s", name, f)
		}
	}
}

// must is for the steps of spoiling a workbook.
func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// restyle gives a cell a style that differs in one thing.
func restyle(t testing.TB, f *excelize.File, sheet, cell string, change func(*excelize.Style)) {
	t.Helper()
	s := excelize.Style{Font: &excelize.Font{Family: "Arial", Size: 12}, Alignment: &excelize.Alignment{WrapText: true}}
	change(&s)
	id, err := f.NewStyle(&s)
	must(t, err, f.SetCellStyle(sheet, cell, cell, id))
}

// spoiled are workbooks that each break one rule, and what must be said of them.
var spoiled = []struct {
	name, rule, want string
	spoil            func(t testing.TB, f *excelize.File)
}{
	{"a table that is only drawn", "table", "Funnel: the sheet has no table", func(t testing.TB, f *excelize.File) { must(t, f.DeleteTable("example_funnel")) }},
	{"merged cells", "merged-cells", "Schools!A8:B8", func(t testing.TB, f *excelize.File) { must(t, f.MergeCell("Schools", "A8", "B8")) }},
	{"a blank row", "blank-rows", "Schools!A9: 1 rows", func(t testing.TB, f *excelize.File) {
		for _, column := range "ABCDEFGH" {
			must(t, f.SetCellValue("Schools", string(column)+"9", nil))
		}
	}},
	{"a blank column", "blank-columns", "Funnel!C7", func(t testing.TB, f *excelize.File) {
		must(t, f.SetCellValue("Funnel", "C7", nil), f.SetCellValue("Funnel", "C8", nil), f.SetCellValue("Funnel", "C9", nil))
	}},
	{"two columns of one heading", "headings", `Schools!B6: two columns are headed "NAME"`, func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Schools", "B6", "NAME")) }},
	{"no heading", "headings", "Schools!B6: a column has no heading", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Schools", "B6", "")) }},
	{"no header row", "headings", "has 0 header rows", func(t testing.TB, f *excelize.File) {
		none := false
		must(t, f.DeleteTable("example_funnel"), f.AddTable("Funnel", &excelize.Table{Range: "A7:C9", Name: "example_funnel", ShowHeaderRow: &none}))
	}},
	{"text that does not wrap", "wrap", "Schools!A7: \"long long", func(t testing.TB, f *excelize.File) {
		must(t, f.SetCellStr("Schools", "A7", strings.Repeat("long ", 40)))
		restyle(t, f, "Schools", "A7", func(s *excelize.Style) { s.Alignment = nil })
	}},
	{"empty cells without a word", "empty-cells", "Schools!", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Schools", "A4", "A line.")) }},
	{"an asterisk", "note-symbols", "Schools!A6", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Schools", "A6", "Name*")) }},
	{"a dagger", "note-symbols", "Schools!A1", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Schools", "A1", "Schools † of England")) }},
	{"superscript", "note-symbols", "Schools!A8: part of", func(t testing.TB, f *excelize.File) {
		must(t, f.SetCellRichText("Schools", "A8", []excelize.RichTextRun{{Text: "Name"}, {Text: "1", Font: &excelize.Font{VertAlign: "superscript"}}}))
	}},
	{"a link called here", "links", `Contents!A4: the link's text "here"`, func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Contents", "A4", "here")) }},
	{"a bare address", "links", "Cover!A6", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Cover", "A6", "https://example.org")) }},
	{"a link to nowhere", "links", "leads to a sheet Gone", func(t testing.TB, f *excelize.File) {
		must(t, f.SetCellHyperLink("Contents", "A4", "Gone!A1", "Location"))
	}},
	{"a link to a file", "links", "only works in some places", func(t testing.TB, f *excelize.File) {
		must(t, f.SetCellHyperLink("Cover", "A6", "C:\\secret.xlsx", "External"))
	}},
	{"a title that is no heading", "title", "Schools!A1: the title", func(t testing.TB, f *excelize.File) { restyle(t, f, "Schools", "A1", func(*excelize.Style) {}) }},
	{"no title", "title", "Schools!A1: A1 holds no title", func(t testing.TB, f *excelize.File) { must(t, f.SetCellValue("Schools", "A1", nil)) }},
	{"a footer", "floating", `Schools: the sheet has a header or footer: "&CPage`, func(t testing.TB, f *excelize.File) {
		must(t, f.SetHeaderFooter("Schools", &excelize.HeaderFooterOptions{OddFooter: "&CPage &P"}))
	}},
	{"a comment", "floating", "Schools: the sheet has comments", func(t testing.TB, f *excelize.File) {
		must(t, f.AddComment("Schools", excelize.Comment{Cell: "A8", Author: "x", Text: "x"}))
	}},
	{"a text box", "floating", "floating shape", func(t testing.TB, f *excelize.File) {
		must(t, f.AddShape("Schools", &excelize.Shape{Cell: "C3", Type: "rect"}))
	}},
	{"yellow on white", "contrast", "Schools!A8: text of #FFFF00 on #FFFFFF", func(t testing.TB, f *excelize.File) {
		restyle(t, f, "Schools", "A8", func(s *excelize.Style) { s.Font.Color = "FFFF00" })
	}},
	{"a sheet without a name", "sheet-names", "Sheet1: the sheet's name", func(t testing.TB, f *excelize.File) { must(t, f.SetSheetName("Cover", "Sheet1")) }},
	{"a blank sheet", "blank-sheets", "Nothing: the sheet is blank", func(t testing.TB, f *excelize.File) {
		_, err := f.NewSheet("Nothing")
		must(t, err, f.MoveSheet("Nothing", "Charts"))
	}},
	{"a blank row above the table", "left-edge", "Schools!A5: blank rows", func(t testing.TB, f *excelize.File) { must(t, f.SetCellValue("Schools", "A5", nil)) }},
	{"no language", "properties", "no language", func(t testing.TB, f *excelize.File) {
		props, err := f.GetDocProps()
		must(t, err)
		props.Language = " "
		must(t, f.SetDocProps(props))
	}},
	{"opened elsewhere", "cursor", "opens at A1 of Notes", func(_ testing.TB, f *excelize.File) { f.SetActiveSheet(2) }},
	{"a chart beside a table", "charts", "Schools: charts stand elsewhere", func(t testing.TB, f *excelize.File) {
		must(t, f.AddChart("Schools", "K2", &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Values: "Funnel!$B$7:$B$8"}}}))
	}},
	{"a chart without words", "charts", "has no alternative text", func(t testing.TB, f *excelize.File) {
		must(t, f.AddChart("Charts", "A40", &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Values: "Funnel!$B$7:$B$8"}}}))
	}},
	{"a table without a name", "table-name", `"Table1" says nothing`, func(t testing.TB, f *excelize.File) {
		must(t, f.DeleteTable("example_funnel"), f.AddTable("Funnel", &excelize.Table{Range: "A7:C9", Name: "Table1"}))
	}},
	{"two tables", "one-table", "Contents: the sheet has 2 tables", func(t testing.TB, f *excelize.File) {
		must(t, f.SetSheetRow("Contents", "A20", &[]any{"A", "B"}), f.SetSheetRow("Contents", "A21", &[]any{"a", "b"}),
			f.AddTable("Contents", &excelize.Table{Range: "A20:B21", Name: "second"}))
	}},
	{"something below", "below-table", "Funnel!A12: something stands below", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Funnel", "A12", "The end.")) }},
	{"something beside", "below-table", "Funnel!F8: something stands beside", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Funnel", "F8", "Look!")) }},
	{"a narrow column", "widths", "Schools!B: the column's width is 1", func(t testing.TB, f *excelize.File) { must(t, f.SetColWidth("Schools", "B", "B", 1)) }},
	{"filter buttons", "filters", "Funnel!A7", func(t testing.TB, f *excelize.File) {
		must(t, f.DeleteTable("example_funnel"), f.AddTable("Funnel", &excelize.Table{Range: "A7:C9", Name: "example_funnel"}))
	}},
	{"a filter", "filters", "Schools: the sheet has a filter", func(t testing.TB, f *excelize.File) { must(t, f.AutoFilter("Schools", "A6:B9", nil)) }},
	{"frozen panes", "freeze-panes", "Schools: panes", func(t testing.TB, f *excelize.File) {
		must(t, f.SetPanes("Schools", &excelize.Panes{Freeze: true, YSplit: 6, TopLeftCell: "A7", ActivePane: "bottomLeft"}))
	}},
	{"a hidden column", "hidden", "Schools!C: 1 columns", func(t testing.TB, f *excelize.File) { must(t, f.SetColVisible("Schools", "C", false)) }},
	{"a hidden row", "hidden", "Schools: 1 rows", func(t testing.TB, f *excelize.File) { must(t, f.SetRowVisible("Schools", 9, false)) }},
	{"a hidden sheet", "hidden", "Funnel: the sheet is hidden", func(t testing.TB, f *excelize.File) { must(t, f.SetSheetVisible("Funnel", false)) }},
	{"notes out of order", "note-order", "Notes: note 7 stands where note 2 should", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Notes", "A5", "[note 7]")) }},
	{"a note that is not explained", "note-order", "[note 9] is explained on no", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Funnel", "B7", "Schools [note 9]")) }},
	{"a note in a cell", "note-place", "Schools!H8", func(t testing.TB, f *excelize.File) { must(t, f.SetCellStr("Schools", "H8", "no_tutor [note 1]")) }},
	{"a fill", "fills", "Schools!A8", func(t testing.TB, f *excelize.File) {
		restyle(t, f, "Schools", "A8", func(s *excelize.Style) {
			s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFFFCC"}}
		})
	}},
	{"a picture", "images", "Schools: the sheet has 1 images", func(t testing.TB, f *excelize.File) {
		var picture bytes.Buffer
		must(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 4))),
			f.AddPictureFromBytes("Schools", "K2", &excelize.Picture{Extension: ".png", File: picture.Bytes(), Format: &excelize.GraphicOptions{AltText: "x"}}))
	}},
	{"small print", "font", "9 points", func(t testing.TB, f *excelize.File) {
		restyle(t, f, "Schools", "A8", func(s *excelize.Style) { s.Font.Size = 9 })
	}},
	{"a serif font", "font", "Times New Roman", func(t testing.TB, f *excelize.File) {
		restyle(t, f, "Schools", "A8", func(s *excelize.Style) { s.Font.Family = "Times New Roman" })
	}},
	{"centred text", "alignment", "Schools!A8", func(t testing.TB, f *excelize.File) {
		restyle(t, f, "Schools", "A8", func(s *excelize.Style) { s.Alignment.Horizontal = "center" })
	}},
	{"notes at the end", "order", "Notes: the notes do not stand", func(t testing.TB, f *excelize.File) { must(t, f.MoveSheet("Notes", "Charts")) }},
}

func TestSpoiledWorkbooks(t *testing.T) {
	t.Parallel()
	base := good(t)
	for _, test := range spoiled {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := excelize.OpenReader(bytes.NewReader(base))
			must(t, err)
			defer f.Close()
			test.spoil(t, f)
			var out bytes.Buffer
			must(t, f.Write(&out))
			wantFinding(t, check(t, out.Bytes()), test.rule, test.want)
		})
	}
}

// wantFinding wants a rule's finding with a text, and no essential one of another rule.
func wantFinding(t *testing.T, findings []lint.Finding, rule, want string) {
	t.Helper()
	found := false
	for _, f := range findings {
		found = found || f.Rule == rule && strings.Contains(f.String(), want)
		if f.Rule != rule && f.Rule != "repair" && f.Level == lint.Essential { // excelize does not keep tables and cells in step
			t.Errorf("also %s", f)
		}
	}
	if !found {
		t.Errorf("%v, want one of %s with %q", findings, rule, want)
	}
}

// spoiledODS change the text of parts.
var spoiledODS = []struct{ name, rule, want, part, old, new string }{
	{"a table that is not marked up", "table", "Funnel", "content.xml", `table:name="example_funnel"`, `table:name="x" table:target-range-address="nothing" x:was=""`},
	{"merged cells", "merged-cells", "Cover!A2:B2", "content.xml", `<table:table-cell table:style-name="Text" office:value-type="string"><text:p>Every school`, `<table:table-cell table:style-name="Text" table:number-columns-spanned="2" office:value-type="string"><text:p>Every school`},
	{"two columns of one heading", "headings", "Schools!B6", "content.xml", "<text:p>URN</text:p>", "<text:p>Name</text:p>"},
	{"empty cells without a word", "empty-cells", "Schools", "content.xml", "Empty cells: there is nothing to show", "A line: nothing more"},
	{"an asterisk", "note-symbols", "Schools!A6", "content.xml", "<text:p>Name</text:p>", "<text:p>Name*</text:p>"},
	{"a link called here", "links", "Contents", "content.xml", ">Notes</text:a>", ">here</text:a>"},
	{"a link to nowhere", "links", "a sheet Gone", "content.xml", `xlink:href="#'Notes'.A1"`, `xlink:href="#'Gone'.A1"`},
	{"no subject", "properties", "no subject", "meta.xml", "<dc:subject>Every school, for a test.</dc:subject>", ""},
	{"filter buttons", "filters", "Schools!A6", "content.xml", `table:name="example_report"`, `table:name="example_report" table:display-filter-buttons="true"`},
}

func TestSpoiledODS(t *testing.T) {
	t.Parallel()
	base := goodODS(t)
	for _, test := range spoiledODS {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := rewrite(t, base, func(name, text string) string {
				if name != test.part {
					return text
				}
				if !strings.Contains(text, test.old) {
					t.Fatalf("%s has no %s:\n%.3000s", name, test.old, text)
				}
				return strings.ReplaceAll(text, test.old, test.new)
			})
			wantFinding(t, check(t, file), test.rule, test.want)
		})
	}
}

// rewrite copies an archive with its parts changed; parts are added that hold nothing.
func rewrite(t testing.TB, file []byte, change func(name, text string) string, add ...string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		r, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err, r.Close())
		w, err := out.Create(f.Name)
		must(t, err)
		_, err = io.WriteString(w, change(f.Name, string(text)))
		must(t, err)
	}
	for _, name := range add {
		_, err := out.Create(name)
		must(t, err)
	}
	must(t, out.Close())
	return b.Bytes()
}

func same(_, text string) string { return text }

func TestMacros(t *testing.T) {
	t.Parallel()
	wantFinding(t, check(t, rewrite(t, good(t), same, "xl/vbaProject.bin")), "macros", "the file has macros")
	wantFinding(t, check(t, rewrite(t, goodODS(t), same, "Basic/script-lc.xml")), "macros", "the file has macros")
}

func TestEveryRuleHasABadFile(t *testing.T) {
	t.Parallel()
	for _, rule := range lint.Rules() {
		tested := rule.Name == "macros"
		for _, test := range spoiled {
			tested = tested || test.rule == rule.Name
		}
		for _, test := range mutants {
			tested = tested || test.rule == rule.Name
		}
		if !tested {
			t.Errorf("no test breaks the rule %s", rule.Name)
		}
	}
}

func TestFindingsAreLimitedAndOrdered(t *testing.T) {
	t.Parallel()
	f, err := excelize.OpenReader(bytes.NewReader(good(t)))
	must(t, err)
	defer f.Close()
	for row := 7; row < 30; row++ {
		must(t, f.MergeCell("Schools", fmt.Sprint("A", row), fmt.Sprint("B", row)))
	}
	must(t, f.SetRowVisible("Notes", 4, false))
	var out bytes.Buffer
	must(t, f.Write(&out))
	findings := check(t, out.Bytes())
	merged := 0
	for _, f := range findings {
		if f.Rule == "merged-cells" {
			merged++
		}
	}
	if last := findings[len(findings)-1]; merged != 6 || last.Rule != "hidden" {
		t.Errorf("%d findings of merged cells, last %s", merged, last)
	}
	if !slices.ContainsFunc(findings, func(f lint.Finding) bool { return f.Text == "and 18 more" }) {
		t.Errorf("%v do not say how many more there are", findings)
	}
	if n := len(lint.EssentialOf(findings)); n != merged {
		t.Errorf("%d essential, want %d", n, merged)
	}
}

func TestWhatIsNoSpreadsheetIsRefused(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"nothing": nil, "text": []byte("urn,name\n1,x\n"), "an archive": rewrite(t, emptyArchive(t), same, "a.txt"), "half a file": good(t)[:5000],
		"a workbook without sheets": rewrite(t, emptyArchive(t), same, "[Content_Types].xml"),
	} {
		_, err := lint.Check(bytes.NewReader(file), int64(len(file)), name)
		if err == nil || run.ExitStatus(err) != 2 || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want one that names it, of exit status 2", name, err)
		}
	}
}

// emptyArchive holds nothing.
func emptyArchive(t testing.TB) []byte {
	var b bytes.Buffer
	must(t, zip.NewWriter(&b).Close())
	return b.Bytes()
}

func FuzzSheet(f *testing.F) {
	base := good(f)
	f.Add(`<row r="7"><c r="A7" s="1" t="inlineStr"><is><t>x</t></is></c></row>`)
	f.Add(`<row><c t="s"><v>99</v></c><c r="ZZZZZZZZZZ9"/><mergeCell ref="x"/>`)
	f.Add(`<!-- --><x a='>' b=">"/>&#x110000;<c`)
	f.Fuzz(func(t *testing.T, rows string) {
		file := rewrite(t, base, func(name, text string) string {
			if name != "xl/worksheets/sheet6.xml" {
				return text
			}
			return text[:strings.Index(text, "<sheetData>")+len("<sheetData>")] + rows
		})
		_, _ = lint.Check(bytes.NewReader(file), int64(len(file)), "fuzzed")
	})
}
