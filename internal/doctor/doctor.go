// Package doctor says what was looked at in an installation, what was found and what to do about it. It looks at
// settings, this machine and the database's server; schedules, workers and reports are looked at by their own rooms
// (queue/health, reports/health), which note what they find here. It changes nothing.
package doctor

import (
	"errors"
	"fmt"
	"strings"

	"cpd-jobs/internal/run"
)

// State says how bad a finding is.
type State string

const (
	OK      State = "ok"
	Warning State = "warning" // works, and a person should know
	Problem State = "problem" // does not work, or soon will not
	Skipped State = "skipped" // cannot be checked before something else is right
)

// ProblemIf is Problem where wrong, else OK.
func ProblemIf(wrong bool) State {
	if wrong {
		return Problem
	}
	return OK
}

// Finding is the result of one check.
type Finding struct {
	Area   string `json:"area"`  // settings, machine, database, sources, schedules, reports
	Check  string `json:"check"` // what was looked at
	State  State  `json:"state"`
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"` // what to do, "" where nothing is wrong
}

// Findings gathers results in the order of the checks. The zero value is empty.
type Findings struct{ List []Finding }

// Note adds a finding; found is a format with its arguments. The remedy is left out where nothing is wrong.
func (f *Findings) Note(area, check string, state State, remedy, found string, args ...any) {
	if state == OK {
		remedy = ""
	}
	f.List = append(f.List, Finding{Area: area, Check: check, State: state, Found: fmt.Sprintf(found, args...), Remedy: remedy})
}

// NoteIf adds a problem only where there is one.
func (f *Findings) NoteIf(wrong bool, area, check, remedy, found string, args ...any) {
	if wrong {
		f.Note(area, check, Problem, remedy, found, args...)
	}
}

// Failed adds a check that could not be done as a problem. The error's hint is the remedy.
func (f *Findings) Failed(area, check string, err error) {
	found, remedy := err.Error(), "see the message, then run cpd-jobs doctor again"
	if failure, ok := errors.AsType[*run.Failure](err); ok && failure.Hint != "" {
		found, remedy = strings.TrimSuffix(found, "; "+failure.Hint), failure.Hint
	}
	f.List = append(f.List, Finding{Area: area, Check: check, State: Problem, Found: found, Remedy: remedy})
}

// Count is how many findings have the state.
func (f *Findings) Count(state State) int {
	n := 0
	for _, one := range f.List {
		if one.State == state {
			n++
		}
	}
	return n
}
