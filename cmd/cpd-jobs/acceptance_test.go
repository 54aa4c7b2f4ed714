package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/encoding/charmap"

	"cpd-jobs/internal/pg"
)

// With the real register the report has one row for each school of the file that may be in it, and no other.
func TestRealRegister(t *testing.T) {
	t.Parallel()
	data := filepath.Join("..", "..", "..", "shared", "data", "gias")
	register, links := filepath.Join(data, "ecf_tech.csv.gz"), filepath.Join(data, "links-20240312.csv.gz")
	if _, err := os.Stat(register); err != nil {
		t.Skipf("skipped: the real register is not here (%v)", err)
	}
	p := newPlace(t)
	p.ok("demo", "--gias", register, "--links", links, "--no-serve")
	want := populationOf(t, register)
	got := p.urns(t)
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 20_000 {
		t.Errorf("the report has %d schools, want %d (-want +got):\n%.2000s", len(got), len(want), diff)
	}
}

// urns are those of the published report, in order.
func (p *place) urns(t *testing.T) []string {
	t.Helper()
	server, err := pg.Start(t.Context(), pg.Options{Dir: p.dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close(t.Context()) }()
	conn, err := pgx.Connect(t.Context(), server.URL(productDatabase))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, _ := conn.Query(t.Context(), `SELECT urn FROM reports.school_onboarding ORDER BY urn COLLATE "C"`)
	urns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return urns
}

// Establishment types of the reference: those that may have funded training, and those that may only use the service.
var (
	eligibleTypes = []int{1, 2, 3, 5, 6, 7, 8, 12, 14, 15, 18, 28, 31, 32, 33, 34, 35, 36, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 57}
	cipOnlyTypes  = []int{10, 11, 30, 37}
)

// populationOf reads the register anew, without the product's importer, and applies section 2 of the reference.
func populationOf(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(charmap.Windows1252.NewDecoder().Reader(z))
	header, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	column := func(record []string, name string) string { return record[slices.Index(header, name)] }
	var urns []string
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		status := column(record, "EstablishmentStatus (code)")
		kind, err := strconv.Atoi(column(record, "TypeOfEstablishment (code)"))
		if err != nil {
			t.Fatal(err)
		}
		district := column(record, "DistrictAdministrative (code)")
		english := strings.HasPrefix(strings.ToUpper(district), "E") || district == "9999"
		approved := column(record, "Section41Approved (name)") == "Approved"
		eligible := english && (slices.Contains(eligibleTypes, kind) || approved)
		if (status == "1" || status == "3") && (eligible || slices.Contains(cipOnlyTypes, kind)) {
			urns = append(urns, column(record, "URN"))
		}
	}
	slices.Sort(urns)
	return urns
}
