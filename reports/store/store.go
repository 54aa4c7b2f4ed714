// Package store keeps exported files. A file is written as a draft that cannot be found, read back, and only then
// published under its name, whole. One small interface is all that the rest of the program knows of where files are;
// the conformance test in package storetest says what every implementation promises.
package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Store is a place for files. It is safe for concurrent use, also by several processes.
type Store interface {
	// Create begins a draft that may become the file called key. A key is a slash-separated path as [io/fs.ValidPath] has
	// it.
	Create(ctx context.Context, key string) (Draft, error)
	// Open fails with [ErrNotFound] where there is no such file.
	Open(ctx context.Context, key string) (File, error)
	// Delete removes a file; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// List names the files in order of their keys, drafts not among them.
	List(ctx context.Context) iter.Seq2[Info, error]
	// CleanDrafts removes the drafts that no living process is writing and says how many there were.
	CleanDrafts(ctx context.Context) (removed int, err error)
	// String says where the files are, without any secret.
	String() string
}

// Draft is a file that is being written. It ends with Publish or Discard; Discard after either does nothing, so it may
// be deferred. A draft is not safe for concurrent use.
type Draft interface {
	io.Writer
	// Reopen ends the writing: what was written is safe from a power cut. It may be called more than once.
	Reopen(ctx context.Context) (File, error)
	// Publish gives the file its name, replacing what had it: readers find the old file or the new, never a part of one.
	Publish(ctx context.Context) error
	Discard() error
}

// File is open for reading, from anywhere within it.
type File interface {
	io.Reader
	io.ReaderAt
	io.Seeker
	io.Closer
	Info() Info
}

// Info is what a store knows of a file.
type Info struct {
	Key      string
	Size     int64
	Modified time.Time
}

// ErrNotFound is returned by Open for a file that is not in the store.
var ErrNotFound = errors.New("no such file in the store")
