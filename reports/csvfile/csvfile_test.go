package csvfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpd-jobs/reports/frontmatter"
	"cpd-jobs/reports/table"
)

func document() table.Document {
	return table.Document{
		Name: "example_report", Title: "Example report", About: "Every school, for a test.", Publisher: "Example department",
		Licence: table.Line{Text: "Open Government Licence v3.0", Link: "https://example.org/licence"},
		Made:    time.Date(2026, 11, 22, 6, 11, 0, 0, time.UTC),
		Columns: []table.Column{
			{Name: "urn", Title: "URN", Type: table.Text, About: "Unique reference number", Source: "schools.urn"},
			{Name: "name", Title: "Name", Type: table.Text},
			{Name: "phase", Title: "Phase", Type: table.Integer},
			{Name: "share", Title: "Share", Type: table.Decimal},
			{Name: "open", Title: "Open", Type: table.Boolean},
			{Name: "opened_at", Title: "Opened", Type: table.Timestamp},
			{Name: "opened_on", Title: "Opened on", Type: table.Date},
			{Name: "flags", Title: "Flags", Type: table.List},
		},
		Key: []string{"urn"},
	}
}

func row(urn, name string) []table.Value {
	at := time.Date(2023, 11, 15, 10, 0, 0, 0, time.UTC)
	return []table.Value{table.String(urn), table.String(name), table.Int(-2), table.Number("-0.50"), table.Bool(false), table.Time(at), table.Day(at),
		table.Strings([]string{"a", "b"})}
}

func write(t testing.TB, rows ...[]table.Value) string {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, document())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFile(t *testing.T) {
	t.Parallel()
	micro := row("100002", "b")
	micro[5] = table.Time(time.Date(2023, 11, 15, 10, 0, 0, 1000, time.UTC))
	got := write(t, row("007", "Abbey, \"Old\" School"), micro, make([]table.Value, 8))
	want := "urn,name,phase,share,open,opened_at,opened_on,flags\r\n" +
		"007,\"Abbey, \"\"Old\"\" School\",-2,-0.5,false,2023-11-15T10:00:00Z,2023-11-15,a; b\r\n" +
		"100002,b,-2,-0.5,false,2023-11-15T10:00:00.000001Z,2023-11-15,a; b\r\n" +
		",,,,,,,\r\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFormulas(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"formula":                     {"=cmd|' /C calc'!A0", `"'=cmd|' /C calc'!A0"`},
		"plus":                        {"+44 20 7946 0000", `"'+44 20 7946 0000"`},
		"minus":                       {"-2+3", `"'-2+3"`},
		"at":                          {"@SUM(A1)", `"'@SUM(A1)"`},
		"tab":                         {"\tx", "\"'\tx\""},
		"carriage return":             {"\rx", "\"'\rx\""},
		"line feed":                   {"\nx", "\"'\nx\""},
		"full-width equals":           {"＝1+1", `"'＝1+1"`},
		"quotes inside":               {`=HYPERLINK("x")`, `"'=HYPERLINK(""x"")"`},
		"a real number":               {"-1.5", "-1.5"},
		"a number with a plus":        {"+44", "+44"},
		"scientific":                  {"-1.5E-7", "-1.5E-7"},
		"nearly a number":             {"-1.5.2", `"'-1.5.2"`},
		"sign alone":                  {"-", `"'-"`},
		"an apostrophe":               {"'Abbey'", "'Abbey'"},
		"apostrophe before a formula": {"'=x", `"''=x"`},
		"two before a number":         {"''-1", `"'''-1"`},
		"dash inside":                 {"St-Mary", "St-Mary"},
		"spaces at the ends":          {" x ", `" x "`},
		"only spaces":                 {" ", `" "`},
		"CRLF inside":                 {"a\r\nb", "\"a\r\nb\""},
		"a lone CR inside":            {"a\rb", "\"a\rb\""},
		"a lone CR at the end":        {"a\r", "\"a\r\""},
		"a lone LF inside":            {"a\nb", "\"a\nb\""},
		"NUL":                         {"a\x00b", "a\x00b"},
		"bytes that are no UTF-8":     {"a\xff\xffr\r", "\"a\xff\xffr\r\""},
		"right to left":               {"מקור, עברית", `"מקור, עברית"`},
		"0x92":                        {"Mary\u0092s", "Mary\u0092s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := write(t, row("1", test.text))
			if !strings.HasPrefix(strings.SplitN(file, "\r\n", 2)[1], "1,"+test.want+",-2") {
				t.Errorf("%q is written in %q, want %s", test.text, file, test.want)
			}
			if got := reread(t, file); got[0][1].String() != test.text {
				t.Errorf("reread %q, want %q", got[0][1], test.text)
			}
		})
	}
}

func reread(t testing.TB, file string) [][]table.Value {
	t.Helper()
	var rows [][]table.Value
	for r, err := range Rows(iotest.OneByteReader(strings.NewReader(file)), document()) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, slices.Clone(r))
	}
	return rows
}

func TestWhatIsRereadIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	odd := row("3", strings.Repeat("long, \"quoted\" ", 20_000))
	odd[5], odd[6] = table.String("infinity"), table.String("-infinity")
	rows := [][]table.Value{row("1", "a"), make([]table.Value, 8), odd}
	var want, got table.Sum
	for _, r := range rows {
		want.Add(r)
	}
	for _, r := range reread(t, write(t, rows...)) {
		got.Add(r)
	}
	if err := want.Compare(&got); err != nil {
		t.Error(err)
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	t.Parallel()
	good := write(t, row("1", "a"), row("2", `b "c"`))
	header := strings.SplitAfter(good, "\r\n")[0]
	tests := map[string]string{
		"nothing":               "",
		"no header":             strings.TrimPrefix(good, header),
		"another column":        strings.Replace(good, "phase", "stage", 1),
		"a column more":         strings.Replace(good, "flags\r\n", "flags,more\r\n", 1),
		"a column fewer":        strings.Replace(good, ",flags\r\n", "\r\n", 1),
		"cut off":               good[:len(good)-1],
		"cut off in quotes":     good[:strings.LastIndex(good, `"`)],
		"a field more":          strings.Replace(good, "a; b\r\n", "a; b,\r\n", 1),
		"a field fewer":         strings.Replace(good, ",a; b\r\n", "\r\n", 1),
		"line feeds alone":      strings.ReplaceAll(good, "\r\n", "\n"),
		"quote in a bare field": strings.Replace(good, "1,a,", `1,a",`, 1),
		"text after a quote":    strings.Replace(good, `""c"""`, `""c""" `, 1),
		"byte order mark":       "\ufeff" + good,
		"a lone CR in a field":  strings.Replace(good, "1,a,", "1,a\rb,", 1),
		"a lone CR at an end":   strings.Replace(good, "a; b\r\n", "a; b\r", 1),
	}
	for name, file := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if file == good {
				t.Fatal("the test changed nothing")
			}
			for _, err := range Rows(strings.NewReader(file), document()) {
				if err != nil {
					return
				}
			}
			t.Errorf("%q was read without an error", file)
		})
	}
}

func TestRowsOfAnotherLengthAreRefused(t *testing.T) {
	t.Parallel()
	w, err := NewWriter(&bytes.Buffer{}, document())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(make([]table.Value, 3)); err == nil {
		t.Error("three values for eight columns were accepted")
	}
}

// TestOneColumn has values that a careless writer would leave as blank lines, which readers skip.
func TestOneColumn(t *testing.T) {
	t.Parallel()
	doc := document()
	doc.Columns = doc.Columns[1:2]
	var out bytes.Buffer
	w, err := NewWriter(&out, doc)
	if err != nil {
		t.Fatal(err)
	}
	want := []table.Value{{}, table.String("a"), {}}
	for _, v := range want {
		if err := w.Add([]table.Value{v}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if lines, err := csv.NewReader(strings.NewReader(out.String())).ReadAll(); err != nil || len(lines) != 4 {
		t.Errorf("the standard library reads %q, %v", lines, err)
	}
	var got []table.Value
	for r, err := range Rows(&out, doc) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r[0])
	}
	if !slices.Equal(got, want) {
		t.Errorf("reread %v, want %v", got, want)
	}
}

func TestGuardedTextsAreCountedAndListed(t *testing.T) {
	t.Parallel()
	for _, raw := range []bool{false, true} {
		doc := document()
		doc.Layout.Raw = raw
		var out bytes.Buffer
		w, err := NewWriter(&out, doc)
		if err != nil {
			t.Fatal(err)
		}
		rows := [][]table.Value{row("1", "=1+1"), row("2", "'=2"), row("3", "-3")}
		for _, r := range rows {
			if err := w.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		guarded := strings.Contains(out.String(), `"'=1+1"`)
		metadata, err := Metadata(doc, "x.csv", 3, w.Coerced())
		listed := strings.Contains(string(metadata), "URN 1, Name: an apostrophe in front")
		if err != nil || guarded == raw || listed == raw || (w.Coerced().Count == 2) == raw {
			t.Errorf("raw %v: guarded %v, listed %v, %d coerced, %v", raw, guarded, listed, w.Coerced().Count, err)
		}
		if raw && !strings.Contains(string(metadata), rawNote) {
			t.Errorf("the description does not say that the file is raw: %s", metadata)
		}
		for r, err := range Rows(&out, doc) {
			if err != nil || !slices.Equal(r, rows[0]) {
				t.Errorf("raw %v: reread %v, %v, want %v", raw, r, err, rows[0])
			}
			rows = rows[1:]
		}
		if len(rows) != 0 {
			t.Errorf("raw %v: %d rows are missing", raw, len(rows))
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	got, err := Metadata(document(), "example.csv", 2, frontmatter.Coercions{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("metadata differ from testdata/metadata.json (-want +got):\n%s", diff)
	}
	if !json.Valid(got) || MetadataName("a.csv") != "a.csv-metadata.json" {
		t.Errorf("not JSON, or called %s", MetadataName("a.csv"))
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "a", "=1", "'=1", "''", "-1.5", "\r\n", "\r", "\x00", `"`, "＝", "\xff", "\xffr"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, urn, name string) {
		file := write(t, row(urn, name))
		got := reread(t, file)
		if len(got) != 1 || got[0][0].String() != urn || got[0][1].String() != name {
			t.Errorf("%q, %q came back as %v", urn, name, got)
		}
		// The standard library agrees on what the fields are, but for the line ends within them.
		fields, err := csv.NewReader(strings.NewReader(file)).ReadAll()
		if err != nil || len(fields) != 2 || len(fields[1]) != 8 {
			t.Errorf("the standard library reads %q, %v", fields, err)
		}
	})
}

func TestExcelFileDiffersByItsMarkAlone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := NewExcelWriter(&out, document())
	if err != nil {
		t.Fatal(err)
	}
	r := row("007", "£5 für Ödön")
	if err := errors.Join(w.Add(r), w.Close()); err != nil {
		t.Fatal(err)
	}
	plain := write(t, r)
	if got := out.String(); got != "\xef\xbb\xbf"+plain {
		t.Errorf("%q, want the mark and %q", got, plain)
	}
	var rows int
	for got, err := range ExcelRows(&out, document()) {
		if err != nil || !slices.Equal(got, r) {
			t.Errorf("%v, %v, want %v", got, err, r)
		}
		rows++
	}
	if rows != 1 {
		t.Errorf("%d rows, want 1", rows)
	}
	for _, err := range ExcelRows(strings.NewReader(plain), document()) {
		if err == nil {
			t.Error("a file without the mark was read as one for Excel")
		}
	}
}
