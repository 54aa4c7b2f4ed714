package pg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"cpd-jobs/internal/run"
)

// howToInstall is the hint where PostgreSQL is missing.
const howToInstall = "install PostgreSQL 14 or later, server and client programs, with the system's package manager, or set DATABASE_URL"

// installStep is one command of a package manager and what it is for.
type installStep struct {
	about string
	args  []string
}

// createCluster is Debian's setting by which installing PostgreSQL starts a server of its own on port 5432.
const createCluster = "/etc/postgresql-common/createcluster.conf"

// Install installs PostgreSQL's programs with apt, dnf or brew, saying to out what it does; with sudo only when this is
// not root. Debian is kept from starting a server of its own. Where no manager fits, the error says what to install.
func Install(ctx context.Context, out io.Writer) error {
	steps, err := installSteps(exec.LookPath, os.Geteuid() == 0, isFedora())
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := step.run(ctx, out); err != nil {
			return err
		}
	}
	dir, err := FindBinaries()
	if err != nil {
		return fmt.Errorf("after installing: %w", err)
	}
	_, err = fmt.Fprintf(out, "PostgreSQL is installed in %s\n", dir)
	return err
}

// installSteps decides what to run on this machine.
func installSteps(lookPath func(string) (string, error), root, fedora bool) ([]installStep, error) {
	has := func(name string) bool {
		_, err := lookPath(name)
		return err == nil
	}
	var steps []installStep
	switch {
	case has("apt-get"):
		steps = aptSteps()
	case has("dnf"):
		steps = dnfSteps(fedora)
	case has("brew") && !root:
		return []installStep{{"install PostgreSQL", []string{"brew", "install", "postgresql@17"}}}, nil
	default:
		return nil, run.Unreachable(howToInstall, "%w, and no apt, dnf or brew to install them with", ErrNoBinaries)
	}
	if root {
		return steps, nil
	}
	if !has("sudo") {
		return nil, run.Unreachable("as root: "+steps[len(steps)-1].String(), "%w, and installing them needs root or sudo", ErrNoBinaries)
	}
	for i := range steps {
		steps[i].args = append([]string{"sudo"}, steps[i].args...)
	}
	return steps, nil
}

// aptSteps install postgresql-common first: it brings the setting that must be changed before the server comes.
func aptSteps() []installStep {
	apt := func(args ...string) []string {
		return append([]string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"}, args...)
	}
	return []installStep{
		{"read the list of packages", apt("update")},
		{"install what PostgreSQL's packages share", apt("install", "-y", "--no-install-recommends", "postgresql-common")},
		{"keep Debian from starting a server of its own on port 5432", []string{
			"sed", "-i", "-E", `s/^[#[:space:]]*create_main_cluster[[:space:]]*=.*/create_main_cluster = false/`, createCluster,
		}},
		{"install PostgreSQL", apt("install", "-y", "--no-install-recommends", "postgresql")},
	}
}

// dnfSteps choose a version where the distribution's first choice is too old: Red Hat 8 has 10, 9 has 13.
func dnfSteps(fedora bool) []installStep {
	var steps []installStep
	if !fedora {
		steps = append(steps, installStep{"choose PostgreSQL 16 where there is a choice", []string{
			"sh", "-c", "! dnf -q module list postgresql:16 >/dev/null 2>&1 || dnf -y -q module enable postgresql:16",
		}})
	}
	return append(steps, installStep{"install PostgreSQL", []string{"dnf", "install", "-y", "postgresql-server"}})
}

func isFedora() bool {
	raw, err := os.ReadFile("/etc/os-release")
	return err == nil && strings.Contains("\n"+string(raw), "\nID=fedora\n")
}

// String is the command as a person would type it.
func (s installStep) String() string {
	words := make([]string, len(s.args))
	for i, arg := range s.args {
		words[i] = arg
		if strings.ContainsAny(arg, " *$#|&!>\\") {
			words[i] = "'" + arg + "'"
		}
	}
	return strings.Join(words, " ")
}

func (s installStep) run(ctx context.Context, out io.Writer) error {
	if _, err := fmt.Fprintf(out, "%s:\n+ %s\n", s.about, s); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, out, out // sudo may ask for a password
	if err := cmd.Run(); err != nil {
		return run.Unreachable(howToInstall, "%s with `%s`: %w", s.about, s, errors.Join(err, ctx.Err()))
	}
	return nil
}
