package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cpd-jobs/internal/config"
	"cpd-jobs/internal/run"
)

// Options say how addresses are fetched. Paths need none of them.
type Options struct {
	// Allow is where sources may lead; nil allows everything, for sources that settings or a person at a terminal name.
	Allow *Allowed
	// ETag is the mark of what is already here: a source with the same answers in one request. "" asks for everything.
	ETag string
	// Credentials of the register's extract service.
	Credentials Credentials
	// Now times requests to the extract service; nil is the machine's clock.
	Now func() time.Time
	// Transport carries requests; nil is the standard one. Tests set it to trust their own servers.
	Transport http.RoundTripper
	// Wait passes the time between two tries; nil sleeps.
	Wait func(ctx context.Context, d time.Duration) error
	// Stall ends a request that has delivered nothing for so long; 0 is a minute. Too short, and a slow night fails.
	Stall time.Duration
	// MaxBytes ends an endless answer; 0 is 1 GiB.
	MaxBytes int64
}

// Credentials are the extract service's. They are never logged: the type prints as stars.
type Credentials struct {
	// Source is the address that they are for: no other host is sent them.
	Source         string
	User, Password string
	ExtractID      string
}

// String hides the password from anything that prints the options.
func (Credentials) String() string   { return "***" }
func (Credentials) GoString() string { return "***" }

func isAddress(source string) bool {
	scheme, _, found := strings.Cut(source, "://")
	return found && scheme != "" && !strings.ContainsAny(scheme, "/.\\")
}

func openAddress(ctx context.Context, source string, o Options) (*Delivery, error) {
	u, err := url.Parse(source)
	if err != nil || u.Host == "" {
		return nil, run.Invalid("write it as https://HOST/PATH", "the source is no address")
	}
	switch u.Scheme {
	case "https":
		return fetchFile(ctx, u, o)
	case "http":
		if !config.IsLoopback(u.Hostname()) {
			return nil, run.Invalid("use https", "%s: plain http is taken from this machine only", Mask(source))
		}
		return fetchFile(ctx, u, o)
	case "soap+https":
		return fetchExtract(ctx, u, o)
	case "soap+http":
		if !config.IsLoopback(u.Hostname()) {
			return nil, run.Invalid("use soap+https", "%s: the password would travel in clear", Mask(source))
		}
		return fetchExtract(ctx, u, o)
	default:
		return nil, run.Invalid("give a path, or an address with https or soap+https", "%s: unknown kind of source %q", Mask(source), u.Scheme)
	}
}

// Fingerprint tells addresses apart without giving away what is secret in them. It is empty for a path.
func Fingerprint(source string) string {
	if !isAddress(source) {
		return ""
	}
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:])
}

// Mask takes what may be secret out of a source, for messages and records: user, password and query.
func Mask(source string) string {
	if !isAddress(source) {
		return source
	}
	u, err := url.Parse(source)
	if err != nil {
		return "an address"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
