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
	rows := [][]table.Value{row("Abbey School", "100001"), withTime("1899-12-31T00:00:00Z"), row("St \x01 Anne's", "100002"), empty}
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
		if found := unwanted.FindString(partText(t, file, f.Name)); found != "" {
			t.Errorf("%s has %s", f.Name, found)
		}
	}
}
