package uplift_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/jobs/guard"
	"cpd-jobs/jobs/uplift"
)

func TestThePolicyFileOf2023(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	register(t, db)
	args := uplift.Args{Source: sharedData(t, "uplift", "pupil_premium_and_sparsity_2023.csv")}

	dry, err := uplift.Sync(t.Context(), &run.Local{Dry: true}, db, source.Options{}, args)
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "SELECT count(*) FROM uplift.schools"); n != 0 {
		t.Errorf("the dry run wrote %d rows", n)
	}
	outcome, s := mustSync(t, db, args)
	if d := dry.Summary.(uplift.Summary); d.Added != s.Added || d.Rejected != s.Rejected {
		t.Errorf("the dry run said %+v, the sync %+v", d, s)
	}
	if !outcome.Changed || outcome.Version != 1 || s.Year != 2023 || s.Read != 22_453 || s.Merged != 22_447 || s.Rejected != 6 {
		t.Errorf("got %+v, %+v", outcome, s)
	}
	for kind, want := range map[string]int64{"conflict": 1, "repeat": 5, "value": 6, "unknown": 666} {
		if s.Issues[kind] != want || count(t, db, "SELECT count(*) FROM uplift.issues WHERE kind = $1", kind) != want {
			t.Errorf("issues of kind %s: got %d, want %d", kind, s.Issues[kind], want)
		}
	}
	for _, i := range s.Sample {
		if i.Kind == "conflict" && (i.URN != "101867" || i.Value != "1,0, then 0,0") {
			t.Errorf("got %+v in the sample, want 101867 with both its values", i)
		}
	}
	if len(s.Sample) != 1+3*5 {
		t.Errorf("got a sample of %d issues, want the conflict and five each of three kinds", len(s.Sample))
	}
	for flags, want := range map[string]int64{"true false": 4_134, "false true": 3_861, "true true": 313} {
		premium, sparsity, _ := strings.Cut(flags, " ")
		got := count(t, db, "SELECT count(*) FROM uplift.schools WHERE pupil_premium = $1::boolean AND sparsity = $2::boolean", premium, sparsity)
		if got != want {
			t.Errorf("%s: got %d schools, want %d", flags, got, want)
		}
	}
	if n := count(t, db, "SELECT count(*) FROM uplift.schools WHERE urn = '101867' AND NOT pupil_premium AND NOT sparsity"); n != 1 {
		t.Error("101867: its last row does not count")
	}

	again, s := mustSync(t, db, args)
	if again.Changed || again.Version != 1 || !strings.Contains(s.Note, "nothing was written") {
		t.Errorf("the same file again: got %+v, %+v", again, s)
	}
	if n := count(t, db, "SELECT count(*) FROM uplift.files"); n != 1 {
		t.Errorf("got %d files on record, want 1", n)
	}
}

func TestTheAllocationsOf2021(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	_, err := sync(t, db, uplift.Args{Source: sharedData(t, "uplift", "pupil_premium_2021.csv.gz")})
	requireError(t, err, run.ClassInvalid, "is cut off: it ends in the middle of row 20760")
	if n := count(t, db, "SELECT count(*) FROM uplift.schools"); n != 0 {
		t.Errorf("the cut file left %d rows", n)
	}

	_, s := mustSync(t, db, uplift.Args{Source: sharedData(t, "uplift", "pupil_premium_aug_2021.csv.gz")})
	if s.Year != 2021 || s.Read != 21_608 || s.Merged != 21_608 || s.Layout != "allocations, 20 columns" {
		t.Errorf("got %+v", s)
	}
	if n := count(t, db, "SELECT count(*) FROM uplift.schools WHERE pupil_premium AND basis = 'allocation' AND sparsity IS NULL"); n < 3_000 || n > 4_500 {
		t.Errorf("got %d schools with the premium, want about 3,750", n)
	}
}

// The public file of 2021 was cut; this mends its last amount to count the rest by the rule of the time.
func TestTheRuleOf2021(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	f, err := os.Open(sharedData(t, "uplift", "pupil_premium_2021.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if _, err := io.Copy(&text, z); err != nil {
		t.Fatal(err)
	}
	whole := strings.Replace(text.String(), "\uFFFD21,52\"", "\uFFFD21,520\"", 1)
	_, s := mustSync(t, db, uplift.Args{Source: write(t, "pupil_premium_2021.csv", whole)})
	if s.Merged != 20_760 {
		t.Errorf("got %+v", s)
	}
	if n := count(t, db, "SELECT count(*) FROM uplift.schools WHERE pupil_premium"); n != 3_750 {
		t.Errorf("got %d schools with the premium, want 3,750", n)
	}
}

func TestTheSparseDistricts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	register(t, db)
	source := sharedData(t, "uplift", "sparse_lads.csv")
	_, err := sync(t, db, uplift.Args{Source: source})
	requireError(t, err, run.ClassInvalid, "does not say which year it is for")

	_, s := mustSync(t, db, uplift.Args{Source: source, Year: 2021})
	if s.Read != 64 || s.Added != 64 || s.Issues["abolished"] != 15 || s.Issues["unknown"] != 15 {
		t.Errorf("got %+v", s)
	}
	outcome, s := mustSync(t, db, uplift.Args{Source: source, Year: 2022})
	if outcome.Changed || s.Unchanged != 64 || s.Added != 0 {
		t.Errorf("the same list a year later: got %+v, %+v", outcome, s)
	}
	raw, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	shorter := strings.Replace(string(raw), "E07000026,Allerdale\n", "", 1)
	_, s = mustSync(t, db, uplift.Args{Source: write(t, "sparse_lads.csv", shorter), Year: 2023})
	if s.Missing != 1 || s.Unchanged != 63 {
		t.Errorf("a list without Allerdale: got %+v", s)
	}
	if n := count(t, db, "SELECT end_year FROM uplift.districts WHERE district_code = 'E07000026'"); n != 2023 {
		t.Errorf("Allerdale is sparse until %d, want 2023", n)
	}
	_, err = sync(t, db, uplift.Args{Source: write(t, "sparse_lads.csv", shorter), Year: 2022})
	requireError(t, err, run.ClassBlocked, "the sparse districts of 2023 are loaded already")
}

const header3 = "URN,Pupil Premium Incentive,Sparsity Incentive\n"

func TestLoadRules(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, file, text string
		args             uplift.Args
		want             string // urn premium sparsity, in order
		issues           string // kinds in order
	}{
		{"three columns", "u_2024.csv", header3 + "100001,1,0\n100000,0,1\n", uplift.Args{}, "100000 f t, 100001 t f", ""},
		{"CRLF and quotes", "u_2024.csv", strings.ReplaceAll(header3+"\"100001\",\"1\",\"0\"\n", "\n", "\r\n"), uplift.Args{}, "100001 t f", ""},
		{"the wide form, in another order", "u_2022.csv", "LA (name),URN,Sparsity Incentive,Trust Name,Pupil Premium Incentive\nKent,100001,1,\"A, B\",0\n",
			uplift.Args{}, "100001 f t", ""},
		{"year by argument", "uplift.csv", header3 + "100001,1,0\n", uplift.Args{Year: 2024}, "100001 t f", ""},
		{"anything but 1 is false", "u_2024.csv", header3 + "100001,NA,0\n100002,,1\n100003,TRUE,1\n", uplift.Args{},
			"100001 f f, 100002 f t, 100003 f t", "value value value"},
		{"the last row wins", "u_2024.csv", header3 + "100001,1,1\n100002,0,0\n100001,0,1\n100002,0,0\n", uplift.Args{},
			"100001 f t, 100002 f f", "conflict repeat"},
		{"a bad URN", "u_2024.csv", header3 + "100001,1,1\nABC,1,1\n1000011,1,1\n", uplift.Args{}, "100001 t t", "rejected rejected"},
		{"too few fields", "u_2024.csv", header3 + "100001,1,1\n100002,1\n100003,1,0\n", uplift.Args{}, "100001 t t, 100003 t f", "rejected"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			c.args.Source = write(t, c.file, c.text)
			_, s := mustSync(t, db, c.args)
			if s.Read != s.Merged+s.Unchanged+s.Rejected {
				t.Errorf("the rows do not add up: %+v", s)
			}
			got := text(t, db, `SELECT string_agg(concat_ws(' ', urn, left(pupil_premium::text, 1), left(sparsity::text, 1)), ', ' ORDER BY urn) FROM uplift.schools`)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got := text(t, db, `SELECT coalesce(string_agg(kind, ' ' ORDER BY id), '') FROM uplift.issues`); got != c.issues {
				t.Errorf("got issues %q, want %q", got, c.issues)
			}
		})
	}
}

// Twice as many URNs as a real file has, and then all of them again with other flags.
func TestAFileOfRepeats(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var b strings.Builder
	b.WriteString(header3)
	for pass := range 2 {
		for urn := 100_000; urn < 150_000; urn++ {
			fmt.Fprintf(&b, "%d,%d,0\n", urn, pass)
		}
	}
	_, s := mustSync(t, db, uplift.Args{Source: write(t, "u_2024.csv", b.String())})
	if s.Merged != 50_000 || s.Rejected != 50_000 || s.Issues["conflict"] != 50_000 {
		t.Errorf("got %+v", s)
	}
	if n := count(t, db, "SELECT count(*) FROM uplift.schools WHERE pupil_premium"); n != 50_000 {
		t.Errorf("got %d schools of the later rows, want 50,000", n)
	}
	if n := count(t, db, "SELECT count(*) FROM uplift.issues"); n != 30_000 {
		t.Errorf("got %d issues on record, want 30,000", n)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, file, text, want string }{
		{"empty", "u_2024.csv", "", "is empty"},
		{"a header alone", "u_2024.csv", header3, "has a header and no rows"},
		{"a column missing", "u_2024.csv", "URN,Pupil Premium Incentive\n100001,1\n", `lacks the column "Sparsity Incentive"`},
		{"a column in other letters", "u_2024.csv", "URN,pupil premium incentive,Sparsity Incentive\n100001,1,0\n", `lacks the column "Pupil Premium Incentive"`},
		{"a column twice", "u_2024.csv", "URN,Pupil Premium Incentive,Pupil Premium Incentive,Sparsity Incentive\n100001,1,0,0\n", "twice"},
		{"a web page", "u_2024.csv", "<!DOCTYPE html>\n<html></html>\n", "is an HTML page"},
		{"cut in a row", "u_2024.csv", header3 + "100001,1,0\n1000", "is cut off: it ends in the middle of row 2"},
		{"cut before the last flag", "u_2024.csv", header3 + "100001,1,0\n100002,1,", "is cut off"},
		{"cut in a quote", "u_2024.csv", header3 + "100001,1,0\n\"1000", "is cut off"},
		{"no year", "uplift.csv", header3 + "100001,1,0\n", "does not say which year"},
		{"two years", "uplift_2023_2024.csv", header3 + "100001,1,0\n", "does not say which year"},
		{"every row bad", "u_2024.csv", header3 + "x,1,0\n", "1 of 1 rows"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			_, err := sync(t, db, uplift.Args{Source: write(t, c.file, c.text)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
			if n := count(t, db, "SELECT count(*) FROM uplift.files"); n != 0 {
				t.Error("a refused file is on record")
			}
		})
	}
}

func TestANewerFileForTheYear(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var full strings.Builder
	full.WriteString(header3)
	for i := range 100 {
		full.WriteString("1000" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + ",1,0\n")
	}
	mustSync(t, db, uplift.Args{Source: write(t, "u_2023.csv", full.String())})
	less := strings.Replace(full.String(), "100000,1,0\n100001,1,0\n100002,1,0\n", "", 1)
	_, err := sync(t, db, uplift.Args{Source: write(t, "u_2023.csv", less)})
	requireError(t, err, run.ClassBlocked, "of 100 rows for 2023, 3 are missing")
	_, s := mustSync(t, db, uplift.Args{Source: write(t, "u_2023.csv", less), Allow: guard.Allow{"shrink"}})
	if s.Missing != 3 || s.Unchanged != 97 || s.Issues["not_in_file"] != 3 {
		t.Errorf("got %+v", s)
	}
	if n := count(t, db, "SELECT count(*) FROM uplift.schools WHERE missing_since IS NOT NULL AND pupil_premium"); n != 3 {
		t.Errorf("got %d rows that stay, want 3", n)
	}
	_, s = mustSync(t, db, uplift.Args{Source: write(t, "u_2024.csv", header3+"100000,1,0\n100003,1,1\n")})
	if s.Issues["missing_since_last_year"] != 96 {
		t.Errorf("a new year: got %+v", s)
	}
}

func TestReconciliationWithTheService(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	exec(t, db, `
		INSERT INTO cpd.schools (id, urn, name) SELECT gen_random_uuid(), urn, 'School ' || urn
		FROM unnest(ARRAY['100001', '100002', '100003', '100004']) urn;
		INSERT INTO cpd.pupil_premiums (id, school_id, start_year, pupil_premium_incentive, sparsity_incentive)
		SELECT gen_random_uuid(), s.id, 2024, f.premium, f.sparsity
		FROM (VALUES ('100001', true, false), ('100002', false, false), ('100002', false, true), ('100003', true, false)) f(urn, premium, sparsity)
		JOIN cpd.schools s USING (urn)`)
	mustSync(t, db, uplift.Args{Source: write(t, "u_2024.csv", header3+"100001,1,0\n100002,1,0\n100004,0,0\n100009,1,1\n")})
	got := text(t, db, `SELECT string_agg(urn || ' ' || differences::text, '; ' ORDER BY urn) FROM uplift.reconciliation`)
	want := "100001 {}; 100002 {pupil_premium_differs,sparsity_differs}; 100003 {not_in_file}; 100004 {not_in_service}; 100009 {unknown_school}"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// server sends the content by its ETag and counts what it is asked.
type server struct {
	*httptest.Server
	content, etag string
	asked         []string
}

func newServer(t *testing.T, content string) *server {
	t.Helper()
	s := &server{content: content, etag: `"v1"`}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.Header.Get("If-None-Match"))
		w.Header().Set("ETag", s.etag)
		http.ServeContent(w, r, "u.csv", time.Time{}, strings.NewReader(s.content))
	}))
	t.Cleanup(s.Close)
	return s
}

func TestAnUnchangedAddressCostsOneRequest(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := newServer(t, header3+"100001,1,0\n")
	args := uplift.Args{Source: s.URL + "/u_2024.csv?key=secret"}
	load := func(args uplift.Args) (run.Outcome, uplift.Summary) {
		t.Helper()
		outcome, err := uplift.Sync(t.Context(), &run.Local{}, db, source.Options{Transport: s.Client().Transport}, args)
		if err != nil {
			t.Fatal(err)
		}
		return outcome, outcome.Summary.(uplift.Summary)
	}
	load(args)
	outcome, summary := load(args)
	if outcome.Changed || outcome.Version != 1 || summary.Year != 2024 || !strings.Contains(summary.Note, "nothing was written") {
		t.Errorf("unchanged: got %+v, %+v", outcome, summary)
	}
	if source := text(t, db, "SELECT source FROM uplift.files"); strings.Contains(source, "secret") {
		t.Errorf("the query is on record: %s", source)
	}
	// What it sent is not asked for anew only while it is the last word on that year.
	other := args
	other.Year = 2025
	load(other)
	mustSync(t, db, uplift.Args{Source: write(t, "u_2024.csv", header3+"100001,0,0\n")})
	load(args)
	if n := count(t, db, "SELECT count(*) FROM uplift.schools WHERE start_year = 2024 AND pupil_premium"); n != 1 {
		t.Errorf("the address's flags did not come back: got %d schools, want 1", n)
	}
	s.etag, s.content = `"v2"`, header3+"100001,1,1\n"
	if outcome, _ := load(args); !outcome.Changed {
		t.Error("what is newer was not loaded")
	}
	want := []string{"", `"v1"`, "", "", `"v1"`}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Errorf("ETags that it was asked for (-want +got):\n%s", diff)
	}
}

func register(t *testing.T, db *pgxpool.Pool) {
	t.Helper()
	_, err := gias.Sync(t.Context(), &run.Local{}, db, source.Options{}, gias.Args{Source: sharedData(t, "gias", "ecf_tech.csv.gz")})
	if err != nil {
		t.Fatal(err)
	}
}

func sync(t *testing.T, db *pgxpool.Pool, args uplift.Args) (run.Outcome, error) {
	t.Helper()
	return uplift.Sync(t.Context(), &run.Local{}, db, source.Options{}, args)
}

func mustSync(t *testing.T, db *pgxpool.Pool, args uplift.Args) (run.Outcome, uplift.Summary) {
	t.Helper()
	outcome, err := sync(t, db, args)
	if err != nil {
		t.Fatalf("sync %s: %v", args.Source, err)
	}
	return outcome, outcome.Summary.(uplift.Summary)
}

func requireError(t *testing.T, err error, class run.Class, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || run.ClassOf(err) != class {
		t.Errorf("got error %v of class %s, want %q of class %s", err, run.ClassOf(err), want, class)
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func count(t *testing.T, db *pgxpool.Pool, query string, args ...any) (n int64) {
	t.Helper()
	if err := db.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func text(t *testing.T, db *pgxpool.Pool, query string) (s string) {
	t.Helper()
	if err := db.QueryRow(t.Context(), query).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

func exec(t *testing.T, db *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// sharedData is the folder of public data beside the repository. Tests that need it skip where it is not there.
func sharedData(t testing.TB, path ...string) string {
	t.Helper()
	full := filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, path...)...)
	if _, err := os.Stat(full); err != nil {
		t.Skipf("skipped: %s is not there", full)
	}
	return full
}
