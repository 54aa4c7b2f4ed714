package pg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"cpd-jobs/internal/run"
)

// Dump writes the database of url to a new file, in pg_dump's custom format, for [Restore]. Others may go on working in it:
// the dump is of one instant. The file appears whole or not at all and is its owner's alone. A line for each table goes to out.
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
