package gias_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias"
)

// verdict is what the manifest says of a file.
type verdict struct {
	Verdict  string `json:"verdict"`
	GoodRows int64  `json:"good_rows"`
	BadRows  int64  `json:"bad_rows"`
}

// afterOthers are files that only mean something after another.
var afterOthers = map[string]string{
	"lost_60_percent_after.csv": "lost_60_percent_before.csv",
	"mass_closure_after.csv":    "lost_60_percent_before.csv",
}

// refusals are what the error must say, so that no file is refused for another reason than its own.
var refusals = map[string]string{
	"missing_column.csv":        `lacks the required column "EstablishmentStatus (code)"`,
	"truncated_last_row.csv":    "is cut off: it ends in the middle of row 12",
	"html_error_page.csv":       "is an HTML page",
	"empty.csv":                 "is empty",
	"header_only.csv":           "has a header and no rows",
	"semicolon_delimiter.csv":   "semicolons between its fields",
	"tab_delimiter.csv":         "tabs between its fields",
	"duplicate_header.csv":      `has the column "EstablishmentName" twice`,
	"lost_60_percent_after.csv": "18 of 30 establishments are gone",
	"mass_closure_after.csv":    "20 of 30 establishments that were not closed are closed",
	"utf16.csv":                 "is UTF-16",
	"path_traversal.zip":        "leads out of the archive",
	"zip_bomb.zip":              "unpacks to more than is sane",
	"two_members_one_name.zip":  `two members named "ecf_tech.csv"`,
	"wrong_member.zip":          "has no ecf_tech.csv",
	"cut.zip":                   "is no whole zip",
}

func TestEveryBadFileGetsItsVerdict(t *testing.T) {
	t.Parallel()
	folder := sharedData(t, "gias", "bad")
	for name, v := range manifest(t, folder) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			if first := afterOthers[name]; first != "" {
				mustSync(t, db, gias.Args{Source: filepath.Join(folder, first)})
			}
			before := fingerprint(t, db)
			outcome, err := sync(t, db, gias.Args{Source: filepath.Join(folder, name)})
			if v.Verdict == "refuse" {
				requireRefusal(t, err, refusals[name])
				if after := fingerprint(t, db); after != before {
					t.Errorf("the database changed:\n%s\nwas\n%s", after, before)
				}
				return
			}
			if err != nil {
				t.Fatalf("got %v, want verdict %s", err, v.Verdict)
			}
			requireAccounts(t, db, v, outcome.Summary.(gias.Summary).Establishments)
		})
	}
}

func manifest(t *testing.T, folder string) map[string]verdict {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]verdict
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	if len(m) != 36 {
		t.Errorf("the manifest has %d files, want 36", len(m))
	}
	return m
}

func requireRefusal(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || want == "" || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want %q", err, want)
	}
	if class := run.ClassOf(err); class != run.ClassInvalid && class != run.ClassBlocked {
		t.Errorf("got class %s, want one that is not tried again", class)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has several lines: %q", err)
	}
}

// requireAccounts compares a sync into an empty database with the manifest.
func requireAccounts(t *testing.T, db *pgxpool.Pool, v verdict, got *gias.PartSummary) {
	t.Helper()
	if got.Read != v.GoodRows+v.BadRows || got.Merged != v.GoodRows || got.Rejected != v.BadRows || got.Unchanged != 0 {
		t.Errorf("got %d read, %d merged, %d unchanged, %d rejected; want %d, %d, 0, %d",
			got.Read, got.Merged, got.Unchanged, got.Rejected, v.GoodRows+v.BadRows, v.GoodRows, v.BadRows)
	}
	if n := count(t, db, "SELECT count(*) FROM gias.establishments"); n != v.GoodRows {
		t.Errorf("got %d establishments, want %d", n, v.GoodRows)
	}
	if n := count(t, db, "SELECT count(*) FROM gias.rejects WHERE scope = 'row'"); n != v.BadRows {
		t.Errorf("got %d rejected rows on record, want %d", n, v.BadRows)
	}
	warned := count(t, db, "SELECT count(*) FROM gias.rejects WHERE scope <> 'row'") > 0
	if v.Verdict != "skip" && warned != (v.Verdict == "warn") {
		t.Errorf("got warnings: %v, want verdict %s", warned, v.Verdict)
	}
}

// TestWhatBadFilesLeave looks at the values that are easily spoiled.
func TestWhatBadFilesLeave(t *testing.T) {
	t.Parallel()
	folder := sharedData(t, "gias", "bad")
	const name = "SELECT establishment_name FROM gias.establishments WHERE urn = "
	cases := []struct{ file, query, want string }{
		{"windows_1252.csv", name + "'990001'", "St Thomas à Becket Example School"},
		{"windows_1252.csv", name + "'990003'", "All Saints’ Example"},
		{"utf8_bom.csv", "SELECT count(*)::text FROM gias.establishments WHERE urn = '990001'", "1"},
		{"quoted_newline.csv", name + "'990003'", "Example \"Park\"\nPrimary, School"},
		{"quoted_newline.csv", "SELECT max(line)::text FROM gias.rejects", ""},
		{"formula_injection.csv", name + "'990006'", "\tExample Tab School"},
		{"formula_injection.csv", name + "'990007'", "=cmd|' /C calc'!A0"},
		{"markup_and_sql.csv", name + "'990004'", "Robert'); DROP TABLE schools;-- School"},
		{"invisible_characters.csv", name + "'990002'", "Example\u200b School 2"},
		{"invisible_characters.csv", name + "'990005'", "Example School 5"},
		{"invisible_characters.csv", "SELECT string_agg(line::text, ',' ORDER BY line) FROM gias.rejects WHERE scope = 'row'", "4,5,7"},
		{"invisible_characters.csv", "SELECT string_agg(line::text, ',' ORDER BY line) FROM gias.rejects WHERE scope = 'doubt'", "3"},
		{"slash_dates_lf.csv", "SELECT open_date::text FROM gias.establishments WHERE urn = '990002'", "2010-09-02"},
		{"bad_dates.csv", "SELECT string_agg(line::text, ',' ORDER BY line) FROM gias.rejects WHERE scope = 'value'", "4,5,6,7,8,9,10"},
		{"bad_dates.csv", "SELECT count(*)::text FROM gias.establishments WHERE open_date IS NULL", "7"},
		{"bad_dates.csv", "SELECT open_date::text FROM gias.establishments WHERE urn = '990010'", "1900-01-01"},
		{"dates_out_of_order.csv", "SELECT string_agg(line::text, ',' ORDER BY line) FROM gias.rejects WHERE scope = 'doubt'", "3,4,5"},
		{"duplicate_urn.csv", "SELECT string_agg(line::text, ',' ORDER BY line) FROM gias.rejects", "4,14,15"},
		{"duplicate_urn.csv", "SELECT string_agg(urn, ',') FROM gias.establishments WHERE urn IN ('990003', '990007')", "990007"},
		{"ragged_rows.csv", "SELECT string_agg(line || ' ' || urn, ',' ORDER BY line) FROM gias.rejects", "6 990005,9 990008"},
		{"one_megabyte_field.csv", "SELECT line || ' ' || coalesce(value, 'nothing shown') FROM gias.rejects", "7 nothing shown"},
		{"non_numeric_urn.csv", "SELECT string_agg(value, '|' ORDER BY line) FROM gias.rejects",
			"ABC123|99000.4|9.9E5| 990007 |00990008|-990009|990 010|12345678901234567890"},
		{"column_order.csv", name + "'990012'", "Example Primary School 12"},
	}
	for _, c := range cases {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			mustSync(t, db, gias.Args{Source: filepath.Join(folder, c.file)})
			var got *string
			if err := db.QueryRow(t.Context(), c.query).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got == nil {
				got = new(string)
			}
			if *got != c.want {
				t.Errorf("%s: got %q, want %q", c.query, *got, c.want)
			}
		})
	}
}

// sync runs the job as the runner does, outside the queue.
func sync(t *testing.T, db *pgxpool.Pool, args gias.Args) (run.Outcome, error) {
	t.Helper()
	return gias.Sync(t.Context(), &run.Local{}, db, source.Options{}, args)
}

func mustSync(t *testing.T, db *pgxpool.Pool, args gias.Args) (run.Outcome, gias.Summary) {
	t.Helper()
	outcome, err := sync(t, db, args)
	if err != nil {
		t.Fatalf("sync %s: %v", args.Source, err)
	}
	return outcome, outcome.Summary.(gias.Summary)
}

func count(t *testing.T, db *pgxpool.Pool, query string, args ...any) (n int64) {
	t.Helper()
	if err := db.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// fingerprint is equal for two states of the register's tables only if nothing was written between them, rewritten rows
// included.
func fingerprint(t *testing.T, db *pgxpool.Pool) string {
	t.Helper()
	var parts []string
	for _, table := range []string{"gias.establishments", "gias.links", "gias.changes", "gias.rejects", "gias.syncs", "gias.files",
		"reports.inputs", "reports.input_versions"} {
		var sum string
		err := db.QueryRow(t.Context(), `SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(ctid::text || xmin::text || x::text), '' ORDER BY ctid)), '')
			FROM `+table+` x`).Scan(&sum)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, table+" "+sum)
	}
	return strings.Join(parts, "\n")
}
