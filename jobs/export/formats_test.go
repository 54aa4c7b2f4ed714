package export

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/internal/testing/tabletest"
	"cpd-jobs/reports"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/format"
	"cpd-jobs/reports/versions"
)

// everyFormat asks for all of them.
func (b *bench) everyFormat() Args {
	a := b.args()
	a.Formats = format.Names()
	return a
}

// hostileSchools have names that programs are known to spoil.
func hostileSchools() []school {
	list := schools(200 + len(tabletest.HostileNames))
	for i, name := range append([]string{""}, tabletest.HostileNames...) {
		list[i].name = name
	}
	return list
}

// rows gives every cell of an exported file as text.
func (b *bench) rows(name string) [][]string {
	b.t.Helper()
	def, err := reports.Find("school_onboarding")
	if err != nil {
		b.t.Fatal(err)
	}
	kind, _ := format.Find(name)
	f, err := b.Store.Open(b.t.Context(), baseName+kind.Ending)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	var rows [][]string
	for row, err := range kind.Reread(f, f.Info().Size, documentOf(b.Deps, def, versions.Version{}, exports.Selection{})) {
		if err != nil {
			b.t.Fatal(name, err)
		}
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = v.String()
		}
		rows = append(rows, cells)
	}
	return rows
}

func TestAllFormatsAreEqualCellByCell(t *testing.T) {
	b := newBench(t)
	list := hostileSchools()
	b.refresh(1, list...)
	_, summary := b.export(b.everyFormat())
	if len(summary.Files) != len(format.All()) {
		t.Fatalf("%d files, want %d", len(summary.Files), len(format.All()))
	}
	want := b.rows("csv")
	if len(want) != len(list) {
		t.Fatalf("%d rows, want %d", len(want), len(list))
	}
	for _, name := range format.Names() {
		got := b.rows(name)
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s differs from CSV in row %d\n got %q\nwant %q", name, i+1, got[i], want[i])
			}
		}
	}
	recorded, err := exports.List(t.Context(), b.DB, "school_onboarding", 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range recorded {
		if e.Checksum != recorded[0].Checksum || (e.Coerced == 0) == strings.HasPrefix(e.Format, "csv") { // some names would be formulas
			t.Errorf("%s: checksum %s, %d altered, want %s", e.Format, e.Checksum, e.Coerced, recorded[0].Checksum)
		}
	}
}

// CPD_JOBS_LONG=1 exports ten times.
func TestExportsHashAlike(t *testing.T) {
	times := 3
	if os.Getenv("CPD_JOBS_LONG") != "" {
		times = 10
	}
	b := newBench(t)
	b.refresh(4, hostileSchools()...)
	_, first := b.export(b.everyFormat())
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for n := range times - 1 {
		runtime.GOMAXPROCS(1 + n%2)
		for _, f := range first.Files {
			if err := b.Store.Delete(t.Context(), f.Name); err != nil {
				t.Fatal(err)
			}
		}
		out, again := b.export(b.everyFormat())
		if !out.Changed || !slices.Equal(first.Files, again.Files) {
			t.Errorf("export %d\n got %+v\nwant %+v", n+2, again.Files, first.Files)
		}
	}
}

func TestNamesOfFiles(t *testing.T) {
	b := newBench(t)
	b.refresh(1, schools(3)...)
	b.export(b.everyFormat())
	b.wantFiles(baseName+"-excel.csv", baseName+".csv", baseName+".csv-metadata.json", baseName+".ods", baseName+".parquet", baseName+".xlsx")
}

func TestFailureInAnyFormatLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"write", "verify", "publish"} {
		t.Run(at, func(t *testing.T) {
			b := newBench(t)
			b.refresh(1, schools(500)...)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := &run.Local{Now: asOf.UTC, OnStep: func(s *run.Step, finished bool, _ time.Duration, _ error) {
				if s.Name == at && !finished {
					cancel()
				}
			}}
			if _, err := Export(ctx, r, b.Deps, b.everyFormat()); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want cancelled", err)
			}
			b.wantFiles()
		})
	}
	for _, name := range format.Names() {
		t.Run("damaged "+name, func(t *testing.T) {
			b := newBench(t)
			b.refresh(1, schools(5)...)
			b.Store = &brokenStore{Store: b.Store, spoil: flipByte}
			a := b.args()
			a.Formats = []string{name}
			if _, err := Export(t.Context(), &run.Local{}, b.Deps, a); err == nil || !strings.Contains(err.Error(), "nothing was published") {
				t.Errorf("%s: error %v, want one that says that nothing was published", name, err)
			}
			b.wantFiles()
		})
	}
}

func flipByte(p []byte) []byte {
	if len(p) > 100 {
		p[100] ^= 1
	}
	return p
}
