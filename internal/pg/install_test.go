package pg

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestInstallSteps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		has          []string
		root, fedora bool
		want         []string // what each command has in it, in order
		fails        string
	}{
		{
			name: "Debian, in a container", has: []string{"apt-get"}, root: true,
			want: []string{"apt-get -q -o DPkg::Lock::Timeout=300 update", "install -y --no-install-recommends postgresql-common", "create_main_cluster = false", "install -y --no-install-recommends postgresql"},
		},
		{
			name: "Debian, on a laptop", has: []string{"apt-get", "sudo", "brew"},
			want: []string{"sudo env DEBIAN_FRONTEND=noninteractive apt-get", "sudo env", "sudo sed", "sudo env"},
		},
		{name: "Fedora", has: []string{"dnf"}, root: true, fedora: true, want: []string{"dnf install -y postgresql-server"}},
		{name: "Red Hat", has: []string{"dnf"}, root: true, want: []string{"dnf -y -q module enable postgresql:16", "dnf install -y postgresql-server"}},
		{name: "macOS", has: []string{"brew", "sudo"}, want: []string{"brew install postgresql@17"}},
		{name: "macOS as root, whom brew refuses", has: []string{"brew"}, root: true, fails: "install PostgreSQL 14 or later"},
		{name: "no manager", fails: "install PostgreSQL 14 or later"},
		{name: "neither root nor sudo", has: []string{"apt-get"}, fails: "needs root or sudo; as root: env DEBIAN_FRONTEND=noninteractive apt-get"},
	} {
		lookPath := func(name string) (string, error) {
			if slices.Contains(c.has, name) {
				return "/usr/bin/" + name, nil
			}
			return "", exec.ErrNotFound
		}
		steps, err := installSteps(lookPath, c.root, c.fedora)
		if c.fails != "" {
			if !errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: got %v, want one line that says %q", c.name, err, c.fails)
			}
			continue
		}
		if err != nil || len(steps) != len(c.want) {
			t.Errorf("%s: got %v (%v), want %d steps", c.name, steps, err, len(c.want))
			continue
		}
		for i, step := range steps {
			if !strings.Contains(step.String(), c.want[i]) {
				t.Errorf("%s: step %d is %q, want it to say %q", c.name, i, step, c.want[i])
			}
		}
	}
}
