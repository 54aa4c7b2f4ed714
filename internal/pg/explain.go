package pg

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"cpd-jobs/internal/run"
)

// explainLog says why a server ended, from what it wrote to its log since it started.
func (d dataDir) explainLog(ctx context.Context, from int64) error {
	said, err := readFrom(d.logFile(), from)
	if err != nil {
		return run.Unreachable("", "PostgreSQL in %s ended at once, and its log cannot be read: %w", d.dir, err)
	}
	return d.explain(ctx, said, errors.New("PostgreSQL in "+d.dir+" ended at once"))
}

// explain turns what initdb or the server said into one line with what to do; other is the error if they said nothing
// known.
func (d dataDir) explain(ctx context.Context, said string, other error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	see := "see " + d.logFile()
	switch last := lastComplaint(said); {
	case mentions(said, "could not create semaphores", "could not create shared memory segment"):
		return run.Unreachable("raise the kernel's limits as PostgreSQL's manual says under \"Shared Memory and Semaphores\"",
			"the kernel has no shared memory or semaphores left for PostgreSQL in %s", d.dir)
	case mentions(said, "No space left on device", "Disk quota exceeded"):
		return diskFull(d.dir)
	case mentions(said, "could not look up effective user ID"):
		return run.Invalid("add it to /etc/passwd, run as another user, or set DATABASE_URL",
			"PostgreSQL will not run as %s, which has no name on this machine", d.who.name)
	case mentions(said, "Address already in use"):
		return errPortTaken
	case mentions(said, "Permission denied", "Operation not permitted"):
		return run.Invalid("every file there must be the server's user's: `sudo chown -R "+d.who.name+" "+d.dir+"`",
			"PostgreSQL, running as %s, may not use its files: %s", d.who.name, last)
	case last != "":
		return run.Unreachable(see, "%w: %s", other, last)
	default:
		return run.Unreachable(see, "%w", other)
	}
}

func mentions(said string, any ...string) bool {
	for _, s := range any {
		if strings.Contains(said, s) {
			return true
		}
	}
	return false
}

// lastComplaint is the last line that says what went wrong, without what stands before it.
func lastComplaint(said string) string {
	last := ""
	for line := range strings.Lines(said) {
		for _, mark := range []string{"PANIC:  ", "FATAL:  ", "error: "} {
			if _, what, ok := strings.Cut(line, mark); ok {
				last = strings.TrimSpace(what)
			}
		}
	}
	return last
}

// firstWord is the program of a command line, without its arguments, which may hold secrets.
func firstWord(command string) string {
	first, _, _ := strings.Cut(command, " ")
	return first
}

func readFrom(path string, from int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.NewSectionReader(f, from, mib))
	return string(raw), err
}
