package config

import (
	"encoding"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
)

// Secret is text that must never be seen: however it is printed, logged or marshalled, it shows only whether it is
// there. Reveal gives what it hides.
type Secret string

// Address is a place that may have credentials in it: a path, a URL or a PostgreSQL connection string. It shows
// itself without password and query. Reveal gives all of it.
type Address string

var (
	_ fmt.Formatter          = Secret("")
	_ slog.LogValuer         = Secret("")
	_ encoding.TextMarshaler = Secret("")
	_ fmt.Formatter          = Address("")
	_ slog.LogValuer         = Address("")
	_ encoding.TextMarshaler = Address("")
)

const mask = "***"

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String is a mask, or "" where there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// Format prints the mask for every verb, %d and %#v included.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, s.String()) }

// LogValue is the mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal is the address with its credentials.
func (a Address) Reveal() string { return string(a) }

// String is the address without password and query.
func (a Address) String() string {
	if !strings.Contains(string(a), "://") {
		return passwordPair.ReplaceAllString(string(a), "${1}"+mask)
	}
	u, err := url.Parse(string(a))
	if err != nil {
		return mask // which part is the password is not known
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	u.RawQuery, u.ForceQuery, u.Fragment = "", false, ""
	return u.String()
}

// passwordPair finds the password in a connection string of keywords, such as "host=db password='it”s'".
var passwordPair = regexp.MustCompile(`(?i)(\b(?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)`)

// Format prints String for every verb.
func (a Address) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, a.String()) }

// LogValue is String.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalText is String.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
