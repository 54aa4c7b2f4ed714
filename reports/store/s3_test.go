package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/s3test"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/reports/store"
)

// folderOf is the address of a folder of a server's bucket.
func folderOf(s s3test.Server, folder string) string {
	return strings.Replace(s.Address, "?", "/"+folder+"?", 1)
}

func bucket(t *testing.T, address string) store.Store {
	t.Helper()
	s, err := store.Open(address, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestS3(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	var folders atomic.Int64
	storetest.Run(t, func(t *testing.T) (s, again store.Store) {
		address := folderOf(server, fmt.Sprintf("test-%d/exports", folders.Add(1)))
		return bucket(t, address), bucket(t, address)
	})
	t.Run("big files", func(t *testing.T) { t.Parallel(); bigFiles(t, bucket(t, folderOf(server, "big"))) })
	t.Run("dead drafts", func(t *testing.T) { t.Parallel(); deadDrafts(t, bucket(t, folderOf(server, "dead"))) })
	t.Run("cancelled", func(t *testing.T) { t.Parallel(); cancelled(t, bucket(t, folderOf(server, "cancelled"))) })
	t.Run("replaced while it is read", func(t *testing.T) { t.Parallel(); replacedMeanwhile(t, bucket(t, folderOf(server, "replaced"))) })
	t.Run("wrong settings", func(t *testing.T) { t.Parallel(); wrongSettings(t, server) })
}

// noise is bytes that are not like each other, so that a mix-up shows.
func noise(n int) []byte {
	r := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	_, _ = r.Read(b)
	return b
}

func bigFiles(t *testing.T, s store.Store) {
	for _, size := range []int{store.PartSize - 1, store.PartSize, store.PartSize + 1, 2*store.PartSize + 3} {
		content := noise(size)
		d, err := s.Create(t.Context(), "big.bin")
		if err != nil {
			t.Fatal(err)
		}
		for rest := content; len(rest) > 0; {
			n := min(len(rest), 700_001)
			if _, err := d.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := d.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		f, err := s.Open(t.Context(), "big.bin")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(got, content) || f.Info().Size != int64(size) {
			t.Errorf("%d bytes: %d came back, %v", size, len(got), err)
		}
		readPieces(t, f, content)
		f.Close()
	}
}

// readPieces reads from all over a file, across the chunks that are kept.
func readPieces(t *testing.T, f store.File, content []byte) {
	t.Helper()
	for i := range 60 {
		at := i * 7_654_321 % len(content)
		want := content[at:min(at+3000, len(content))]
		got := make([]byte, 3000)
		n, err := f.ReadAt(got, int64(at))
		if (err != nil) != (n < len(got)) || !bytes.Equal(got[:n], want) {
			t.Fatalf("%d bytes from %d: %d, %v", len(want), at, n, err)
		}
	}
	if n, err := f.ReadAt(make([]byte, 1), int64(len(content))); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("beyond the end: %d, %v", n, err)
	}
	if _, err := f.Seek(1000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(io.LimitReader(f, 5000)); err != nil || !bytes.Equal(got, content[1000:6000]) {
		t.Errorf("after a seek: %d bytes, %v", len(got), err)
	}
}

// A writer that was killed leaves an upload that never ended, or an object that was never published.
func deadDrafts(t *testing.T, s store.Store) {
	unfinished := storetest.Draft(t, s, "x.csv", strings.Repeat("x", store.PartSize+1))
	unpublished := storetest.Draft(t, s, "y.csv", "content")
	if _, err := unpublished.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := s.CleanDrafts(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d living drafts, %v", n, err)
	}
	store.SetNow(s, func() time.Time { return clock.System().Add(24 * time.Hour) })
	if n, err := s.CleanDrafts(t.Context()); n != 2 || err != nil {
		t.Errorf("swept %d dead drafts, %v, want 2", n, err)
	}
	for _, d := range []store.Draft{unfinished, unpublished} {
		if err := d.Publish(t.Context()); err == nil {
			t.Error("published a draft that was swept")
		}
		if err := d.Discard(); err != nil {
			t.Error(err)
		}
	}
	if keys := storetest.Keys(t, s); len(keys) != 0 {
		t.Errorf("files %q, want none", keys)
	}
}

func cancelled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	d, err := s.Create(ctx, "x.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write(make([]byte, store.PartSize+1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := d.Write(make([]byte, 2*store.PartSize)); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v, want cancelled", err)
	}
	if err := d.Discard(); err != nil {
		t.Errorf("discard: %v", err)
	}
	store.SetNow(s, func() time.Time { return clock.System().Add(24 * time.Hour) })
	if n, err := s.CleanDrafts(t.Context()); n != 0 || err != nil {
		t.Errorf("%d drafts were left, %v", n, err)
	}
}

// Reading on gives the old file; reading from somewhere else fails: never a mix.
func replacedMeanwhile(t *testing.T, s store.Store) {
	storetest.Put(t, s, "x.csv", strings.Repeat("old ", 1000))
	f, err := s.Open(t.Context(), "x.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	storetest.Put(t, s, "x.csv", strings.Repeat("new ", 1000))
	if n, err := f.ReadAt(make([]byte, 4), 100); n != 0 || err == nil {
		t.Errorf("read %d bytes of another file, %v", n, err)
	}
	if got, err := io.ReadAll(f); err != nil || string(got) != strings.Repeat("old ", 1000) {
		t.Errorf("%d bytes, %v, want the old file", len(got), err)
	}
}

func wrongSettings(t *testing.T, server s3test.Server) {
	for name, address := range map[string]string{
		"no such bucket": strings.Replace(server.Address, "/exports?", "/another?", 1),
		"wrong secret":   strings.Replace(server.Address, "secret@", "wrong@", 1),
	} {
		s := bucket(t, address)
		d := storetest.Draft(t, s, "x.csv", "x")
		err := d.Publish(t.Context())
		if err == nil || run.ExitStatus(err) != 2 || strings.Contains(err.Error(), "tests-secret") {
			t.Errorf("%s: error %v (exit status %d), want one of status 2 and without the secret", name, err, run.ExitStatus(err))
		}
		if _, err := s.Open(t.Context(), "x.csv"); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: open: %v, which is not that there is no such file", name, err)
		}
	}
}

func TestS3Down(t *testing.T) {
	t.Parallel()
	s := bucket(t, "s3://key:secret@127.0.0.1:1/exports?tls=false&region=us-east-1")
	_, err := s.Open(t.Context(), "x.csv")
	if err == nil || run.ClassOf(err) != run.ClassUnreachable || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v, want one of a store that cannot be reached", err)
	}
}

func TestS3Addresses(t *testing.T) {
	for name, test := range map[string]struct {
		address         string
		environ         map[string]string
		want, wantError string
	}{
		"as a service gives it": {address: "s3://AK:se%2Fcret@s3.eu-west-2.amazonaws.com/bucket?region=eu-west-2", want: "s3://s3.eu-west-2.amazonaws.com/bucket"},
		"a folder of a bucket":  {address: "s3://AK:secret@s3.example.org:9000/bucket/a/b/", want: "s3://s3.example.org:9000/bucket/a/b"},
		"Amazon's, by its name": {address: "s3://AK:secret@bucket/a?region=eu-west-2", want: "s3://s3.eu-west-2.amazonaws.com/bucket/a"},
		"from the environment":  {address: "s3://bucket", environ: map[string]string{"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-2"}, want: "s3://s3.eu-west-2.amazonaws.com/bucket"},
		"no credentials":        {address: "s3://bucket", wantError: "without key and secret"},
		"no secret":             {address: "s3://AK@bucket", wantError: "without key and secret"},
		"no bucket":             {address: "s3://AK:secret@s3.example.org/", wantError: "names no bucket"},
		"an unknown option":     {address: "s3://AK:secret@bucket?regoin=x", wantError: "option regoin"},
		"a switch that is none": {address: "s3://AK:secret@bucket?tls=no", wantError: "option tls"},
		"no address":            {address: "s3://AK:sec%ret@bucket", wantError: "not an S3 address"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"} {
				t.Setenv(v, test.environ[v])
			}
			s, err := store.Open(test.address, "")
			if test.wantError == "" {
				if err != nil || s.String() != test.want {
					t.Errorf("store %v, %v, want %s", s, err, test.want)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.wantError) || strings.Contains(err.Error(), "secret@") || run.ExitStatus(err) != 2 {
				t.Errorf("error %v, want one of status 2 with %q", err, test.wantError)
			}
		})
	}
}
