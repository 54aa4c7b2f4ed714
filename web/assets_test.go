package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestAssetsHoldNothingThatOnlyGOVUKMayUse(t *testing.T) {
	t.Parallel()
	a := packedAssets()
	for name, f := range a.files {
		for _, banned := range []string{"GDS Transport", "govuk-crest", "sourceMappingURL", "fonts/"} {
			if bytes.Contains(f.plain, []byte(banned)) {
				t.Errorf("%s names %s", name, banned)
			}
		}
	}
	for _, name := range []string{"govuk/govuk-frontend.min.css", "govuk/govuk-frontend.min.js", "govuk/LICENCE.txt", "app.css", "app.js", "icon.svg", "manifest.json"} {
		if len(a.files["/assets/"+name].plain) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestEveryAddressInTheStyleSheetsIsServed(t *testing.T) {
	t.Parallel()
	a := packedAssets()
	url := regexp.MustCompile(`url\(["']?(/[^)"']+)`)
	for name, f := range a.files {
		if !strings.HasSuffix(name, ".css") {
			continue
		}
		for _, m := range url.FindAllSubmatch(f.plain, -1) {
			if _, ok := a.files[string(m[1])]; !ok {
				t.Errorf("%s asks for %s", name, m[1])
			}
		}
	}
}

func TestAssetsArePackedAndKept(t *testing.T) {
	t.Parallel()
	a := packedAssets()
	get := func(target string, header ...string) *http.Response {
		r := httptest.NewRequest("GET", target, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w.Result()
	}
	href := a.href("govuk/govuk-frontend.min.css")
	packed := get(href, "Accept-Encoding", "gzip, br")
	if got := packed.Header.Get("Content-Encoding"); got != "gzip" || packed.ContentLength > 25_000 {
		t.Errorf("style sheet: encoding %q, %d bytes", got, packed.ContentLength)
	}
	if got := packed.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("style sheet by its hash: Cache-Control %q", got)
	}
	if got := get("/assets/app.css").Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("style sheet without a hash: Cache-Control %q", got)
	}
	if got := get(href, "Accept-Encoding", "gzip", "If-None-Match", packed.Header.Get("ETag")).StatusCode; got != http.StatusNotModified {
		t.Errorf("style sheet that the browser has: status %d", got)
	}
	if got := get("/assets/app.js").Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Errorf("script: type %q", got)
	}
	for _, name := range []string{"/assets/", "/assets/none.css", "/assets/../web.go"} {
		if got := get(name).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: status %d", name, got)
		}
	}
}
