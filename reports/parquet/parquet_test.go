package parquet

import (
	"bytes"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"cpd-jobs/internal/testing/tabletest"
	"cpd-jobs/reports/table"
)

func document() table.Document {
	doc := tabletest.Document()
	doc.Facts = []table.Fact{{Name: "version", Value: "7"}, {Name: "definition", Value: "1.0"}}
	return doc
}

// testGroup is how many rows a group has in these tests.
const testGroup = 3000

func file(t testing.TB, rows [][]table.Value) (content []byte, w *Writer) {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, document())
	if err != nil {
		t.Fatal(err)
	}
	w.group = testGroup
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

func reread(t testing.TB, content []byte) [][]table.Value {
	t.Helper()
	rows, err := tabletest.Collect(Rows(bytes.NewReader(content), int64(len(content)), document()))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// many makes n rows, over several groups and batches, each with another URN.
func many(n int) [][]table.Value {
	hostile := tabletest.HostileRows()
	rows := make([][]table.Value, n)
	for i := range rows {
		rows[i] = append([]table.Value{}, hostile[i%len(hostile)]...)
		rows[i][1] = table.String(strconv.Itoa(100_000 + i))
	}
	return rows
}

func TestWhatIsRereadIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, batchRows, batchRows + 1, testGroup, 2*testGroup + 1} {
		rows := many(n)
		content, w := file(t, rows)
		got := reread(t, content)
		if err := tabletest.Sum(rows).Compare(tabletest.Sum(got)); err != nil || w.Coerced().Count != 0 {
			t.Errorf("%d rows: %v, %d coerced", n, err, w.Coerced().Count)
			for i := range min(len(got), len(rows)) {
				for c := range rows[i] {
					if got[i][c] != rows[i][c] {
						t.Fatalf("row %d, column %d: %q, want %q", i+1, c+1, got[i][c], rows[i][c])
					}
				}
			}
		}
	}
}

func TestFileDescribesItself(t *testing.T) {
	t.Parallel()
	content, _ := file(t, many(testGroup+5))
	f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	want := `message example_report {
	optional binary name (STRING);
	optional binary urn (STRING);
	optional int32 phase (INT(32,true));
	optional double share;
	optional boolean in_partnership;
	optional int64 opened_at (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	optional int32 opened_on (DATE);
	required group flags (LIST) {
		repeated group list {
			required binary element (STRING);
		}
	}
}`
	if got := f.Schema().String(); got != want {
		t.Errorf("schema\n%s\nwant\n%s", got, want)
	}
	for name, want := range map[string]string{"report": "example_report", "version": "7", "as_of": "2026-11-22T06:10:00Z", "definition": "1.0"} {
		if got, ok := f.Lookup(name); !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if groups := f.RowGroups(); len(groups) != 2 || groups[0].NumRows() != testGroup || groups[1].NumRows() != 5 {
		t.Errorf("%d groups", len(groups))
	}
	for _, c := range f.Metadata().RowGroups[0].Columns {
		if codec := c.MetaData.Codec.String(); codec != "ZSTD" {
			t.Errorf("%v is compressed with %s", c.MetaData.PathInSchema, codec)
		}
	}
}

func TestSameContentSameBytes(t *testing.T) {
	rows := many(2*testGroup + 500)
	want, _ := file(t, rows)
	if got, _ := file(t, rows); !bytes.Equal(got, want) {
		t.Error("two files of the same content differ")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got, _ := file(t, rows); !bytes.Equal(got, want) {
		t.Error("a file written on one core differs")
	}
}

func TestWhatATypeCannotHoldIsListed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		column     int
		value      table.Value
		want, note string
	}{
		"a time that no clock reaches": {5, table.String("infinity"), "", "URN 1, Email opened (UTC): infinity left out, which is no date and time"},
		"a date that no calendar has":  {6, table.String("-infinity"), "", "-infinity left out"},
		"a number of 64 bits":          {2, table.Int(1 << 40), "", "1099511627776 left out, which is no whole number"},
		"a number of many digits":      {3, table.Number("0.12345678901234567"), "0.12345678901234566", "0.12345678901234567 rounded"},
		"no number":                    {3, table.String("NaN"), "", "NaN left out"},
		"no text":                      {0, table.String("a\xff"), "a\ufffd", "bytes replaced"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := tabletest.Row("name", "1")
			row[test.column] = test.value
			content, w := file(t, [][]table.Value{row})
			got := reread(t, content)
			if got[0][test.column].String() != test.want || w.Coerced().Count != 1 {
				t.Errorf("%q, %d coerced", got[0][test.column], w.Coerced().Count)
			}
			if err := w.Sum().Compare(tabletest.Sum(got)); err != nil {
				t.Error(err)
			}
			f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
			if err != nil {
				t.Fatal(err)
			}
			if listed, _ := f.Lookup("altered"); !strings.Contains(listed, test.note) {
				t.Errorf("listed %q, want %q", listed, test.note)
			}
		})
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	t.Parallel()
	good, _ := file(t, many(2000))
	other := document()
	other.Columns[2].Type = table.Text
	renamed := document()
	renamed.Columns[0].Name = "title"
	for name, test := range map[string]struct {
		content []byte
		doc     table.Document
	}{
		"nothing": {nil, document()}, "cut off": {good[:len(good)-9], document()}, "another type": {good, other}, "another name": {good, renamed},
	} {
		if _, err := tabletest.Collect(Rows(bytes.NewReader(test.content), int64(len(test.content)), test.doc)); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

var errFull = errors.New("the disk is full")

// full takes some bytes and no more.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestFailureComesOutAndNothingHangs(t *testing.T) {
	t.Parallel()
	w, err := NewWriter(&full{left: 10}, document())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range many(2000) {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("error %v, want %v", err, errFull)
	}
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
}

func TestTimesKeepTheirMicroseconds(t *testing.T) {
	t.Parallel()
	at := time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)
	row := tabletest.Row("name", "1")
	row[5], row[6] = table.Time(at), table.Day(at)
	content, _ := file(t, [][]table.Value{row})
	if got := reread(t, content)[0]; got[5] != row[5] || got[6] != row[6] {
		t.Errorf("%s, %s, want %s, %s", got[5], got[6], row[5], row[6])
	}
}
