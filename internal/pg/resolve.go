package pg

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// sharedDir is where root's data go when the server's user may not enter the directory asked for.
const sharedDir = "/var/lib/cpd-jobs"

// serverFolder is the server's folder in the data directory.
const serverFolder = "postgres"

// ResolveDir says where the data directory dir really is: dir made absolute, or /var/lib/cpd-jobs where this is root and
// the server's user may not enter dir (under root's home, say). What lies beside the server's files, such as exports,
// belongs there too. It makes nothing.
func ResolveDir(dir string) (actual string, moved bool, err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", false, fmt.Errorf("find the data directory %s: %w", dir, err)
	}
	who, err := serverAccount()
	if err != nil {
		return "", false, err
	}
	ok, err := who.canUse(abs)
	if err != nil || ok {
		return abs, false, err
	}
	return sharedDir, abs != sharedDir, nil
}

// canUse says that the account may enter dir, or could once we made it or opened it.
func (a account) canUse(dir string) (bool, error) {
	if !a.switched {
		return true, nil
	}
	if canOpen(dir) {
		dir = filepath.Dir(dir)
	}
	return a.canEnter(nearest(dir))
}

// canOpen says that dir is root's and holds nothing but what is ours, so that letting the server's user pass through it
// shows nobody anything: a new temporary folder is closed to others.
func canOpen(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() || ownerOf(info) != 0 {
		return false
	}
	entries, err := os.ReadDir(dir)
	return err == nil && (len(entries) == 0 ||
		slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == serverFolder }))
}

// nearest is dir, or the closest folder above it that exists.
func nearest(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// makeDir makes dir and what is missing above it, passable for the account whatever the umask.
func (a account) makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if a.switched && info.Mode().Perm()&1 == 0 && canOpen(dir) {
			return os.Chmod(dir, info.Mode().Perm()|1)
		}
		return nil
	}
	if err := a.makeDir(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	if a.switched {
		return os.Chmod(dir, 0o755)
	}
	return nil
}
