package gias_test

import (
	"os"
	"strings"
	"testing"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/jobs/guard"
)

// TestDriftedFiles: files that are well-formed and still wrong, or odd and still right, each after a public report by
// people who import such files.
func TestDriftedFiles(t *testing.T) {
	t.Parallel()
	const name = "SELECT establishment_name FROM gias.establishments WHERE urn = "
	const doubts = "SELECT string_agg(column_name || ' ' || reason, '; ' ORDER BY line, column_name) FROM gias.rejects WHERE scope <> 'row'"
	cases := []struct {
		file, refusal      string // the refusal has all parts between |
		rows, rejected     int64
		doubts             bool
		query, want, want2 string // the answer has both
	}{
		{file: "drift-1-before.csv", rows: 30},
		{file: "dates-mixed.csv", refusal: "OpenDate (open_date)|more than one form|as DD-MM-YYYY|as YYYY-MM-DD|allow=column:open_date"},
		{file: "duplicate-urn.csv", rows: 11, rejected: 2},
		{file: "bom-utf8.csv", rows: 12, query: name + "'100008'", want: "Ysgol Gŵyr"},
		{file: "utf8-nobom.csv", rows: 12, query: name + "'100008'", want: "Ysgol Gŵyr"},
		{file: "ghwt-628-cp1252.csv", rows: 12, query: name + "'100008'", want: "FIERTÉ PRIMARY"},
		{file: "ghwt-1326-byte81.csv", rows: 11, rejected: 1},
		{file: "mixed-encodings.csv", rows: 12, doubts: true, query: doubts, want: "EstablishmentName looks decoded twice"},
		// Taken for Windows-1252 it would be decoded twice; as a whole it is valid UTF-8 and sound.
		{file: "double-encoded.csv", rows: 12, query: name + "'100008'", want: "FIERTÉ PRIMARY"},
		{file: "cr-only.csv", rows: 12},
		{file: "crcrlf.csv", rows: 12, query: "SELECT count(*)::text FROM gias.establishments e WHERE e::text LIKE E'%\\r%'", want: "0"},
		{file: "trailing-empty-lines.csv", rows: 12},
		{file: "trailing-blank-rows.csv", rows: 12},
		{file: "sep-line.csv", rows: 12},
		{file: "title-lines-first.csv", refusal: "has its header on line 3|take away what stands above line 3"},
		{file: "header-case-and-space.csv", rows: 12, query: name + "'100008'", want: "Argyle Primary School"},
		{file: "schema-drift-renamed.csv", rows: 12, doubts: true, query: doubts, want: "MainEmail is not in the file", want2: "TypeOfEstablishment (name)"},
		{file: "pandas-float-urn.csv", refusal: "12 of 12 rows|.0 behind it|have it written as text"},
		{file: "trailing-spaces-and-case.csv", rows: 12, query: name + "'100008'", want: "Argyle Primary School"},
		{file: "publish-5760-padded-codes.csv", rows: 12, query: "SELECT string_agg(DISTINCT type_of_establishment_code::text, ',') FROM gias.establishments WHERE urn = '100008'", want: "1"},
		{file: "dbt-2165-leading-zeros.csv", rows: 12, query: "SELECT la_code FROM gias.establishments WHERE urn = '100008'", want: "0202"},
		{file: "dbt-3954-one-more-value.csv", rows: 11, rejected: 1},
		{file: "dbt-4725-null-text.csv", rows: 12, doubts: true, query: doubts, want: "Street is what a program writes where it has no value"},
		{file: "dbt-999-boolean-names.csv", rows: 12, query: name + "'100008'", want: "True"},
		{file: "formula.csv", rows: 12, query: name + "'100008'", want: `=HYPERLINK("http://x.example","a")`},
		{file: "excelize-1518-17000-cyrillic.csv", rows: 12, query: "SELECT length(establishment_name)::text FROM gias.establishments WHERE urn = '100008'", want: "17000"},
	}
	tested := map[string]bool{"drift-2-iso-dates-blank-postcodes-one-name.csv": true, "README.md": true}
	for _, c := range cases {
		tested[c.file] = true
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			before := fingerprint(t, db)
			outcome, err := sync(t, db, gias.Args{Source: sharedData(t, "gias", "drift", c.file)})
			if c.refusal != "" {
				for part := range strings.SplitSeq(c.refusal, "|") {
					requireRefusal(t, err, part)
				}
				if after := fingerprint(t, db); after != before {
					t.Errorf("the database changed:\n%s\nwas\n%s", after, before)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			e := outcome.Summary.(gias.Summary).Establishments
			if e.Merged != c.rows || e.Rejected != c.rejected || e.Doubts+e.ValuesLeftOut > 0 != c.doubts {
				t.Errorf("got %d merged, %d rejected, %d doubts, %d left out; want %d, %d, doubts %t; %v",
					e.Merged, e.Rejected, e.Doubts, e.ValuesLeftOut, c.rows, c.rejected, c.doubts, e.Issues)
			}
			if c.query == "" {
				return
			}
			if got := text(t, db, c.query); !strings.Contains(got, c.want) || !strings.Contains(got, c.want2) || c.want2 == "" && c.query != doubts && got != c.want {
				t.Errorf("%s: got %q, want %q", c.query, got, c.want)
			}
		})
	}
	files, err := os.ReadDir(sharedData(t, "gias", "drift"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !tested[f.Name()] {
			t.Errorf("%s has no expectation", f.Name())
		}
	}
}

// TestColumnsAreGuarded: every date in ISO form, which is readable, every postcode blank, and one name for all.
func TestColumnsAreGuarded(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	mustSync(t, db, gias.Args{Source: sharedData(t, "gias", "drift", "drift-1-before.csv")})
	before := fingerprint(t, db)
	next := gias.Args{Source: sharedData(t, "gias", "drift", "drift-2-iso-dates-blank-postcodes-one-name.csv")}
	_, err := sync(t, db, next)
	for _, part := range []string{
		"nothing was changed", "Postcode (postcode): 30 of 30 values would be lost", `such as "ZZ1 1AA" to nothing`,
		`EstablishmentName (establishment_name): 30 of 30 values would change, every value is now "School"`,
		`"Example Primary School 1" to "School"`, "allow=column:establishment_name,column:postcode",
	} {
		requireRefusal(t, err, part)
	}
	if err != nil && strings.Contains(err.Error(), "OpenDate") {
		t.Errorf("days in ISO form are no reason to refuse: %v", err)
	}
	if after := fingerprint(t, db); after != before {
		t.Errorf("the database changed:\n%s\nwas\n%s", after, before)
	}
	next.Allow = guard.Allow{"column:establishment_name"}
	if _, err := sync(t, db, next); err == nil || strings.Contains(err.Error(), "establishment_name") {
		t.Errorf("with the name allowed: got %v, want the postcode alone refused", err)
	}
	next.Allow = append(next.Allow, "column:postcode")
	_, s := mustSync(t, db, next)
	if s.Fields["OpenDate"] != 0 || s.Fields["Postcode"] != 30 || s.Fields["EstablishmentName"] != 30 {
		t.Errorf("got %v changed, want all names and postcodes and no date", s.Fields)
	}
}

// TestMonthFirstIsRefused: some days of such a file read as other days, and nothing in the row shows it.
func TestMonthFirstIsRefused(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	rows := schools(60, nil)
	for i, s := range rows {
		s["OpenDate"] = []string{"09/01/2010", "04/25/2011", "12/06/2012"}[i%3]
	}
	_, err := sync(t, db, gias.Args{Source: register(t, headings(), rows)})
	requireRefusal(t, err, "OpenDate (open_date): the month stands first")
	requireRefusal(t, err, "40 as DD-MM-YYYY, 20 as MM-DD-YYYY")
}

// TestUnreadableValueReplacesNothing: what was good stays, in a row that changes otherwise too, and a blank still
// blanks.
func TestUnreadableValueReplacesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	rows := schools(60, map[string]school{})
	for _, s := range rows {
		s["OpenDate"], s["Easting"] = "01-09-2010", "530000"
	}
	mustSync(t, db, gias.Args{Source: register(t, headings(), rows)})
	read := func() string {
		return text(t, db, `SELECT string_agg(concat_ws(' ', coalesce(open_date::text, '-'), coalesce(easting::text, '-')), ', ' ORDER BY urn)
			FROM (SELECT * FROM gias.establishments ORDER BY urn LIMIT 3) AS e`)
	}
	rows[0]["OpenDate"], rows[0]["EstablishmentName"] = "soon", "Another Name"
	rows[1]["Easting"] = "here"
	rows[2]["OpenDate"] = ""
	_, s := mustSync(t, db, gias.Args{Source: register(t, headings(), rows)})
	if got, want := read(), "2010-09-01 530000, 2010-09-01 530000, - 530000"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if s.Establishments.ValuesLeftOut != 2 || s.Establishments.Changed != 2 || s.Fields["Easting"] != 0 {
		t.Errorf("got %+v, %v", s.Establishments, s.Fields)
	}
	if got := text(t, db, "SELECT string_agg(column_name || ' ' || value, ', ' ORDER BY line) FROM gias.rejects WHERE scope = 'value'"); got != "OpenDate soon, Easting here" {
		t.Errorf("listed: got %s", got)
	}
	rows[0]["OpenDate"], rows[1]["Easting"] = "", ""
	mustSync(t, db, gias.Args{Source: register(t, headings(), rows)})
	if got, want := read(), "- 530000, 2010-09-01 -, - 530000"; got != want {
		t.Errorf("blank after unreadable: got %s, want %s", got, want)
	}
}

func TestSpoiltTextIsAFinding(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	rows := schools(60, nil)
	for i, name := range []string{"FIERTÃ‰ PRIMARY", "St Maryâ€™s", "Two\u00a0words", "N/A", "FIERTÉ", "Ångström School", "São João", "â the school"} {
		rows[i]["EstablishmentName"] = name
	}
	path := write(t, "spoilt.csv", strings.Join(headings(), ",")+"\n"+lines(rows))
	_, s := mustSync(t, db, gias.Args{Source: path})
	got := text(t, db, "SELECT string_agg(value || ': ' || reason, '; ' ORDER BY line) FROM gias.rejects WHERE column_name = 'EstablishmentName'")
	want := "FIERTÃ‰ PRIMARY: looks decoded twice; St Maryâ€™s: looks decoded twice; Two\u00a0words: has a space that cannot be seen; " +
		"N/A: is what a program writes where it has no value"
	if want = strings.ReplaceAll(want, "\u00a0", "\uFFFD"); got != want || s.Establishments.Doubts != 4 || s.Establishments.Merged != 60 {
		t.Errorf("got %s, %+v, want %s", got, s.Establishments, want)
	}
}

// lines writes schools as UTF-8, as they stand.
func lines(rows []school) string {
	var text strings.Builder
	for _, s := range rows {
		values := make([]string, len(headings()))
		for i, heading := range headings() {
			values[i] = s[heading]
		}
		text.WriteString(strings.Join(values, ",") + "\n")
	}
	return text.String()
}

func TestProfileOfAVersion(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	mustSync(t, db, gias.Args{Source: sharedData(t, "gias", "drift", "drift-1-before.csv")})
	got := text(t, db, `SELECT concat_ws(' ', rows, filled, unreadable, distinct_values, shortest, longest, smallest, largest, frequent -> 0 ->> 'rows', forms)
		FROM reports.source_profiles WHERE input = 'gias' AND version = 1 AND part = 'establishments' AND column_name = 'open_date'`)
	if want := "30 30 0 30 10 10 2010-09-01 2010-09-30 1 30 as DD-MM-YYYY"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := count(t, db, "SELECT count(*) FROM reports.source_profiles WHERE column_name = 'main_email' AND (smallest IS NOT NULL OR frequent <> '[]')"); n != 0 {
		t.Error("the profile has addresses, which may name a person")
	}
}
