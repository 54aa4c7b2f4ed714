package store

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
)

// s3 is a store in a bucket of S3 or a compatible service. What a bucket cannot do is tell whether the writer of a
// draft is still alive; drafts there are dead once they are older than any export may take.
type s3 struct {
	address s3Address
	client  *minio.Client
	core    minio.Core
	now     clock.Now
}

const (
	// deadAfter is when a draft is dead: many times what an export may take. Too low, and a sweep takes away what
	// somebody writes.
	deadAfter = 12 * time.Hour
	// tries is how often a request is sent, with pauses that grow to a second. The export is tried again later.
	tries = 5
)

// S3 is a store in a bucket, at s3://[KEY:SECRET@]HOST/BUCKET[/FOLDER][?region=REGION]. Nothing is sent yet.
func S3(address string) (Store, error) {
	a, err := parseS3(address)
	if err != nil {
		return nil, err
	}
	client, err := minio.New(a.endpoint, &minio.Options{Creds: a.credentials, Secure: a.secure, Region: a.region, MaxRetries: tries})
	if err != nil {
		return nil, run.Invalid(s3Hint, "EXPORT_STORE_URL: %w", err)
	}
	return &s3{address: a, client: client, core: minio.Core{Client: client}, now: clock.System}, nil
}

func (s *s3) String() string { return s.address.String() }

// name is what the bucket calls a key.
func (s *s3) name(key string) string { return s.address.prefix + key }

func (s *s3) Open(ctx context.Context, key string) (File, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return s.open(ctx, s.name(key), key)
}

func (s *s3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return s.remove(ctx, s.name(key), key)
}

func (s *s3) remove(ctx context.Context, name, key string) error {
	if err := s.client.RemoveObject(ctx, s.address.bucket, name, minio.RemoveObjectOptions{}); err != nil && !gone(err) {
		return s.failure("delete", key, err)
	}
	return nil
}

func (s *s3) List(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for o := range s.objects(ctx, s.address.prefix) {
			if o.Err != nil {
				yield(Info{}, s.failure("list", ".", o.Err))
				return
			}
			key := strings.TrimPrefix(o.Key, s.address.prefix)
			if checkKey(key) != nil {
				continue // a draft, or something that only looks like a folder
			}
			if !yield(Info{Key: key, Size: o.Size, Modified: o.LastModified}, nil) {
				return
			}
		}
	}
}

func (s *s3) objects(ctx context.Context, prefix string) iter.Seq[minio.ObjectInfo] {
	return s.client.ListObjectsIter(ctx, s.address.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true})
}

func (s *s3) CleanDrafts(ctx context.Context) (removed int, err error) {
	uploads, err := s.cleanUploads(ctx)
	if err != nil {
		return uploads, err
	}
	for o := range s.objects(ctx, s.name(drafts+"/")) {
		if o.Err != nil {
			return uploads + removed, s.failure("look for drafts in", drafts, o.Err)
		}
		if s.now().Sub(o.LastModified) < deadAfter {
			continue
		}
		if err := s.remove(ctx, o.Key, drafts); err != nil {
			return uploads + removed, err
		}
		removed++
	}
	return uploads + removed, nil
}

// cleanUploads gives up uploads that were begun long ago and never finished, which a bucket keeps, and charges for, but
// does not list among its files.
func (s *s3) cleanUploads(ctx context.Context) (removed int, err error) {
	key, id := "", ""
	for {
		page, err := s.core.ListMultipartUploads(ctx, s.address.bucket, s.name(drafts+"/"), key, id, "", 1000)
		if err != nil {
			return removed, s.failure("look for drafts in", drafts, err)
		}
		for _, u := range page.Uploads {
			if s.now().Sub(u.Initiated) < deadAfter {
				continue
			}
			err := s.core.AbortMultipartUpload(ctx, s.address.bucket, u.Key, u.UploadID)
			if err != nil && !gone(err) {
				return removed, s.failure("give up a draft in", drafts, err)
			}
			removed++
		}
		if !page.IsTruncated {
			return removed, nil
		}
		key, id = page.NextKeyMarker, page.NextUploadIDMarker
	}
}

// failure is what went wrong: a setting that no retry mends, or something that may pass.
func (s *s3) failure(doing, key string, err error) error {
	if r := minio.ToErrorResponse(err); r.Code == minio.NoSuchBucket || r.Code == minio.AuthorizationHeaderMalformed || r.StatusCode == http.StatusForbidden {
		return run.Invalid("check bucket, region, key and secret in EXPORT_STORE_URL, and what the key may do", "export store %s: %s %s: %w", s, doing, key, err)
	}
	return run.Unreachable("check that the store answers, and its address in EXPORT_STORE_URL", "export store %s: %s %s: %w", s, doing, key, err)
}

// gone says that there is no such file or upload.
func gone(err error) bool {
	r := minio.ToErrorResponse(err)
	return r.Code == minio.NoSuchKey || r.Code == minio.NoSuchUpload || r.Code == "" && r.StatusCode == http.StatusNotFound
}

// notFound is what Open says of a file that is not there.
func (s *s3) notFound(key string) error { return fmt.Errorf("%s in %s: %w", key, s, ErrNotFound) }
