package schedule

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

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

// Kinds finds kinds of job by name; its error is for a person.
type Kinds func(name string) (run.Kind, error)

// Parse reads a schedules file and checks all of it: keys, times, zones, kinds and their arguments. Every problem is
// reported at once, with its line, as joined [Problem] errors within a failure of class BadInput. The warnings are
// for what is legal and rarely meant.
func Parse(raw []byte, kinds Kinds) (File, []Problem, error) {
	r := &reader{kinds: kinds}
	tree, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return File{}, nil, run.Reject("", "the schedules file is no YAML: %s", firstLine(err))
	}
	if len(tree.Docs) != 1 {
		return File{}, nil, run.Reject("", "the schedules file has %d documents and must have one", len(tree.Docs))
	}
	f := r.file(tree.Docs[0].Body)
	if len(r.problems) > 0 {
		sortByLine(r.problems)
		return File{}, r.warnings, run.Reject("", "the schedules file has %d problems:\n%w", len(r.problems), joined(r.problems))
	}
	sortByLine(r.warnings)
	return f, r.warnings, nil
}

func joined(list []Problem) error {
	errs := make([]error, len(list))
	for i, p := range list {
		errs[i] = p
	}
	return errors.Join(errs...)
}

func sortByLine(list []Problem) {
	slices.SortStableFunc(list, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// reader collects what is wrong while it reads.
type reader struct {
	kinds    Kinds
	problems []Problem
	warnings []Problem
	current  string // the schedule that is read
}

func (r *reader) problem(n ast.Node, format string, args ...any) {
	r.problems = append(r.problems, Problem{Line: lineOf(n), Schedule: r.current, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) warn(n ast.Node, format string, args ...any) {
	r.warnings = append(r.warnings, Problem{Line: lineOf(n), Schedule: r.current, Text: fmt.Sprintf(format, args...)})
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil {
		return 1
	}
	return n.GetToken().Position.Line
}

func (r *reader) file(body ast.Node) File {
	var f File
	fields := r.mapping(body, "the file", map[string]func(ast.Node){
		"generation": func(n ast.Node) { f.Generation = int64(r.number(n)) },
		"schedules":  func(n ast.Node) { f.Schedules = r.list(n) },
	})
	if !fields["schedules"] {
		r.problem(body, "the list schedules: is missing")
	}
	return f
}

func (r *reader) list(n ast.Node) (schedules []Schedule) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		r.problem(n, "schedules must be a list")
		return nil
	}
	lines := map[string]int{}
	for _, item := range seq.Values {
		s := r.schedule(item)
		if first, twice := lines[s.Name]; twice && s.Name != "" {
			r.problem(item, "the name stands twice, first in line %d", first)
		}
		lines[s.Name] = lineOf(item)
		schedules = append(schedules, s)
	}
	r.current = ""
	return schedules
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{1,62}$`)

func (r *reader) schedule(n ast.Node) Schedule {
	s := Schedule{Timezone: "Europe/London", CatchUp: CatchUp{Policy: Latest}, Overlap: Skip, Args: json.RawMessage("{}")}
	r.current = nameOf(n)
	at := map[string]ast.Node{}
	note := func(key string, read func(ast.Node)) func(ast.Node) {
		return func(n ast.Node) { at[key] = n; read(n) }
	}
	fields := r.mapping(n, "a schedule", map[string]func(ast.Node){
		"name":     note("name", func(n ast.Node) { s.Name = r.text(n) }),
		"cron":     note("cron", func(n ast.Node) { s.Cron = r.text(n) }),
		"timezone": note("timezone", func(n ast.Node) { s.Timezone = r.text(n) }),
		"kind":     note("kind", func(n ast.Node) { s.Kind = r.text(n) }),
		"args":     note("args", func(n ast.Node) { s.Args = r.args(n) }),
		"seconds":  func(n ast.Node) { s.Seconds = r.truth(n) },
		"catch_up": func(n ast.Node) { s.CatchUp = r.catchUp(n) },
		"overlap":  func(n ast.Node) { s.Overlap = Overlap(r.oneOf(n, string(Skip), string(Queue), string(CancelRunning))) },
		"jitter":   func(n ast.Node) { s.Jitter = r.duration(n) },
		"deadline": func(n ast.Node) { s.Deadline = r.duration(n) },
		"paused":   func(n ast.Node) { s.Paused = r.truth(n) },
		"after":    note("after", func(n ast.Node) { s.After = r.after(n) }),
	})
	if !fields["name"] || !nameForm.MatchString(s.Name) {
		r.problem(or(at["name"], n), "name %q must be 2 to 63 of a-z, 0-9, _ and -, a letter first", s.Name)
	}
	r.checkTimes(n, at, &s)
	r.checkKind(n, at, &s)
	return s
}

func or(n, otherwise ast.Node) ast.Node {
	if n == nil {
		return otherwise
	}
	return n
}

// nameOf finds a schedule's name before it is read, so that every problem in it can say whose it is.
func nameOf(n ast.Node) string {
	if m, ok := n.(*ast.MappingNode); ok {
		for _, v := range m.Values {
			if v.Key.String() == "name" {
				return strings.Trim(v.Value.String(), `"'`)
			}
		}
	}
	return ""
}

func (r *reader) checkTimes(n ast.Node, at map[string]ast.Node, s *Schedule) {
	switch {
	case s.Cron != "" && s.After != nil:
		r.problem(at["cron"], "cron and after exclude each other: a schedule follows the clock or a job")
		return
	case s.Cron == "" && s.After == nil:
		r.problem(n, "cron or after is missing")
		return
	case s.After != nil:
		return
	}
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil || s.Timezone == "" || s.Timezone == "Local" {
		r.problem(or(at["timezone"], n), "no time zone is called %q; names are like Europe/London", s.Timezone)
		return
	}
	spec, err := cronParse(s.Cron, zone, s.Seconds)
	if err != nil {
		r.problem(at["cron"], "cron %q: %s", s.Cron, err)
		return
	}
	if spec.EitherDay() {
		r.warn(at["cron"], "cron %q restricts day of month and day of week: it runs on either, not on both", s.Cron)
	}
}

func (r *reader) checkKind(n ast.Node, at map[string]ast.Node, s *Schedule) {
	kind, err := r.kinds(s.Kind)
	if err != nil {
		r.problem(or(at["kind"], n), "%s", firstLine(err))
		return
	}
	if s.After != nil {
		if _, err := r.kinds(s.After.Kind); err != nil {
			r.problem(at["after"], "after: %s", firstLine(err))
		}
	}
	args, err := kind.Check(s.Args)
	if err != nil {
		r.problem(or(at["args"], n), "%s", firstLine(err))
		return
	}
	s.Args = args
}
