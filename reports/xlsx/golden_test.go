package xlsx

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"cpd-jobs/reports/table"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWorkbook(t *testing.T) {
	t.Parallel()
	empty := make([]table.Value, 8)
	empty[1] = table.String("100003")
	before1900 := row("at 1899-12-31", "100004")
	before1900[6] = table.Parse("1899-12-31", table.Date)
	rows := [][]table.Value{row("Abbey School", "100001"), before1900, row("St \x01 Anne's", "100002"), empty}
	file, _ := workbook(t, rows, nil)
	got := dump(t, file)
	golden := filepath.Join("testdata", "workbook.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the workbook differs from %s (-want +got); see that it is right, then run with -update:\n%s", golden, diff)
	}
}

// dump is all that a reader can find in a workbook, as text: properties, then sheet by sheet widths, cells with their
// styles and links, and tables.
func dump(t *testing.T, file []byte) string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b strings.Builder
	props, err := f.GetDocProps()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "title %q, subject %q, author %q, language %q, created %s, modified %s\n",
		props.Title, props.Subject, props.Creator, props.Language, props.Created, props.Modified)
	fmt.Fprintf(&b, "active sheet %d, parts of the archive:\n%s", f.GetActiveSheetIndex(), parts(t, file))
	for _, sheet := range f.GetSheetList() {
		dumpSheet(t, &b, f, sheet)
	}
	for _, name := range []string{"xl/tables/table1.xml", "xl/tables/table5.xml"} {
		fmt.Fprintf(&b, "\n== %s ==\n%s\n", name, partText(t, file, name))
	}
	return b.String()
}

func dumpSheet(t *testing.T, b *strings.Builder, f *excelize.File, sheet string) {
	t.Helper()
	fmt.Fprintf(b, "\n== %s ==\n", sheet)
	panes, err := f.GetPanes(sheet)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "frozen %v, cursor in %s\n", panes.Freeze, panes.Selection[0].ActiveCell)
	tables, err := f.GetTables(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		fmt.Fprintf(b, "table %s at %s\n", table.Name, table.Range)
	}
	rows, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for y, cells := range rows {
		for x := range cells {
			if x == 0 || cells[x] != "" {
				dumpCell(t, b, f, sheet, x+1, y+1)
			}
		}
	}
}

func dumpCell(t *testing.T, b *strings.Builder, f *excelize.File, sheet string, x, y int) {
	t.Helper()
	cell, err := excelize.CoordinatesToCellName(x, y)
	if err != nil {
		t.Fatal(err)
	}
	shown, _ := f.GetCellValue(sheet, cell)
	kind, _ := f.GetCellType(sheet, cell)
	id, _ := f.GetCellStyle(sheet, cell)
	width, _ := f.GetColWidth(sheet, strings.TrimRight(cell, "0123456789"))
	fmt.Fprintf(b, "%-4s %-9s %-9s %3.0f  %q", cell, typeName(kind), styleName(f, id), width, shown)
	if linked, target, _ := f.GetCellHyperLink(sheet, cell); linked {
		fmt.Fprintf(b, " -> %s", target)
	}
	b.WriteByte('\n')
}

func typeName(kind excelize.CellType) string {
	switch kind {
	case excelize.CellTypeBool:
		return "boolean"
	case excelize.CellTypeInlineString:
		return "text"
	case excelize.CellTypeUnset, excelize.CellTypeNumber:
		return "number"
	default:
		return fmt.Sprint(kind)
	}
}

// styleName is the built-in style's name where it has one, else what stands out.
func styleName(f *excelize.File, id int) string {
	master := f.Styles.CellXfs.Xf[id].XfID
	for _, s := range f.Styles.CellStyles.CellStyle {
		if master != nil && s.XfID == *master && s.Name != "Normal" {
			return s.Name
		}
	}
	style, err := f.GetStyle(id)
	switch {
	case err != nil || style.Font == nil:
		return "none"
	case style.Font.Bold:
		return "bold"
	case style.Font.Underline != "":
		return "link"
	case style.Alignment != nil && style.Alignment.WrapText:
		return "wrapped"
	default:
		return "plain"
	}
}

func parts(t *testing.T, file []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range z.File {
		fmt.Fprintf(&b, "  %s %s\n", f.Modified.UTC().Format("2006-01-02"), f.Name)
	}
	return b.String()
}

func partText(t *testing.T, file []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestNoMergedCellsFillsOrFilters(t *testing.T) {
	t.Parallel()
	file, _ := workbook(t, hostileRows(), nil)
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	unwanted := regexp.MustCompile(`<mergeCell|<autoFilter|<pane|hidden="|patternType="solid"|<drawing|<headerFooter`)
	for _, f := range z.File {
		found := unwanted.FindString(partText(t, file, f.Name))
		if found != "" && f.Name != "xl/worksheets/sheet7.xml" { // of charts, the last
			t.Errorf("%s has %s", f.Name, found)
		}
	}
}

func TestChosenLayout(t *testing.T) {
	t.Parallel()
	doc := document()
	doc.Layout = table.Layout{NoCharts: true, FreezePanes: true, FilterButtons: true}
	file, w := workbookOf(t, doc, hostileRows(), nil)
	if err := verify(file, w.Sum()); err != nil {
		t.Error(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if sheets := f.GetSheetList(); slices.Contains(sheets, "Charts") {
		t.Errorf("sheets %q", sheets)
	}
	panes, err := f.GetPanes("Schools")
	if err != nil || !panes.Freeze || panes.YSplit != 6 || panes.TopLeftCell != "A7" {
		t.Errorf("panes %+v, %v", panes, err)
	}
	for _, f := range []string{"xl/tables/table1.xml", "xl/tables/table5.xml"} {
		if !strings.Contains(partText(t, file, f), "<autoFilter ") {
			t.Errorf("%s has no filter buttons", f)
		}
	}
}

func TestLinksEndWhereASheetHasNoMore(t *testing.T) {
	t.Parallel()
	var rows [][]table.Value
	for i := range maxLinks + 10 {
		rows = append(rows, []table.Value{{}, table.String(fmt.Sprint(100_000 + i)), {}, {}, {}, {}, {}, {}})
	}
	file, _ := workbook(t, rows, nil)
	sheet := partText(t, file, "xl/worksheets/sheet6.xml")
	if n := strings.Count(sheet, "<hyperlink "); n != maxLinks {
		t.Errorf("%d links, want %d", n, maxLinks)
	}
	rels := partText(t, file, "xl/worksheets/_rels/sheet6.xml.rels")
	last := fmt.Sprintf("https://example.org/schools/%d", 100_000+maxLinks-3) // two lines above the table have links too
	if !strings.Contains(rels, last+`"`) || strings.Count(rels, "<Relationship ") != maxLinks-2+1 {
		t.Errorf("%d relations, of which none leads to %s", strings.Count(rels, "<Relationship "), last)
	}
}
