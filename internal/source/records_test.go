package source

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, text, want string }{
		{"plain", "a,b\nc,d\n", "1[a|b] 2[c|d]"},
		{"CRLF", "a,b\r\nc,d\r\n", "1[a|b] 2[c|d]"},
		{"no line end at the end", "a,b\nc,d", "1[a|b] 2[c|d]!"},
		{"no line end but CR", "a,b\r", "1[a|b]!"},
		{"quotes", "\"a\",\"b\"\r\n\"c\",d\n", "1[a|b] 2[c|d]"},
		{"comma and quote in quotes", "\"a,\"\"b\"\"\",c\n", "1[a,\"b\"|c]"},
		{"line end in quotes", "\"a\r\nb\",c\nd,e\n", "1[a\r\nb|c] 3[d|e]"},
		{"empty fields", ",\n\"\",\"\"\n", "1[|] 2[|]"},
		{"empty last field at the end", "a,", "1[a|]!"},
		{"quoted last field at the end", "a,\"b\"", "1[a|b]!"},
		{"empty lines are none", "\n\r\na\n\n\nb\n", "3[a] 6[b]"},
		{"a quote in a field", "a,b\"c\nd,e\n", "1(a quote stands inside a field) 2[d|e]"},
		{"text after a quote", "\"a\"b,c\nd,e\n", "1(a quote stands inside a field) 2[d|e]"},
		{"a lone CR stays", "a\rb,c\n", "1[a\rb|c]"},
		{"cut in quotes", "a,b\n\"c", "1[a|b] the file ends in the middle of a field"},
		{"cut behind a doubled quote", "\"a\"\"", " the file ends in the middle of a field"},
		{"too long", strings.Repeat("x", maxRecord+10) + "\na,b\n", "1(the record is longer than 256 KiB) 2[a|b]"},
		{"too long in quotes", "\"" + strings.Repeat("x\n", maxRecord) + "\",y\na,b\n", "1(the record is longer than 256 KiB) 262146[a|b]"},
		{"a quote that never ends", "a\n\"" + strings.Repeat("x,\n", maxRecord), "1[a] the file ends in the middle of a field"},
		{"nothing", "", ""},
	}
	for _, c := range cases {
		for reader, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "by halves": iotest.HalfReader, "with its end": iotest.DataErrReader,
		} {
			t.Run(c.name+" "+reader, func(t *testing.T) {
				t.Parallel()
				if got := readAll(wrap(strings.NewReader(c.text))); got != strings.TrimSpace(c.want) {
					t.Errorf("got %.200q, want %q", got, c.want)
				}
			})
		}
	}
}

// readAll writes records as line[field|field], with ! behind one that the file does not end.
func readAll(src io.Reader) string {
	r := NewRecords(src)
	var parts []string
	for r.Next() {
		rec := r.Record()
		if rec.Fault != "" {
			parts = append(parts, fmt.Sprintf("%d(%s)", rec.Line, rec.Fault))
			continue
		}
		var fields []string
		for _, f := range rec.Fields {
			fields = append(fields, string(f))
		}
		part := fmt.Sprintf("%d[%s]", rec.Line, strings.Join(fields, "|"))
		if rec.Unended {
			part += "!"
		}
		parts = append(parts, part)
	}
	if r.Err() != nil {
		parts = append(parts, r.Err().Error())
	}
	return strings.Join(parts, " ")
}

func TestRecordsPassOnErrorsOfTheSource(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	r := NewRecords(io.MultiReader(strings.NewReader("a,b\nc,"), iotest.ErrReader(broken)))
	n := 0
	for r.Next() {
		n++
	}
	if n != 1 || !errors.Is(r.Err(), broken) {
		t.Errorf("got %d records and %v, want 1 and the error", n, r.Err())
	}
}

// FuzzRecords holds the reader to the standard library's wherever that accepts a file.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{
		"a,b\r\nc,d", "\"a\"\"b\",\"c\nd\"\n", "a,\"\"", "\"", "a\"b\n", "\"a\"b\n", ",,\n\r\n\n", "a\r\nb\rc\n", "\"a\r\n", "\xef\xbb\xbfa,b\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		std := csv.NewReader(strings.NewReader(text))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		r := NewRecords(iotest.OneByteReader(strings.NewReader(text)))
		var got [][]string
		for r.Next() {
			var fields []string
			for _, field := range r.Record().Fields {
				// The standard library makes LF of CRLF in quotes; here that is left to cleaning.
				fields = append(fields, strings.ReplaceAll(string(field), "\r\n", "\n"))
			}
			if r.Record().Fault == "" {
				got = append(got, fields)
			}
		}
		if err != nil {
			return // what it rejects whole is read in part here
		}
		if r.Err() != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%q: got %q, %v; want %q", text, got, r.Err(), want)
		}
	})
}

// FuzzEncoding checks that whatever is decoded is valid text, and that the look through a file does not depend on its
// chunks.
func FuzzEncoding(f *testing.F) {
	for _, seed := range []string{"plain", "caf\xe9", "café", "\xef\xbb\xbfa", "\xff\xfea", "a\x81b", "\x92", "\xe2\x80"} {
		f.Add([]byte(seed), 1)
	}
	f.Fuzz(func(t *testing.T, text []byte, chunk int) {
		var atOnce, inChunks encodingLook
		_, _ = atOnce.Write(text)
		for rest, n := text, max(1, min(chunk, 8)); len(rest) > 0; {
			n = min(n, len(rest))
			_, _ = inChunks.Write(rest[:n])
			rest = rest[n:]
		}
		a, errA := atOnce.verdict()
		b, errB := inChunks.verdict()
		if a != b || (errA == nil) != (errB == nil) {
			t.Fatalf("%q: %s at once, %s in chunks of %d", text, a, b, chunk)
		}
		for _, enc := range []Encoding{ASCII, UTF8, Windows1252} {
			value, _, fault := enc.Clean(nil, text)
			if fault == "" && strings.ToValidUTF8(string(value), "") != string(value) {
				t.Errorf("%s makes %q of %q", enc, value, text)
			}
		}
	})
}
