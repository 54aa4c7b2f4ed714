package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// folderDraft holds a lock on its file for as long as it lives. The system lets go of the lock when the process
// dies, however it dies: that is how [folder.CleanDrafts] tells a dead draft from one that somebody is writing.
type folderDraft struct {
	store *folder
	key   string
	name  string // within the store
	file  *os.File
	saved bool
	done  bool
}

func (f *folder) Create(ctx context.Context, key string) (Draft, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := f.root.Mkdir(drafts, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, f.unreachable("make a folder in", ".", err)
	}
	for {
		name := path.Join(drafts, rand.Text())
		file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, fileMode)
		if err != nil {
			return nil, f.unreachable("write", key, err)
		}
		err = lockFile(file)
		if err == nil && f.stillThere(name, file) {
			return &folderDraft{store: f, key: key, name: name, file: file}, nil
		}
		file.Close()
		if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(f.unreachable("lock a draft of", key, err), f.root.Remove(name))
		}
		// A sweep came between making and locking it, and takes it away: try another.
	}
}

func (d *folderDraft) Write(p []byte) (int, error) {
	d.saved = false
	n, err := d.file.Write(p)
	if err != nil {
		err = d.store.unreachable("write", d.key, err)
	}
	return n, err
}

func (d *folderDraft) save() error {
	if d.saved {
		return nil
	}
	if err := d.file.Sync(); err != nil {
		return d.store.unreachable("write", d.key, err)
	}
	d.saved = true
	return nil
}

func (d *folderDraft) Reopen(ctx context.Context) (File, error) {
	if err := d.save(); err != nil {
		return nil, err
	}
	file, err := d.store.root.Open(d.name)
	if err != nil {
		return nil, d.store.unreachable("reread", d.key, err)
	}
	return newOpened(file, d.key)
}

func (d *folderDraft) Publish(ctx context.Context) error {
	if d.done {
		return fmt.Errorf("the draft of %s was published or discarded before", d.key)
	}
	if err := d.save(); err != nil {
		return err
	}
	if dir := path.Dir(d.key); dir != "." {
		if err := d.store.root.MkdirAll(dir, folderMode); err != nil {
			return d.store.unreachable("make the folder of", d.key, err)
		}
	}
	if err := d.store.root.Rename(d.name, d.key); err != nil {
		return d.store.unreachable("publish", d.key, err)
	}
	d.done = true
	if err := errors.Join(d.file.Close(), d.store.syncFolders(d.key)); err != nil {
		return d.store.unreachable("publish", d.key, err)
	}
	return nil
}

func (d *folderDraft) Discard() error {
	if d.done {
		return nil
	}
	d.done = true
	err := errors.Join(d.store.root.Remove(d.name), d.file.Close())
	if err != nil {
		return d.store.unreachable("discard a draft of", d.key, err)
	}
	return nil
}

func (f *folder) CleanDrafts(ctx context.Context) (removed int, err error) {
	dir, err := f.root.Open(drafts)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, f.unreachable("look for drafts in", drafts, err)
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, f.unreachable("look for drafts in", drafts, err)
	}
	for _, e := range entries {
		gone, err := f.cleanDraft(path.Join(drafts, e.Name()))
		if err != nil {
			return removed, f.unreachable("remove", e.Name(), err)
		}
		if gone {
			removed++
		}
	}
	return removed, ctx.Err()
}

// cleanDraft removes a draft whose lock is free.
func (f *folder) cleanDraft(name string) (removed bool, err error) {
	file, err := f.root.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	if err := lockFile(file); err != nil {
		return false, nil // somebody is writing it
	}
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, nil
}

// stillThere says that name is the very file that is open.
func (f *folder) stillThere(name string, file *os.File) bool {
	now, err := f.root.Lstat(name)
	if err != nil {
		return false
	}
	stat, err := file.Stat()
	return err == nil && os.SameFile(now, stat)
}

// lockFile takes the lock or fails at once.
func lockFile(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
