// Package clean makes text from outside fit to be kept and shown: in a row of PostgreSQL, which takes neither NUL nor
// bytes that are not UTF-8, in a log, and on a terminal, which obeys escape sequences. It is the one border that such
// text crosses.
package clean

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of a text is kept, in bytes.
const (
	MaxName  = 200       // of a step, a unit, a file
	MaxError = 8 << 10   // of an error, or of a log line
	MaxJSON  = 256 << 10 // of a result, or of a line's attributes
)

// cut ends a text that was longer than is kept.
const cut = "... (cut)"

// Text is s as valid UTF-8 of at most max bytes, with control characters other than newline and tab, and those that
// change the direction of text, written as escapes.
func Text(s string, max int) string {
	if len(s) <= max && isClean(s) {
		return s
	}
	var out strings.Builder
	for i, r := range s {
		piece := string(r)
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			piece = fmt.Sprintf(`\x%02x`, s[i]) // a byte that is not UTF-8
		case hidden(r) && r < 0x100:
			piece = fmt.Sprintf(`\x%02x`, r)
		case hidden(r):
			piece = fmt.Sprintf(`\u%04x`, r)
		}
		out.WriteString(piece)
		if out.Len() > max {
			break
		}
	}
	kept := out.String()
	if len(kept) <= max {
		return kept
	}
	end := max - min(len(cut), max)
	for end > 0 && !utf8.RuneStart(kept[end]) {
		end--
	}
	return kept[:end] + cut[:min(len(cut), max)]
}

// ShellWord quotes s as one word of a POSIX shell, for a command that a person may copy.
func ShellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func isClean(s string) bool { return utf8.ValidString(s) && strings.IndexFunc(s, hidden) < 0 }

// hidden says that a character does something rather than show something.
func hidden(r rune) bool {
	return r != '\n' && r != '\t' && unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// JSON is raw with the texts in it cleaned, or a JSON object that says why it is not kept where it is not JSON or is
// longer than MaxJSON.
func JSON(raw []byte) json.RawMessage {
	if len(raw) > MaxJSON {
		return refused("%d bytes, more than are kept", len(raw))
	}
	if utf8.Valid(raw) && !bytes.Contains(raw, []byte(`\u`)) && json.Valid(raw) {
		return raw // the encoder writes what is to be cleaned as escapes
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil || decoder.More() {
		return refused("not JSON")
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(cleaned(value)); err != nil {
		return refused("%v", err)
	}
	return bytes.TrimSpace(out.Bytes())
}

func refused(format string, args ...any) json.RawMessage {
	raw, _ := json.Marshal(map[string]string{"not_kept": fmt.Sprintf(format, args...)}) // a text: cannot fail
	return raw
}

func cleaned(value any) any {
	switch v := value.(type) {
	case string:
		return Text(v, MaxJSON)
	case []any:
		for i := range v {
			v[i] = cleaned(v[i])
		}
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[Text(name, MaxJSON)] = cleaned(member)
		}
		return out
	default:
		return v
	}
}

// Error is err with its text cleaned; what it wraps is still found in it. Nil stays nil.
func Error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if kept := Text(text, MaxError); kept != text {
		return &failure{text: kept, err: err}
	}
	return err
}

type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }
