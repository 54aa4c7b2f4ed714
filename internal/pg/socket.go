package pg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"cpd-jobs/internal/run"
)

// socketDir makes the folder of the socket, which is the server's account's alone, because whoever reaches the socket is
// trusted. It lies in the home, or in a temporary folder where that path is too long for a socket.
func (h home) socketDir() (string, error) {
	dir := h.path("run")
	if !fitsSocket(dir) {
		var err error
		if dir, err = h.shortDir(); err != nil {
			return "", err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", h.cannotMake(err)
	}
	if err := h.who.own(dir); err != nil {
		return "", fmt.Errorf("give %s to %s: %w", dir, h.who.name, err)
	}
	return dir, h.checkPrivate(dir)
}

// shortDir is the same for everyone with the same home and temporary folder.
func (h home) shortDir() (string, error) {
	for _, temp := range slices.Compact([]string{filepath.Clean(os.TempDir()), "/tmp"}) {
		dir := filepath.Join(temp, h.cluster())
		if ok, err := h.who.canEnter(temp); err != nil {
			return "", err
		} else if ok && fitsSocket(dir) {
			return dir, nil
		}
	}
	return "", run.Invalid("set CPD_JOBS_DATA_DIR or TMPDIR to a shorter path", "no folder for PostgreSQL's socket: the path of %s is too long", h.dir)
}

// removeShortDir removes the socket's folder where it does not lie in the home.
func (h home) removeShortDir() error {
	a, err := h.readAddress()
	if err != nil || filepath.Dir(a.SocketDir) == h.dir {
		return nil //nolint:nilerr // the home was removed under the server: nothing tells of another folder
	}
	_, err = removeFile(a.SocketDir)
	return err
}

// checkPrivate refuses a folder that somebody else put in our way.
func (h home) checkPrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return h.cannotMake(err)
	}
	if !info.IsDir() || ownerOf(info) != h.who.uid {
		return run.Invalid("have it removed, or set TMPDIR to another folder", "%s, for PostgreSQL's socket, is not a folder of %s's", dir, h.who.name)
	}
	if info.Mode().Perm() != 0o700 {
		return os.Chmod(dir, 0o700)
	}
	return nil
}

// fitsSocket says that a socket in dir has a path that the kernel takes and that connection strings can say: a comma
// would make two hosts of it.
func fitsSocket(dir string) bool {
	limit := 107
	if runtime.GOOS != "linux" {
		limit = 103
	}
	return len(filepath.Join(dir, ".s.PGSQL.65535")) <= limit && !strings.Contains(dir, ",")
}

// quoteFolder writes a folder for unix_socket_directories, which is a list.
func quoteFolder(dir string) string { return `"` + strings.ReplaceAll(dir, `"`, `""`) + `"` }
