package pg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// initialise makes PostgreSQL's data directory where there is none. It is made under another name and then renamed, so
// that a directory with the right name is a whole one. alive is inherited, as by the server.
func (h home) initialise(ctx context.Context, bin installation, alive *os.File, settings map[string]string) error {
	if _, err := os.Lstat(h.data()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := checkRoom(h.dir, roomToMake); err != nil {
		return err
	}
	temp := h.path("data.new")
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("remove an unfinished data directory: %w", err)
	}
	args := []string{"--pgdata=" + temp, "--username=" + Superuser, "--encoding=UTF8",
		"--auth-local=trust", "--auth-host=scram-sha-256", "--data-checksums"}
	if settings["fsync"] == "off" {
		args = append(args, "--no-sync")
	}
	said, err := h.initdb(ctx, bin, alive, append(args, locale()...))
	if err != nil && strings.Contains(said, "invalid locale") {
		said, err = h.initdb(ctx, bin, alive, append(args, "--locale=C"))
	}
	if err != nil {
		return h.explain(ctx, said, fmt.Errorf("make PostgreSQL's data directory %s: %w", h.data(), err))
	}
	return os.Rename(temp, h.data())
}

func (h home) initdb(ctx context.Context, bin installation, alive *os.File, args []string) (said string, err error) {
	var out bytes.Buffer
	cmd := h.program(ctx, filepath.Join(bin.dir, "initdb"), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.ExtraFiles = []*os.File{alive}
	err = cmd.Run()
	return out.String(), err
}

// locale orders text by code point and knows the case of every letter. macOS has no C.UTF-8 of old.
func locale() []string {
	if runtime.GOOS == "darwin" {
		return []string{"--locale=C", "--lc-ctype=en_US.UTF-8"}
	}
	return []string{"--locale=C.UTF-8"}
}
