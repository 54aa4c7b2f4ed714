package cpd

import (
	"log/slog"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/guard"
	"cpd-jobs/jobs/profile"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	before := map[string]Count{
		"schools": {Rows: 1000}, "users": {Rows: 100}, "core_induction_programmes": {Rows: 1}, "cohorts": {Rows: 0},
	}
	for _, test := range []struct {
		name  string
		now   map[string]int64 // what differs
		allow []string
		words []string // of the refusal; none: it passes
	}{
		{name: "nothing lost"},
		{name: "2 % of the schools", now: map[string]int64{"schools": 980}},
		{name: "one more of them", now: map[string]int64{"schools": 979},
			words: []string{"schools from 1000 rows to 979 (at most 2 % may go)", "--arg allow=schools"}},
		{name: "allowed once", now: map[string]int64{"schools": 979}, allow: []string{"schools"}},
		{name: "a fifth of the users", now: map[string]int64{"users": 80}},
		{name: "one more of them", now: map[string]int64{"users": 79}, words: []string{"users from 100 rows to 79"}},
		{name: "another table was allowed", now: map[string]int64{"users": 0}, allow: []string{"schools"},
			words: []string{"users from 100 rows to 0", "--arg allow=users"}},
		{name: "the only row", now: map[string]int64{"core_induction_programmes": 0},
			words: []string{"core_induction_programmes from 1 rows to 0"}},
		{name: "several tables", now: map[string]int64{"users": 1, "schools": 1}, words: []string{"allow=schools,users"}},
		{name: "more rows", now: map[string]int64{"users": 5000, "cohorts": 6}},
		{name: "a table that was not copied before", now: map[string]int64{"partnerships": 0}},
	} {
		now := map[string]Count{}
		for name, c := range before {
			now[name] = c
		}
		for name, rows := range test.now {
			now[name] = Count{Rows: rows}
		}
		err := guard.Stop(slog.New(slog.DiscardHandler), test.allow, guardRows(Tables(), before, now))
		if (err != nil) != (len(test.words) > 0) || (err != nil && run.ClassOf(err) != run.ClassBlocked) {
			t.Errorf("%s: got %v", test.name, err)
		}
		for _, word := range test.words {
			if err != nil && !strings.Contains(err.Error(), word) {
				t.Errorf("%s: got %q, want %q in it", test.name, err, word)
			}
		}
	}
}

func TestColumnsAreGuarded(t *testing.T) {
	t.Parallel()
	value := func(share int64) []profile.Frequent { return []profile.Frequent{{Value: "same", Rows: share}} }
	was := profile.Column{Part: "schools", Name: "urn", Rows: 1000, Filled: 1000, Distinct: 900, Frequent: value(10)}
	before := map[[2]string]profile.Column{{"schools", "urn"}: was}
	for _, c := range []struct {
		name string
		now  profile.Column
		want string
	}{
		{"the same", was, ""},
		{"emptied", profile.Column{Rows: 1000}, "1000 of 1000 values would be lost"},
		{"a tenth fewer rows and values", profile.Column{Rows: 900, Filled: 900, Distinct: 800, Frequent: value(10)}, ""},
		{"constant", profile.Column{Rows: 1000, Filled: 1000, Distinct: 1, Frequent: value(1000)}, `every value is now "same"`},
		{"times that cannot be", profile.Column{Rows: 1000, Filled: 1000, Distinct: 900, Unreadable: 30}, "30 of 1000 values cannot be read"},
		{"a column not known before", profile.Column{Name: "new", Rows: 1000}, ""},
	} {
		c.now.Part = "schools"
		if c.now.Name == "" {
			c.now.Name = "urn"
		}
		found := guardColumns(before, []profile.Column{c.now})
		if c.want == "" && len(found) > 0 || c.want != "" && (len(found) != 1 || found[0].Guard != "column:schools.urn" || !strings.Contains(found[0].Reason, c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, found, c.want)
		}
	}
}
