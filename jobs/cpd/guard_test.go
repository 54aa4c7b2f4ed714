package cpd

import (
	"strings"
	"testing"

	"cpd-jobs/internal/run"
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
		err := guard(Tables(), before, now, test.allow)
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
