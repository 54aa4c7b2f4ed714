package source

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// Encoding is how a file's bytes stand for characters.
type Encoding string

const (
	ASCII       Encoding = "ASCII"
	UTF8        Encoding = "UTF-8"
	UTF8Marked  Encoding = "UTF-8 with a mark"
	Windows1252 Encoding = "Windows-1252"
)

const utf8Mark = "\xef\xbb\xbf"

// encodingLook watches a file go by and decides its encoding at the end: UTF-8 only with a mark, or if the whole file
// is valid and has characters of several bytes; Windows-1252 otherwise. ISO-8859-1 is never meant: it would make
// control characters of curly quotes.
type encodingLook struct {
	head    []byte // the first bytes, for marks
	tail    []byte // a character cut by the end of the last write
	invalid bool
	beyond  bool // has bytes beyond ASCII
	cr, lf  bool // has line ends of that kind
}

func (l *encodingLook) Write(p []byte) (int, error) {
	if missing := 4 - len(l.head); missing > 0 {
		l.head = append(l.head, p[:min(missing, len(p))]...)
	}
	n := len(p)
	l.cr = l.cr || bytes.IndexByte(p, '\r') >= 0
	l.lf = l.lf || bytes.IndexByte(p, '\n') >= 0
	if l.invalid {
		return n, nil
	}
	if len(l.tail) > 0 {
		p = append(l.tail, p...)
		l.tail = nil
	}
	whole := len(p) - cutLength(p)
	l.tail = append(l.tail, p[whole:]...)
	l.invalid = !utf8.Valid(p[:whole])
	l.beyond = l.beyond || l.invalid || !isASCII(p)
	return n, nil
}

// cutLength is how many bytes at the end of p begin a character that p does not finish.
func cutLength(p []byte) int {
	for i := 1; i <= min(utf8.UTFMax-1, len(p)); i++ {
		if utf8.RuneStart(p[len(p)-i]) {
			if utf8.FullRune(p[len(p)-i:]) {
				return 0
			}
			return i
		}
	}
	return 0
}

func isASCII(p []byte) bool {
	for _, c := range p {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (l *encodingLook) verdict() (Encoding, error) {
	valid := !l.invalid && len(l.tail) == 0
	switch {
	case bytes.HasPrefix(l.head, []byte("\xff\xfe")), bytes.HasPrefix(l.head, []byte("\xfe\xff")):
		return "", errors.New("UTF-16")
	case bytes.HasPrefix(l.head, []byte(utf8Mark)):
		return UTF8Marked, nil
	case !l.beyond && valid:
		return ASCII, nil
	case valid:
		return UTF8, nil
	default:
		return Windows1252, nil
	}
}

// undefined marks the five bytes that Windows-1252 gives no character.
const undefined = utf8.RuneError

// upper1252 is what the bytes 0x80 to 0x9F stand for; those above stand for the code points of the same number.
var upper1252 = [32]rune{
	'€', undefined, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', undefined, 'Ž', undefined,
	undefined, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', undefined, 'ž', 'Ÿ',
}

// Decode turns the bytes of one field into characters, appended to dst. It is false where the encoding gives a byte no
// character.
func (e Encoding) Decode(dst, field []byte) ([]byte, bool) {
	if e != Windows1252 {
		return append(dst, field...), utf8.Valid(field)
	}
	for _, c := range field {
		switch {
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		case c >= 0xa0:
			dst = utf8.AppendRune(dst, rune(c))
		case upper1252[c-0x80] == undefined:
			return dst, false
		default:
			dst = utf8.AppendRune(dst, upper1252[c-0x80])
		}
	}
	return dst, true
}
