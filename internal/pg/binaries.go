package pg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"cpd-jobs/internal/run"
)

// oldestMajor is the oldest PostgreSQL that River works with.
const oldestMajor = 14

// ErrNoBinaries is in the error of [FindBinaries] and [Start] where this machine has no PostgreSQL that will do;
// [Install] may help.
var ErrNoBinaries = errors.New("no PostgreSQL server programs")

// usualFolders are where packages put the programs that they keep off the PATH.
var usualFolders = []string{
	"/usr/lib/postgresql/*/bin",     // Debian
	"/usr/pgsql-*/bin",              // PostgreSQL's own packages for Red Hat
	"/usr/lib/postgresql[0-9]*/bin", // SUSE
	"/usr/lib64/postgresql-*/bin",   // Gentoo
	"/usr/libexec/postgresql[0-9]*", // Alpine
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/opt/local/lib/postgresql[0-9]*/bin", // MacPorts
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/usr/local/pgsql/bin",
}

// installation is one folder with the programs of one version.
type installation struct {
	dir     string
	major   int
	version string // as the program says it: "15.12", "18beta1"
}

// FindBinaries returns the folder of PostgreSQL's server programs: the first on the PATH, else the newest of the usual
// folders. Its error wraps [ErrNoBinaries].
func FindBinaries() (dir string, err error) {
	found := findInstallations(os.Getenv("PATH"), usualFolders)
	best, err := newest(found)
	return best.dir, err
}

// newest is the first installation that is new enough; they come best first.
func newest(found []installation) (installation, error) {
	for _, i := range found {
		if i.major >= oldestMajor {
			return i, nil
		}
	}
	if len(found) > 0 {
		return installation{}, run.Unreachable(howToInstall, "%w will do: %s has %s and %d or later is needed",
			ErrNoBinaries, found[0].dir, found[0].version, oldestMajor)
	}
	return installation{}, run.Unreachable(howToInstall, "%w (initdb, postgres, pg_ctl) on the PATH or in the usual folders", ErrNoBinaries)
}

// findInstallations lists complete installations: those on the path in its order, then the others, newest first.
func findInstallations(path string, patterns []string) []installation {
	var onPath, others []installation
	for _, dir := range filepath.SplitList(path) {
		if i, ok := inspect(dir); ok {
			onPath = append(onPath, i)
		}
	}
	for _, pattern := range patterns {
		dirs, _ := filepath.Glob(pattern) // the patterns are well formed
		for _, dir := range dirs {
			if i, ok := inspect(dir); ok {
				others = append(others, i)
			}
		}
	}
	slices.SortStableFunc(others, func(a, b installation) int { return b.major - a.major })
	return append(onPath, others...)
}

// inspect asks the programs in dir for their version.
func inspect(dir string) (installation, bool) {
	if !filepath.IsAbs(dir) {
		return installation{}, false
	}
	if !complete(dir) {
		return installation{}, false
	}
	if real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil && complete(filepath.Dir(real)) {
		dir = filepath.Dir(real) // pg_dump and the rest may be there alone
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output() // #nosec G702 -- where this machine has PostgreSQL
	if err != nil {
		return installation{}, false
	}
	version := versionIn(string(out))
	major := Major(version)
	return installation{dir: dir, major: major, version: version}, major > 0
}

// complete says that dir has the programs that make a server.
func complete(dir string) bool {
	for _, name := range []string{"initdb", "postgres", "pg_ctl"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() || info.Mode()&0o111 == 0 { // #nosec G703 -- as above
			return false
		}
	}
	return true
}

// versionIn takes the version from what the program says: "postgres (PostgreSQL) 15.12 (Debian 15.12-0+deb12u2)".
func versionIn(said string) string {
	_, rest, _ := strings.Cut(said, "(PostgreSQL) ")
	version, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return version
}

// Major is the major version in a version such as "15.12" or "18beta1"; 0 if there is none.
func Major(version string) int {
	digits := version
	if end := strings.IndexFunc(version, func(r rune) bool { return !unicode.IsDigit(r) }); end >= 0 {
		digits = version[:end]
	}
	major, _ := strconv.Atoi(digits) // nothing before the point is 0
	return major
}

// binaries picks the programs for the directory: those that made its data, else the best there are.
func (d dataDir) binaries() (installation, error) {
	found := findInstallations(os.Getenv("PATH"), usualFolders)
	raw, err := os.ReadFile(filepath.Join(d.pgdata(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return newest(found)
	}
	if err != nil {
		return installation{}, fmt.Errorf("read the version of the data in %s: %w", d.pgdata(), err)
	}
	made := strings.TrimSpace(string(raw))
	for _, i := range found {
		if i.major == Major(made) && i.major >= oldestMajor {
			return i, nil
		}
	}
	best, err := newest(found)
	if err != nil {
		return best, err
	}
	return best, d.otherVersion(made, best)
}

func (d dataDir) otherVersion(made string, have installation) error {
	hint := fmt.Sprintf("to move them to %d: install PostgreSQL %s beside it, `cpd-jobs db dump FILE`, move %s away, remove PostgreSQL %s, "+
		"`cpd-jobs db restore FILE`; or keep PostgreSQL %s installed", have.major, made, d.dir, made, made)
	return run.Invalid(hint, "the data in %s were made by PostgreSQL %s, and this machine has %s", d.pgdata(), made, have.version)
}

// program prepares a command of the account's with nothing of our environment: PGDATA, PGPORT or a locale would lead it
// astray.
func (d dataDir) program(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = d.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = d.who.attributes()
	return cmd
}
