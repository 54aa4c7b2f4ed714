package selection_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pgtest"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/selection"
)

const fill = `
	INSERT INTO reports.school_onboarding (urn, name, postcode, region_name, route, contacts, tutor_signed_in, first_contacted_at, flags) VALUES
		('100', 'Alpha School',          'AB1 2CD', 'London', 'design_our_own', 3, true,  '2026-09-01T08:00:00Z', '{no_tutor}'),
		('99',  'St Mary’s School',      'AB12 3EF', 'London', NULL,            3, false, NULL,                   '{}'),
		('101', '100% Free School',      'ZZ1 1ZZ', 'North',  '',               0, true,  '2026-09-02T08:00:00Z', '{contact_failed,no_tutor}'),
		('102', 'Zeta_School''; DROP--', NULL,      NULL,     'design_our_own', 7, NULL,  '2026-09-01T08:00:00Z', NULL)`

func report(t *testing.T) (*definition.Definition, *pgxpool.Pool) {
	t.Helper()
	db := pgtest.New(t)
	if err := reports.EnsureTables(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), fill); err != nil {
		t.Fatal(err)
	}
	def, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	return def, db
}

func parse(t *testing.T, def *definition.Definition, query string) selection.Selection {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	s, err := selection.Parse(def, q)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if again := parseValues(t, def, s.Query()); !cmp.Equal(again, s) {
		t.Errorf("%s: as an address again: %+v, want %+v", query, again, s)
	}
	return s
}

func parseValues(t *testing.T, def *definition.Definition, q url.Values) selection.Selection {
	t.Helper()
	s, err := selection.Parse(def, q)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSelections(t *testing.T) {
	t.Parallel()
	def, db := report(t)
	for query, want := range map[string]string{
		"":                                             "99 100 101 102",
		"region_name=London":                           "99 100",
		"region_name=London&region_name=North":         "99 100 101",
		"region_name=(none)":                           "102",
		"region_name=(none)&region_name=North":         "101 102",
		"region_name.not=London":                       "101 102",
		"region_name=":                                 "99 100 101 102",
		"route=(none)":                                 "99 101",
		"contacts=3&region_name=London":                "99 100",
		"contacts.from=3":                              "99 100 102",
		"contacts.from=1&contacts.to=6":                "99 100",
		"tutor_signed_in=true":                         "100 101",
		"tutor_signed_in=(none)":                       "102",
		"flags=no_tutor":                               "100 101",
		"flags=contact_failed":                         "101",
		"flags=(none)":                                 "99 102",
		"flags.not=no_tutor":                           "99 102",
		"first_contacted_at.from=2026-09-02T00:00:00Z": "101",
		"first_contacted_at.to=2026-09-01T08:00:00Z":   "100 102",
		"q=school+alpha":                               "100",
		"q=st+mary's":                                  "99",
		"q=st+mary’s":                                  "99",
		"q=100":                                        "100 101", // a URN, and a name
		"q=100%25":                                     "101",
		"q=zeta_school":                                "102",
		"q=zeta%25school":                              "",
		"q=alpha_school":                               "",       // no wildcard: it is not Alpha School
		"q=ab12":                                       "99 100", // postcodes that begin so
		"q=AB1+2":                                      "99 100",
		"q='%3B+DROP":                                  "102",
		"sort=name":                                    "101 100 99 102",
		"sort=-name":                                   "102 99 100 101",
		"sort=-urn":                                    "102 101 100 99",
		"sort=region_name":                             "99 100 101 102",
		"sort=-region_name":                            "101 99 100 102", // empty ones last
		"sort=first_contacted_at":                      "100 102 101 99",
		"sort=flags":                                   "99 101 100 102",
	} {
		s := parse(t, def, query)
		var got []string
		for after, n := "", 0; n < 9; n++ { // a page for each row: every place in the order is gone to
			page, err := selection.Read(t.Context(), db, def, s, after, 1)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			got = append(got, page.Keys...)
			if after = page.Next; after == "" {
				break
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s, want %s", query, text, want)
		}
		n, err := selection.Count(t.Context(), db, def, s)
		if err != nil || n != int64(len(got)) {
			t.Errorf("%s: count %d (%v), want %d", query, n, err, len(got))
		}
	}
}

func TestSelectionsThatAreRefused(t *testing.T) {
	t.Parallel()
	def, err := reports.Find("school_onboarding")
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"regionname=London":               "did you mean region_name?",
		"urn%3B+DROP+TABLE=1":             "is no column",
		"%22urn%22=1":                     "is no column",
		"sort=urn%3B+DROP":                "is no column",
		"sort=--urn":                      "is no column",
		"columns=urn,1":                   "is no column",
		"columns=urn,urn":                 "twice",
		"contacts=three":                  "contacts:",
		"contacts=1e3":                    "contacts:",
		"contacts=9999999999999999999":    "contacts:",
		"tutor_signed_in=maybe":           "tutor_signed_in:",
		"tutor_signed_in.from=true":       "one value of a column that has an order",
		"flags.from=a":                    "one value of a column that has an order",
		"contacts.from=1&contacts.from=2": "one value",
		"name.like=x":                     "no comparison",
		"first_contacted_at=yesterday":    "first_contacted_at:",
		"name=%00":                        "no text",
		"name=%ff":                        "no text",
		"q=" + strings.Repeat("a+", 9):    "at most 8 words",
		"q=" + strings.Repeat("a", 101):   "characters",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = selection.Parse(def, q)
		if run.ClassOf(err) != run.ClassInvalid || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want a refusal with %q", query, err, want)
		}
	}
}

func TestPlacesThatNobodyGave(t *testing.T) {
	t.Parallel()
	def, db := report(t)
	for _, after := range []string{"x", "e30", "eyJrIjoieCJ9", "eyJzIjoieCIsImsiOiIxIn0", "bnVsbA", "eyJrIjoiMTtEUk9QIn0", "eyJrIjoiXHUwMDAwIn0"} {
		s := selection.Selection{Sort: "contacts"}
		if _, err := selection.Read(t.Context(), db, def, s, after, 10); run.ClassOf(err) != run.ClassInvalid {
			t.Errorf("after %s: %v, want a refusal", after, err)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	def, db := report(t)
	s := parse(t, def, "columns=urn,contacts,tutor_signed_in,first_contacted_at,flags,route&urn=100")
	page, err := selection.Read(t.Context(), db, def, s, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%T %v", page.Rows[0], page.Rows[0])
	if want := "[]interface {} [100 3 true 2026-09-01 08:00:00 +0000 UTC [no_tutor] design_our_own]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if columns := selection.ColumnsOf(def, s); len(columns) != 6 || columns[5].Name != "route" {
		t.Errorf("columns %v", columns)
	}
}

// FuzzParse looks for an address that becomes SQL which PostgreSQL does not understand.
func FuzzParse(f *testing.F) {
	def, err := reports.Find("school_onboarding")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"region_name=London&sort=-name&q=a", "contacts.from=3", "flags.not=(none)", "columns=urn,name&urn=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		s, err := selection.Parse(def, q)
		if err != nil {
			if run.ClassOf(err) != run.ClassInvalid {
				t.Errorf("%q: %v is not of class bad input", query, err)
			}
			return
		}
		for name := range s.Where {
			column, op, _ := strings.Cut(name, ".")
			if _, ok := def.Column(column); !ok || !slices.Contains([]string{"", "not", "from", "to"}, op) {
				t.Errorf("%q let %s through", query, name)
			}
		}
		again, err := selection.Parse(def, s.Query())
		if err != nil || !cmp.Equal(again, s) {
			t.Errorf("%q: as an address again %+v, %v, want %+v", query, again, err, s)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var read selection.Selection
		if err := json.Unmarshal(text, &read); err != nil || !cmp.Equal(read, s, cmpopts.EquateEmpty()) || read.Check(def) != nil {
			t.Errorf("%q: as arguments %s, which is %+v, %v, %v", query, text, read, err, read.Check(def))
		}
	})
}
