package store_test

import (
	"io"
	"testing"

	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/testing/storetest"
	"cpd-jobs/reports/store"
)

// TestMeteredConforms holds the store that counts to what every store promises.
func TestMeteredConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) (s, again store.Store) {
		dir := t.TempDir()
		return meteredFolder(t, dir), meteredFolder(t, dir)
	})
}

func meteredFolder(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := store.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return store.Metered(s)
}

func TestMeteredCountsForTheJob(t *testing.T) {
	t.Parallel()
	s, meter := meteredFolder(t, t.TempDir()), &cost.Meter{}
	ctx := cost.With(t.Context(), meter)
	draft, err := s.Create(ctx, "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(draft, "12345"); err != nil {
		t.Fatal(err)
	}
	written, err := draft.Reopen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = written.Close() }()
	if _, err := io.ReadAll(written); err != nil {
		t.Fatal(err)
	}
	if err := draft.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	if got := meter.Total(0); got.BytesWritten != 5 || got.BytesRead != 5 {
		t.Errorf("counted %+v, want 5 bytes each way", got)
	}
	storetest.Read(t, s, "a.csv") // by somebody else
	if got := meter.Total(0); got.BytesRead != 5 {
		t.Errorf("counted %d bytes read, want 5", got.BytesRead)
	}
}
