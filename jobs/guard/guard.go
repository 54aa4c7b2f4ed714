// Package guard stops a sync before it changes anything where what the source sent looks wrong. How much may change is
// in guards.yml; a person who has looked allows a breach once, by its name.
package guard

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"cpd-jobs/internal/run"
)

// All is the name that allows every breach.
const All = "all"

// Names of guards that every source has; those of columns begin with ColumnPrefix.
const (
	Shrink       = "shrink"
	Closures     = "closures"
	Rejects      = "rejects"
	ColumnPrefix = "column:"
)

// Limits are shares that may change at once: guards.yml says of what.
type Limits struct {
	Gone       *float64 `yaml:"gone"`
	Closed     *float64 `yaml:"closed"`
	Rejected   *float64 `yaml:"rejected"`
	Lost       *float64 `yaml:"lost"`
	Unreadable *float64 `yaml:"unreadable"`
	Changed    *float64 `yaml:"changed"`
	Takeover   *float64 `yaml:"takeover"`
	MonthFirst *float64 `yaml:"month_first"`
}

type file struct {
	Few     int64  `yaml:"few"`
	Limits  Limits `yaml:"limits"`
	Sources map[string]struct {
		Limits  Limits            `yaml:"limits"`
		Tables  map[string]Limits `yaml:"tables"`
		Columns map[string]Limits `yaml:"columns"`
	} `yaml:"sources"`
}

//go:embed guards.yml
var text []byte

// limits is the file, which is part of the program: it panics at start where that is broken, and a test reads it.
var limits = func() (f file) {
	if err := yaml.UnmarshalWithOptions(text, &f, yaml.Strict()); err != nil {
		panic(fmt.Sprintf("guards.yml: %v", err))
	}
	return f
}()

// Of are the limits of a source's table and column; either may be "".
func Of(source, table, column string) Limits {
	s := limits.Sources[source]
	merged := limits.Limits
	for _, more := range []Limits{s.Limits, s.Tables[table], s.Columns[column]} {
		merged.take(more)
	}
	return merged
}

func (l *Limits) take(more Limits) {
	for _, x := range []struct{ into, from **float64 }{
		{&l.Gone, &more.Gone}, {&l.Closed, &more.Closed}, {&l.Rejected, &more.Rejected}, {&l.Lost, &more.Lost},
		{&l.Unreadable, &more.Unreadable}, {&l.Changed, &more.Changed}, {&l.Takeover, &more.Takeover}, {&l.MonthFirst, &more.MonthFirst},
	} {
		if *x.from != nil {
			*x.into = *x.from
		}
	}
}

// Exceeds says that n of all is more than the limit allows. A few pass whatever their share.
func Exceeds(limit *float64, n, all int64) bool {
	return n > limits.Few && ExceedsShare(limit, n, all)
}

// ExceedsShare is [Exceeds] for what even a few of are too many.
func ExceedsShare(limit *float64, n, all int64) bool {
	return float64(n) > *limit*float64(all)
}

// Breach is a guard that says no.
type Breach struct {
	// Guard is the name by which it is allowed.
	Guard  string
	Reason string
}

// Stop makes one error of the breaches that are not allowed; those that are it logs.
func Stop(log *slog.Logger, allow Allow, found []Breach) error {
	var reasons, names []string
	for _, b := range found {
		if allow.Has(b.Guard) {
			log.Warn("a guard was passed because the job allows it", "guard", b.Guard, "reason", b.Reason)
			continue
		}
		reasons = append(reasons, b.Reason)
		if !slices.Contains(names, b.Guard) {
			names = append(names, b.Guard)
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	return run.Blocked("if that is right, allow it once with --arg allow="+strings.Join(names, ","),
		"nothing was changed: %s", strings.Join(reasons, "; "))
}

// Allow names the guards that a job passes this once. In JSON it is a list, or one text with commas.
type Allow []string

// UnmarshalJSON takes a list or a text.
func (a *Allow) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*a = strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}

// Has says that the guard is allowed.
func (a Allow) Has(guard string) bool { return slices.Contains(a, guard) || slices.Contains(a, All) }

// Validate finds names that are no guard of the known ones.
func (a Allow) Validate(known ...string) error {
	for _, name := range a {
		if name != All && !slices.Contains(known, name) {
			hint := ""
			if near := run.Nearest(name, append(known, All)); near != "" {
				hint = "; did you mean " + near + "?"
			}
			return fmt.Errorf("allow: %q is no guard%s", name, hint)
		}
	}
	return nil
}
