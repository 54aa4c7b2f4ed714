package pg

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"cpd-jobs/internal/run"
)

// home is the folder of one embedded server. All of it belongs to the server's account.
type home struct {
	dir string
	who account
}

func newHome(dataDir string, who account) home {
	return home{dir: filepath.Join(dataDir, serverFolder), who: who}
}

func (h home) path(name string) string { return filepath.Join(h.dir, name) }

// data is PostgreSQL's own data directory.
func (h home) data() string { return h.path("data") }

// logFile is what the server writes to.
func (h home) logFile() string { return h.path("server.log") }

// id tells servers on one machine apart.
func (h home) id() string {
	sum := sha256.Sum256([]byte(h.dir))
	return hex.EncodeToString(sum[:6])
}

// cluster is in the title of every process of the server, so that its orphans can be found.
func (h home) cluster() string { return "cpd-jobs-" + h.id() }

// make makes the folder, or checks that it is the account's.
func (h home) make() error {
	info, err := os.Lstat(h.dir)
	switch {
	case err == nil:
		return h.checkOwner(info)
	case errors.Is(err, fs.ErrPermission):
		return run.Invalid("run as the user that made it, or choose another with CPD_JOBS_DATA_DIR",
			"%s may not enter the data directory %s", h.who.name, filepath.Dir(h.dir))
	case !errors.Is(err, fs.ErrNotExist):
		return run.Invalid("choose another with CPD_JOBS_DATA_DIR", "the data directory cannot be used: %w", err)
	}
	if err := h.create(); err != nil {
		return h.cannotMake(err)
	}
	return nil
}

func (h home) create() error {
	if err := h.who.makeDir(filepath.Dir(h.dir)); err != nil {
		return err
	}
	// Under a name of its own until it is the account's: another process that starts now must not find it root's.
	made, err := os.MkdirTemp(filepath.Dir(h.dir), "."+serverFolder+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(made) }()
	if err := h.who.own(made); err != nil {
		return err
	}
	err = os.Rename(made, h.dir)
	if _, exists := os.Stat(h.dir); err != nil && exists == nil {
		return nil // somebody else was first
	}
	return err
}

func (h home) cannotMake(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return diskFull(h.dir)
	}
	return run.Invalid("choose another with CPD_JOBS_DATA_DIR", "the data directory cannot be made: %w", err)
}

// checkOwner refuses a folder, or PostgreSQL's folder in it, that belongs to somebody else.
func (h home) checkOwner(info fs.FileInfo) error {
	if !info.IsDir() {
		return run.Invalid("move it away, or choose another directory with CPD_JOBS_DATA_DIR", "%s is not a folder", h.dir)
	}
	if owner := ownerOf(info); owner != h.who.uid {
		return h.othersFolder(h.dir, owner)
	}
	if info, err := os.Lstat(h.data()); err == nil && ownerOf(info) != h.who.uid {
		return h.othersFolder(h.data(), ownerOf(info))
	}
	return nil
}

func (h home) othersFolder(dir string, owner int) error {
	hint := fmt.Sprintf("run as the user that made it, hand it over with `sudo chown -R %d:%d %s`, "+
		"or choose another directory with CPD_JOBS_DATA_DIR", h.who.uid, h.who.gid, h.dir)
	return run.Invalid(hint, "%s belongs to %s, and the server would run as %s", dir, userName(owner), h.who.name)
}

func ownerOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// openOwned opens a file of the home, making it the account's where it is new.
func (h home) openOwned(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|os.O_CREATE, 0o600)
	if err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			return nil, diskFull(h.dir)
		}
		return nil, fmt.Errorf("open a file of the embedded PostgreSQL: %w", err)
	}
	if err := h.who.own(path); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("give %s to %s: %w", path, h.who.name, err)
	}
	return f, nil
}

// address is how to reach a running server. It is kept in a file, because those who join may have another
// temporary folder than the one who started it.
type address struct {
	SocketDir string `json:"socket_dir"`
	Port      int    `json:"port"`
	TCP       bool   `json:"tcp"`
	Password  string `json:"password,omitempty"` // of the TCP port
}

func (h home) addressFile() string { return h.path("address.json") }

func (h home) readAddress() (address, error) {
	var a address
	raw, err := os.ReadFile(h.addressFile())
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		return a, fmt.Errorf("read how to reach PostgreSQL in %s: %w", h.dir, err)
	}
	return a, nil
}

// writeAddress replaces the file in one step: a joiner never reads half of it.
func (h home) writeAddress(a address) error {
	raw, err := json.Marshal(a) // #nosec G117 -- the file is for this user alone
	if err != nil {
		return err
	}
	temp := h.addressFile() + ".new"
	f, err := h.openOwned(temp, os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Close()); err != nil {
		return h.cannotMake(err)
	}
	return os.Rename(temp, h.addressFile())
}
