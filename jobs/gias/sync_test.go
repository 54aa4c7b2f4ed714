package gias_test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/jobs/guard"
)

func TestTheSampleRegister(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	_, first := mustSync(t, db, gias.Args{Source: "testdata/sample"})
	if first.Establishments.Added != 10 || first.Establishments.Layout != "ecf_tech, 32 columns" ||
		first.Establishments.Encoding != "Windows-1252" || first.Links.Added != 2 {
		t.Errorf("got %+v, %+v", first.Establishments, first.Links)
	}
	outcome, second := mustSync(t, db, gias.Args{Source: "testdata/sample/ecf_tech_next.csv", Links: "testdata/sample/links_next.csv",
		Allow: guard.Allow{guard.Shrink, guard.Closures}})
	e := second.Establishments
	if !outcome.Changed || outcome.Version != 2 || e.Read != 10 || e.Added != 1 || e.Changed != 3 || e.Gone != 1 || e.Unchanged != 6 {
		t.Errorf("got %+v, %+v", outcome, e)
	}
	got := text(t, db, `SELECT string_agg(event || ' ' || urn, ', ' ORDER BY event, urn) FROM gias.changes
		WHERE event NOT IN ('details_changed', 'contact_changed') AND link_urn IS NULL`)
	if want := "closed 990005, gone 99009, opened 990006, opened 990011, renamed 990003"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := count(t, db, "SELECT count(*) FROM gias.establishments WHERE urn = '99009' AND gone_since IS NOT NULL"); n != 1 {
		t.Error("99009 is not kept and marked")
	}
}

func TestLayoutsAndDialects(t *testing.T) {
	t.Parallel()
	all := headings()
	ofsted := []string{"OfstedRating (code)", "OfstedRating (name)"}
	public := append(without(all, "MainEmail", "AlternativeEmail"), "EstablishmentTypeGroup (code)", "HeadFirstName", "GOR (code)")
	padded := school{"TypeOfEstablishment (code)": "01", "EstablishmentStatus (code)": "01", "PhaseOfEducation (code)": "0002", "OpenDate": "01/09/2010"}
	cases := []struct {
		name    string
		columns []string
		with    school
		layout  string
	}{
		{"30 columns, without the Ofsted pair", without(all, ofsted...), nil, "ecf_tech, 30 columns"},
		{"31 columns, without section 41", without(all, "Section41Approved (name)"), nil, "ecf_tech, 31 columns"},
		{"32 columns, padded codes and slashes", all, padded, "ecf_tech, 32 columns"},
		{"the public download", public, school{"HeadFirstName": "Nobody"}, "edubasealldata"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			mustSync(t, db, gias.Args{Source: register(t, all, schools(60, nil))})
			const content = `SELECT md5(string_agg((to_jsonb(e) - 'row_hash')::text, '' ORDER BY urn)) FROM gias.establishments e`
			before := text(t, db, content)
			same := schools(60, nil)
			for _, s := range same {
				maps.Copy(s, c.with)
			}
			outcome, s := mustSync(t, db, gias.Args{Source: register(t, c.columns, same)})
			if outcome.Changed || outcome.Version != 1 || s.Establishments.Unchanged != 60 || s.Establishments.Layout != c.layout {
				t.Errorf("the same schools: got %+v, %+v", outcome, s.Establishments)
			}
			if before != text(t, db, content) {
				t.Error("columns that the file lacks were not left as they were")
			}
			same[7]["EstablishmentName"] = "Another Name"
			_, s = mustSync(t, db, gias.Args{Source: register(t, c.columns, same)})
			if s.Establishments.Changed != 1 || s.Establishments.Unchanged != 59 || s.Events["renamed"] != 1 || len(s.Fields) != 1 {
				t.Errorf("one name changed: got %+v, %v", s.Establishments, s.Fields)
			}
		})
	}
}

func TestWhatHappensToASchool(t *testing.T) {
	t.Parallel()
	const urn = "100007"
	status := func(code, name string) school {
		return school{"EstablishmentStatus (code)": code, "EstablishmentStatus (name)": name}
	}
	toClose, toOpen := status("3", "Open, but proposed to close"), status("4", "Proposed to open")
	open, shut := school{}, closedOn("31-08-2024")
	cases := []struct {
		name       string
		from, to   school
		want       string // events but details_changed
		goneBefore bool
	}{
		{"closed", open, shut, "closed closing_date_changed", false},
		{"closed after a proposal", toClose, status("2", "Closed"), "closed", false},
		{"reopened", status("2", "Closed"), open, "reopened", false},
		{"opened", toOpen, open, "opened", false},
		{"proposed to close", open, toClose, "proposed_to_close", false},
		{"a proposal withdrawn", toClose, open, "closure_withdrawn", false},
		{"never opened", toOpen, status("2", "Closed"), "closed", false},
		{"new and open", gone, open, "opened", false},
		{"new and proposed", gone, toOpen, "proposed_to_open", false},
		{"new and closed already", gone, shut, "added", false},
		{"gone", open, gone, "gone", false},
		{"returned", gone, open, "returned", true},
		{"returned under another name", gone, school{"EstablishmentName": "Other"}, "renamed returned", true},
		{"renamed", open, school{"EstablishmentName": "Other"}, "renamed", false},
		{"moved", open, school{"Street": "2 Other Road", "Postcode": "ZZ2 2ZZ"}, "moved moved", false},
		{"a type", open, school{"TypeOfEstablishment (code)": "5", "TypeOfEstablishment (name)": "Foundation school"}, "type_changed", false},
		{"an authority", open, school{"LA (code)": "302", "LA (name)": "Barnet"}, "authority_changed", false},
		{"only the authority's name", open, school{"LA (name)": "Barking & Dagenham"}, "", false},
		{"a district", open, school{"DistrictAdministrative (code)": "E09000003"}, "district_changed", false},
		{"section 41", open, school{"Section41Approved (name)": "Approved"}, "section_41_changed", false},
		{"a contact", open, school{"MainEmail": ""}, "contact_changed", false},
		{"only the spelling of nothing", open, school{"Locality": "  "}, "", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			if c.goneBefore {
				mustSync(t, db, gias.Args{Source: register(t, headings(), schools(60, nil))})
			}
			mustSync(t, db, gias.Args{Source: register(t, headings(), schools(60, map[string]school{urn: c.from}))})
			exec(t, db, "TRUNCATE gias.changes")
			_, s := mustSync(t, db, gias.Args{Source: register(t, headings(), schools(60, map[string]school{urn: c.to}))})
			got := text(t, db, `SELECT coalesce(string_agg(event, ' ' ORDER BY event), '') FROM gias.changes
				WHERE event <> 'details_changed' AND urn = $1`, urn)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if n := count(t, db, "SELECT count(*) FROM gias.changes WHERE urn <> $1", urn); n != 0 {
				t.Errorf("%d changes are of other schools", n)
			}
			raw, err := json.Marshal(s)
			if err != nil || strings.Contains(string(raw), "@") {
				t.Errorf("the summary shows an address, or %v: %s", err, raw)
			}
		})
	}
}

func TestARejectedRowIsNotGone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	mustSync(t, db, gias.Args{Source: register(t, headings(), schools(60, nil))})
	bad := map[string]school{"100003": {"EstablishmentStatus (code)": "9"}, "100004": {"EstablishmentName": "Bell\a"}}
	rows := schools(60, bad)
	rows = append(rows, rows[5], schools(1, map[string]school{"100000": {"URN": "100006", "EstablishmentName": "A second one"}})[0])
	outcome, s := mustSync(t, db, gias.Args{Source: register(t, headings(), rows)})
	e := s.Establishments
	if outcome.Changed || e.Read != 62 || e.Rejected != 5 || e.Unchanged != 57 || e.Gone != 0 {
		t.Errorf("got %+v, %+v", outcome, e)
	}
	got := text(t, db, "SELECT string_agg(concat_ws(' ', line, urn, column_name, reason), '; ' ORDER BY line) FROM gias.rejects")
	want := "5 100003 EstablishmentStatus (code) is no known status; 6 100004 EstablishmentName has a control character; " +
		"8 100006 URN stands twice with different content; 62 100005 URN repeats an earlier row; 63 100006 URN stands twice with different content"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if v := count(t, db, "SELECT count(*) FROM gias.syncs WHERE version IS NULL"); v != 1 {
		t.Error("the sync without a change published a version, or is not on record")
	}
}

func TestGuards(t *testing.T) {
	t.Parallel()
	many := func(n int, what school) map[string]school {
		m := map[string]school{}
		for i := range n {
			m[fmt.Sprint(100010+i)] = what
		}
		return m
	}
	bad := school{"EstablishmentStatus (code)": "9"}
	cases := []struct {
		name   string
		rows   int
		change map[string]school
		want   string // of the error; "" passes
		allow  string
	}{
		{"2 % gone", 100, many(2, gone), "", ""},
		{"3 % gone", 100, many(3, gone), "3 of 100 establishments are gone", "shrink"},
		{"2 % closed", 100, many(2, closedOn("31-08-2024")), "", ""},
		{"3 % closed", 100, many(3, closedOn("31-08-2024")), "3 of 100 establishments that were not closed are closed", "closures"},
		{"20 rejected", 100, many(20, bad), "", ""},
		{"21 rejected", 100, many(21, bad), "21 of 100 rows of ecf_tech.csv were rejected (21: EstablishmentStatus (code) is no known status)", "rejects"},
		{"21 rejected of very many", 2100, many(21, bad), "", ""},
		{"all rejected", 10, map[string]school{"100000": bad, "100001": bad, "100002": bad, "100003": bad, "100004": bad,
			"100005": bad, "100006": bad, "100007": bad, "100008": bad, "100009": bad}, "10 of 10 rows", "rejects"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			mustSync(t, db, gias.Args{Source: register(t, headings(), schools(c.rows, nil))})
			before := fingerprint(t, db)
			args := gias.Args{Source: register(t, headings(), schools(c.rows, c.change))}
			_, err := sync(t, db, args)
			if c.want == "" {
				if err != nil {
					t.Errorf("got %v, want that it passes", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "--arg allow="+c.allow) || run.ClassOf(err) != run.ClassBlocked {
				t.Errorf("got %v, want %q and how to allow it", err, c.want)
			}
			requireUntouched(t, db, before)
			args.Allow = guard.Allow{c.allow}
			if _, err := sync(t, db, args); err != nil {
				t.Errorf("allowed: got %v", err)
			}
		})
	}
}

func TestLinksAreGuardedAndLeftAlone(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var lines []string
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("%d,%d,Name,Successor,31-08-2019", 100000+i, 110000+i))
	}
	source := register(t, headings(), schools(60, nil))
	mustSync(t, db, gias.Args{Source: source, Links: links(t, lines...)})

	_, s := mustSync(t, db, gias.Args{Source: register(t, headings(), schools(59, nil))})
	if s.Links != nil || count(t, db, "SELECT count(*) FROM gias.links") != 100 {
		t.Errorf("links absent: got %+v", s.Links)
	}
	before := fingerprint(t, db)
	_, err := sync(t, db, gias.Args{Source: source, Links: links(t, lines[:97]...)})
	if err == nil || !strings.Contains(err.Error(), "3 of 100 links are gone") || run.ClassOf(err) != run.ClassBlocked {
		t.Errorf("got %v", err)
	}
	requireUntouched(t, db, before)

	lines[0] = "100000,110000,Name,Successor - merged,31-08-2019"
	lines[1] = "100001,110001,Other Name,Successor,"
	lines[2] = "100002,100002,Itself,Successor,"
	lines = append(lines, "100003,110003,Other,Successor,", lines[4])
	_, s = mustSync(t, db, gias.Args{Source: source, Links: links(t, lines...)})
	l := s.Links
	if l.Read != 102 || l.Rejected != 4 || l.Added != 1 || l.Changed != 1 || l.Gone != 1 || l.Unchanged != 96 {
		t.Errorf("got %+v", l)
	}
	got := text(t, db, "SELECT string_agg(concat_ws(' ', urn, event, field, old, '>', new), '; ' ORDER BY urn, event, field) FROM gias.changes WHERE link_urn IS NOT NULL")
	want := "100000 link_added LinkEstablishedDate > 31-08-2019; 100000 link_added LinkName > Name; 100000 link_added LinkType > Successor - merged; " +
		"100000 link_added LinkURN > 110000; 100000 link_removed LinkEstablishedDate 31-08-2019 >; 100000 link_removed LinkName Name >; " +
		"100000 link_removed LinkType Successor >; 100000 link_removed LinkURN 110000 >; " +
		"100001 link_changed LinkEstablishedDate 31-08-2019 >; 100001 link_changed LinkName Name > Other Name"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestAZipHoldsBoth(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	path := filepath.Join(t.TempDir(), "extract.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, name := range []string{"ecf_tech.csv", "links.csv", "README.md"} {
		content, err := os.ReadFile(filepath.Join("testdata", "sample", name))
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	_, s := mustSync(t, db, gias.Args{Source: path})
	if s.Establishments.Added != 10 || s.Links.Added != 2 {
		t.Errorf("got %+v, %+v", s.Establishments, s.Links)
	}
	outcome, s := mustSync(t, db, gias.Args{Source: "testdata/sample"})
	if outcome.Changed || !strings.Contains(s.Note, "nothing was written") {
		t.Errorf("the same files in a folder: got %+v, %+v", outcome, s)
	}
	_, err = sync(t, db, gias.Args{Source: "testdata/sample/links.csv"})
	if err == nil || !strings.Contains(err.Error(), "lacks the required column") && !strings.Contains(err.Error(), "is the register's file of links") {
		t.Errorf("links in place of establishments: got %v", err)
	}
}

func TestAnUnchangedAddressCostsOneRequest(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	content, err := os.ReadFile("testdata/sample/ecf_tech.csv")
	if err != nil {
		t.Fatal(err)
	}
	requests := make(chan string, 10)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r.Method + " " + r.Header.Get("If-None-Match")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Tue, 12 Mar 2024 02:00:00 GMT")
		http.ServeContent(w, r, "ecf_tech.csv", time.Time{}, strings.NewReader(string(content)))
	}))
	defer server.Close()
	fetch := source.Options{Transport: server.Client().Transport}
	args := gias.Args{Source: server.URL + "/ecf_tech.csv?key=secret"}
	if _, err := gias.Sync(t.Context(), &run.Local{}, db, fetch, args); err != nil {
		t.Fatal(err)
	}
	again, err := gias.Sync(t.Context(), &run.Local{}, db, fetch, args)
	if err != nil || again.Changed || again.Version != 1 {
		t.Errorf("got %+v, %v", again, err)
	}
	close(requests)
	var got []string
	for r := range requests {
		got = append(got, r)
	}
	if fmt.Sprint(got) != `[GET  GET "v1"]` {
		t.Errorf("got requests %q", got)
	}
	if asAt := text(t, db, "SELECT as_at::date::text FROM reports.input_versions WHERE input = 'gias'"); asAt != "2024-03-12" {
		t.Errorf("got as-at %s, want the server's date", asAt)
	}
	if source := text(t, db, "SELECT source FROM gias.files"); strings.Contains(source, "secret") {
		t.Errorf("the query is on record: %s", source)
	}
}

// lost is a run whose lease another worker has taken.
type lost struct{ run.Local }

func (*lost) Fence(context.Context, pgx.Tx) error { return run.ErrLost }

func TestALostRunWritesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	before := fingerprint(t, db)
	_, err := gias.Sync(t.Context(), &lost{}, db, source.Options{}, gias.Args{Source: "testdata/sample"})
	if !errors.Is(err, run.ErrLost) {
		t.Errorf("got %v", err)
	}
	requireUntouched(t, db, before)
	if n := count(t, db, "SELECT count(*) FROM pg_class WHERE relname LIKE 'staged%'"); n != 0 {
		t.Errorf("%d temporary tables are left on the pool's connections", n)
	}
}

func TestTheVersionSaysWhatItIsOf(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	mustSync(t, db, gias.Args{Source: "testdata/sample"})
	var v struct {
		rows    int64
		details gias.Summary
	}
	var raw []byte
	if err := db.QueryRow(t.Context(), "SELECT rows, details FROM reports.input_versions WHERE input = 'gias'").Scan(&v.rows, &raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &v.details); err != nil {
		t.Fatal(err)
	}
	if e := v.details.Establishments; v.rows != 10 || e.Read != 10 || len(e.SHA256) != 64 || e.SizeBytes == 0 || v.details.Sample != nil {
		t.Errorf("got %d rows, %s", v.rows, raw)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	kind := gias.Kinds(gias.Deps{})[0]
	cases := map[string]string{ // arguments to the checked ones, or to the error
		`{}`:                          `{"source":"","links":"","allow":null}`,
		`{"allow":"shrink,closures"}`: `{"source":"","links":"","allow":["shrink","closures"]}`,
		`{"allow":["all"]}`:           `{"source":"","links":"","allow":["all"]}`,
		`{"allow":"everything"}`:      `"everything" is no guard`,
		`{"sauce":"x"}`:               `unknown field "sauce"`,
	}
	for raw, want := range cases {
		checked, err := kind.Check(json.RawMessage(raw))
		got := string(checked)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
	if _, err := kind.Work(t.Context(), &run.Local{}, json.RawMessage(`{}`)); err == nil || !strings.Contains(err.Error(), "GIAS_SOURCE") {
		t.Errorf("no source at all: got %v", err)
	}
}

func text(t *testing.T, db *pgxpool.Pool, query string, args ...any) (s string) {
	t.Helper()
	if err := db.QueryRow(t.Context(), query, args...).Scan(&s); err != nil {
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
