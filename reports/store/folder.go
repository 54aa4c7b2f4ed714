package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"cpd-jobs/internal/run"
)

// drafts is the folder, within the store's, of files that are being written: the same file system, so that a rename
// publishes, and a name that no key may begin with.
const drafts = ".drafts"

// Files may hold personal data: they are for the user that runs this program, and for the group that an operator
// chooses.
const (
	folderMode = 0o750
	fileMode   = 0o640
)

type folder struct {
	path string
	root *os.Root
}

// Folder is a store in a folder of this machine, or of a network drive that has locks and atomic renames. All
// access goes through [os.Root]: no key, and no link that somebody put there, leads out of it.
func Folder(dir string) (Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", dir, err)
	}
	if err := os.MkdirAll(abs, folderMode); err != nil {
		return nil, run.Invalid("name a folder that this user may write in, in EXPORT_STORE_URL", "export store: %w", err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, run.Invalid("name a folder that this user may enter, in EXPORT_STORE_URL", "export store: %w", err)
	}
	return &folder{path: abs, root: root}, nil
}

func (f *folder) String() string { return f.path }

func (f *folder) Open(ctx context.Context, key string) (File, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	file, err := f.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s in %s: %w", key, f.path, ErrNotFound)
	}
	if err != nil {
		return nil, f.unreachable("open", key, err)
	}
	return newOpened(file, key)
}

func (f *folder) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := f.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.unreachable("delete", key, err)
	}
	return nil
}

func (f *folder) List(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		err := fs.WalkDir(f.root.FS(), ".", func(key string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case key == drafts:
				return fs.SkipDir
			case !d.Type().IsRegular():
				return nil
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // deleted meanwhile
			}
			if err != nil {
				return err
			}
			if !yield(Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Info{}, f.unreachable("list", ".", err))
		}
	}
}

// syncFolders makes a rename in the folder of key, and the making of that folder, outlast a power cut.
func (f *folder) syncFolders(key string) error {
	for key != "." {
		key = path.Dir(key)
		dir, err := f.root.Open(key)
		if err != nil {
			return err
		}
		if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
			return err
		}
	}
	return nil
}

// unreachable is a failure of the disk or the network drive, which may pass.
func (f *folder) unreachable(doing, key string, err error) error {
	return run.Unreachable("check the folder's disk space and permissions", "export store %s: %s %s: %w", f.path, doing, key, cause(err))
}

// cause leaves out the path that the error repeats.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func checkKey(key string) error {
	if !fs.ValidPath(key) || key == "." || strings.HasPrefix(key, ".") {
		return fmt.Errorf("%q cannot name a file in the store", key)
	}
	return nil
}

// opened is a file of this machine with its facts.
type opened struct {
	*os.File
	info Info
}

func newOpened(file *os.File, key string) (File, error) {
	stat, err := file.Stat()
	if err == nil && !stat.Mode().IsRegular() {
		err = ErrNotFound
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return &opened{File: file, info: Info{Key: key, Size: stat.Size(), Modified: stat.ModTime()}}, nil
}

func (o *opened) Info() Info { return o.info }
