package web

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// TestDownloadsAreCountedOnce counts a file when its first byte is asked for, and neither its other parts nor what is
// not sent.
func TestDownloadsAreCountedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var counted []string
	f.deps.Downloaded = func(report, format string) { counted = append(counted, report+" "+format) }
	h, path := New(f.deps), f.path("school-onboarding-2026-11-22T0610Z.csv")
	ask := func(method string, header http.Header) http.Header {
		t.Helper()
		r := httptest.NewRequest(method, "http://localhost"+path, nil)
		r.Header = header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= http.StatusBadRequest {
			t.Fatalf("%s %s: %d", method, path, w.Code)
		}
		return w.Header()
	}
	tag := ask("GET", http.Header{}).Get("ETag")
	ask("GET", http.Header{"Range": {"bytes=0-9"}})
	ask("GET", http.Header{"Range": {"bytes=10-19"}})
	ask("HEAD", http.Header{})
	ask("GET", http.Header{"If-None-Match": {tag}})
	if want := []string{"school_onboarding csv", "school_onboarding csv"}; !slices.Equal(counted, want) {
		t.Errorf("counted %v, want %v", counted, want)
	}
}
