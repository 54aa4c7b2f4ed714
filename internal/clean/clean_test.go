package clean_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"cpd-jobs/internal/clean"
	"cpd-jobs/internal/pgtest"
)

func TestText(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                      "",
		"Ysgol Gynradd Ŵyr\n\t": "Ysgol Gynradd Ŵyr\n\t",
		"a\x00b":                `a\x00b`,
		"St Mary\x92s":          `St Mary\x92s`, // Windows-1252
		"\x1b[2Jgone":           `\x1b[2Jgone`,
		"a\rb\u0085":            `a\x0db\x85`,
		"invoice\u202Efdp.exe":  `invoice\u202efdp.exe`,
		"already \uFFFD":        "already \uFFFD",
		"cut \xe2\x82":          `cut \xe2\x82`,
	} {
		if got := clean.Text(given, 100); got != want {
			t.Errorf("Text(%q) = %q, want %q", given, got, want)
		}
	}
	if got, want := clean.Text(strings.Repeat("é", 50), 20), "ééééé... (cut)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := clean.Text(strings.Repeat("x", 20), 20); got != strings.Repeat("x", 20) {
		t.Errorf("a text of just the length is %q", got)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`{"a": 1.10, "b": [true, null]}`:      `{"a": 1.10, "b": [true, null]}`,
		`{"a": "x\u0000y", "n": 1.10}`:        `{"a":"x\\x00y","n":1.10}`,
		`{"k\u0000": [{"\u001b": "\u00e9"}]}`: `{"k\\x00":[{"\\x1b":"é"}]}`,
		`"\\u0000"`:                           `"\\u0000"`, // no NUL, but its spelling
		"{\"a\": \"\xff\"}":                   "{\"a\":\"\uFFFD\"}",
		`{"a": "\ud800"}`:                     "{\"a\":\"\uFFFD\"}",
		`{`:                                   `{"not_kept":"not JSON"}`,
		`{} {}`:                               `{"not_kept":"not JSON"}`,
		`"` + strings.Repeat("x", clean.MaxJSON) + `"`: `{"not_kept":"262146 bytes, more than are kept"}`,
	} {
		if got := string(clean.JSON([]byte(given))); got != want {
			t.Errorf("JSON(%.50s) = %s, want %s", given, got, want)
		}
	}
}

func TestErrorKeepsWhatItWraps(t *testing.T) {
	t.Parallel()
	if clean.Error(nil) != nil || clean.Error(io.EOF) != io.EOF {
		t.Error("nil or a clean error is changed")
	}
	err := clean.Error(errors.Join(io.EOF, errors.New("row \x00")))
	if !errors.Is(err, io.EOF) || err.Error() != `EOF`+"\n"+`row \x00` {
		t.Errorf("got %q", err)
	}
	if n := len(clean.Error(errors.New(strings.Repeat("x", 30<<20))).Error()); n != clean.MaxError {
		t.Errorf("an error of 30 MB keeps %d bytes", n)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", "a\x00b", "\xff\xfe", "\x1b[31mred", "é\xc3", "\u202E", strings.Repeat("\x00", 100)} {
		f.Add(s, 40)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 1 || limit > 1000 {
			limit = 40
		}
		got := clean.Text(s, limit)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\x1b\r\u202e") || len(got) > limit {
			t.Errorf("Text(%q, %d) = %q", s, limit, got)
		}
		if again := clean.Text(got, limit); again != got {
			t.Errorf("Text(%q) is %q the second time", got, again)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"a": "\u0000"}`, `["\ud800", "\\u0000"]`, "\xff", `1e999`, `{"a": {"a": {}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := clean.JSON(raw)
		var value any
		if err := json.Unmarshal(got, &value); err != nil && json.Valid(raw) == false {
			t.Errorf("JSON(%q) = %q: %v", raw, got, err)
		}
		if again := clean.JSON(got); string(again) != string(got) {
			t.Errorf("JSON(%q) is %q the second time", got, again)
		}
	})
}

// PostgreSQL itself takes whatever comes out.
func TestPostgreSQLTakesWhatIsCleaned(t *testing.T) {
	t.Parallel()
	db := pgtest.Connect(t, pgtest.NewEmpty(t))
	var text strings.Builder
	for b := range 256 {
		text.WriteByte(byte(b))
		text.WriteRune(rune(b))
	}
	text.WriteString("\uFFFE\U0010FFFF\u202E")
	raw, err := json.Marshal(map[string]string{text.String(): text.String()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "SELECT $1::jsonb", string(raw)); err == nil {
		t.Error("PostgreSQL takes it as it is: the test shows nothing")
	}
	if _, err := db.Exec(t.Context(), "SELECT $1::text, $2::jsonb", clean.Text(text.String(), 10_000), string(clean.JSON(raw))); err != nil {
		t.Error(err)
	}
}
