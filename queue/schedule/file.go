package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"cpd-jobs/internal/run"
)

// File is a schedules file that was read without a problem.
type File struct {
	// Generation orders versions of the file: only a higher one replaces what is live. 0 where the file does not say;
	// then a version that was never live before counts as newer.
	Generation int64
	Schedules  []Schedule
}

// Problem is one mistake in a schedules file.
type Problem struct {
	Line     int    `json:"line"`
	Schedule string `json:"schedule,omitempty"`
	Text     string `json:"problem"`
}

func (p Problem) Error() string {
	if p.Schedule == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Text)
	}
	return fmt.Sprintf("line %d: schedule %s: %s", p.Line, p.Schedule, p.Text)
}

// Problems are all mistakes of a file, by line.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// ProblemsOf finds the problems in an error of [Parse].
func ProblemsOf(err error) Problems {
	p, _ := errors.AsType[Problems](err)
	return p
}

// Kinds finds kinds of job by name; its error is for a person.
type Kinds func(name string) (run.Kind, error)

// Parse reads a schedules file and checks all of it: keys, times, zones, kinds and their arguments. Every mistake is
// reported at once, with its line, as [Problems] within a failure of class Invalid. The warnings are for what is legal
// and rarely meant; those about clock changes are for the thirteen months after now.
func Parse(raw []byte, kinds Kinds, now time.Time) (File, []Problem, error) {
	r := &reader{kinds: kinds, now: now, yaml: yaml.NewDecoder(strings.NewReader(""), yaml.AllowDuplicateMapKey())}
	f := r.read(raw)
	byLine := func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) }
	slices.SortStableFunc(r.warnings, byLine)
	slices.SortStableFunc(r.problems, byLine)
	warnings, problems := slices.Compact(r.warnings), slices.Compact(r.problems) // an alias shows a problem twice
	switch n := len(problems); n {
	case 0:
		return f, warnings, nil
	case 1:
		return File{}, warnings, run.Invalid("", "the schedules file has 1 problem:\n%w", Problems(problems))
	default:
		return File{}, warnings, run.Invalid("", "the schedules file has %d problems:\n%w", n, Problems(problems))
	}
}

// reader reads a schedules file and collects what is wrong with it.
type reader struct {
	kinds    Kinds
	now      time.Time
	yaml     *yaml.Decoder // knows the anchors of the whole file
	problems []Problem
	warnings []Problem
	current  string // the schedule that is read
}

func (r *reader) problem(line int, format string, args ...any) {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ") // one line each, even of joined errors
	r.problems = append(r.problems, Problem{Line: line, Schedule: r.current, Text: text})
}

func (r *reader) warn(line int, format string, args ...any) {
	r.warnings = append(r.warnings, Problem{Line: line, Schedule: r.current, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) file(body field) (f File) {
	given := r.fields(body, "the file")
	if given == nil {
		return f
	}
	r.set(given, map[string]any{
		"generation": whole(&f.Generation, 1, 1<<53),
		"schedules":  func(list field) { f.Schedules = r.list(list) },
	})
	if _, has := given["schedules"]; !has {
		r.problem(body.line, "the list schedules: is missing")
	}
	return f
}

func (r *reader) list(list field) (schedules []Schedule) {
	lines := map[string]int{} // of names
	var follows []edge
	for _, item := range r.items(list, "schedules must be a list: each schedule begins with a dash") {
		s, given := r.schedule(item)
		if name, has := given["name"]; has && s.Name != "" {
			if first, twice := lines[s.Name]; twice {
				r.problem(name.line, "the name stands twice, first in line %d", first)
			} else {
				lines[s.Name] = name.line
			}
		}
		if s.After != nil && r.known(s.After.Kind) && r.known(s.Kind) {
			follows = append(follows, edge{s.After.Kind, s.Kind})
			if path := circle(follows, []string{s.After.Kind, s.Kind}); path != nil {
				r.problem(given["after"].line, "after goes round in a circle: %s", strings.Join(path, " -> "))
			}
		}
		schedules = append(schedules, s)
		r.current = ""
	}
	return schedules
}

func (r *reader) known(kind string) bool {
	_, err := r.kinds(kind)
	return err == nil
}

// edge says that jobs of one kind are followed by jobs of another.
type edge struct{ from, to string }

// circle continues a path to where it began; nil where no edges lead there.
func circle(edges []edge, path []string) []string {
	first, last := path[0], path[len(path)-1]
	if first == last {
		return path
	}
	for _, e := range edges {
		if e.from != last || slices.Contains(path[1:], e.to) {
			continue
		}
		if whole := circle(edges, append(slices.Clone(path), e.to)); whole != nil {
			return whole
		}
	}
	return nil
}
