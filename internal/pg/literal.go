package pg

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Ident quotes a name for SQL.
func Ident(name string) string { return pgx.Identifier{name}.Sanitize() }

// Literal quotes a text for SQL, where a parameter cannot stand. Backslashes are plain: standard_conforming_strings is
// on.
func Literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Instant writes a time as SQL reads it back, to the microsecond.
func Instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z") }

// Null is NULL for a zero value, as a parameter.
func Null[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
