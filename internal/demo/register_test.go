package demo_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"cpd-jobs/internal/demo"
	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
)

// records reads a file of the register as an importer would.
func records(t *testing.T, path string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return rows
}

func written(t *testing.T, o demo.RegisterOptions) demo.RegisterFiles {
	t.Helper()
	files, err := demo.WriteRegister(t.Context(), t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRegisterFilesParseInBothDialects(t *testing.T) {
	t.Parallel()
	o := thousands()
	for name, tc := range map[string]struct {
		dialect     demo.Dialect
		eol, opened string
	}{
		"2025": {demo.Dialect2025, "\r\n", `"01-01-1900"`},
		"2021": {demo.Dialect2021, "\n", "01/01/1900"},
	} {
		files := written(t, demo.RegisterOptions{Options: o, Dialect: tc.dialect})
		raw, err := os.ReadFile(files.Establishments)
		if err != nil {
			t.Fatal(err)
		}
		if utf8.Valid(raw) || !bytes.Contains(raw, []byte{0x92}) || !bytes.Contains(raw, []byte{0xe0}) || !bytes.Contains(raw, []byte("  ")) {
			t.Errorf("%s: no quote of Windows-1252, à or doubled space in it", name)
		}
		if got := bytes.Count(raw, []byte(tc.eol)); got != files.Schools+1 || bytes.Count(raw, []byte("\n")) != got {
			t.Errorf("%s: got %d line ends, want one for each of %d records and the header", name, got, files.Schools)
		}
		if !bytes.Contains(raw, []byte(tc.opened)) {
			t.Errorf("%s: no unknown opening date %s", name, tc.opened)
		}
		rows, links := records(t, files.Establishments), records(t, files.Links)
		if len(rows) != files.Schools+1 || len(rows[0]) != 32 || files.Schools < 4000 {
			t.Errorf("%s: got %d records of %d columns, want %d of 32", name, len(rows)-1, len(rows[0]), files.Schools)
		}
		if len(links) != files.LinkRows+1 || len(links[0]) != 5 || files.LinkRows < 1000 {
			t.Errorf("%s: got %d links of %d columns, want %d of 5", name, len(links)-1, len(links[0]), files.LinkRows)
		}
		inOrder(t, name, rows)
	}
}

func inOrder(t *testing.T, name string, rows [][]string) {
	t.Helper()
	last := 0
	for _, r := range rows[1:] {
		urn, err := strconv.Atoi(r[0])
		if err != nil || urn <= last {
			t.Fatalf("%s: URN %q after %d (%v), want each once and in order", name, r[0], last, err)
		}
		last = urn
	}
}

func TestRegisterAgreesWithTheSource(t *testing.T) {
	t.Parallel()
	o, db := thousands(), pgtest.Connect(t, thousandsSource.URL(t))
	rows := records(t, written(t, demo.RegisterOptions{Options: o}).Establishments)
	type facts struct{ Name, Type, Status, District, Section41 string }
	register := map[string]facts{}
	for _, r := range rows[1:] {
		register[r[0]] = facts{r[4], r[5], r[7], r[24], strconv.FormatBool(r[23] == "Approved")}
	}
	differ, gone := 0, 0
	for _, row := range column[[]string](t, db, `SELECT ARRAY[urn, name, coalesce(school_type_code, 0)::text, school_status_code::text,
			coalesce(administrative_district_code, ''), section_41_approved::text] FROM schools`) {
		got, ok := register[row[0]]
		switch want := (facts{row[1], row[2], row[3], row[4], row[5]}); {
		case !ok:
			gone++
		case got != want:
			differ++
		}
	}
	if lag := differ + gone; lag < 6 || float64(lag) > 0.005*float64(o.Schools) || gone == 0 {
		t.Errorf("got %d schools that differ and %d gone of %d, want a few, at most one in 200", differ, gone, o.Schools)
	}
	if n := value[int64](t, db, `SELECT count(*) FROM schools s JOIN data_stage_schools d USING (urn) WHERE s.school_status_code = 1 AND d.school_status_code = 2`); n == 0 {
		t.Error("no closure waits in the service's staging table")
	}
}

func TestLinksJoinRows(t *testing.T) {
	t.Parallel()
	files := written(t, demo.RegisterOptions{Options: thousands()})
	status := map[string]string{}
	for _, r := range records(t, files.Establishments)[1:] {
		status[r[0]] = r[8]
	}
	kinds, blank, loose, pairs := map[string]int{}, 0, 0, map[[2]string]bool{}
	for _, r := range records(t, files.Links)[1:] {
		pair := [2]string{r[0], r[1]}
		if status[r[0]] == "" || pairs[pair] {
			t.Errorf("link %v: its school is missing or the pair stands twice", r)
		}
		if status[r[1]] == "" {
			loose++
		}
		pairs[pair] = true
		kinds[r[3]]++
		if r[4] == "" {
			blank++
		}
		if r[3] == "Successor" && status[r[0]] != "Closed" {
			t.Errorf("%s has a successor and is %s", r[0], status[r[0]])
		}
	}
	for _, kind := range []string{"Successor", "Predecessor", "Successor - merged", "Predecessor - amalgamated"} {
		if kinds[kind] == 0 {
			t.Errorf("no link of type %s", kind)
		}
	}
	if loose > 5 { // some lead to what has left the register, as real ones do
		t.Errorf("%d links lead nowhere", loose)
	}
	if blank == 0 {
		t.Error("every link has a date")
	}
}

func TestExtractHoldsTheSameFiles(t *testing.T) {
	t.Parallel()
	o := demo.RegisterOptions{Options: small(), Zip: true}
	files := written(t, o)
	z, err := zip.OpenReader(files.Extract)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if want := []string{"ecf_tech.csv", "groupLinks.csv", "groups.csv", "links.csv"}; !cmp.Equal(names, want) {
		t.Errorf("got entries %v, want %v", names, want)
	}
	again := written(t, o)
	for _, pair := range [][2]string{{files.Extract, again.Extract}, {files.Establishments, again.Establishments}} {
		first, err := os.ReadFile(pair[0])
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(pair[1])
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%s: the same options gave other bytes", filepath.Base(pair[0]))
		}
	}
}

func TestUpliftFileAgreesWithTheSource(t *testing.T) {
	t.Parallel()
	o, db := thousands(), pgtest.Connect(t, thousandsSource.URL(t))
	file, err := demo.WriteUplift(t.Context(), t.TempDir(), 2026, o)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(file.Path) != "pupil_premium_and_sparsity_2026.csv" {
		t.Errorf("got %s", file.Path)
	}
	rows := records(t, file.Path)
	if got := strings.Join(rows[0], ","); got != "URN,Pupil Premium Incentive,Sparsity Incentive" {
		t.Errorf("got header %s", got)
	}
	source := map[string]string{}
	for _, r := range column[[]string](t, db, `SELECT ARRAY[urn, pupil_premium_incentive::int::text || sparsity_incentive::int::text]
			FROM pupil_premiums JOIN schools ON schools.id = school_id WHERE start_year = 2026`) {
		source[r[0]] = r[1]
	}
	var differ, unknown, twice int
	seen := map[string]bool{}
	for _, r := range rows[1:] {
		want, ok := source[r[0]]
		switch {
		case !ok:
			unknown++
		case want != r[1]+r[2]:
			differ++
		}
		if seen[r[0]] {
			twice++
		}
		seen[r[0]] = true
	}
	if len(rows)-1 != file.Rows || file.Rows < 3000 || differ == 0 || differ > 40 || unknown == 0 || unknown > 120 || twice == 0 {
		t.Errorf("got %d rows, of which %d differ, %d unknown, %d twice", file.Rows, differ, unknown, twice)
	}
	if _, err := demo.WriteUplift(t.Context(), t.TempDir(), 2020, o); run.ClassOf(err) != run.ClassInvalid {
		t.Errorf("a year without uplifts: got %v, want a refusal", err)
	}
}

// given is a little register of somebody's: open, closed and foreign schools, with addresses of their own.
func given(yield func(demo.School) error) error {
	for i := range 1500 {
		s := demo.School{URN: 100000 + i, Name: "School " + strconv.Itoa(i), LACode: "301", LAName: "Barking and Dagenham",
			TypeCode: 1, TypeName: "Community school", StatusCode: 1, StatusName: "Open", PhaseCode: 2, PhaseName: "Primary",
			DistrictCode: "E09000002", DistrictName: "Barking and Dagenham", Section41: "Not applicable", MainEmail: "head@school.sch.uk"}
		switch i % 10 {
		case 1:
			s.StatusCode, s.StatusName, s.MainEmail = 2, "Closed", ""
			s.LACode = "399" // a former authority of the same name, as the real register has
		case 2:
			s.TypeCode, s.TypeName, s.DistrictCode, s.DistrictName = 30, "Welsh establishment", "9999", ""
		case 3:
			s.TypeCode, s.TypeName, s.Section41 = 10, "Other independent special school", "Approved"
		}
		if err := yield(s); err != nil {
			return err
		}
	}
	return nil
}

func TestGivenRegisterDecidesThePopulation(t *testing.T) {
	t.Parallel()
	m, db := made(t, demo.Options{Seed: 1, AsOf: asOf, Register: given, RegisterName: "given.csv"})
	if m.Schools != 1500 || m.Register != "given.csv" {
		t.Errorf("got %d schools from %q", m.Schools, m.Register)
	}
	want := map[int]int{1: 150, 2: 150, 3: 150}
	got := map[int]int{
		1: value[int](t, db, `SELECT count(*)::int FROM schools WHERE school_status_code = 2`),
		2: value[int](t, db, `SELECT count(*)::int FROM schools WHERE school_type_code = 30 AND school_status_code = 1`),
		3: value[int](t, db, `SELECT count(*)::int FROM schools WHERE school_type_code = 10 AND section_41_approved AND school_status_code = 1`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("population differs from the register's (-want +got):\n%s", diff)
	}
	var ids []string
	for _, c := range m.Cases {
		ids = append(ids, c.ID)
	}
	for _, id := range []string{"N03", "T03", "R13", "A07", "U05", "P17", "P19", "X01"} {
		if !slices.Contains(ids, id) {
			t.Errorf("case %s is not there, got %v", id, ids)
		}
	}
	for _, id := range []string{"P03", "P05", "P14", "P20"} {
		if slices.Contains(ids, id) {
			t.Errorf("case %s would change the population", id)
		}
	}
	if n := value[int](t, db, `SELECT count(*)::int FROM schools WHERE primary_contact_email ~ 'sch.uk'`); n > 0 {
		t.Errorf("%d real contact addresses got in", n)
	}
	if n := value[int](t, db, `SELECT count(*)::int FROM schools s WHERE administrative_district_code = 'e09000002'`); n != 1 {
		t.Errorf("got %d schools with a lower-case district, want P17's", n)
	}
}
