package pg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"cpd-jobs/internal/run"
)

// tool is one of PostgreSQL's programs that copy a database, at work on one.
type tool struct {
	name string // pg_dump or pg_restore
	url  string // the database; "" for none
	// progress marks the lines that name a table whose rows are being copied.
	progress string
	say      string    // what is happening to the table
	out      io.Writer // where people read
}

// run runs the tool, telling of each table as it comes to it. The error is the tool's own first complaint.
func (t tool) run(ctx context.Context, stdout io.Writer, args ...string) error {
	path, err := findTool(t.name)
	if err != nil {
		return err
	}
	env := os.Environ()
	if t.url != "" {
		conninfo, toolEnv, err := forTools(t.url)
		if err != nil {
			return err
		}
		args, env = append(args, "--no-password", "--dbname="+conninfo), toolEnv
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Stdout = env, stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", path, err)
	}
	complaint := t.follow(stderr)
	if err := cmd.Wait(); err != nil {
		return t.failed(ctx, complaint, err)
	}
	return nil
}

// follow reads what the tool says to its end and returns its first complaint.
func (t tool) follow(said io.Reader) (complaint string) {
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, mib)
	for lines.Scan() {
		line := lines.Text()
		if _, what, ok := strings.Cut(line, "error: "); ok && complaint == "" {
			complaint = strings.TrimSpace(what)
		}
		if _, table, ok := strings.Cut(line, t.progress); ok && t.out != nil {
			_, _ = fmt.Fprintf(t.out, "%s %s\n", t.say, strings.Trim(table, `"`)) // talk, not the result
		}
	}
	_, _ = io.Copy(io.Discard, said) // a line too long to scan: the tool must not wait for us to read it
	return complaint
}

func (t tool) failed(ctx context.Context, complaint string, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", t.name, ctx.Err())
	case mentions(complaint, "server version mismatch", "unsupported version"):
		return run.Invalid("install the programs of the version that is newer, and try again", "%s is too old: %s", t.name, complaint)
	case mentions(complaint, "valid archive", "end of file", "could not read from input file", "too short", "magic string"):
		return run.Invalid("give a file that `cpd-jobs db dump` wrote", "%s: %s", t.name, complaint)
	case mentions(complaint, "No space left on device"):
		return run.Blocked("free some space and try again", "%s: the disk is full", t.name)
	case mentions(complaint, "connection to server"):
		return run.Unreachable("check the address, the server and the network", "%s: %s", t.name, complaint)
	case complaint != "":
		return fmt.Errorf("%s: %s", t.name, complaint)
	default:
		return fmt.Errorf("%s: %w", t.name, err)
	}
}

// findTool finds a client program of the newest PostgreSQL: old ones refuse newer servers.
func findTool(name string) (string, error) {
	best := installation{}
	for _, i := range findInstallations(os.Getenv("PATH"), usualFolders) {
		if _, err := os.Stat(filepath.Join(i.dir, name)); err == nil && i.major > best.major {
			best = i
		}
	}
	if best.dir != "" {
		return filepath.Join(best.dir, name), nil
	}
	path, err := exec.LookPath(name) // where the client programs alone are installed
	if err != nil {
		return "", run.Unreachable(howToInstall, "%s was not found on the PATH or in the usual folders: %w", name, errors.Unwrap(err))
	}
	return path, nil
}
