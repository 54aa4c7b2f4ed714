package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

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

// maxFile bounds what is read: a thousand schedules take a tenth of it.
const maxFile = 2 << 20

// Parse reads a schedules file and checks all of it: keys, times, zones, kinds and their arguments. Every mistake is
// reported at once, with its line, as [Problems] within a failure of class Invalid. The warnings are for what is legal
// and rarely meant; those about clock changes are for the thirteen months after now.
func Parse(raw []byte, kinds Kinds, now time.Time) (File, []Problem, error) {
	r := &reader{kinds: kinds, now: now, aliases: map[*ast.AliasNode]ast.Node{}}
	f := r.read(raw)
	r.warnings = tidy(r.warnings)
	if r.problems = tidy(r.problems); len(r.problems) == 0 {
		return f, r.warnings, nil
	}
	return File{}, r.warnings, run.Invalid("", "the schedules file has %s:\n%w", counted(len(r.problems), "problem"), Problems(r.problems))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// tidy sorts by line and drops what was found twice, by way of an alias.
func tidy(list []Problem) []Problem {
	slices.SortStableFunc(list, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return slices.Compact(list)
}

func (r *reader) file(body ast.Node) File {
	var f File
	fields := r.mapping(body, "the file", map[string]func(ast.Node){
		"generation": func(n ast.Node) { f.Generation = int64(r.number("generation", n, 1, 1<<53)) },
		"schedules":  func(n ast.Node) { f.Schedules = r.list(n) },
	})
	if !fields["schedules"] && isMapping(body) {
		r.problem(body, "the list schedules: is missing")
	}
	return f
}

func (r *reader) list(n ast.Node) (schedules []Schedule) {
	seq, ok := r.resolve(n).(*ast.SequenceNode)
	if !ok {
		r.problem(n, "schedules must be a list: each schedule begins with a dash")
		return nil
	}
	lines := map[string]int{}
	var edges []edge
	for _, item := range seq.Values {
		e := r.entry(item)
		s := e.schedule
		if first, twice := lines[s.Name]; twice && s.Name != "" {
			r.problem(or(e.at["name"], item), "the name stands twice, first in line %d", first)
		} else {
			lines[s.Name] = lineOf(or(e.at["name"], item))
		}
		if s.After != nil && s.After.Kind != "" && s.Kind != "" {
			edges = append(edges, edge{s.After.Kind, s.Kind, s.Name, e.at["after"]})
		}
		schedules = append(schedules, s)
	}
	r.checkCircles(edges)
	r.current = ""
	return schedules
}

// edge says that jobs of one kind are followed by jobs of another.
type edge struct {
	from, to string
	schedule string
	node     ast.Node
}

// checkCircles refuses jobs that would follow one another for ever.
func (r *reader) checkCircles(edges []edge) {
	for i, e := range edges {
		if path := pathTo(e.from, e.to, edges[:i+1], nil); path != nil { // the entry that closes the circle is at fault
			r.current = e.schedule
			r.problem(e.node, "after goes round in a circle: %s", strings.Join(append([]string{e.from}, path...), " -> "))
		}
	}
}

// pathTo finds the kinds on the way from one kind to another, both included.
func pathTo(target, from string, edges []edge, seen []string) []string {
	if from == target {
		return []string{from}
	}
	if slices.Contains(seen, from) {
		return nil
	}
	for _, e := range edges {
		if e.from != from {
			continue
		}
		if path := pathTo(target, e.to, edges, append(seen, from)); path != nil {
			return append([]string{from}, path...)
		}
	}
	return nil
}
