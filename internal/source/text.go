package source

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxField is the longest value that is believed, in bytes; the longest real one, a website, has 180 characters.
const MaxField = 64 << 10

// Clean decodes and trims a field. Where that takes room it is appended to scratch, which is returned for the next
// field. The fault says why the value cannot be used, "" if it can.
func (e Encoding) Clean(scratch, field []byte) (value, rest []byte, fault string) {
	if len(field) > MaxField {
		return nil, scratch, "is longer than 64 KiB"
	}
	if isPlain(field) {
		return bytes.Trim(field, " "), scratch, ""
	}
	start := len(scratch)
	scratch, ok := e.Decode(scratch, field)
	if !ok {
		return nil, scratch, "has a byte that " + string(e) + " does not define"
	}
	value = scratch[start:]
	for i := 0; i < len(value); {
		c, size := utf8.DecodeRune(value[i:])
		if fault := forbidden(c); fault != "" {
			return nil, scratch, fault
		}
		i += size
	}
	value = bytes.ReplaceAll(value, []byte("\r\n"), []byte("\n"))
	if len(bytes.TrimFunc(value, isInvisible)) == 0 {
		return nil, scratch, ""
	}
	return bytes.TrimFunc(value, isSpace), scratch, ""
}

// isPlain says that a field is printable ASCII, which nearly all are, and needs no decoding.
func isPlain(field []byte) bool {
	for _, c := range field {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// forbidden names what no honest value holds: characters that cannot be stored, or that show a text as another. Tabs
// and line ends are let through, because names and addresses have them.
func forbidden(c rune) string {
	switch {
	case c == 0:
		return "has a NUL"
	case c == '\t', c == '\n', c == '\r':
		return ""
	case unicode.IsControl(c):
		return "has a control character"
	case c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069:
		return "has a character that reverses the text"
	}
	return ""
}

// isInvisible says that a character alone makes no text; isSpace that it is trimmed from the ends.
func isInvisible(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) }
func isSpace(c rune) bool     { return unicode.Is(unicode.Zs, c) }

// maxShown is how much of a bad value is kept to show.
const maxShown = 100

// Showable makes any text safe to store and to print on one line.
func Showable(text string) string {
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return utf8.RuneError
		}
		return c
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown-1]) + "…"
	}
	return text
}
