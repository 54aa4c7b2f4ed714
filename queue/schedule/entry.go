package schedule

import (
	"encoding/json"
	"regexp"

	"github.com/goccy/go-yaml/ast"
)

// London is where schedules tick that do not name a zone.
const London = "Europe/London"

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// entry is a schedule that is being read, and where its keys stand.
type entry struct {
	schedule Schedule
	node     ast.Node
	at       map[string]ast.Node
}

// has says that a key was given.
func (e *entry) has(key string) bool { return e.at[key] != nil }

// where is the value of a key, or the whole entry where the key is missing.
func (e *entry) where(key string) ast.Node { return or(e.at[key], e.node) }

func (r *reader) entry(n ast.Node) *entry {
	e := &entry{node: n, at: map[string]ast.Node{}, schedule: Schedule{
		Timezone: London, Args: json.RawMessage("{}"), CatchUp: CatchUp{Policy: Latest}, Overlap: Skip,
	}}
	r.current = r.nameOf(n)
	read := r.keys(&e.schedule)
	for key, f := range read {
		read[key] = func(n ast.Node) { e.at[key] = n; f(n) }
	}
	r.mapping(n, "a schedule", read)
	if isMapping(r.resolve(n)) {
		r.checkName(e)
		r.checkTimes(e)
		r.checkKind(e)
	}
	return e
}

func (r *reader) keys(s *Schedule) map[string]func(ast.Node) {
	return map[string]func(ast.Node){
		"name":     func(n ast.Node) { s.Name = r.text("name", n) },
		"cron":     func(n ast.Node) { s.Cron = r.text("cron", n) },
		"timezone": func(n ast.Node) { s.Timezone = r.text("timezone", n) },
		"kind":     func(n ast.Node) { s.Kind = r.text("kind", n) },
		"args":     func(ast.Node) {}, // read once the kind is known
		"seconds":  func(n ast.Node) { s.Seconds = r.truth("seconds", n) },
		"catch_up": func(n ast.Node) { s.CatchUp = r.catchUp(n) },
		"overlap": func(n ast.Node) {
			s.Overlap = Overlap(r.oneOf("overlap", n, string(Skip), string(Queue), string(CancelRunning)))
		},
		"jitter":   func(n ast.Node) { s.Jitter = r.duration("jitter", n) },
		"deadline": func(n ast.Node) { s.Deadline = r.duration("deadline", n) },
		"paused":   func(n ast.Node) { s.Paused = r.truth("paused", n) },
		"after":    func(n ast.Node) { s.After = r.after(n) },
	}
}

// nameOf finds a schedule's name before it is read, so that every problem in it can say whose it is.
func (r *reader) nameOf(n ast.Node) string {
	if !isMapping(r.resolve(n)) {
		return ""
	}
	for _, p := range r.pairs(n, "", 0) {
		if s, ok := r.scalar(p.value); ok && p.key == "name" {
			return s
		}
	}
	return ""
}

func (r *reader) catchUp(n ast.Node) CatchUp {
	c := CatchUp{Policy: Latest}
	fields := r.mapping(n, "catch_up", map[string]func(ast.Node){
		"policy": func(n ast.Node) {
			c.Policy = Policy(r.oneOf("policy", n, string(None), string(Latest), string(All)))
		},
		"max_age":   func(n ast.Node) { c.MaxAge = r.duration("max_age", n) },
		"max_count": func(n ast.Node) { c.MaxCount = r.number("max_count", n, 1, 100_000) },
	})
	if fields["max_count"] && c.Policy != All {
		r.warn(n, "max_count has no effect under catch_up policy %s", c.Policy)
	}
	if fields["max_age"] && c.Policy == None {
		r.warn(n, "max_age has no effect under catch_up policy none")
	}
	return c
}

func (r *reader) after(n ast.Node) *After {
	a := &After{When: Always}
	fields := r.mapping(n, "after", map[string]func(ast.Node){
		"kind": func(n ast.Node) { a.Kind = r.text("kind", n) },
		"when": func(n ast.Node) { a.When = When(r.oneOf("when", n, string(Always), string(Changed))) },
	})
	if !fields["kind"] && isMapping(r.resolve(n)) {
		r.problem(n, "after: kind is missing: the kind of job to follow")
	}
	return a
}
