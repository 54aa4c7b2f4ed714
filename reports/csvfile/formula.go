package csvfile

import "strings"

// starters begin what a spreadsheet program may run: OWASP's list, with the full-width forms that some programs
// turn into plain ones.
const starters = "=+-@\t\r\n＝＋－＠"

// mayStart are the first bytes of starters, and of texts in which one may stand behind apostrophes.
var mayStart = func() (bytes [256]bool) {
	for i := range len(starters) {
		bytes[starters[i]] = true
	}
	bytes['\''] = true
	return bytes
}()

// dangerous says that s must not stand in a field as it is. Apostrophes in front count as not there, so that taking one
// away gives back exactly what was written, even where the original began with some.
func dangerous(s string) bool {
	if s == "" || !mayStart[s[0]] {
		return false // nearly every text
	}
	rest := strings.TrimLeft(s, "'")
	if rest == "" || !strings.ContainsRune(starters, firstRune(rest)) {
		return false
	}
	return len(rest) < len(s) || !isNumber(rest)
}

// Original undoes what a [Writer] does to a text that a spreadsheet program would take for a formula.
func Original(s string) string {
	if s != "" && s[0] == '\'' && dangerous(s[1:]) {
		return s[1:]
	}
	return s
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// isNumber is true of -1.5, +44, -1.5E-7 and of nothing that does more than stand for a number.
func isNumber(s string) bool {
	mantissa, exponent, scientific := strings.Cut(strings.ToUpper(unsigned(s)), "E")
	whole, fraction, point := strings.Cut(mantissa, ".")
	return digits(whole) && (!point || digits(fraction)) && (!scientific || digits(unsigned(exponent)))
}

// unsigned is s without one sign in front.
func unsigned(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
