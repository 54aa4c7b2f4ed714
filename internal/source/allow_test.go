package source

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"cpd-jobs/internal/run"
)

func allowed(t *testing.T, entries ...string) *Allowed {
	t.Helper()
	a, err := NewAllowed(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return &a
}

func TestArgumentsNameOnlyAllowedSources(t *testing.T) {
	t.Parallel()
	a := allowed(t, "https://files.example.org", "https://cdn.example.org/gias/", "soap+https://register.example.org:8443", "/srv/registers", "")
	for source, want := range map[string]bool{
		"": true, "https://files.example.org/x.csv": true, "https://FILES.example.org:443/a/b?year=2026": true,
		"https://cdn.example.org/gias/today.zip": true, "soap+https://register.example.org:8443/extract": true,
		"/srv/registers": true, "/srv/registers/2026/ecf_tech.csv": true,
		"http://files.example.org/x.csv": false, "https://files.example.org:444/x.csv": false, "soap+https://files.example.org/": false,
		"https://files.example.org.evil.org/": false, "https://evil.org/files.example.org": false, "https://evil.org#@files.example.org/": false,
		"https://cdn.example.org/gias-other/x": false, "https://cdn.example.org/gias/../secret": false, "https://cdn.example.org/gias/%2e%2e/x": false,
		"/srv/registers-old/x.csv": false, "/srv/registers/../../etc/passwd": false, "/etc/passwd": false, "etc/passwd": false, "/": false,
		"file:///etc/passwd": false, "https://": false, "https://%zz": false, "soap+http://127.0.0.1:1/": false,
	} {
		if err := a.Check(source); (err == nil) != want || err != nil && run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("%s: %v, want it allowed: %t", source, err, want)
		}
	}
	if err := new(Allowed).Check("/srv/registers"); err == nil {
		t.Error("the zero value allows a folder")
	}
	if err := (Allowed{AnyPath: true}).Check("/anywhere"); err != nil {
		t.Errorf("a path at a terminal's word: %v", err)
	}
	if _, err := NewAllowed("ftp://files.example.org"); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("an entry that no source can match: %v", err)
	}
}

// TestWhatIsNotAllowedIsNotToldApart: a refusal says nothing about whether a file exists.
func TestWhatIsNotAllowedIsNotToldApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open, closed := filepath.Join(dir, "open"), filepath.Join(dir, "closed")
	for _, folder := range []string{open, closed} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	there := filepath.Join(closed, "there.csv")
	if err := os.WriteFile(there, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(there, filepath.Join(open, "link.csv")); err != nil {
		t.Fatal(err)
	}
	o := Options{Allow: allowed(t, open)}
	said := map[string]bool{}
	for _, source := range []string{there, filepath.Join(closed, "missing.csv"), closed, filepath.Join(open, "link.csv"), "/etc/shadow", "https://example.org/x"} {
		_, err := Open(t.Context(), source, o)
		if err == nil {
			t.Fatalf("%s was opened", source)
		}
		said[err.Error()] = true
	}
	if len(said) != 1 {
		t.Errorf("refusals differ: %v", said)
	}
	if err := os.WriteFile(filepath.Join(open, "own.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), filepath.Join(open, "own.csv"), o)
	if err != nil {
		t.Fatalf("a file of the folder: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestSecretsInArgumentsAreRefusedAndMasked(t *testing.T) {
	t.Parallel()
	for source, masked := range map[string]string{
		"https://ann:hunter2@files.example.org/x.csv":            "https://***@files.example.org/x.csv",
		"soap+https://ann@files.example.org/":                    "soap+https://***@files.example.org/",
		"https://files.example.org/x.csv?token=hunter2&year=1":   "https://files.example.org/x.csv?token=***&year=1",
		"https://files.example.org/x?year=1&X-Amz-Signature=hun": "https://files.example.org/x?year=1&X-Amz-Signature=***",
		"https://files.example.org/x?sv=1&sig=hunter2%3D":        "https://files.example.org/x?sv=1&sig=***",
		"https://files.example.org/x?api_key=hunter2#a":          "https://files.example.org/x?api_key=***#a",
	} {
		a := Allowed{AnyPath: true, hosts: allowed(t, "https://files.example.org", "soap+https://files.example.org").hosts}
		for _, o := range []Options{{Allow: &a}, {}} {
			if err := o.CheckSource(source); run.ClassOf(err) != run.ClassInvalid || !strings.Contains(err.Error(), "GIAS_SOURCE") {
				t.Errorf("%s: %v", source, err)
			}
			if err := o.CheckSource(masked); err == nil {
				t.Errorf("%s, as it is shown, is taken", masked)
			}
		}
		for _, form := range []string{"%s", `{"source": "%s", "links": ""}`, "cannot read %s because"} {
			if got, want := MaskSecrets(fmt.Sprintf(form, source)), fmt.Sprintf(form, masked); got != want {
				t.Errorf("shown as %s, want %s", got, want)
			}
		}
	}
	if got := MaskSecrets(`{"source": "https://h/x?a=1\u0026token=hunter2\u0026b=2"}`); strings.Contains(got, "hunter2") || !strings.Contains(got, "b=2") {
		t.Errorf("shown as %s", got)
	}
	for _, harmless := range []string{"https://files.example.org/x.csv?year=2026", "ann@example.org asks: what is key=1?", "/srv/a@b/x.csv", `{"monkey": "x"}`} {
		if got := MaskSecrets(harmless); got != harmless {
			t.Errorf("%s is shown as %s", harmless, got)
		}
	}
}

// TestConnectionsLeadOnlyWhereTheyMay judges addresses as a name resolves to them when the connection is made.
func TestConnectionsLeadOnlyWhereTheyMay(t *testing.T) {
	t.Parallel()
	a := allowed(t, "10.20.0.0/16")
	for _, c := range []struct {
		host, to string
		want     bool
	}{
		{"files.example.org", "93.184.215.14", true}, {"files.example.org", "2606:2800:21f::1", true}, {"files.example.org", "10.20.1.1", true},
		{"files.example.org", "127.0.0.1", false}, {"files.example.org", "::1", false}, {"files.example.org", "::ffff:127.0.0.1", false},
		{"files.example.org", "10.21.1.1", false}, {"files.example.org", "192.168.1.1", false}, {"files.example.org", "172.16.0.1", false},
		{"files.example.org", "169.254.169.254", false}, {"files.example.org", "fd00:ec2::254", false}, {"files.example.org", "fe80::1%eth0", false},
		{"files.example.org", "0.0.0.0", false}, {"files.example.org", "100.64.0.1", false}, {"files.example.org", "64:ff9b::7f00:1", false},
		{"files.example.org", "2002:7f00:1::1", false}, {"files.example.org", "224.0.0.1", false}, {"files.example.org", "255.255.255.255", false},
		{"localhost", "127.0.0.1", true}, {"localhost", "::1", true}, {"localhost", "10.21.1.1", false}, {"127.0.0.1", "127.0.0.1", true}, {"10.21.1.1", "10.21.1.1", true},
	} {
		to := netip.AddrPortFrom(netip.MustParseAddr(c.to), 443).String()
		err := a.control(c.host+":443")(t.Context(), "tcp", to, nil)
		if (err == nil) != c.want {
			t.Errorf("%s at %s: %v, want it allowed: %t", c.host, c.to, err, c.want)
		}
	}
}

// TestNamesThatTurnPrivateAreNotAsked has the transport itself meet a server of this machine under another name.
func TestNamesThatTurnPrivateAreNotAsked(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	o := Options{Allow: allowed(t, s.URL)}
	if _, err := contentOf(t, s.URL+"/x.csv", o); err != nil || asked.Load() != 1 {
		t.Fatalf("a server that the configuration names: %v", err)
	}
	control := o.Allow.control("files.example.org:80") // as if that name led here
	if err := control(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"), nil); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("another name for this machine: %v", err)
	}
	if _, err := Open(t.Context(), s.URL+"/x.csv", Options{Allow: allowed(t, "https://files.example.org")}); err == nil || asked.Load() != 1 {
		t.Errorf("a host that is not allowed: %v after %d requests", err, asked.Load())
	}
}

// TestThePasswordGoesToItsOwnHostAlone: whatever address somebody names, no other host is sent the register's password.
func TestThePasswordGoesToItsOwnHostAlone(t *testing.T) {
	t.Parallel()
	address, o, requests := server(t, func(_ int, w http.ResponseWriter, _ *http.Request) { parts(w, envelopePart) })
	o.Credentials = Credentials{User: "user", Password: "password", ExtractID: "42"}
	other := strings.Replace(address, "127.0.0.1", "localhost", 1)
	for _, home := range []string{"", "/srv/registers", "https://register.example.org", address, "soap+" + other, "soap+" + address + "1"} {
		o.Credentials.Source = home
		_, err := Open(t.Context(), "soap+"+address+"/extract", o)
		if run.ClassOf(err) != run.ClassInvalid || requests.Load() != 0 {
			t.Errorf("with GIAS_SOURCE %q: %v after %d requests", home, err, requests.Load())
		}
	}
}
