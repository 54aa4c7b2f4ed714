package ods

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/tabletest"
	"cpd-jobs/reports/table"
)

// file writes rows, with the limits that change sets.
func file(t testing.TB, rows [][]table.Value, change func(*Writer)) (content []byte, w *Writer) {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, tabletest.Document(), tabletest.Funnel())
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(w)
	}
	for _, r := range rows {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), w
}

func reread(t testing.TB, content []byte, name string, columns []table.Column) ([][]table.Value, error) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	return tabletest.Collect(r.Rows(name, columns))
}

// part is what is in a part of a file.
func part(t testing.TB, content []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f) // which compares the checksum too
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func same(t *testing.T, got, want [][]table.Value) {
	t.Helper()
	if err := tabletest.Sum(want).Compare(tabletest.Sum(got)); err == nil {
		return
	}
	for i := range min(len(got), len(want)) {
		for c := range want[i] {
			if got[i][c] != want[i][c] {
				t.Errorf("row %d, column %d: %q, want %q", i+1, c+1, got[i][c], want[i][c])
			}
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
}

func TestWhatIsRereadIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	rows := tabletest.HostileRows()
	content, w := file(t, rows, nil)
	got, err := reread(t, content, "example_report", tabletest.Document().Columns)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, rows)
	if err := w.Sum().Compare(tabletest.Sum(rows)); err != nil || w.Coerced().Count != 0 {
		t.Errorf("%v, %d coerced", err, w.Coerced().Count)
	}
	funnel := tabletest.Funnel()
	if got, err = reread(t, content, funnel.Name, funnel.Columns); err != nil {
		t.Fatal(err)
	}
	same(t, got, funnel.Rows)
}

func TestNoRows(t *testing.T) {
	t.Parallel()
	content, _ := file(t, nil, nil)
	if got, err := reread(t, content, "example_report", tabletest.Document().Columns); err != nil || len(got) != 0 {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

// The media type stands at a fixed place, uncompressed, as the OpenDocument packages say in part 2, 3.3.
func TestMediaTypeComesFirst(t *testing.T) {
	t.Parallel()
	content, _ := file(t, tabletest.HostileRows(), nil)
	if got := string(content[30 : 38+len(mediaType)]); got != "mimetype"+mediaType {
		t.Errorf("the file begins with %q", content[:100])
	}
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if f.Flags&8 != 0 || len(f.Extra) > 0 || f.Modified.Year() != 1980 {
			t.Errorf("%s: flags %x, %d bytes more, of %s", f.Name, f.Flags, len(f.Extra), f.Modified)
		}
		part(t, content, f.Name)
	}
}

func TestSameContentSameBytes(t *testing.T) {
	rows := tabletest.HostileRows()
	for len(rows) < 4_000 { // some blocks of what is compressed at a time
		rows = append(rows, rows...)
	}
	want, _ := file(t, rows, nil)
	if got, _ := file(t, rows, nil); !bytes.Equal(got, want) {
		t.Error("two files of the same content differ")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got, _ := file(t, rows, nil); !bytes.Equal(got, want) {
		t.Error("a file written on one core differs")
	}
}

func TestRowsGoOnInAnotherSheet(t *testing.T) {
	t.Parallel()
	rows := tabletest.HostileRows()
	content, w := file(t, rows, func(w *Writer) { w.limits.rows = w.header() + 20 })
	got, err := reread(t, content, "example_report", tabletest.Document().Columns)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, rows)
	want := (len(rows) + 19) / 20
	if len(w.book.Parts) != want {
		t.Errorf("%d sheets, want %d", len(w.book.Parts), want)
	}
	xml := part(t, content, "content.xml")
	for _, text := range []string{"Example report, continued: part 2", `table:name="Schools 2"`, `table:name="example_report_2" table:target-range-address="'Schools 2'.A6:'Schools 2'.H26"`,
		"because a sheet can hold no more: Schools (20), Schools 2 (20)"} {
		if !strings.Contains(xml, text) {
			t.Errorf("the content does not say %q", text)
		}
	}
	if said := strings.Count(xml, "because a sheet can hold no more"); said != 2 {
		t.Errorf("it is said on %d sheets that the rows go on, want 2: the cover and the notes", said)
	}
}

func TestWhatNoCellCanHoldIsReplacedAndListed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want, note string }{
		"control characters": {"a\x00b\x1bc", "a\ufffdb\ufffdc", "URN 100001, Name: control characters replaced."},
		"too long":           {strings.Repeat("x", 40_000), strings.Repeat("x", 32_767), "URN 100001, Name: cut after 32767 characters."},
		"long in UTF-16":     {strings.Repeat("🏫", 20_000), strings.Repeat("🏫", 16_383), "cut after 32767 characters"},
		"not UTF-8":          {"a\xffb", "a\ufffdb", "control characters replaced"},
		"no characters":      {"a\uffffb", "a\ufffdb", "control characters replaced"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, w := file(t, [][]table.Value{tabletest.Row(test.text, "100001")}, nil)
			got, err := reread(t, content, "example_report", tabletest.Document().Columns)
			if err != nil || len(got) != 1 || got[0][0].String() != test.want || w.Coerced().Count != 1 {
				t.Fatalf("%d rows, %v, %d coerced", len(got), err, w.Coerced().Count)
			}
			if err := w.Sum().Compare(tabletest.Sum(got)); err != nil {
				t.Error(err)
			}
			if !strings.Contains(part(t, content, "content.xml"), test.note) {
				t.Errorf("the notes do not say %q", test.note)
			}
		})
	}
}

func TestContentThatNoProgramOpensIsRefused(t *testing.T) {
	t.Parallel()
	w, err := NewWriter(io.Discard, tabletest.Document())
	if err != nil {
		t.Fatal(err)
	}
	w.limits.bytes = 100_000
	for range 10_000 {
		if err = w.Add(tabletest.Row("name", "100001")); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "export it as CSV") || run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("error %v, want a refusal that says what to do", err)
	}
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
}

func TestChecklist(t *testing.T) {
	t.Parallel()
	content, _ := file(t, tabletest.HostileRows(), nil)
	xml := part(t, content, "content.xml")
	var sheets []string
	for _, m := range regexp.MustCompile(`<table:table table:name="([^"]*)"`).FindAllStringSubmatch(xml, -1) {
		sheets = append(sheets, m[1])
	}
	if got, want := strings.Join(sheets, ", "), "Cover, Contents, Notes, Data dictionary, Funnel, Schools"; got != want {
		t.Errorf("sheets %s, want %s", got, want)
	}
	for what, test := range map[string]struct {
		text  string
		times int
	}{
		"every title is a heading":     {`<table:table-row><table:table-cell table:style-name="Heading_20_1"`, 6},
		"every table is marked up":     {`table:contains-header="true"`, 5},
		"every table has one header":   {`<table:table-header-rows>`, 5},
		"no filter buttons":            {`table:display-filter-buttons="false"`, 5},
		"no merged cells":              {`spanned`, 0},
		"nothing is a formula":         {`table:formula`, 0},
		"the contents lead to a sheet": {`xlink:href="#'Data dictionary'.A1"`, 2 + 1},
		"the table has its cells":      {`table:name="example_report" table:target-range-address="'Schools'.A6:'Schools'.H`, 1},
	} {
		if got := strings.Count(xml, test.text); got != test.times {
			t.Errorf("%s: %d times, want %d", what, got, test.times)
		}
	}
	meta := part(t, content, "meta.xml")
	for _, want := range []string{"<dc:title>Example report<", "<meta:initial-creator>Example department<", "<dc:subject>Every school, for a test.<",
		"<dc:language>en-GB<", "<meta:creation-date>2026-11-22T06:11:00Z<"} {
		if !strings.Contains(meta, want) {
			t.Errorf("properties without %s: %s", want, meta)
		}
	}
	if !strings.Contains(part(t, content, "settings.xml"), `"ActiveTable" config:type="string">Cover<`) {
		t.Error("it does not open on the cover")
	}
}

func TestNamesThatClashAreRefused(t *testing.T) {
	t.Parallel()
	doc := tabletest.Document()
	doc.Columns[1].Title = "name"
	summary := tabletest.Funnel()
	summary.Sheet = "Schools"
	for want, begin := range map[string]func() (*Writer, error){
		`two columns are headed "name"`:        func() (*Writer, error) { return NewWriter(io.Discard, doc) },
		`two sheets would be called "Schools"`: func() (*Writer, error) { return NewWriter(io.Discard, tabletest.Document(), summary) },
		"row 1 has 1 values for 3 columns": func() (*Writer, error) {
			short := tabletest.Funnel()
			short.Rows = [][]table.Value{{table.Int(1)}}
			return NewWriter(io.Discard, tabletest.Document(), short)
		},
	} {
		if _, err := begin(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	t.Parallel()
	doc := tabletest.Document()
	good, _ := file(t, tabletest.HostileRows(), nil)
	if _, err := reread(t, good, "another", doc.Columns); err == nil {
		t.Error("a table that is not there was read")
	}
	other := tabletest.Document().Columns
	other[2].Title = "Stage"
	for name, columns := range map[string][]table.Column{"another heading": other, "a column fewer": doc.Columns[:7],
		"a column more": append(tabletest.Document().Columns, table.Column{Name: "more"})} {
		if _, err := reread(t, good, "example_report", columns); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
	for at := len(good) / 2; at < len(good)/2+2000; at += 97 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x55
		if got, err := reread(t, bad, "example_report", doc.Columns); err == nil && tabletest.Sum(got).Text() != tabletest.Sum(tabletest.HostileRows()).Text() {
			t.Errorf("byte %d spoilt: other values were read without an error", at)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range append(tabletest.HostileNames, "\xff", "a\x00") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		content, w := file(t, [][]table.Value{tabletest.Row(name, "1")}, nil)
		got, err := reread(t, content, "example_report", tabletest.Document().Columns)
		if err != nil || len(got) != 1 {
			t.Fatal(len(got), err)
		}
		if err := w.Sum().Compare(tabletest.Sum(got)); err != nil {
			t.Errorf("%q came back as %q", name, got[0][0])
		}
	})
}

func TestValuesLeadToThePageAboutThem(t *testing.T) {
	t.Parallel()
	doc := tabletest.Document()
	doc.Columns[1].Link = "https://example.org/schools?urn="
	var out bytes.Buffer
	w, err := NewWriter(&out, doc)
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]table.Value{tabletest.Row("name", "10 & 1"), make([]table.Value, 8)}
	for _, r := range rows {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	xml := part(t, out.Bytes(), "content.xml")
	for _, want := range []string{`<text:a xlink:type="simple" xlink:href="https://example.org/schools?urn=10%20&amp;%201">10 &amp; 1</text:a>`, "URN leads to the page about it"} {
		if !strings.Contains(xml, want) {
			t.Errorf("the content has no %s", want)
		}
	}
	got, err := reread(t, out.Bytes(), doc.Name, doc.Columns)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, rows)
}
