package xlsx

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// appendDecoded adds a text without XML's escapes and the spreadsheet's own, _x000D_.
func appendDecoded(b, text []byte) ([]byte, error) {
	if bytes.IndexByte(text, '&') < 0 && bytes.IndexByte(text, '_') < 0 {
		return append(b, text...), nil
	}
	var plain []byte
	for {
		before, after, found := bytes.Cut(text, []byte{'&'})
		plain = append(plain, before...)
		if !found {
			return append(b, unescape(string(plain))...), nil
		}
		name, rest, ok := bytes.Cut(after, []byte{';'})
		r, known := entity(string(name))
		if !ok || !known {
			return b, fmt.Errorf("an unknown entity in %.40q", text)
		}
		plain = utf8.AppendRune(plain, r)
		text = rest
	}
}

// entity is what stands for a character, of those that are written here.
func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	}
	number, numeric := strings.CutPrefix(name, "#")
	n, err := strconv.ParseUint(number, 10, 31)
	return rune(n), numeric && err == nil
}

// unescape turns _xHHHH_ into the character, as spreadsheet programs do.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if r, ok := escaped(s[i:]); ok {
			b.WriteRune(r)
			i += len("_xHHHH_") - 1
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func escaped(s string) (rune, bool) {
	if len(s) < 7 || s[:2] != "_x" || s[6] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil && utf8.ValidRune(rune(n))
}
