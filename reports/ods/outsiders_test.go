package ods

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cpd-jobs/internal/testing/tabletest"
	"cpd-jobs/reports/table"
)

// These tests open files with programs that no one here wrote. CI installs them (Debian: libreoffice-calc, gnumeric);
// elsewhere a test whose program is not there is skipped.

// needs finds a program that runs with args.
func needs(t *testing.T, name string, args ...string) string {
	t.Helper()
	if exec.Command(name, args...).Run() == nil {
		return name
	}
	if os.Getenv("CI") == "" {
		t.Skip("needs", name)
	}
	t.Fatal("needs", name)
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

func saved(t *testing.T) string {
	t.Helper()
	doc := tabletest.Document()
	doc.Columns[1].Link = "https://example.org/schools/"
	var out bytes.Buffer
	w, err := NewWriter(&out, doc, tabletest.Funnel())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range tabletest.HostileRows() {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file.ods")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
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
	return rows
}

func TestLibreOfficeFindsTheSameCells(t *testing.T) {
	t.Parallel()
	office := needs(t, "soffice", "--version")
	path := saved(t)
	dir := filepath.Dir(path)
	// Comma, quote, UTF-8, from line 1, no formats, as shown, not as formulas, every sheet to a file of its own.
	runProgram(t, office, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "--outdir", dir, path)
	for _, name := range []string{"Cover", "Contents", "Notes", "Data dictionary", "Funnel"} {
		if _, err := os.Stat(filepath.Join(dir, "file-"+name+".csv")); err != nil {
			t.Error(err)
		}
	}
	rows := readCSV(t, filepath.Join(dir, "file-Schools.csv"))
	wantCells(t, rows, 5)
	want := []string{"000000", "2", "0.125", "TRUE", "2023-11-15 10:00:00", "2026-11-22", "contact_failed; no_tutor"}
	if got := rows[6][1:]; !slices.Equal(got, want) {
		t.Errorf("first row %q, want %q", got, want)
	}
}

func TestGnumericFindsTheSameCells(t *testing.T) {
	t.Parallel()
	convert := needs(t, "ssconvert", "--version")
	path := saved(t)
	runProgram(t, convert, "-S", path, filepath.Join(filepath.Dir(path), "%s.csv"))
	rows := readCSV(t, filepath.Join(filepath.Dir(path), "Schools.csv"))
	wantCells(t, rows, 5)
}

// wantCells compares the texts of a sheet as another program sees them; above the headings is what is above the table.
func wantCells(t *testing.T, rows [][]string, above int) {
	t.Helper()
	hostile := tabletest.HostileRows()
	if len(rows) != above+1+len(hostile) {
		t.Fatalf("%d rows, want %d", len(rows), above+1+len(hostile))
	}
	if rows[0][0] != "Example report" || rows[above][0] != "Name" {
		t.Errorf("title %q, first heading %q", rows[0][0], rows[above][0])
	}
	for i, r := range hostile {
		for _, column := range []int{0, 1, 7} {
			// CSV files of other programs have line feeds alone, and the reader of Go drops a CR before one.
			if got, want := lineFeeds(rows[above+1+i][column]), lineFeeds(r[column].String()); got != want {
				t.Errorf("row %d, column %d: %q, want %q", i+1, column+1, got, want)
			}
		}
		if n, ok := r[2].AsInt(); ok && rows[above+1+i][2] != table.Int(n).String() {
			t.Errorf("row %d: number %q, want %d", i+1, rows[above+1+i][2], n)
		}
	}
}

func lineFeeds(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
