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
	"runtime"
	"slices"
	"syscall"

	"cpd-jobs/internal/run"
)

// dataDir is the folder of one embedded server. All of it belongs to the server's account.
type dataDir struct {
	dir string
	who account
}

func newDataDir(root string, who account) dataDir {
	return dataDir{dir: filepath.Join(root, serverFolder), who: who}
}

func (d dataDir) file(name string) string { return filepath.Join(d.dir, name) }

// data is PostgreSQL's own data directory.
func (d dataDir) pgdata() string { return d.file("data") }

// logFile is what the server writes to.
func (d dataDir) logFile() string { return d.file("server.log") }

// id tells servers on one machine apart.
func (d dataDir) id() string {
	sum := sha256.Sum256([]byte(d.dir))
	return hex.EncodeToString(sum[:6])
}

// cluster is in the title of every process of the server, so that its orphans can be found.
func (d dataDir) cluster() string { return "cpd-jobs-" + d.id() }

// make makes the folder, or checks that it is the account's.
func (d dataDir) make() error {
	info, err := os.Lstat(d.dir)
	switch {
	case err == nil:
		return d.checkOwner(info)
	case errors.Is(err, fs.ErrPermission):
		return run.Invalid("run as the user that made it, or choose another with CPD_JOBS_DATA_DIR",
			"%s may not enter the data directory %s", d.who.name, filepath.Dir(d.dir))
	case !errors.Is(err, fs.ErrNotExist):
		return run.Invalid("choose another with CPD_JOBS_DATA_DIR", "the data directory cannot be used: %w", err)
	}
	if err := d.create(); err != nil {
		return d.cannotMake(err)
	}
	return nil
}

func (d dataDir) create() error {
	if err := d.who.makeDir(filepath.Dir(d.dir)); err != nil {
		return err
	}
	// Under a name of its own until it is the account's: another process that starts now must not find it root's.
	made, err := os.MkdirTemp(filepath.Dir(d.dir), "."+serverFolder+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(made) }()
	if err := d.who.own(made); err != nil {
		return err
	}
	err = os.Rename(made, d.dir)
	if _, exists := os.Stat(d.dir); err != nil && exists == nil {
		return nil // another process was first
	}
	return err
}

func (d dataDir) cannotMake(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return diskFull(d.dir)
	}
	return run.Invalid("choose another with CPD_JOBS_DATA_DIR", "the data directory cannot be made: %w", err)
}

// checkOwner refuses a folder, or PostgreSQL's folder in it, that belongs to another user.
func (d dataDir) checkOwner(info fs.FileInfo) error {
	if !info.IsDir() {
		return run.Invalid("move it away, or choose another directory with CPD_JOBS_DATA_DIR", "%s is not a folder", d.dir)
	}
	if owner := ownerOf(info); owner != d.who.uid {
		return d.othersFolder(d.dir, owner)
	}
	if info, err := os.Lstat(d.pgdata()); err == nil && ownerOf(info) != d.who.uid {
		return d.othersFolder(d.pgdata(), ownerOf(info))
	}
	return nil
}

func (d dataDir) othersFolder(dir string, owner int) error {
	hint := fmt.Sprintf("run as the user that made it, hand it over with `sudo chown -R %d:%d %s`, "+
		"or choose another directory with CPD_JOBS_DATA_DIR", d.who.uid, d.who.gid, d.dir)
	return run.Invalid(hint, "%s belongs to %s, and the server would run as %s", dir, userName(owner), d.who.name)
}

func ownerOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// openOwned opens a file of the folder, making it the account's where it is new.
func (d dataDir) openOwned(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|os.O_CREATE, 0o600)
	if err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			return nil, diskFull(d.dir)
		}
		return nil, fmt.Errorf("open a file of the embedded PostgreSQL: %w", err)
	}
	if err := d.who.own(path); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("give %s to %s: %w", path, d.who.name, err)
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

func (d dataDir) addressFile() string { return d.file("address.json") }

func (d dataDir) readAddress() (address, error) {
	var a address
	raw, err := os.ReadFile(d.addressFile())
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil {
		return a, fmt.Errorf("read how to reach PostgreSQL in %s: %w", d.dir, err)
	}
	return a, nil
}

// writeAddress replaces the file in one step: a joiner never reads half of it.
func (d dataDir) writeAddress(a address) error {
	raw, err := json.Marshal(a) // #nosec G117 -- the file is for this user alone
	if err != nil {
		return err
	}
	temp := d.addressFile() + ".new"
	f, err := d.openOwned(temp, os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Close()); err != nil {
		return d.cannotMake(err)
	}
	return os.Rename(temp, d.addressFile())
}

// sharedDir is where root's data go when the server's user may not enter the directory asked for.
const sharedDir = "/var/lib/cpd-jobs"

// serverFolder is the server's folder in the data directory.
const serverFolder = "postgres"

// ResolveDir says where the data directory dir really is: dir made absolute, or /var/lib/cpd-jobs where this is root
// and the server's user may not enter dir (under root's home, say). What lies beside the server's files, such as
// exports, belongs there too. It makes nothing.
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
// shows nothing to others: a new temporary folder is closed to others.
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

const (
	mib = 1 << 20
	// roomToMake is what a new data directory takes, with its first write-ahead log.
	roomToMake = 96 * mib
	// roomToStart lets a server recover and write its first checkpoint.
	roomToStart = 24 * mib
)

// checkRoom refuses to start on a disk that is all but full: PostgreSQL would fail half-way and less clearly.
func checkRoom(dir string, need uint64) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(nearest(dir), &st); err != nil {
		return nil //nolint:nilerr // not every file system tells; then PostgreSQL finds out
	}
	if free := uint64(st.Bavail) * uint64(st.Bsize); free < need {
		return run.Unreachable("free some space there, or choose another directory with CPD_JOBS_DATA_DIR",
			"the disk that holds %s is full: %d MB are free and PostgreSQL needs %d MB to start", dir, free/mib, need/mib)
	}
	return nil
}

func diskFull(dir string) error {
	return run.Unreachable("free some space there and start again; the data are safe", "the disk that holds %s is full", dir)
}

// sharedMemoryIsSmall says that /dev/shm cannot hold what parallel queries share: containers give it 64 MB.
func sharedMemoryIsSmall() bool {
	if runtime.GOOS != "linux" {
		return false
	}
	if info, err := os.Stat("/dev/shm"); err != nil || !info.IsDir() {
		return true
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &st); err != nil {
		return true
	}
	return uint64(st.Blocks)*uint64(st.Bsize) < 256*mib
}
