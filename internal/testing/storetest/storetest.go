// Package storetest says, as a test, what every [store.Store] promises.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"cpd-jobs/reports/store"
)

// Run tries a store. open makes an empty one; what is opened twice by again is the same place, as two processes see it.
func Run(t *testing.T, open func(t *testing.T) (s, again store.Store)) {
	tests := map[string]func(t *testing.T, s, again store.Store){
		"a published file is read back whole, from anywhere": readBack,
		"a draft is not to be found until it is published":   hiddenDraft,
		"a draft can be reread before it is published":       rereadDraft,
		"a discarded draft leaves nothing":                   discard,
		"publishing replaces the file of the same name":      replace,
		"a reader keeps the file that it opened":             readerKeeps,
		"what is not there":                                  notThere,
		"deleting":                                           deleting,
		"listing in order of keys":                           listing,
		"keys that lead astray are refused":                  badKeys,
		"a sweep leaves drafts alone that are being written": sweepLiving,
		"an empty file":                                      emptyFile,
		"many at once":                                       manyAtOnce,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, again := open(t)
			test(t, s, again)
		})
	}
}

// Put publishes a file.
func Put(t *testing.T, s store.Store, key, content string) {
	t.Helper()
	d := Draft(t, s, key, content)
	if err := d.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Draft begins a file and writes content to it.
func Draft(t *testing.T, s store.Store, key, content string) store.Draft {
	t.Helper()
	d, err := s.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(d, content); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Discard() })
	return d
}

// Read gives a file's content.
func Read(t *testing.T, s store.Store, key string) string {
	t.Helper()
	f, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return all(t, f)
}

// Keys lists what is to be found.
func Keys(t *testing.T, s store.Store) []string {
	t.Helper()
	var keys []string
	for info, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

func all(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantKeys(t *testing.T, s store.Store, want ...string) {
	t.Helper()
	if got := Keys(t, s); !slices.Equal(got, want) {
		t.Errorf("files in the store: %q, want %q", got, want)
	}
}

func readBack(t *testing.T, s, again store.Store) {
	content := strings.Repeat("0123456789", 100_000)
	Put(t, s, "a/long.txt", content)
	f, err := again.Open(t.Context(), "a/long.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.Info(); got.Key != "a/long.txt" || got.Size != int64(len(content)) || got.Modified.IsZero() {
		t.Errorf("info %+v", got)
	}
	part := make([]byte, 4)
	if _, err := f.ReadAt(part, 777_778); err != nil || string(part) != "8901" {
		t.Errorf("from the middle: %q, %v", part, err)
	}
	if _, err := f.Seek(-3, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if got := all(t, f); got != "789" {
		t.Errorf("the end: %q", got)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got := all(t, f); got != content {
		t.Errorf("read %d bytes, want %d equal ones", len(got), len(content))
	}
}

func hiddenDraft(t *testing.T, s, again store.Store) {
	d := Draft(t, s, "x.csv", "half")
	wantKeys(t, again)
	if _, err := again.Open(t.Context(), "x.csv"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("open: %v, want not found", err)
	}
	if err := d.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, again, "x.csv")
	if err := d.Discard(); err != nil {
		t.Errorf("discard after publish: %v", err)
	}
	wantKeys(t, again, "x.csv")
	if err := d.Publish(t.Context()); err == nil {
		t.Error("published twice")
	}
}

func rereadDraft(t *testing.T, s, again store.Store) {
	d := Draft(t, s, "x.csv", "content")
	for range 2 {
		f, err := d.Reopen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := all(t, f); got != "content" || f.Info().Size != 7 {
			t.Errorf("%q, %+v", got, f.Info())
		}
		f.Close()
	}
	wantKeys(t, again)
}

func discard(t *testing.T, s, again store.Store) {
	d := Draft(t, s, "x.csv", "content")
	for range 2 {
		if err := d.Discard(); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.CleanDrafts(t.Context()); n != 0 || err != nil {
		t.Errorf("a sweep found %d drafts, %v", n, err)
	}
	if err := d.Publish(t.Context()); err == nil {
		t.Error("published after it was discarded")
	}
	wantKeys(t, again)
}

func replace(t *testing.T, s, again store.Store) {
	Put(t, s, "x.csv", "old and longer")
	Put(t, s, "x.csv", "new")
	wantKeys(t, again, "x.csv")
	if got := Read(t, again, "x.csv"); got != "new" {
		t.Errorf("%q, want new", got)
	}
}

func readerKeeps(t *testing.T, s, again store.Store) {
	Put(t, s, "x.csv", "old")
	f, err := again.Open(t.Context(), "x.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	Put(t, s, "x.csv", "new")
	if got := all(t, f); got != "old" {
		t.Errorf("%q, want the old file", got)
	}
}

func notThere(t *testing.T, s, again store.Store) {
	wantKeys(t, s)
	for _, key := range []string{"none.csv", "none/none.csv"} {
		if _, err := s.Open(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("open %s: %v, want not found", key, err)
		}
	}
	Put(t, s, "folder/x.csv", "x")
	if _, err := again.Open(t.Context(), "folder"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("open a folder: %v, want not found", err)
	}
}

func deleting(t *testing.T, s, again store.Store) {
	Put(t, s, "x.csv", "x")
	for range 2 {
		if err := again.Delete(t.Context(), "x.csv"); err != nil {
			t.Fatal(err)
		}
	}
	wantKeys(t, s)
}

func listing(t *testing.T, s, again store.Store) {
	for _, key := range []string{"b.csv", "a/2.csv", "c.csv", "a/1.csv"} {
		Put(t, s, key, key)
	}
	wantKeys(t, again, "a/1.csv", "a/2.csv", "b.csv", "c.csv")
	for info, err := range again.List(t.Context()) {
		if err != nil || info.Size != int64(len(info.Key)) {
			t.Errorf("%+v, %v", info, err)
		}
		break // a caller may stop early
	}
}

func badKeys(t *testing.T, s, again store.Store) {
	for _, key := range []string{"", ".", "..", "../x", "/etc/passwd", "a/../../x", "a//b", ".drafts/x", ".hidden"} {
		if _, err := s.Create(t.Context(), key); err == nil {
			t.Errorf("created %q", key)
		}
		if _, err := s.Open(t.Context(), key); err == nil {
			t.Errorf("opened %q", key)
		}
		if err := s.Delete(t.Context(), key); err == nil {
			t.Errorf("deleted %q", key)
		}
	}
}

func sweepLiving(t *testing.T, s, again store.Store) {
	d := Draft(t, s, "x.csv", "content")
	if n, err := again.CleanDrafts(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d drafts, %v", n, err)
	}
	if err := d.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := Read(t, again, "x.csv"); got != "content" {
		t.Errorf("%q", got)
	}
}

func emptyFile(t *testing.T, s, again store.Store) {
	Put(t, s, "x.csv", "")
	if got := Read(t, again, "x.csv"); got != "" {
		t.Errorf("%q", got)
	}
}

func manyAtOnce(t *testing.T, s, again store.Store) {
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			d, err := s.Create(t.Context(), fmt.Sprintf("%02d.csv", i%10))
			if err != nil {
				t.Error(err)
				return
			}
			_, writeErr := d.Write(bytes.Repeat([]byte{'x'}, 1000))
			_, sweepErr := again.CleanDrafts(t.Context())
			if err := errors.Join(writeErr, sweepErr, d.Publish(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(Keys(t, again)); got != 10 {
		t.Errorf("%d files, want 10", got)
	}
}
