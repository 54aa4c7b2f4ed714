package pg

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
)

// Dump writes the database of url to a new file, in pg_dump's custom format, for [Restore]. Others may go on working in
// it: the dump is of one instant. The file appears whole or not at all and is its owner's alone. A line for each table
// goes to out.
func Dump(ctx context.Context, url, file string, out io.Writer) (err error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return run.Invalid("name another file, or move that one away", "%s is there already", file)
	}
	temp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".part-*")
	if err != nil {
		return run.Invalid("name a file in a folder that you may write to", "make the dump: %w", err)
	}
	defer func() {
		if err != nil {
			_ = temp.Close() // closed already, it may be
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	dump := tool{name: "pg_dump", url: url, progress: "dumping contents of table ", say: "dump", out: out}
	if err := dump.run(ctx, temp, "--format=custom", "--verbose"); err != nil {
		return err
	}
	return publish(temp, file)
}

// publish makes a finished temporary file safe on disk and gives it its name.
func publish(temp *os.File, file string) error {
	if err := temp.Sync(); err != nil {
		return writeFailed(file, err)
	}
	if err := temp.Close(); err != nil {
		return writeFailed(file, err)
	}
	return os.Rename(temp.Name(), file)
}

func writeFailed(file string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return run.Blocked("free some space and try again", "the disk that holds %s is full", file)
	}
	return fmt.Errorf("write %s: %w", file, err)
}

// Restore fills the empty database of url from a file that [Dump] wrote, all of it or nothing; everything then belongs
// to url's user. Roles that the dump grants something to and that the server lacks are made, without login. A line for
// each table goes to out. A database that holds anything is refused.
func Restore(ctx context.Context, url, file string, out io.Writer) error {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return run.Invalid("give a file that `cpd-jobs db dump` wrote", "%s is no file that can be read", file)
	}
	grants, err := readGrants(ctx, file)
	if err != nil {
		return err
	}
	pool, err := Open(ctx, url, PoolOptions{App: "cpd-jobs db", MaxConns: 1})
	if err != nil {
		return err
	}
	defer pool.Close()
	rows, _ := pool.Query(ctx, emptySQL) // CollectExactlyOneRow has the error
	first, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("see whether the database is empty: %w", err)
	}
	if len(first) > 0 {
		return run.Blocked("restore into a new, empty database", "the database is not empty: it has %s", first[0])
	}
	restore := tool{name: "pg_restore", url: url, progress: "processing data for table ", say: "restore", out: out}
	if err := restore.run(ctx, io.Discard, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--verbose", file); err != nil {
		return err
	}
	return grants.apply(ctx, pool, out)
}

// emptySQL names a table or the like that a user made, if there is one.
const emptySQL = `
	SELECT c.oid::regclass::text
	FROM pg_class c
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
	  AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
	ORDER BY 1
	LIMIT 1`

// readGrants takes from a dump who may do what. It is restored apart from the rest: a missing role must not keep
// the data out.
func readGrants(ctx context.Context, file string) (grants, error) {
	var list, sql bytes.Buffer
	restore := tool{name: "pg_restore"}
	if err := restore.run(ctx, &list, "--list", file); err != nil {
		return nil, err
	}
	only, err := os.CreateTemp("", "cpd-jobs-grants-*")
	if err != nil {
		return nil, fmt.Errorf("note the dump's grants: %w", err)
	}
	defer func() { _ = os.Remove(only.Name()) }()
	_, err = only.Write(grantEntries(list.Bytes()))
	if err := errors.Join(err, only.Close()); err != nil {
		return nil, fmt.Errorf("note the dump's grants: %w", err)
	}
	if err := restore.run(ctx, &sql, "--use-list="+only.Name(), "--file=-", file); err != nil {
		return nil, err
	}
	return parseGrants(sql.String()), nil
}

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
