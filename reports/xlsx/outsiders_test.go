package xlsx

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// These tests open workbooks with programs that no one here wrote. CI installs them (Debian: python3-openpyxl,
// libreoffice-calc, gnumeric); elsewhere a test whose program is not there is skipped.

// needs finds the first of some programs that runs with args.
func needs(t *testing.T, names []string, args ...string) string {
	t.Helper()
	for _, name := range names {
		if exec.Command(name, args...).Run() == nil {
			return name
		}
	}
	what := strings.Join(names, " or ") + ", to run with " + strings.Join(args, " ")
	if os.Getenv("CI") == "" {
		t.Skip("needs", what)
	}
	t.Fatal("needs", what)
	return ""
}

// runProgram gives a program's output.
func runProgram(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, stderr.Bytes())
	}
	return out
}

func saved(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "workbook.xlsx")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const openpyxlScript = `
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheets = {}
for s in book.worksheets:
    sheets[s.title] = {
        "cells": [[None if c is None else c if isinstance(c, (str, bool, int, float)) else c.isoformat() for c in r] for r in s.iter_rows(values_only=True)],
        "tables": {t.name: t.ref for t in s.tables.values()},
        "filters": s.auto_filter.ref is not None or any(t.autoFilter for t in s.tables.values()),
        "title_style": s["A1"].style, "merged": len(s.merged_cells.ranges), "frozen": s.freeze_panes,
        "cursor": s.sheet_view.selection[0].activeCell, "fonts": sorted({c.font.name + " " + str(c.font.sz) for r in s.iter_rows() for c in r if c.value is not None}),
    }
small = openpyxl.load_workbook(sys.argv[1], read_only=True)
print(json.dumps({"sheets": sheets, "order": book.sheetnames, "title": book.properties.title, "creator": book.properties.creator,
    "language": book.properties.language, "active": book.active.title, "streamed": sum(1 for _ in small["Schools"].iter_rows())}))
`

func TestOpenpyxlFindsTheSameCells(t *testing.T) {
	t.Parallel()
	// Debian's own Python has Debian's packages, even where another one is found first.
	python := needs(t, []string{"python3", "/usr/bin/python3"}, "-c", "import openpyxl")
	rows := hostileRows()
	file, _ := workbook(t, rows, nil)
	var book struct {
		Sheets map[string]struct {
			Cells      [][]any
			Tables     map[string]string
			Filters    bool
			TitleStyle string `json:"title_style"`
			Merged     int
			Frozen     *string
			Cursor     string
			Fonts      []string
		}
		Order                            []string
		Title, Creator, Language, Active string
		Streamed                         int
	}
	if err := json.Unmarshal(runProgram(t, python, "-c", openpyxlScript, saved(t, file)), &book); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Cover", "Contents", "Notes", "Data dictionary", "Funnel", "Schools", "Charts"}; !slices.Equal(book.Order, want) {
		t.Errorf("sheets %q, want %q", book.Order, want)
	}
	if book.Title != "Example report" || book.Creator != "Example department" || book.Language != "en-GB" || book.Active != "Cover" {
		t.Errorf("title %q, creator %q, language %q, active %q", book.Title, book.Creator, book.Language, book.Active)
	}
	for name, s := range book.Sheets {
		if s.TitleStyle != "Heading 1" || s.Merged != 0 || s.Filters || s.Frozen != nil || s.Cursor != "A1" {
			t.Errorf("%s: title style %q, %d merged, filters %v, frozen %v, cursor %s", name, s.TitleStyle, s.Merged, s.Filters, s.Frozen, s.Cursor)
		}
		for _, font := range s.Fonts {
			if !strings.HasPrefix(font, "Arial ") {
				t.Errorf("%s: font %s", name, font)
			}
		}
	}
	data := book.Sheets["Schools"]
	if len(data.Tables) != 1 || data.Tables["example_report"] == "" {
		t.Errorf("tables %v", data.Tables)
	}
	if len(data.Cells) != 6+len(rows) || book.Streamed != len(data.Cells) {
		t.Fatalf("%d rows, %d in read-only mode, want %d", len(data.Cells), book.Streamed, 6+len(rows))
	}
	for i, name := range hostileNames {
		// openpyxl takes every x005F_ out of shared texts, those that were meant too.
		if got := data.Cells[6+i][0]; got != strings.ReplaceAll(name, "x005F_", "") {
			t.Errorf("name %q, want %q", got, name)
		}
	}
	first := data.Cells[6]
	want := []any{hostileNames[0], "000000", 2.0, 0.125, true, "2023-11-15T10:00:00.123000", "2026-11-22T00:00:00", "contact_failed; no_tutor"}
	if !slices.Equal(first, want) {
		t.Errorf("first row\n got %#v\nwant %#v", first, want)
	}
}

func TestLibreOfficeFindsTheSameCells(t *testing.T) {
	t.Parallel()
	office := needs(t, []string{"soffice", "libreoffice"}, "--version")
	file, _ := workbook(t, hostileRows(), nil)
	path := saved(t, file)
	dir := filepath.Dir(path)
	// Comma, quote, UTF-8, from line 1, no formats, as shown, not as formulas, every sheet to a file of its own.
	runProgram(t, office, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "--outdir", dir, path)
	f, err := os.Open(filepath.Join(dir, "workbook-Schools.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range hostileNames {
		// The CSV of LibreOffice has line feeds alone, and the reader of Go drops a CR before one.
		if got, want := lineFeeds(rows[6+i][0]), lineFeeds(name); got != want {
			t.Errorf("name %q, want %q", got, want)
		}
	}
	want := []string{"000000", "2", "0.125", "TRUE", "2023-11-15 10:00:00", "2026-11-22", "contact_failed; no_tutor"}
	if got := rows[6][1:]; !slices.Equal(got, want) {
		t.Errorf("first row %q, want %q", got, want)
	}
}

func TestGnumericFindsTheSameCells(t *testing.T) {
	t.Parallel()
	convert := needs(t, []string{"ssconvert"}, "--version")
	file, _ := workbook(t, hostileRows(), nil)
	path := saved(t, file)
	text := filepath.Join(filepath.Dir(path), "schools.csv")
	runProgram(t, convert, "--export-type=Gnumeric_stf:stf_assistant", "-O", "sheet=Schools separator=, quoting-mode=always format=raw", path, text)
	f, err := os.Open(text)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range hostileNames {
		if got, want := lineFeeds(unescape(rows[6+i][0])), lineFeeds(name); got != want {
			t.Errorf("name %q, want %q", got, want)
		}
	}
	if got, want := rows[6][1:5], []string{"000000", "2", "0.125", "TRUE"}; !slices.Equal(got, want) {
		t.Errorf("first row %q, want %q", got, want)
	}
}

func lineFeeds(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
