package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const csvFile = "school-onboarding-2026-11-22T0610Z.csv"

// path is the address of an exported file.
func (f *fixture) path(name string) string {
	return fmt.Sprintf("/reports/school-onboarding/downloads/%d/%s", f.ids[name], name)
}

func TestDownloadArrivesWhole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, mediaType := range map[string]string{
		csvFile: "text/csv; charset=utf-8; header=present",
		"school-onboarding-2026-11-22T0610Z.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	} {
		res := f.get(f.path(name))
		sum := sha256.Sum256([]byte(bodyOf(t, res)))
		if got := hex.EncodeToString(sum[:]); res.StatusCode != http.StatusOK || got != f.files[name] {
			t.Errorf("%s: status %d, SHA-256 %s, want %s", name, res.StatusCode, got, f.files[name])
		}
		for header, want := range map[string]string{
			"Content-Type":           mediaType,
			"Content-Disposition":    `attachment; filename="` + name + `"; filename*=UTF-8''` + name,
			"ETag":                   `"` + f.files[name] + `"`,
			"X-Content-Type-Options": "nosniff",
			"Cache-Control":          "private, no-cache",
			"Accept-Ranges":          "bytes",
			"Last-Modified":          "Sun, 22 Nov 2026 06:11:07 GMT",
		} {
			if got := res.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	}
}

func TestDownloadInParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	res := f.get(f.path(csvFile), "Range", "bytes=0-7")
	if got := bodyOf(t, res); res.StatusCode != http.StatusPartialContent || got != "urn,name" {
		t.Errorf("first bytes: %d %q", res.StatusCode, got)
	}
	if got := res.Header.Get("Content-Range"); got != "bytes 0-7/1700010" {
		t.Errorf("Content-Range %q", got)
	}
	stale := f.get(f.path(csvFile), "Range", "bytes=0-7", "If-Range", `"another"`)
	if stale.StatusCode != http.StatusOK {
		t.Errorf("going on with another file's part: status %d, want the whole", stale.StatusCode)
	}
	if got := f.get(f.path(csvFile), "Range", "bytes=9999999-").StatusCode; got != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond the end: status %d", got)
	}
	if got := f.get(f.path(csvFile), "If-None-Match", `"`+f.files[csvFile]+`"`); got.StatusCode != http.StatusNotModified || bodyOf(t, got) != "" {
		t.Errorf("a file that the browser has: status %d", got.StatusCode)
	}
	head := f.ask("HEAD", f.path(csvFile))
	if got := bodyOf(t, head); head.StatusCode != http.StatusOK || got != "" || head.Header.Get("Content-Length") != "1700010" {
		t.Errorf("HEAD: status %d, %d bytes, Content-Length %s", head.StatusCode, len(got), head.Header.Get("Content-Length"))
	}
}

func TestDownloadAddressesAreExact(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.ids[csvFile]
	for _, target := range []string{
		fmt.Sprintf("/reports/school-onboarding/downloads/%d/other.csv", id),
		fmt.Sprintf("/reports/none/downloads/%d/%s", id, csvFile),
		fmt.Sprintf("/reports/school-onboarding/downloads/%d/%s", id+100, csvFile),
		"/reports/school-onboarding/downloads/x/" + csvFile,
		fmt.Sprintf("/reports/school-onboarding/downloads/%d/..%%2f..%%2f%s", id, csvFile),
		fmt.Sprintf("/reports/school-onboarding/downloads/%d/", id),
	} {
		f.page(t, target, http.StatusNotFound)
	}
}

func TestDownloadOfAFileThatIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.deps.Store.Delete(t.Context(), "school_onboarding/"+csvFile); err != nil {
		t.Fatal(err)
	}
	res := f.get(f.path(csvFile))
	if body := bodyOf(t, res); res.StatusCode != http.StatusNotFound || !strings.Contains(body, "the report&#39;s page has the latest") {
		t.Errorf("status %d: %s", res.StatusCode, body)
	}
	if got := res.Header.Get("Content-Disposition"); got != "" {
		t.Errorf("the error page has Content-Disposition %q", got)
	}
	wantAll(t, f.log.String(), "exported file is not in the store")
}

func TestDownloadOfAFileThatIsNotTheOneExported(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.deps.DB.Exec(t.Context(), "UPDATE reports.exports SET size = size + 1"); err != nil {
		t.Fatal(err)
	}
	wantAll(t, f.page(t, f.path(csvFile), http.StatusConflict), "This file was damaged in the store")
	wantAll(t, f.log.String(), "has 1700010 bytes (SHA-256")
}

func TestNamesOfFilesCannotEndTheirHeader(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.csv":                 `attachment; filename="a.csv"; filename*=UTF-8''a.csv`,
		"a b.csv":               `attachment; filename="a b.csv"; filename*=UTF-8''a%20b.csv`,
		"é\"\\.csv":             `attachment; filename="___.csv"; filename*=UTF-8''%C3%A9%22%5C.csv`,
		"a\r\nSet-Cookie: x=1;": `attachment; filename="a__Set-Cookie: x=1;"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1%3B`,
	} {
		if got := attachmentNamed(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
