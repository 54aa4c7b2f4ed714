package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/minio/minio-go/v7"
)

// partSize is how much of a file is sent, and held, at a time: the least that S3 takes. With at most 10,000 parts a
// file may have 48 GiB.
const partSize = 5 << 20

// s3Draft is an object under a name of its own, which becomes the file by a copy within the store: that is at once
// there or not, and an upload that has not ended could not be read back. A file of more than one part is uploaded while
// it is written.
type s3Draft struct {
	store  *s3
	ctx    context.Context // of Create: Write has none
	key    string
	name   string // of the object
	buffer bytes.Buffer
	upload string // its id, "" before the first part
	parts  []minio.CompletePart
	saved  bool
	done   bool
}

func (s *s3) Create(ctx context.Context, key string) (Draft, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return &s3Draft{store: s, ctx: ctx, key: key, name: s.name(path.Join(drafts, rand.Text()))}, nil
}

func (d *s3Draft) Write(p []byte) (n int, err error) {
	if d.saved || d.done {
		return 0, fmt.Errorf("the draft of %s was ended before", d.key)
	}
	for len(p) > 0 {
		if d.buffer.Len() == partSize {
			if err := d.sendPart(d.ctx); err != nil {
				return n, err
			}
		}
		part := p[:min(len(p), partSize-d.buffer.Len())]
		d.buffer.Write(part)
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

// sendPart uploads what is in the buffer.
func (d *s3Draft) sendPart(ctx context.Context) error {
	s := d.store
	if d.upload == "" {
		id, err := s.core.NewMultipartUpload(ctx, s.address.bucket, d.name, minio.PutObjectOptions{})
		if err != nil {
			return s.failure("write", d.key, err)
		}
		d.upload = id
	}
	part, err := s.core.PutObjectPart(ctx, s.address.bucket, d.name, d.upload, len(d.parts)+1, bytes.NewReader(d.buffer.Bytes()), int64(d.buffer.Len()),
		minio.PutObjectPartOptions{})
	if err != nil {
		return s.failure("write", d.key, err)
	}
	d.parts = append(d.parts, minio.CompletePart{PartNumber: part.PartNumber, ETag: part.ETag})
	d.buffer.Reset()
	return nil
}

// save ends the upload, or makes it where one part is all.
func (d *s3Draft) save(ctx context.Context) error {
	if d.saved {
		return nil
	}
	if err := d.put(ctx); err != nil {
		return err
	}
	d.saved = true
	d.buffer = bytes.Buffer{}
	return nil
}

func (d *s3Draft) put(ctx context.Context) error {
	s := d.store
	if d.upload == "" {
		_, err := s.client.PutObject(ctx, s.address.bucket, d.name, bytes.NewReader(d.buffer.Bytes()), int64(d.buffer.Len()), minio.PutObjectOptions{PartSize: partSize})
		if err != nil {
			return s.failure("write", d.key, err)
		}
		return nil
	}
	if err := d.sendPart(ctx); err != nil { // it is never empty: a full one waits for the byte after it
		return err
	}
	if _, err := s.core.CompleteMultipartUpload(ctx, s.address.bucket, d.name, d.upload, d.parts, minio.PutObjectOptions{}); err != nil {
		return s.failure("write", d.key, err)
	}
	d.upload = ""
	return nil
}

func (d *s3Draft) Reopen(ctx context.Context) (File, error) {
	if err := d.save(ctx); err != nil {
		return nil, err
	}
	return d.store.open(ctx, d.name, d.key)
}

func (d *s3Draft) Publish(ctx context.Context) error {
	if d.done {
		return fmt.Errorf("the draft of %s was published or discarded before", d.key)
	}
	if err := d.save(ctx); err != nil {
		return err
	}
	s := d.store
	to := minio.CopyDestOptions{Bucket: s.address.bucket, Object: s.name(d.key)}
	if _, err := s.client.ComposeObject(ctx, to, minio.CopySrcOptions{Bucket: s.address.bucket, Object: d.name}); err != nil {
		return s.failure("publish", d.key, err)
	}
	d.done = true
	// The file is published, whatever becomes of the draft: one that stays is swept when it is old.
	_ = s.remove(ctx, d.name, d.key)
	return nil
}

// Discard has time even where the export was cancelled.
func (d *s3Draft) Discard() error {
	if d.done {
		return nil
	}
	d.done = true
	d.buffer = bytes.Buffer{}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.ctx), 10*time.Second)
	defer cancel()
	var errs []error
	if d.upload != "" {
		if err := d.store.core.AbortMultipartUpload(ctx, d.store.address.bucket, d.name, d.upload); err != nil && !gone(err) {
			errs = append(errs, d.store.failure("discard a draft of", d.key, err))
		}
	}
	if d.saved {
		errs = append(errs, d.store.remove(ctx, d.name, d.key))
	}
	return errors.Join(errs...)
}
