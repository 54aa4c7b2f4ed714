package store

import (
	"net/url"
	"path/filepath"
	"strings"

	"cpd-jobs/internal/run"
)

// Open finds the store that address names: a folder's path or file:///its/path, or a bucket as [S3] has it. The empty
// address is the folder defaultDir. Folders are made where they are missing; buckets must be there.
func Open(address, defaultDir string) (Store, error) {
	if address == "" {
		address = defaultDir
	}
	scheme, _, found := strings.Cut(address, "://")
	if !found {
		return Folder(address)
	}
	switch strings.ToLower(scheme) {
	case "file":
		return openFileURL(address)
	case "s3":
		return S3(address)
	default:
		return nil, run.Invalid("give a folder, such as /srv/exports or file:///srv/exports, or a bucket, such as s3://BUCKET",
			"EXPORT_STORE_URL: %s:// is no kind of store", scheme)
	}
}

// openFileURL takes file:///path and file://localhost/path. Messages leave the address out: it might hold a password
// meant for another scheme.
func openFileURL(address string) (Store, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Host != "" && u.Host != "localhost") || !filepath.IsAbs(u.Path) {
		return nil, run.Invalid("a file address has three slashes: file:///srv/exports", "EXPORT_STORE_URL: not a folder on this machine")
	}
	return Folder(filepath.FromSlash(u.Path))
}
