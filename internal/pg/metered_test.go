package pg_test

import (
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/cost"
	"cpd-jobs/internal/pgtest"
)

// TestConnectionsCountForWhoeverBorrowedThem has two meters share the connections of one pool.
func TestConnectionsCountForWhoeverBorrowedThem(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	busy, idle := &cost.Meter{}, &cost.Meter{}
	const bytes = 100_000
	var text string
	ctx := cost.With(t.Context(), busy)
	err := pool.QueryRow(ctx, "SELECT repeat('x', length($1)) FROM pg_sleep(0.05)", strings.Repeat("y", bytes)).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "SELECT repeat('nobody pays for this', 10000)"); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(cost.With(t.Context(), idle), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	got, little := busy.Total(0), idle.Total(time.Second)
	if got.BytesRead < bytes || got.BytesWritten < bytes || got.BytesRead+got.BytesWritten > 3*bytes {
		t.Errorf("read %d and wrote %d bytes, want a little over %d each", got.BytesRead, got.BytesWritten, bytes)
	}
	if got.DatabaseSeconds < 0.05 {
		t.Errorf("waited %g s, want at least those that the server slept", got.DatabaseSeconds)
	}
	if little.BytesRead == 0 || little.BytesRead > 1000 || little.CPUSeconds != 1 {
		t.Errorf("the one that asked little: %+v", little)
	}
}
