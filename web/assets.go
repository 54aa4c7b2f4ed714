package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// assetTypes are the types that assets are served under; the machine's own table differs from place to place.
var assetTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/manifest+json",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff":  "font/woff",
	".woff2": "font/woff2",
}

// asset is one file, as it is and packed: the style sheet is 135 kB plain and 16 kB packed.
type asset struct {
	plain, packed []byte
	hash          string
}

// assets serves the embedded style sheet, scripts and icon under /assets/.
type assets struct{ files map[string]asset }

// packedAssets reads and packs every file once in a process.
var packedAssets = sync.OnceValue(func() *assets {
	a := &assets{files: map[string]asset{}}
	err := fs.WalkDir(assetFiles, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || assetTypes[path.Ext(name)] == "" {
			return err
		}
		plain, err := assetFiles.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(plain)
		a.files["/"+name] = asset{plain: plain, packed: pack(plain), hash: hex.EncodeToString(sum[:8])}
		return nil
	})
	if err != nil {
		panic("assets in the binary: " + err.Error())
	}
	return a
})

func pack(plain []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	_, _ = w.Write(plain)                                 // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// href is the address of an asset for a page. It changes with the content, so that browsers may keep it for ever.
func (a *assets) href(name string) string {
	return "/assets/" + name + "?v=" + a.files["/assets/"+name].hash
}

func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := a.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", assetTypes[path.Ext(r.URL.Path)])
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == file.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, tag := file.plain, file.hash
	if r.Header.Get("Range") == "" && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body, tag = file.packed, file.hash+"-gzip"
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
