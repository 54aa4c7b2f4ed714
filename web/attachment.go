package web

import (
	"fmt"
	"time"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/exports"
)

// attachment is a file that can be downloaded, as GOV.UK shows them.
type attachment struct {
	ID        int64
	Title     string // of the link
	Href      string
	ShareHref string // where a link to hand on is made; "" where the file is not handed on
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

// fileFormat says what a format is to people and to browsers: its name, what people call it, whether that is an
// abbreviation of the name, and what they need to know to open it.
type fileFormat struct {
	name, label     string
	short           bool
	note, mediaType string
}

// fileFormats are the formats that exports are made in.
var fileFormats = map[string]fileFormat{
	"xlsx": {
		name:      "Microsoft Excel spreadsheet",
		label:     "Excel",
		mediaType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	},
	"ods": {
		name:      "OpenDocument spreadsheet",
		label:     "ODS",
		short:     true,
		note:      "This file is in an OpenDocument format.",
		mediaType: "application/vnd.oasis.opendocument.spreadsheet",
	},
	"csv": {
		name:      "Comma-separated values",
		label:     "CSV",
		short:     true,
		note:      "For programs, and for databases. Times are in UTC.",
		mediaType: "text/csv; charset=utf-8; header=present",
	},
	"csv-excel": {
		name:      "Comma-separated values, marked for Excel",
		label:     "CSV for Excel",
		mediaType: "text/csv; charset=utf-8; header=present",
	},
	"parquet": {
		name:      "Apache Parquet",
		label:     "Parquet",
		note:      "For data analysis tools.",
		mediaType: "application/vnd.apache.parquet",
	},
}

// formatOf falls back on what is true of any file.
func formatOf(format string) fileFormat {
	if f, ok := fileFormats[format]; ok {
		return f
	}
	return fileFormat{name: format, label: format, mediaType: "application/octet-stream"}
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
		Title:     fmt.Sprintf("%s (%s)", def.Title, f.label),
		Href:      filePath(e),
		ShareHref: share,
		Name:      e.Name,
		FormatKey: e.Format,
		Format:    f.name,
		Label:     f.label,
		Short:     f.short,
		Note:      f.note,
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
func sealedFormat(f fileFormat) fileFormat {
	f.note = "Opens with the passphrase for reports with personal data, in a program that knows AES-256 zip files. Inside: " + f.name + "."
	f.name, f.short = "Encrypted zip file (AES-256)", false
	return f
}
