package lint_test

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cpd-jobs/reports/lint"
)

// Parts of the workbook that is damaged.
const (
	types     = "[Content_Types].xml"
	book      = "xl/workbook.xml"
	bookRels  = "xl/_rels/workbook.xml.rels"
	tablePart = "xl/tables/table1.xml"
	schools   = "xl/worksheets/sheet6.xml"
	contents  = "xl/worksheets/sheet2.xml"
	styles    = "xl/styles.xml"
)

// mutants are workbooks with one fault each that Excel would repair, or that would mislead it, and what must be said.
var mutants = []struct{ name, rule, want, part, old, new string }{
	{"a part that is not well-formed", "repair", "theme1.xml is not well-formed", "xl/theme/theme1.xml", "</a:theme>", "</a:them>"},
	{"an unknown entity", "repair", "core.xml is not well-formed", "docProps/core.xml", "<dc:title>", "<dc:title>&nbsp;"},
	{"a workbook that is not well-formed", "repair", "workbook.xml is not well-formed", book, "</workbook>", "<"},
	{"a sheet that is not well-formed", "repair", "does not end the element", schools, "</v></c><c r=\"D9\"", "</v></d><c r=\"D9\""},
	{"a sheet that is cut off", "repair", "sheet6.xml: unexpected EOF", schools, "</sheetData><hyperlinks>", "</sheetData><"},
	{"a part without a content type", "repair", "no content type is given for _rels/.rels", types, `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"></Default>`, ""},
	{"a content type for nothing", "repair", "given for /xl/gone.xml", types, "</Types>", `<Override PartName="/xl/gone.xml" ContentType="application/xml"/></Types>`},
	{"a table of another type", "repair", "table1.xml has the content type", types, `PartName="/xl/tables/table1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.table+xml"`,
		`PartName="/xl/tables/table1.xml" ContentType="application/xml"`},
	{"a relation to nothing", "repair", "leads to xl/gone.xml, which is missing", bookRels, "theme/theme1.xml", "gone.xml"},
	{"two relations of one name", "repair", "are called rId2", bookRels, `Id="rId3"`, `Id="rId2"`},
	{"a sheet without its relation", "repair", "does not say where its sheet Schools is", book, `r:id="rId8"`, `r:id="rId80"`},
	{"a table that no relation leads to", "repair", "refers to rId7, a tablePart that is missing", schools, `<tablePart r:id="rId1"/>`, `<tablePart r:id="rId7"/>`},
	{"a table that the sheet does not name", "repair", "names 0 tables and refers to 1", schools, `<tableParts count="1"><tablePart r:id="rId1"/></tableParts>`, ""},
	{"a table's heading that is not the cell's", "repair", `Schools!B6: the table calls the column "urn"`, tablePart, `name="URN"`, `name="urn"`},
	{"a table's heading twice", "repair", `two columns of the table are called "Name"`, tablePart, `name="URN"`, `name="Name"`},
	{"a table with a column too few", "repair", "has 8 columns and names 7", tablePart, `<tableColumn id="8" name="Flags"></tableColumn>`, ""},
	{"a table's name that is a cell", "repair", `"AB12" could be a cell`, tablePart, `displayName="example_report"`, `displayName="AB12"`},
	{"a table's name with a space", "repair", "characters that names cannot have", tablePart, `displayName="example_report"`, `displayName="example report"`},
	{"a table's name twice", "repair", "two tables are called Contents", tablePart, `displayName="example_report"`, `displayName="Contents"`},
	{"a table's number twice", "repair", "two tables have the number 2", tablePart, ` id="1" name="example_report"`, ` id="2" name="example_report"`},
	{"a table nowhere", "repair", `stands at "A6:H5"`, tablePart, `ref="A6:H78"`, `ref="A6:H5"`},
	{"a style that is missing", "repair", "Schools!C7: the cell has style 99 of 13", schools, `<c r="C7" s="9">`, `<c r="C7" s="99">`},
	{"a font that is missing", "repair", "has font 77", styles, `fontId="1"`, `fontId="77"`},
	{"a fill that is missing", "repair", "has fill 77", styles, `fontId="1" fillId="0"`, `fontId="1" fillId="77"`},
	{"a border that is missing", "repair", "has border 77", styles, `fontId="1" fillId="0" borderId="0"`, `fontId="1" fillId="0" borderId="77"`},
	{"a shared text that is missing", "repair", "Schools!C7: the cell has shared text 99 of ", schools, `<c r="C7" s="9"><v>2<`, `<c r="C7" s="9" t="s"><v>99<`},
	{"a number that is none", "repair", `Schools!C7: the number "two" is none`, schools, `<c r="C7" s="9"><v>2<`, `<c r="C7" s="9"><v>two<`},
	{"a number of Go's", "repair", `the number "0x2p1" is none`, schools, `<c r="C7" s="9"><v>2<`, `<c r="C7" s="9"><v>0x2p1<`},
	{"infinity as a number", "repair", `the number "Inf" is none`, schools, `<c r="C7" s="9"><v>2<`, `<c r="C7" s="9"><v>Inf<`},
	{"a truth that is none", "repair", `"yes" is neither true nor false`, schools, `<c r="E7" s="5" t="b"><v>1<`, `<c r="E7" s="5" t="b"><v>yes<`},
	{"a date that is none", "repair", `the date "22/11/2026" is none`, schools, `<c r="G7" s="12"><v>46348<`, `<c r="G7" s="12" t="d"><v>22/11/2026<`},
	{"an error that is none", "repair", `the error value "#OOPS" is none`, schools, `<c r="C7" s="9"><v>2<`, `<c r="C7" s="9" t="e"><v>#OOPS<`},
	{"a type that is none", "repair", `the type "x", which is none`, schools, `<c r="C7" s="9"><v>2<`, `<c r="C7" s="9" t="x"><v>2<`},
	{"a cell twice", "repair", "Schools!C7: the cell is there twice", schools, `<c r="D7" s="10"><v>0.125</v></c>`, `<c r="C7" s="10"><v>0.125</v></c>`},
	{"cells out of order", "repair", "Schools!B7: the cell stands behind C7", schools, `<c r="D7" s="10"><v>0.125</v></c>`, `<c r="B7" s="10"><v>0.125</v></c>`},
	{"a cell of another row", "repair", "says that it is C8", schools, `<c r="C7" s="9">`, `<c r="C8" s="9">`},
	{"rows out of order", "repair", "row 5 stands behind row 8", schools, `<row r="9">`, `<row r="5">`},
	{"a row beyond the last", "repair", "row 1048577", schools, `<row r="78">`, `<row r="1048577">`},
	{"a dimension that is too small", "repair", "is not where the sheet says", schools, "<sheetViews>", `<dimension ref="A1:B3"/><sheetViews>`},
	{"a dimension that is none", "repair", `reaches to "everywhere"`, schools, "<sheetViews>", `<dimension ref="everywhere"/><sheetViews>`},
	{"a defined name that is a cell", "repair", `the defined name "A1" could be a cell`, book, "</definedNames>", `<definedName name="A1">'Schools'!$A$1</definedName></definedNames>`},
	{"a defined name twice", "repair", "two defined names are total", book, "</definedNames>", `<definedName name="Total">2</definedName><definedName name="total">1</definedName></definedNames>`},
	{"a defined name of no sheet", "repair", "belongs to sheet 70", book, `localSheetId="5"`, `localSheetId="70"`},
	{"a defined name to no sheet", "repair", "a sheet Gone, which is missing", book, "</definedNames>", `<definedName name="total">'Gone'!$A$1</definedName></definedNames>`},
	{"a sheet's name with a colon", "repair", "characters that names of sheets cannot have", book, `name="Schools" sheetId`, `name="Schools: all" sheetId`},
	{"a sheet's name that is too long", "repair", "has 40 characters", book, `name="Schools" sheetId`, `name="` + strings.Repeat("School", 6) + `gate" sheetId`},
	{"a link to a relation that is missing", "repair", "the link refers to rId70", contents, `<hyperlink ref="A4" location="'Notes'!A1"/>`, `<hyperlink ref="A4" r:id="rId70"/>`},
	{"a link nowhere on the sheet", "repair", `a link stands at "here"`, contents, `<hyperlink ref="A4"`, `<hyperlink ref="here"`},
	{"cells merged twice", "repair", "cells are merged twice", contents, "<hyperlinks>", `<mergeCells><mergeCell ref="A20:B20"/><mergeCell ref="A20:B20"/></mergeCells><hyperlinks>`},
	{"a formula to cells that are gone", "references", "Schools!C7: the cell has SUM(#REF!)", schools, `<c r="C7" s="9"><v>2<`, `<c r="C7" s="9"><f>SUM(#REF!)</f><v>2<`},
	{"a value of cells that are gone", "references", "Schools!C7: the cell has #REF!", schools, `<c r="C7" s="9"><v>2<`, `<c r="C7" s="9" t="e"><v>#REF!<`},
	{"a name of cells that are gone", "references", "the defined name total leads to", book, "</definedNames>", `<definedName name="total">Schools!#REF!</definedName></definedNames>`},
	{"days from 1904", "dates-1904", "counts days from 1904", book, "<workbookPr ", `<workbookPr date1904="1" `},
}

func TestMutants(t *testing.T) {
	t.Parallel()
	base := good(t)
	for _, test := range mutants {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := rewrite(t, base, func(name, text string) string {
				if name != test.part {
					return text
				}
				if !strings.Contains(text, test.old) {
					t.Fatalf("%s has no %s", name, test.old)
				}
				text = strings.Replace(text, test.old, test.new, 1)
				if strings.Contains(test.name, "cut off") {
					text = text[:strings.Index(text, test.new)+len(test.new)]
				}
				return text
			})
			for _, f := range check(t, file) {
				if f.Rule == test.rule && strings.Contains(f.String(), test.want) {
					return
				}
			}
			t.Errorf("%v, want one of %s with %q", check(t, file), test.rule, test.want)
		})
	}
}

func TestTwoPartsOfOneName(t *testing.T) {
	t.Parallel()
	file := rewrite(t, good(t), same, "xl/Styles.xml")
	wantFinding(t, check(t, file), "repair", "two parts called xl/Styles.xml")
}

// TestAWorkbookMayLackOptionalParts has neither styles nor a theme, which Excel opens as it is.
func TestAWorkbookMayLackOptionalParts(t *testing.T) {
	t.Parallel()
	parts := map[string]string{
		types: `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`,
		"_rels/.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Target="xl/workbook.xml" ` +
			`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>`,
		book: `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
			`<sheets><sheet name="Figures" sheetId="1" r:id="a"/></sheets></workbook>`,
		bookRels: `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Target="worksheets/sheet1.xml" ` +
			`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>`,
		"xl/worksheets/sheet1.xml": `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>`,
	}
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for name, text := range parts {
		w, err := z.Create(name)
		must(t, err)
		_, err = w.Write([]byte(text))
		must(t, err)
	}
	must(t, z.Close())
	for _, f := range check(t, file.Bytes()) {
		if f.Rule == "repair" || f.Rule == "references" {
			t.Error(f)
		}
	}
}

// TestFilesOfOtherMakersNeedNoRepair has other programs save the product's own workbook (Debian: python3-openpyxl,
// libreoffice-calc, gnumeric). What they save differs from the checklist in places, but nothing needs repair.
func TestFilesOfOtherMakersNeedNoRepair(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours := filepath.Join(dir, "ours.xlsx")
	must(t, os.WriteFile(ours, good(t), 0o600))
	out := filepath.Join(dir, "out")
	must(t, os.Mkdir(out, 0o700))
	for name, command := range map[string][]string{
		"openpyxl":    {"/usr/bin/python3", "-c", "import sys, openpyxl; openpyxl.load_workbook(sys.argv[1]).save(sys.argv[2])", ours, filepath.Join(out, "openpyxl.xlsx")},
		"Gnumeric":    {"ssconvert", "--export-type=Gnumeric_Excel:xlsx", ours, filepath.Join(out, "gnumeric.xlsx")},
		"LibreOffice": {"soffice", "-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--headless", "--convert-to", "xlsx", "--outdir", out, ours},
	} {
		if err := exec.Command(command[0], command[1:]...).Run(); err != nil {
			if os.Getenv("CI") != "" {
				t.Errorf("%s: %v", name, err)
			}
			t.Logf("%s is not here, or cannot do it: %v", name, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(out, "*.xlsx"))
	must(t, err)
	for _, path := range files {
		file, err := os.ReadFile(path)
		must(t, err)
		findings, err := lint.Check(bytes.NewReader(file), int64(len(file)), path)
		must(t, err)
		for _, f := range findings {
			if f.Rule == "repair" || f.Rule == "references" {
				t.Errorf("%s: %s", filepath.Base(path), f)
			}
		}
	}
}
