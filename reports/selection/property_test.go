package selection_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/selection"
)

// school is a row as the reference below sees it; nil is an empty cell.
type school struct {
	urn      string
	region   *string
	contacts *int
	flags    []string
}

// holds says whether a condition holds of a row, without SQL.
func (s school) holds(name string, values selection.Values) bool {
	column, op, _ := strings.Cut(name, ".")
	var cells []string
	switch {
	case column == "urn":
		cells = []string{s.urn}
	case column == "region_name" && s.region != nil && *s.region != "":
		cells = []string{*s.region}
	case column == "contacts" && s.contacts != nil:
		cells = []string{strconv.Itoa(*s.contacts)}
	case column == "flags":
		cells = s.flags
	}
	compare := func(cell string) int {
		if column == "contacts" {
			a, _ := strconv.Atoi(cell)
			b, _ := strconv.Atoi(values[0])
			return cmp.Compare(a, b)
		}
		return strings.Compare(cell, values[0])
	}
	any := slices.ContainsFunc(cells, func(cell string) bool { return slices.Contains(values, cell) }) ||
		len(cells) == 0 && slices.Contains(values, "")
	switch op {
	case "not":
		return !any
	case "from":
		return len(cells) > 0 && compare(cells[0]) >= 0
	case "to":
		return len(cells) > 0 && compare(cells[0]) <= 0
	default:
		return any
	}
}

// options are values that rows have and conditions ask for; "" is an empty cell.
var options = map[string][]string{
	"urn": {"9", "10", "100", "101", "7"}, "region_name": {"", "London", "Lon_don", "Ünter", "north"},
	"contacts": {"", "0", "3", "12"}, "flags": {"", "no_tutor", "contact_failed", "%"},
}

func randomSchools(rng *rand.Rand, n int) []school {
	list := make([]school, n)
	pick := func(column string) string { return options[column][rng.IntN(len(options[column]))] }
	for i := range list {
		list[i].urn = strconv.Itoa(i + 1)
		if text := pick("region_name"); text != "" || rng.IntN(2) == 0 {
			list[i].region = &text
		}
		if number, err := strconv.Atoi(pick("contacts")); err == nil {
			list[i].contacts = &number
		}
		for _, flag := range options["flags"][1:] {
			if rng.IntN(3) == 0 {
				list[i].flags = append(list[i].flags, flag)
			}
		}
	}
	return list
}

func randomSelection(rng *rand.Rand) selection.Selection {
	s := selection.Selection{Where: selection.Where{}, Sort: []string{"", "-urn", "region_name", "-contacts", "contacts"}[rng.IntN(5)]}
	columns := []string{"urn", "region_name", "contacts", "flags"}
	for range rng.IntN(4) {
		column := columns[rng.IntN(len(columns))]
		op := []string{"", ".not", ".from", ".to"}[rng.IntN(4)]
		values := selection.Values{options[column][rng.IntN(len(options[column]))]}
		if op == "" || op == ".not" {
			for range rng.IntN(3) {
				values = append(values, options[column][rng.IntN(len(options[column]))])
			}
		}
		s.Where[column+op] = values
	}
	return s
}

// TestRandomSelections compares what three ways of reading find with a reference that knows no SQL: pages, which a
// person turns; the count above them; and the one statement of a file. The address and the arguments of a job say the
// same part.
func TestRandomSelections(t *testing.T) {
	t.Parallel()
	def, db := report(t)
	rng := rand.New(rand.NewPCG(20261129, 8))
	list := randomSchools(rng, 60)
	if _, err := db.Exec(t.Context(), "TRUNCATE reports.school_onboarding"); err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		_, err := db.Exec(t.Context(), "INSERT INTO reports.school_onboarding (urn, region_name, contacts, flags) VALUES ($1, $2, $3, coalesce($4, '{}'::text[]))",
			s.urn, s.region, s.contacts, s.flags)
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 400 {
		s := randomSelection(rng)
		if s.Check(def) != nil {
			continue // a bound for a list, an empty bound
		}
		var want []string
		for _, row := range list {
			if !slices.ContainsFunc(slices.Collect(keysOf(s.Where)), func(name string) bool { return !row.holds(name, s.Where[name]) }) {
				want = append(want, row.urn)
			}
		}
		pages, file := readPages(t, db, def, s), readFile(t, db, def, s)
		if s.Sort != "" && !slices.Equal(pages, file) {
			t.Errorf("%s: the file has %v, the pages %v", s.Words(def), file, pages)
		}
		for name, got := range map[string][]string{"pages": pages, "file": file} {
			slices.SortFunc(got, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
			if !slices.Equal(got, want) {
				t.Errorf("%s of %s (%s): got %v, want %v", name, s.Words(def), s.Query().Encode(), got, want)
			}
		}
		if n, err := selection.Count(t.Context(), db, def, s); err != nil || n != int64(len(want)) {
			t.Errorf("count of %s: got %d, %v, want %d", s.Words(def), n, err, len(want))
		}
	}
}

func keysOf(w selection.Where) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range w {
			if !yield(name) {
				return
			}
		}
	}
}

func readPages(t *testing.T, db *pgxpool.Pool, def *definition.Definition, s selection.Selection) (keys []string) {
	t.Helper()
	for after, n := "", 0; n < 100; n++ {
		page, err := selection.Read(t.Context(), db, def, s, after, 7)
		if err != nil {
			t.Fatalf("%s: %v", s.Words(def), err)
		}
		keys = append(keys, page.Keys...)
		if after = page.Next; after == "" {
			break
		}
	}
	return keys
}

func readFile(t *testing.T, db *pgxpool.Pool, def *definition.Definition, s selection.Selection) []string {
	t.Helper()
	s.Columns = []string{def.Key}
	sql, args := selection.SQL(def, def.Table().Sanitize(), s)
	rows, _ := db.Query(t.Context(), sql, args...)
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v\n%s", s.Words(def), err, sql)
	}
	return keys
}

func TestWords(t *testing.T) {
	t.Parallel()
	def, _ := report(t)
	for query, want := range map[string]string{
		"":                                     "all rows and columns",
		"region_name=London&flags=no_tutor":    "rows where Flags is no_tutor and Region is London, all columns",
		"region_name=London&region_name=North": "rows where Region is London or North, all columns",
		"region_name=(none)":                   "rows where Region is empty, all columns",
		"flags.not=no_tutor&contacts.from=3":   "rows where Emails sent is at least 3 and Flags is not no_tutor, all columns",
		"q=x&columns=urn,name":                 `rows where a search for "x" finds them, 2 of 50 columns`,
		"sort=-name":                           "all rows in order of School name, descending, all columns",
	} {
		got := parse(t, def, query).Words(def)
		want = strings.Replace(want, "2 of 50", "2 of "+fmt.Sprint(len(def.Columns)), 1)
		if got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	w, err := selection.ParseFlags([]string{"region_name=London", "region_name=a=b", "route=", "contacts.from=3"})
	if got, want := fmt.Sprint(w), "map[contacts.from:[3] region_name:[London a=b] route:[]]"; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if _, err := selection.ParseFlags([]string{"London"}); err == nil {
		t.Error("a flag without = was taken")
	}
}
