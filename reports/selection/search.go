package selection

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cpd-jobs/reports/definition"
)

// search is SQL that is true of the rows that a search finds: those with all its words in one of the columns that the
// definition names for it, or whose key or another of them begins with it. Arg makes a value a parameter and returns
// how the SQL names it. Comparing by byte takes a quarter of the time that ILIKE does.
func search(d *definition.Definition, text string, arg func(any) string) string {
	var either []string
	compact := strings.ReplaceAll(text, " ", "")
	var patterns []string
	for word := range strings.FieldsSeq(text) {
		patterns = append(patterns, "%"+pattern(strings.ToLower(word))+"%")
	}
	for _, name := range d.Search.Words {
		either = append(either, fmt.Sprintf(`lower(%s COLLATE "C") LIKE ALL (%s::text[])`, quoted(name), arg(patterns)))
	}
	for _, name := range d.Search.Starts {
		either = append(either, fmt.Sprintf(`upper(replace(%s COLLATE "C", ' ', '')) LIKE %s`, quoted(name), arg(pattern(strings.ToUpper(compact))+"%")))
	}
	either = append(either, fmt.Sprintf(`%s::text COLLATE "C" LIKE %s`, quoted(d.Key), arg(pattern(compact)+"%")))
	return "(" + strings.Join(either, " OR ") + ")"
}

// pattern is a text as LIKE finds it. An apostrophe stands for either kind, and a letter with an accent for any
// character: lower() by byte leaves capitals with accents alone.
func pattern(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\'' || r >= utf8.RuneSelf:
			b.WriteByte('_')
		case r == '\\' || r == '%' || r == '_':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
