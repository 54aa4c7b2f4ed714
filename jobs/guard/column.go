package guard

import (
	"fmt"
	"strings"
)

// examples is how many values a reason shows, before and after.
const examples = 3

// constantRise is how much the share of a value may rise to 1: a column that nearly was constant may become so.
const constantRise = 0.1

// Column is what a sync would do to one column.
type Column struct {
	Source, Table, Name string
	// Heading is how people know the column.
	Heading string
	// Before is how many rows have a value here now; Lost and Changed are how many of them would have none or another.
	Before, Lost, Changed int64
	// Read is how many values the source sent, Unreadable how many of them say nothing.
	Read, Unreadable int64
	// Was and Now are the most frequent values here and in the source, with their share of the filled ones; DistinctWas
	// and Distinct are how many values there are. Zero where that is not known.
	Was, Now              Frequent
	DistinctWas, Distinct int64
	// Looks says more of the source's values: "30 as YYYY-MM-DD".
	Looks string
	// Examples are values that would be lost or changed; After is "" where none is left.
	Examples []Example
}

// Frequent is a value and its share of all filled values.
type Frequent struct {
	Value string
	Share float64
}

// Example is a value before and after.
type Example struct{ Before, After string }

// Breaches are the guards of the column that say no, with one reason for all of them.
func (c Column) Breaches() []Breach {
	limit := Of(c.Source, c.Table, c.Name)
	var found []string
	say := func(breached bool, format string, args ...any) {
		if breached {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	say(Exceeds(limit.Lost, c.Lost, c.Before), "%d of %d values would be lost", c.Lost, c.Before)
	say(Exceeds(limit.Unreadable, c.Unreadable, c.Read), "%d of %d values cannot be read", c.Unreadable, c.Read)
	say(Exceeds(limit.Changed, c.Changed, c.Before), "%d of %d values would change", c.Changed, c.Before)
	switch rise := c.Now.Share - c.Was.Share; {
	case *limit.Takeover < 1 && c.DistinctWas > 1 && c.Distinct == 1 && c.Before > limits.Few && rise > min(*limit.Takeover, constantRise):
		say(true, "every value is now %q", c.Now.Value)
	case c.DistinctWas > 1 && rise > *limit.Takeover && c.Before > limits.Few:
		say(true, "%.0f %% of the values are now %q", c.Now.Share*100, c.Now.Value)
	}
	if len(found) == 0 {
		return nil
	}
	name := c.Heading
	if c.Name != c.Heading {
		name += " (" + c.Name + ")"
	}
	reason := name + ": " + strings.Join(found, ", ")
	var shown []string
	for _, e := range c.Examples[:min(examples, len(c.Examples))] {
		after := "nothing"
		if e.After != "" {
			after = fmt.Sprintf("%q", e.After)
		}
		shown = append(shown, fmt.Sprintf("%q to %s", e.Before, after))
	}
	if len(shown) > 0 {
		reason += ", such as " + strings.Join(shown, ", ")
	}
	if c.Looks != "" {
		reason += " (the source has " + c.Looks + ")"
	}
	return []Breach{{ColumnPrefix + c.Name, reason}}
}
