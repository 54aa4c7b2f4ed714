package config

import (
	"errors"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/encryptedzip"
)

// reader hands out settings and gathers what is wrong with them.
type reader struct {
	values   map[string]string
	platform *platform // nil unless on Cloud Foundry
	problems []error
	blamed   map[string]bool
}

func newReader(environ []string) *reader {
	r := &reader{values: map[string]string{}, blamed: map[string]bool{}}
	for _, v := range Variables() {
		r.values[v.Name] = v.Default
	}
	bound := r.readPlatform(environ)
	for name, value := range bound {
		r.values[name] = value
	}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if value = strings.TrimSpace(value); value != "" && isSetting(name) {
			r.values[name] = value
		}
	}
	return r
}

func (r *reader) text(name string) string { return r.values[name] }

// require notes a problem for each of names that is not set.
func (r *reader) require(because string, names ...string) {
	for _, name := range names {
		if r.values[name] == "" {
			r.problem(name, "set it", "is needed because %s", because)
		}
	}
}

// passphrase reads what opens encrypted files. What is wrong with it is said without it.
func (r *reader) passphrase(name string) Secret {
	value := r.values[name]
	if value == "" {
		return ""
	}
	if err := encryptedzip.CheckPassphrase(value); err != nil {
		r.problem(name, "make one with cpd-jobs exports passphrase", "cannot be used: it must have %d characters or more, all of them on a plain keyboard", encryptedzip.MinPassphrase)
	}
	return Secret(value)
}

// contact reads an e-mail address, or that of a web page.
func (r *reader) contact(name string) string {
	value := r.values[name]
	if value == "" || strings.Contains(value, "://") {
		return r.webAddress(name)
	}
	if address, err := mail.ParseAddress(value); err != nil || address.Address != value {
		r.problem(name, "such as team@example.org or https://example.org/help", "is neither an e-mail address nor a web page")
	}
	return value
}

// networks reads addresses and networks, separated by commas.
func (r *reader) networks(name string) []netip.Prefix {
	var list []netip.Prefix
	for text := range strings.FieldsFuncSeq(r.values[name], func(c rune) bool { return c == ',' || c == ' ' }) {
		network, err := netip.ParsePrefix(text)
		if addr, failed := netip.ParseAddr(text); failed == nil {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			r.problem(name, "such as 10.0.0.0/8, 192.0.2.1", "is neither an address nor a network")
			return nil
		}
		list = append(list, network)
	}
	return list
}

// allowed reads where sources may lead: addresses, paths and networks, separated by commas.
func (r *reader) allowed(name string) []string {
	if r.values[name] == "" {
		return nil
	}
	list := strings.Split(r.values[name], ",")
	for i, entry := range list {
		list[i] = strings.TrimSpace(entry)
		if !strings.Contains(list[i], "://") {
			continue
		}
		if u, err := url.Parse(list[i]); err != nil || u.Host == "" || !strings.HasPrefix(strings.TrimPrefix(u.Scheme, "soap+"), "http") {
			r.problem(name, "such as https://files.example.org, /srv/registers, 10.0.0.0/8", "has an address that no source can have")
		}
	}
	return list
}

var measurementID = regexp.MustCompile(`^G-[A-Z0-9]{4,20}$`)

// measurementID reads the ID of a Google Analytics 4 data stream.
func (r *reader) measurementID(name string) string {
	value := r.values[name]
	if value != "" && !measurementID.MatchString(value) {
		r.problem(name, "the stream's page in Google Analytics has it: G- and some letters and digits", "is no measurement ID")
	}
	return value
}

func (r *reader) oneOf(name string, allowed ...string) string {
	value := strings.ToLower(r.values[name])
	if !slices.Contains(allowed, value) {
		r.problem(name, "", "is %q; use one of %s", r.values[name], strings.Join(allowed, ", "))
		return allowed[0]
	}
	return value
}

func (r *reader) level(name string) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(r.values[name])); err != nil {
		r.problem(name, "", "is %q; use one of debug, info, warn, error", r.values[name])
	}
	return level
}

func (r *reader) port(name string) string {
	if n, err := strconv.Atoi(r.values[name]); err != nil || n < 0 || n > 65535 {
		r.problem(name, "", "is %q; use a number from 1 to 65535, or 0 for any free port", r.values[name])
	}
	return r.values[name]
}

func (r *reader) host(name string) string {
	host := strings.Trim(r.values[name], "[]")
	if _, err := netip.ParseAddr(host); err != nil && strings.ContainsAny(host, ":/ ") {
		r.problem(name, "the port goes into PORT", "is %q; use an address such as 127.0.0.1 or 0.0.0.0", host)
	}
	return host
}

// database reads a PostgreSQL connection string. Why it is wrong is said only where that cannot give its password away.
func (r *reader) database(name string) Address {
	value := r.values[name]
	if value == "" {
		return ""
	}
	if _, err := pgx.ParseConfig(value); err != nil {
		r.problem(name, "write postgres://USER:PASSWORD@HOST:5432/DATABASE, with special characters in the password as %XX",
			"is no PostgreSQL connection string%s", connectionFault(value, err))
		return ""
	}
	return Address(value)
}

func connectionFault(value string, err error) string {
	if strings.Contains(value, "://") {
		if _, bad := url.Parse(value); bad != nil {
			return ""
		}
	}
	if cause := errors.Unwrap(err); cause != nil {
		return " (" + strings.ReplaceAll(cause.Error(), "\n", " ") + ")"
	}
	return ""
}

// source reads a path, or a URL of one of schemes. Unencrypted ones may lead to this machine only.
func (r *reader) source(name string, schemes ...string) Address {
	value := r.values[name]
	scheme, _, isURL := strings.Cut(value, "://")
	if !isURL {
		return Address(value)
	}
	allowed := slices.Clone(schemes)
	if slices.Contains(schemes, "https") {
		allowed = append(allowed, "http") // to this machine only
	}
	u, err := url.Parse(value)
	switch {
	case err != nil:
		r.problem(name, "", "is no proper URL")
	case !slices.Contains(allowed, scheme):
		r.problem(name, "", "has the scheme %s; use a path or one of %s", scheme, strings.Join(schemes, ", "))
	case scheme != "file" && u.Hostname() == "":
		r.problem(name, "", "names no host")
	case strings.HasSuffix(scheme, "http") && !IsLoopback(u.Hostname()):
		r.problem(name, "", "is not encrypted; use %ss, plain %s leads to this machine only", scheme, scheme)
	}
	return Address(value)
}

// webAddress reads an https URL, or an http one that leads to this machine.
func (r *reader) webAddress(name string) string {
	value := r.values[name]
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		r.problem(name, "", "is no web address; write https://HOST/...")
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		r.problem(name, "", "is not encrypted; use https, plain http leads to this machine only")
	}
	return value
}

func (r *reader) heartbeats() map[string]Secret {
	var names []string
	for name := range r.values {
		if strings.HasPrefix(name, heartbeatPrefix) && !strings.HasSuffix(name, ">") {
			names = append(names, name)
		}
	}
	slices.Sort(names) // so that problems come in one order
	heartbeats := make(map[string]Secret, len(names))
	for _, name := range names {
		heartbeats[name] = Secret(r.webAddress(name))
	}
	return heartbeats
}

// IsLoopback says that a host, given without a port, can only mean this machine.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
