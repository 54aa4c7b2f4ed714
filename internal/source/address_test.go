package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cpd-jobs/internal/run"
)

// server answers the nth request, counted from 1, and counts them.
func server(t *testing.T, handle func(n int, w http.ResponseWriter, r *http.Request)) (address string, o Options, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handle(int(requests.Add(1)), w, r)
	}))
	t.Cleanup(s.Close)
	o = Options{
		Transport: s.Client().Transport,
		Now:       func() time.Time { return time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC) },
		Wait:      func(context.Context, time.Duration) error { return nil },
	}
	return s.URL, o, requests
}

const text = "URN,LinkURN,LinkType\n100000,100001,Successor\n"

func TestDownload(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		handle   func(n int, w http.ResponseWriter, r *http.Request)
		want     string // the content, or the error
		class    run.Class
		requests int64
	}{
		{"a file", func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv")
			_, _ = io.WriteString(w, text)
		}, text, "", 1},
		{"broken off and resumed", func(n int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			if n == 1 {
				cutOff(w, text, 20)
				return
			}
			if r.Header.Get("Range") != "bytes=20-" || r.Header.Get("If-Range") != `"v1"` {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 20-%d/%d", len(text)-1, len(text)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, text[20:])
		}, text, "", 2},
		{"broken off and changed meanwhile", func(n int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", fmt.Sprintf(`"v%d"`, n))
			if n == 1 {
				cutOff(w, strings.Repeat("old", 100), 20)
				return
			}
			_, _ = io.WriteString(w, text)
		}, text, "", 2},
		{"another part than was asked for", func(n int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			switch {
			case n == 1:
				cutOff(w, text, 20)
			case r.Header.Get("Range") != "":
				w.Header().Set("Content-Range", "bytes 0-9/47")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = io.WriteString(w, text[:10])
			default:
				_, _ = io.WriteString(w, text)
			}
		}, text, "", 3},
		{"overloaded, then well", func(n int, w http.ResponseWriter, _ *http.Request) {
			if n < 3 {
				w.Header().Set("Retry-After", "7200")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			_, _ = io.WriteString(w, text)
		}, text, "", 3},
		{"overloaded for good", func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
		}, "5 tries failed", run.ClassUnreachable, tries},
		{"always cut", func(_ int, w http.ResponseWriter, _ *http.Request) { cutOff(w, text, 20) }, "the answer broke off", run.ClassUnreachable, tries},
		{"not there", func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "answered 404", run.ClassInvalid, 1},
		{"forbidden", func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "check the credentials", run.ClassInvalid, 1},
		{"a page", func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<html>")
		}, "sent text/html", run.ClassInvalid, 1},
		{"another host", func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.org/ecf_tech.csv", http.StatusFound)
		}, "redirects to another address", run.ClassInvalid, 1},
		{"another path of the host", func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				http.Redirect(w, r, "/latest", http.StatusFound)
				return
			}
			_, _ = io.WriteString(w, text)
		}, text, "", 2},
		{"round and round", func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/again", http.StatusFound)
		}, "too many redirects", run.ClassInvalid, 4},
		{"without an end", func(_ int, w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, "sends more than any register has", run.ClassInvalid, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, o, requests := server(t, c.handle)
			o.MaxBytes = 8 << 20
			got, err := contentOf(t, address+"/ecf_tech.csv?key=secret", o)
			if err != nil {
				got = err.Error()
			}
			if err == nil && got != c.want || !strings.Contains(got, c.want) || strings.Contains(got, "secret") {
				t.Errorf("got %.200q, want %q", got, c.want)
			}
			if err != nil && run.ClassOf(err) != c.class {
				t.Errorf("got class %s, want %s", run.ClassOf(err), c.class)
			}
			if requests.Load() != c.requests {
				t.Errorf("got %d requests, want %d", requests.Load(), c.requests)
			}
		})
	}
}

func TestAStandstillEnds(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	address, o, _ := server(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n%2 == 0 { // even before the head
			_, _ = io.WriteString(w, "URN")
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-done:
		case <-r.Context().Done():
		}
	})
	defer close(done)
	o.Stall = 50 * time.Millisecond
	_, err := contentOf(t, address, o)
	if err == nil || run.ClassOf(err) != run.ClassUnreachable {
		t.Errorf("got %v, want an unreachable source", err)
	}
}

func TestAnUnchangedFileCostsOneRequest(t *testing.T) {
	t.Parallel()
	address, o, requests := server(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Sun, 22 Nov 2026 03:00:00 GMT")
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, text)
	})
	d, err := Open(t.Context(), address+"/ecf_tech.csv", o)
	if err != nil || d.ETag != `"v1"` || d.Unchanged || !d.AsAt.Equal(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)) {
		t.Fatalf("got %+v, %v", d, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	o.ETag = d.ETag
	d, err = Open(t.Context(), address+"/ecf_tech.csv", o)
	if err != nil || !d.Unchanged || requests.Load() != 2 {
		t.Errorf("got %+v, %v after %d requests", d, err, requests.Load())
	}
}

// TestNothingIsLeftBehind looks at the temporary folder; it cannot run beside others that use it.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	address, o, _ := server(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cut" {
			cutOff(w, text, 20)
			return
		}
		_, _ = io.WriteString(w, text)
	})
	for _, path := range []string{"/whole", "/cut"} {
		if _, err := contentOf(t, address+path, o); err != nil && path == "/whole" {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want an empty folder", left, err)
	}
}

// cutOff promises the whole text and sends n bytes of it.
func cutOff(w http.ResponseWriter, text string, n int) {
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = io.WriteString(w, text[:n])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestACancelledDownloadStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	address, o, _ := server(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if _, err := Open(ctx, address, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}
