package source

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"cpd-jobs/internal/run"
)

// Allowed is where sources may lead: to hosts, to files and folders of this machine, and to networks that are not public.
// Its zero value allows nothing.
type Allowed struct {
	// AnyPath allows every file and folder. It is for those who can name a file only at a terminal of this machine.
	AnyPath bool

	places   []string // absolute paths of files and folders
	hosts    []*url.URL
	networks []netip.Prefix
}

// NewAllowed reads entries: an address allows what begins with it, a path allows the file, or the folder and all below
// it, and a network such as 10.0.0.0/8 allows hosts there, which are refused otherwise. Empty ones are left out.
func NewAllowed(entries ...string) (Allowed, error) {
	var a Allowed
	for _, entry := range entries {
		entry = strings.TrimSpace(entry)
		network, notNetwork := netip.ParsePrefix(entry)
		switch {
		case entry == "":
		case notNetwork == nil:
			a.networks = append(a.networks, network)
		case isAddress(entry):
			u, err := url.Parse(entry)
			if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "soap+http", "soap+https"}, u.Scheme) {
				return a, run.Invalid("write it as https://HOST or https://HOST/PATH", "%s is no address that a source can have", Mask(entry))
			}
			u.User, u.RawQuery, u.Fragment = nil, "", ""
			a.hosts = append(a.hosts, u)
		default:
			path, err := filepath.Abs(entry)
			if err != nil {
				return a, run.Invalid("give it from the root", "the path %s has no folder to begin at", entry)
			}
			a.places = append(a.places, path)
		}
	}
	return a, nil
}

// HostOf is the address of a source's host alone, for [NewAllowed]: all of it. A path is itself.
func HostOf(source string) string {
	if u, err := url.Parse(source); err == nil && isAddress(source) {
		return u.Scheme + "://" + u.Host
	}
	return source
}

// errNotAllowed is one text for all that is not allowed, so that it tells of nothing whether it exists.
func errNotAllowed() error {
	return run.Invalid("leave source out for the configured one, or have it added to SOURCE_ALLOW", "that source is not allowed here")
}

// Check refuses a source that arguments name unless it is allowed and has no secret in it, since arguments are kept and
// shown. "" stands for the configured source, which is allowed.
func (a Allowed) Check(source string) error {
	if source == "" {
		return nil
	}
	if err := checkSecrets(source); err != nil {
		return err
	}
	return a.permit(source)
}

func checkSecrets(source string) error {
	if userInfo.MatchString(source) || secretPair.MatchString(source) {
		return run.Invalid("set it as GIAS_SOURCE or UPLIFT_SOURCE, which are not shown, and leave source out",
			"a source in arguments must have no password or token in it")
	}
	return nil
}

// CheckSource is [Allowed.Check] of what the options allow; without that only secrets are refused.
func (o Options) CheckSource(source string) error {
	if o.Allow == nil {
		return checkSecrets(source)
	}
	return o.Allow.Check(source)
}

func (a Allowed) permit(source string) error {
	if isAddress(source) {
		u, err := url.Parse(source)
		if err == nil && slices.ContainsFunc(a.hosts, func(host *url.URL) bool { return within(u, host) }) {
			return nil
		}
		return errNotAllowed()
	}
	path, err := filepath.Abs(source)
	if err != nil || !a.AnyPath && !slices.ContainsFunc(a.places, func(place string) bool { return below(path, place) }) {
		return errNotAllowed()
	}
	return nil
}

// permitOpened is permit for a path whose links are followed: a link in an allowed folder must not lead out of it.
func (a Allowed) permitOpened(path string) error {
	if err := a.permit(path); err != nil || a.AnyPath {
		return err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil // there is no such file, as the caller finds out next
	}
	for _, place := range a.places {
		if realPlace, err := filepath.EvalSymlinks(place); err == nil && below(real, realPlace) {
			return nil
		}
	}
	return errNotAllowed()
}

func below(path, place string) bool {
	rest, err := filepath.Rel(place, path)
	return err == nil && filepath.IsLocal(rest)
}

func within(u, allowed *url.URL) bool {
	if !sameHost(u, allowed) {
		return false
	}
	base := strings.TrimSuffix(allowed.Path, "/")
	// A path that climbs is not below what it begins with.
	return base == "" || !strings.Contains(u.Path, "..") && (u.Path == base || strings.HasPrefix(u.Path, base+"/"))
}

// sameHost says that two addresses are asked in one way at one door.
func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

func portOf(u *url.URL) string {
	if strings.HasSuffix(u.Scheme, "https") {
		return cmp.Or(u.Port(), "443")
	}
	return cmp.Or(u.Port(), "80")
}

// transport connects only to where o allows, whatever a name resolves to at that moment.
func (o Options) transport() http.RoundTripper {
	if o.Transport != nil || o.Allow == nil {
		return o.Transport
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true // a handful of requests: nothing is left to close
	var proxy atomic.Pointer[string]
	t.Proxy = func(r *http.Request) (*url.URL, error) {
		u, err := http.ProxyFromEnvironment(r)
		if u != nil {
			proxy.Store(new(net.JoinHostPort(u.Hostname(), portOf(u))))
		}
		return u, err
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		d := &net.Dialer{Timeout: 30 * time.Second}
		if p := proxy.Load(); p == nil || *p != address { // a proxy is the environment's, and resolves names itself
			d.ControlContext = o.Allow.control(address)
		}
		return d.DialContext(ctx, network, address)
	}
	return t
}

// errPrivate ends a connection to where a source must not lead.
var errPrivate = run.Invalid("give the network in SOURCE_ALLOW if that is right",
	"its name leads to an address that is not public")

// control judges each address that a host's name resolves to, as the connection is made. A host that the configuration
// names by its address, or as localhost, may be there.
func (a Allowed) control(address string) func(context.Context, string, string, syscall.RawConn) error {
	host, _, _ := net.SplitHostPort(address)
	return func(_ context.Context, _, connected string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(connected)
		if err != nil {
			return fmt.Errorf("connect to %s: %w", connected, err)
		}
		ip := to.Addr().Unmap().WithZone("")
		_, notLiteral := netip.ParseAddr(host)
		named := notLiteral == nil || host == "localhost" && ip.IsLoopback()
		if named || isPublic(ip) || slices.ContainsFunc(a.networks, func(n netip.Prefix) bool { return n.Contains(ip) }) {
			return nil
		}
		return errPrivate
	}
}

// reserved are networks that are not the internet's beside those that package netip knows: this network, shared address
// space, protocol assignments, benchmarks, what is reserved, and ways to write a private IPv4 address as a public IPv6 one.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("::/96"),
}

func isPublic(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(reserved, func(n netip.Prefix) bool { return n.Contains(ip) })
}

var (
	userInfo = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)(?:[^/\s"\\<>?#]|\\u0026)+@`)
	// secretPair is a part of a query whose name says that its value lets its bearer in.
	secretPair = regexp.MustCompile(`(?i)([?&;]|\\u0026)` +
		`([\w.~-]*(?:token|secret|signature|passw|credential|session|api_?-?key|access_?-?key)[\w.~-]*|key|sig|sas|code|auth|pwd|pass)` +
		`=[^&;#\s"\\<>]+`)
)

// MaskSecrets takes user names, passwords and tokens out of the addresses in a text, which may be JSON.
func MaskSecrets(text string) string {
	text = userInfo.ReplaceAllString(text, "${1}***@")
	return secretPair.ReplaceAllString(text, "${1}${2}=***")
}
