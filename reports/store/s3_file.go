package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/minio/minio-go/v7"
)

// s3File reads an object. Reading on from the start is one request, which gives the object as it was when it was
// opened, whatever happens to it meanwhile. Anything else asks again, for that very object: if it was replaced, reading
// fails rather than mix the two.
type s3File struct {
	store *s3
	ctx   context.Context // of Open: reading has none
	name  string
	info  Info
	etag  string

	at     int64 // where Read goes on
	body   io.ReadCloser
	bodyAt int64

	mu     sync.Mutex
	chunks []chunk // the last that ReadAt needed, newest last
}

// chunk is a stretch of the object. Readers of zip and Parquet files ask for a few kilobytes here and there; a
// request for each would take a hundred times as long.
type chunk struct {
	at   int64
	data []byte
}

const (
	chunkSize = 1 << 20
	maxChunks = 8
	// resumes is how often a reading that broke off is taken up again.
	resumes = 3
)

func (s *s3) open(ctx context.Context, name, key string) (File, error) {
	body, info, _, err := s.core.GetObject(ctx, s.address.bucket, name, minio.GetObjectOptions{})
	if gone(err) {
		return nil, s.notFound(key)
	}
	if err != nil {
		return nil, s.failure("open", key, err)
	}
	return &s3File{store: s, ctx: ctx, name: name, etag: info.ETag, body: body, info: Info{Key: key, Size: info.Size, Modified: info.LastModified}}, nil
}

func (f *s3File) Info() Info { return f.info }

func (f *s3File) Read(p []byte) (int, error) {
	for try := 0; ; try++ {
		if f.at >= f.info.Size {
			return 0, io.EOF
		}
		n, err := f.readOn(p)
		f.at += int64(n)
		f.bodyAt += int64(n)
		if n > 0 || len(p) == 0 {
			return n, nil // what went wrong after it comes out next time
		}
		f.drop()
		if try == resumes || f.ctx.Err() != nil || replaced(err) {
			return 0, f.store.failure("read", f.info.Key, noProgress(err))
		}
	}
}

// readOn reads from where the body is, or asks for one from where Read goes on.
func (f *s3File) readOn(p []byte) (int, error) {
	if f.body != nil && f.bodyAt != f.at {
		f.drop()
	}
	if f.body == nil {
		body, err := f.get(f.at, f.info.Size)
		if err != nil {
			return 0, err
		}
		f.body, f.bodyAt = body, f.at
	}
	return f.body.Read(p)
}

func (f *s3File) drop() {
	if f.body != nil {
		_ = f.body.Close() // it was only read
		f.body = nil
	}
}

// get asks for the bytes from one place to before another.
func (f *s3File) get(from, to int64) (io.ReadCloser, error) {
	options := minio.GetObjectOptions{}
	if err := errors.Join(options.SetRange(from, to-1), options.SetMatchETag(f.etag)); err != nil {
		return nil, err
	}
	body, _, _, err := f.store.core.GetObject(f.ctx, f.store.address.bucket, f.name, options)
	return body, err
}

func (f *s3File) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, errors.New("a place before the beginning of the file")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for n < len(p) {
		if at+int64(n) >= f.info.Size {
			return n, io.EOF
		}
		c, err := f.chunk((at + int64(n)) / chunkSize * chunkSize)
		if err != nil {
			return n, f.store.failure("read", f.info.Key, err)
		}
		n += copy(p[n:], c.data[at+int64(n)-c.at:])
	}
	return n, nil
}

// chunk is the one that begins at a place, from memory if it is there.
func (f *s3File) chunk(at int64) (c chunk, err error) {
	for i, known := range f.chunks {
		if known.at == at {
			f.chunks = append(append(f.chunks[:i], f.chunks[i+1:]...), known)
			return known, nil
		}
	}
	c = chunk{at: at}
	if len(f.chunks) == maxChunks {
		c.data, f.chunks = f.chunks[0].data, f.chunks[1:]
	}
	if c.data, err = f.fetch(c.data, at); err != nil {
		return c, err
	}
	f.chunks = append(f.chunks, c)
	return c, nil
}

// fetch reads a chunk, into memory that it may reuse.
func (f *s3File) fetch(into []byte, at int64) ([]byte, error) {
	size := int(min(chunkSize, f.info.Size-at))
	if cap(into) < size {
		into = make([]byte, size)
	}
	into = into[:size]
	var err error
	for range 1 + resumes {
		if err = f.fill(into, at); err == nil || f.ctx.Err() != nil || replaced(err) {
			break
		}
	}
	return into, err
}

func (f *s3File) fill(into []byte, at int64) error {
	body, err := f.get(at, at+int64(len(into)))
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.ReadFull(body, into)
	return err
}

func (f *s3File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.info.Size
	}
	if offset < 0 {
		return f.at, errors.New("a place before the beginning of the file")
	}
	f.at = offset
	return offset, nil
}

func (f *s3File) Close() error {
	f.drop()
	return nil
}

// replaced says that the object is no longer the one that was opened.
func replaced(err error) bool {
	return gone(err) || minio.ToErrorResponse(err).Code == minio.PreconditionFailed
}

func noProgress(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("the store ended the file early: %w", io.ErrUnexpectedEOF)
	}
	return err
}
