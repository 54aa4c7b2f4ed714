// Package demo makes things up: a database with the CPD service's own tables at any size, and register and uplift
// files in their publishers' own formats that agree with it. It serves demonstrations, tests and benchmarks, and
// leaves reading what it made to the ordinary syncs. The same options give the same rows and bytes, on any machine.
//
// Everybody in it is called "Demo Person ..." and has an address at example.com; every provider is invented. Names and
// codes of local authorities and districts are real, under the Open Government Licence v3.0 (© Crown copyright).
package demo

import (
	"time"

	"cpd-jobs/internal/run"
)

const (
	// DefaultSchools is the number of schools of a national source.
	DefaultSchools = 24000
	// DefaultSeed is the seed of a source unless another is given.
	DefaultSeed = 1

	minSchools = 100    // the edge cases alone are nearly that many
	maxSchools = 250000 // URNs have six digits
)

// Options say what to make.
type Options struct {
	// Schools is how many rows the table of schools gets, edge cases included; everything else scales with it.
	// 0 means DefaultSchools. Ignored where Register is set.
	Schools int
	// Seed decides every random choice.
	Seed uint64
	// AsOf is the instant that the source shows; nothing in it happened later. Required.
	AsOf time.Time
	// Register, where set, yields the schools to make scenarios for in place of made-up ones, and RegisterName says
	// in the manifest where they come from. Those edge cases that would change who is in the report are then left
	// out. It must yield the same schools in the same order each time, and pass on the error that yield returns.
	Register     func(yield func(School) error) error
	RegisterName string
	// Replace makes an existing demo source afresh even where it is complete or was made with other options.
	Replace bool
	// Progress, where set, is told now and then how far the work is; total 0 means unknown. It is called from one
	// goroutine at a time.
	Progress func(what string, done, total int64)
}

// checked fills in the defaults and refuses what cannot be made.
func (o Options) checked() (Options, error) {
	if o.Schools == 0 {
		o.Schools = DefaultSchools
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	if o.AsOf.IsZero() {
		return o, run.Invalid("give the instant that it shows", "demo source without an as-of time")
	}
	o.AsOf = o.AsOf.UTC().Truncate(time.Microsecond)
	if y := o.AsOf.Year(); y < 2016 || y > 2100 {
		return o, run.Invalid("give a year from 2016 to 2100", "a demo source as of %s", o.AsOf.Format(time.DateOnly))
	}
	if o.Register == nil && (o.Schools < minSchools || o.Schools > maxSchools) {
		return o, run.Invalid("give a number from 100 to 250000", "a demo source of %d schools", o.Schools)
	}
	return o, nil
}
