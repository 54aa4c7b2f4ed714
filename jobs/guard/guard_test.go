package guard

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"cpd-jobs/internal/run"
)

func TestLimitsOfASourceAndColumn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source, table, column string
		gone, lost, changed   float64
	}{
		{"gias", "", "postcode", 0.02, 0.05, 0.5},
		{"gias", "", "last_changed_date", 0.02, 0.05, 1},
		{"cpd", "users", "", 0.2, 0.05, 0.5},
		{"cpd", "schools", "", 0.02, 0.05, 0.5},
	} {
		l := Of(c.source, c.table, c.column)
		if *l.Gone != c.gone || *l.Lost != c.lost || *l.Changed != c.changed {
			t.Errorf("%s %s %s: got gone %g, lost %g, changed %g", c.source, c.table, c.column, *l.Gone, *l.Lost, *l.Changed)
		}
	}
	if *Of("gias", "", "").Changed != 0.5 {
		t.Error("a column's limits have become everybody's")
	}
}

func TestColumnBreaches(t *testing.T) {
	t.Parallel()
	some := func(share float64) Frequent { return Frequent{"School", share} }
	for _, c := range []struct {
		name   string
		column Column
		want   string
	}{
		{"nothing", Column{Before: 1000, Changed: 500, Lost: 50, Read: 1000, Unreadable: 20}, ""},
		{"too many lost", Column{Before: 1000, Lost: 51}, "51 of 1000 values would be lost"},
		{"too many changed", Column{Before: 1000, Changed: 501}, "501 of 1000 values would change"},
		{"too many unreadable", Column{Read: 1000, Unreadable: 21}, "21 of 1000 values cannot be read"},
		{"all of a few", Column{Before: 20, Lost: 20}, ""},
		{"constant", Column{Before: 100, DistinctWas: 9, Distinct: 1, Was: some(0.5), Now: some(1)}, `every value is now "School"`},
		{"nearly constant before", Column{Before: 100, DistinctWas: 2, Distinct: 1, Was: some(0.95), Now: some(1)}, ""},
		{"constant before", Column{Before: 100, DistinctWas: 1, Distinct: 1, Was: some(1), Now: some(1)}, ""},
		{"one value takes over", Column{Before: 100, DistinctWas: 90, Distinct: 40, Was: some(0.1), Now: some(0.6)}, `60 % of the values are now "School"`},
		{"no profile of the version before", Column{Before: 100, Distinct: 1, Now: some(1)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.column.Source, c.column.Name, c.column.Heading = "gias", "town", "Town"
			c.column.Examples = []Example{{"a", ""}, {"b", "c"}}
			got := c.column.Breaches()
			if c.want == "" {
				if len(got) > 0 {
					t.Errorf("got %v", got)
				}
				return
			}
			want := "Town (town): " + c.want + `, such as "a" to nothing, "b" to "c"`
			if len(got) != 1 || got[0].Guard != "column:town" || got[0].Reason != want {
				t.Errorf("got %v, want %s", got, want)
			}
		})
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	found := []Breach{{"shrink", "many are gone"}, {"column:town", "Town is blank"}}
	log := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		allow Allow
		want  []string
	}{
		{nil, []string{"many are gone; Town is blank", "allow=shrink,column:town"}},
		{Allow{"shrink"}, []string{"nothing was changed: Town is blank", "allow=column:town"}},
		{Allow{"shrink", "column:town"}, nil},
		{Allow{All}, nil},
	} {
		err := Stop(log, c.allow, found)
		if (err == nil) != (c.want == nil) || err != nil && run.ClassOf(err) != run.ClassBlocked {
			t.Errorf("%v: got %v", c.allow, err)
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v: got %v, want %q", c.allow, err, part)
			}
		}
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`["shrink","column:town"]`, `"shrink,column:town"`, `"shrink column:town"`} {
		var a Allow
		if err := json.Unmarshal([]byte(raw), &a); err != nil || !slices.Equal(a, Allow{"shrink", "column:town"}) {
			t.Errorf("%s: got %v, %v", raw, a, err)
		}
	}
	if err := (Allow{"all", "shrink"}).Validate("shrink"); err != nil {
		t.Error(err)
	}
	if err := (Allow{"column:twn"}).Validate("shrink", "column:town"); err == nil || !strings.Contains(err.Error(), "did you mean column:town?") {
		t.Errorf("got %v", err)
	}
}
