package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"cpd-jobs/reports/table"
)

func TestWhatIsRereadIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	rows := hostileRows()
	file, w := workbook(t, rows, nil)
	var sum table.Sum
	for _, r := range rows {
		sum.Add(r)
	}
	if w.Coerced().Count != 0 {
		t.Errorf("%d values altered: %q", w.Coerced().Count, w.book.Coerced.Notes())
	}
	if err := sum.Compare(w.Sum()); err != nil {
		t.Error("the writer's sum:", err)
	}
	r, err := NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var got table.Sum
	i := 0
	for row, err := range r.Rows("example_report", document().Columns) {
		if err != nil {
			t.Fatal(err)
		}
		if want := rowText(rows[i]); rowText(row) != want {
			t.Errorf("row %d\n got %q\nwant %q", i, rowText(row), want)
		}
		got.Add(row)
		i++
	}
	if err := sum.Compare(&got); err != nil {
		t.Error(err)
	}
	if got := reread(t, file, "example_funnel", funnel().Columns); !slices.Equal(got, []string{"contacted|20|0.5", "not_contacted|20|0.5"}) {
		t.Errorf("funnel %q", got)
	}
}

func TestSameContentSameBytes(t *testing.T) {
	t.Parallel()
	many := make([][]table.Value, 0, 700)
	for i := range 700 {
		many = append(many, row(fmt.Sprint("School ", i%70), fmt.Sprint(100000+i)))
	}
	split := func(w *Writer) { w.data.limits.rows = 250 } // several sheets: excelize mixes their order
	first, _ := workbook(t, many, split)
	for range 9 {
		if again, _ := workbook(t, many, split); !bytes.Equal(first, again) {
			t.Fatal("two workbooks of the same rows differ")
		}
	}
}

func TestNoRows(t *testing.T) {
	t.Parallel()
	file, w := workbook(t, nil, nil)
	if got := reread(t, file, "example_report", document().Columns); len(got) != 0 || w.Sum().Rows() != 0 {
		t.Errorf("rows %q", got)
	}
}

func TestMoreRowsThanASheetHoldsGoOverSeveral(t *testing.T) {
	t.Parallel()
	var rows [][]table.Value
	for i := range 25 {
		rows = append(rows, row(fmt.Sprint("School ", i), fmt.Sprint(i)))
	}
	tests := map[string]struct {
		change     func(*Writer)
		wantSheets int
	}{
		"by rows":  {func(w *Writer) { w.data.limits.rows = 16 }, 3}, // six lines and headings, ten rows
		"by bytes": {func(w *Writer) { w.data.limits.bytes = 6000 }, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, w := workbook(t, rows, test.change)
			if len(w.book.Parts) != test.wantSheets {
				t.Errorf("sheets %+v, want %d", w.book.Parts, test.wantSheets)
			}
			got := reread(t, file, "example_report", document().Columns)
			for i, r := range rows {
				if got[i] != rowText(r) {
					t.Errorf("row %d: %q, want %q", i, got[i], rowText(r))
				}
			}
			if len(got) != len(rows) {
				t.Errorf("%d rows, want %d", len(got), len(rows))
			}
		})
	}
}

// CPD_JOBS_LONG=1 fills a sheet to its last row.
func TestARowMoreThanASheetHolds(t *testing.T) {
	t.Parallel()
	doc := document()
	doc.Columns = doc.Columns[1:2]
	doc.Columns[0].Link = ""
	var out bytes.Buffer
	w, err := NewWriter(&out, doc)
	if err != nil {
		t.Fatal(err)
	}
	if w.data.limits.rows != 1_048_576 {
		t.Errorf("a sheet gets %d rows, want all that Excel opens", w.data.limits.rows)
	}
	if os.Getenv("CPD_JOBS_LONG") == "" {
		w.data.limits.rows = 20_000
	}
	rows := w.data.limits.rows - 6 + 1 // six rows stand above the table's
	values := []table.Value{table.String("100001")}
	for range rows {
		if err := w.Add(values); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	parts := w.book.Parts
	if len(parts) != 2 || parts[0].Rows != rows-1 || parts[1].Rows != 1 || parts[1].Sheet != "Schools 2" {
		t.Errorf("sheets %+v", parts)
	}
	r, err := NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var got table.Sum
	for row, err := range r.Rows("example_report", doc.Columns) {
		if err != nil {
			t.Fatal(err)
		}
		got.Add(row)
	}
	if err := w.Sum().Compare(&got); err != nil {
		t.Error(err)
	}
}

func TestSheetTooBigForExcelIsRefused(t *testing.T) {
	t.Parallel()
	w, err := NewWriter(io.Discard, document())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	w.archive.limit = 150_000
	for i := 0; i < 1000 && err == nil; i++ {
		err = w.Add(row("A school", fmt.Sprint(i)))
	}
	if err == nil || !strings.Contains(err.Error(), "over 150000 bytes") {
		t.Errorf("error %v, want one that names the limit", err)
	}
}

func TestWhatNoCellCanHoldIsReplacedAndListed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 32767-1)
	tests := map[string]struct {
		text, want, wantNote string
	}{
		"control characters":                    {"a\x01b\x1fc", "a\ufffdb\ufffdc", "URN 100001, Name: control characters replaced."},
		"not characters":                        {"a\uffffb", "a\ufffdb", "URN 100001, Name: control characters replaced."},
		"invalid UTF-8":                         {"a\x92b", "a\ufffdb", "URN 100001, Name: control characters replaced."},
		"too long":                              {long + "yz", long + "y", "URN 100001, Name: cut after 32767 characters."},
		"an emoji at the end that does not fit": {long + "🏫", long, "URN 100001, Name: cut after 32767 characters."},
		"both":                                  {"\x02" + long + "z", "\ufffd" + long, "URN 100001, Name: control characters replaced and cut after 32767 characters."},
		"just fits":                             {long + "y", long + "y", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, w := workbook(t, [][]table.Value{row(test.text, "100001")}, nil)
			got := reread(t, file, "example_report", document().Columns)[0]
			if want := rowText(row(test.want, "100001")); got != want {
				t.Errorf("got %.60q of %d, want %.60q of %d", got, len(got), want, len(want))
			}
			notes := reread(t, file, "notes", []table.Column{{Title: "Note"}, {Title: "What it says"}})
			if last := notes[len(notes)-1]; test.wantNote != "" && !strings.HasSuffix(last, test.wantNote) {
				t.Errorf("last note %q, want %q", last, test.wantNote)
			}
			if (w.Coerced().Count > 0) != (test.wantNote != "") {
				t.Errorf("%d coerced", w.Coerced().Count)
			}
		})
	}
}

func TestHeadingsMustDiffer(t *testing.T) {
	t.Parallel()
	doc := document()
	doc.Columns[1].Title = "NAME"
	if _, err := NewWriter(io.Discard, doc); err == nil || !strings.Contains(err.Error(), `"NAME"`) {
		t.Errorf("error %v, want one that names the heading", err)
	}
}

func TestRowsOfAnotherLengthAreRefused(t *testing.T) {
	t.Parallel()
	w, err := NewWriter(io.Discard, document())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.Add(make([]table.Value, 3)); err == nil {
		t.Error("three values for eight columns were accepted")
	}
}

// full is a disk with room for some bytes.
type full struct{ room int }

var errFull = errors.New("no space left on device")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestNothingWaitsOnDisk(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	big := row(strings.Repeat("long ", 6000), "1")
	for name, finish := range map[string]func(*Writer) error{"abort": (*Writer).Abort, "disk full": (*Writer).Close} {
		w, err := NewWriter(&full{room: 10_000}, document())
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < 700 && err == nil; i++ { // 21 MB
			err = w.Add(big)
		}
		if name == "disk full" && !errors.Is(errors.Join(err, finish(w)), errFull) {
			t.Errorf("error %v, want %v", err, errFull)
		} else if name == "abort" && finish(w) != nil {
			t.Error("abort failed")
		}
		if files, _ := os.ReadDir(dir); len(files) != 0 {
			t.Errorf("%s: left behind: %v", name, files)
		}
	}
}

func TestBigCells(t *testing.T) {
	t.Parallel()
	var rows [][]table.Value
	for i := range 800 {
		rows = append(rows, row(strings.Repeat(fmt.Sprint("long ", i), 3000), fmt.Sprint(i)))
	}
	file, w := workbook(t, rows, nil)
	if err := verify(file, w.Sum()); err != nil {
		t.Error(err)
	}
}

func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	file, w := workbook(t, hostileRows(), nil)
	for at := 0; at < len(file); at += 503 {
		damaged := slices.Clone(file)
		damaged[at] ^= 0x10
		if verify(damaged, w.Sum()) == nil && !bytes.Equal(content(t, damaged), content(t, file)) {
			t.Errorf("a change of byte %d was not found", at)
		}
	}
	for _, size := range []int{0, 1, len(file) / 2, len(file) - 1} {
		if verify(file[:size], w.Sum()) == nil {
			t.Errorf("a file cut at %d of %d bytes was not found out", size, len(file))
		}
	}
}

func verify(file []byte, want *table.Sum) error {
	r, err := NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	var got table.Sum
	for row, err := range r.Rows("example_report", document().Columns) {
		if err != nil {
			return err
		}
		got.Add(row)
	}
	return want.Compare(&got)
}

// content is the sheet of data, unpacked: damage elsewhere is none of the table's.
func content(t *testing.T, file []byte) []byte {
	r, err := NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil
	}
	f, err := r.zip.Open(r.tables["example_report"].sheet)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, _ := io.ReadAll(f)
	return b
}
