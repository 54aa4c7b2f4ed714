package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/queue"
	"cpd-jobs/reports/store"
)

// TestADamagedFileIsNotGivenOut changes one byte of a stored file: nobody gets it from then on, and it is made again.
func TestADamagedFileIsNotGivenOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const name = "school-onboarding-2026-11-22T0610Z.csv"
	whole := []byte("urn,name\r\n" + strings.Repeat("100001,School 1\r\n", 100_000))
	at := fmt.Sprintf("/reports/school-onboarding/downloads/%d/%s", f.ids[name], name)
	if res := f.get(at); res.StatusCode != http.StatusOK {
		t.Fatalf("before: status %d", res.StatusCode)
	}
	damaged := bytes.Clone(whole)
	damaged[len(damaged)/2] ^= 1
	f.put(t, "school_onboarding/"+name, damaged)
	for _, way := range []string{at, fmt.Sprintf("/api/v1/exports/%d/file", f.ids[name])} {
		res := f.get(way)
		if body := bodyOf(t, res); res.StatusCode < 400 || strings.Contains(body, "100001") {
			t.Errorf("%s: status %d and %d bytes", way, res.StatusCode, len(body))
		}
	}
	jobs, err := queue.ListJobs(t.Context(), f.deps.DB, queue.JobFilter{Kind: exportKind, State: "available"})
	if err != nil || len(jobs) != 1 || !strings.Contains(string(jobs[0].Args), `"csv"`) || !strings.Contains(jobs[0].StartedBy, "was damaged") {
		t.Errorf("jobs %+v (%v), want one that makes the file again", jobs, err)
	}
	if list := f.page(t, "/reports/school-onboarding", http.StatusOK); strings.Contains(list, at) {
		t.Error("the report's page has the damaged file")
	}
	f.export(t, 2, "csv", name, whole) // as the job does
	if res := f.get(fmt.Sprintf("/reports/school-onboarding/downloads/%d/%s", f.ids[name], name)); res.StatusCode != http.StatusOK {
		t.Errorf("made again: status %d", res.StatusCode)
	}
}

// fullStore has no room for another file.
type fullStore struct{ store.Store }

func (fullStore) Create(context.Context, string) (store.Draft, error) {
	return nil, errors.New("no space left on device")
}

// TestHealthTriesToWrite: pages that only read look healthy while nothing can be kept any more.
func TestHealthTriesToWrite(t *testing.T) {
	t.Parallel()
	f := newEmptyFixture(t)
	full := f.deps
	full.Store = fullStore{full.Store}
	if code, got := healthOf(t, full); code != http.StatusOK || got.Components["store"].Status != "degraded" || strings.Contains(fmt.Sprint(got), "device") {
		t.Errorf("a full store: %d %+v", code, got)
	}
	config := f.deps.DB.Config()
	config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	reader, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	alone := f.deps
	alone.Control = reader
	if code, got := healthOf(t, alone); code != http.StatusServiceUnavailable || got.Components["database"].Status != "down" {
		t.Errorf("a database that cannot be written: %d %+v", code, got)
	}
	for info, err := range f.deps.Store.List(t.Context()) {
		t.Errorf("the try left %v (%v)", info, err)
	}
}
