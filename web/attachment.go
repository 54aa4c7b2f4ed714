package web

import (
	"fmt"
	"time"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/format"
)

// attachment is a file that can be downloaded, as GOV.UK shows them.
type attachment struct {
	ID        int64
	Title     string // of the link
	Href      string
	ShareHref string // where a share link is made; "" where the file cannot be shared
	Name      string
	FormatKey string // the format's name in the data
	Format    string // spelled out
	Label     string // what people call it
	Short     bool   // Label is an abbreviation of Format
	Note      string // what a reader needs to open it; "" for nothing
	Size      int64
	Rows      int64
	Version   int64
	AsOf      time.Time
	CreatedAt time.Time
	SHA256    string
	ExpiresAt *time.Time // when it goes, whatever else is kept; nil for a file without personal data
}

// formatOf falls back on what is true of any file.
func formatOf(name string) format.Format {
	f, _ := format.Find(name)
	return f
}

func newAttachment(def *definition.Definition, e exports.Export) attachment {
	f := formatOf(e.Format)
	share := ""
	if !def.Restricted() {
		share = filePath(e) + "/link"
	}
	if e.Encrypted {
		f = sealedFormat(f)
	}
	return attachment{
		ID:        e.ID,
		Title:     fmt.Sprintf("%s (%s)", def.Title, f.Label),
		Href:      filePath(e),
		ShareHref: share,
		Name:      e.Name,
		FormatKey: e.Format,
		Format:    f.Title,
		Label:     f.Label,
		Short:     f.Short,
		Note:      f.Note,
		Size:      e.Size,
		Rows:      e.Rows,
		Version:   e.Version,
		AsOf:      e.AsOf,
		CreatedAt: e.CreatedAt,
		SHA256:    e.SHA256,
		ExpiresAt: e.ExpiresAt,
	}
}

// sealedFormat is the format of a file within a zip that only the passphrase opens.
func sealedFormat(f format.Format) format.Format {
	f.Note = "Opens with the passphrase for reports with personal data, in a program that knows AES-256 zip files. Inside: " + f.Title + "."
	f.Title, f.Short = "Encrypted zip file (AES-256)", false
	return f
}
