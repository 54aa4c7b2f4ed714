package demo

import (
	"cmp"
	"fmt"
	"time"
)

// Wanted is what a person asks a demo source to be. What is left out follows the source that exists already, or the
// default.
type Wanted struct {
	Schools  *int
	Seed     *uint64
	AsOf     *time.Time
	Register string // a real register's file, "" for made-up schools
}

// Conflict names the first wish that a source made earlier does not meet, "" if there is none.
func (w Wanted) Conflict(m Manifest) string {
	switch {
	case w.Schools != nil && int64(*w.Schools) != m.Schools && m.Register == "":
		return fmt.Sprintf("--schools %d, and it has %d", *w.Schools, m.Schools)
	case w.Seed != nil && *w.Seed != m.Seed:
		return fmt.Sprintf("--seed %d, and it was %d", *w.Seed, m.Seed)
	case w.AsOf != nil && !w.AsOf.Truncate(time.Microsecond).Equal(m.AsOf):
		return fmt.Sprintf("--as-of %s, and it was %s", w.AsOf.Format(time.RFC3339), m.AsOf.Format(time.RFC3339))
	case w.Register != "" && w.Register != m.Register:
		return fmt.Sprintf("--gias %s, and its schools are from %s", w.Register, cmp.Or(m.Register, "nowhere: made up"))
	}
	return ""
}

// Options are what is wanted, beside a source made earlier or none, whose manifest is zero. The caller sets
// [Options.Register] where there is a RegisterName.
func (w Wanted) Options(before Manifest, now time.Time) Options {
	o := Options{Schools: int(before.Schools), Seed: before.Seed, AsOf: before.AsOf, RegisterName: cmp.Or(w.Register, before.Register)}
	if before.AsOf.IsZero() {
		o = Options{Schools: DefaultSchools, Seed: DefaultSeed, AsOf: now.Truncate(time.Minute), RegisterName: w.Register}
	}
	if w.Schools != nil {
		o.Schools = *w.Schools
	}
	if w.Seed != nil {
		o.Seed = *w.Seed
	}
	if w.AsOf != nil {
		o.AsOf = *w.AsOf
	}
	return o
}
