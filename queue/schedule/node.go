package schedule

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"cpd-jobs/internal/run"
	"cpd-jobs/queue/cron"
)

var cronParse = cron.Parse

// mapping reads the keys of a mapping, refuses those that are not known or stand twice, and says which were there.
func (r *reader) mapping(n ast.Node, what string, read map[string]func(ast.Node)) map[string]bool {
	seen := map[string]bool{}
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		r.problem(n, "%s must be keys and values", what)
		return seen
	}
	for _, v := range values {
		key := strings.Trim(v.Key.String(), `"'`)
		f, known := read[key]
		switch {
		case !known:
			r.problem(v.Key, "%s", unknownKey(key, read))
		case seen[key]:
			r.problem(v.Key, "the key %s stands twice", key)
		default:
			f(v.Value)
		}
		seen[key] = true
	}
	return seen
}

func unknownKey(key string, known map[string]func(ast.Node)) string {
	var names []string
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	if near := run.Nearest(key, names); near != "" {
		return "the key " + key + " is not known; did you mean " + near + "?"
	}
	return "the key " + key + " is not known; there are " + strings.Join(names, ", ")
}

func (r *reader) text(n ast.Node) string {
	var s string
	if err := yaml.NodeToValue(n, &s); err != nil {
		r.problem(n, "%s is no text", n)
	}
	return s
}

func (r *reader) number(n ast.Node) int {
	i, err := strconv.Atoi(n.String())
	if err != nil || i < 0 {
		r.problem(n, "%s is no whole number from 0 up", n)
	}
	return i
}

func (r *reader) truth(n ast.Node) bool {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.problem(n, "%s is neither true nor false", n)
		return false
	}
	return b.Value
}

func (r *reader) oneOf(n ast.Node, values ...string) string {
	got := r.text(n)
	if !slices.Contains(values, got) {
		r.problem(n, "%q must be one of %s", got, strings.Join(values, ", "))
	}
	return got
}

func (r *reader) duration(n ast.Node) Duration {
	d, err := ParseDuration(r.text(n))
	if err != nil {
		r.problem(n, "%s", err)
	}
	return d
}

func (r *reader) catchUp(n ast.Node) CatchUp {
	c := CatchUp{Policy: Latest}
	r.mapping(n, "catch_up", map[string]func(ast.Node){
		"policy":    func(n ast.Node) { c.Policy = Policy(r.oneOf(n, string(None), string(Latest), string(All))) },
		"max_age":   func(n ast.Node) { c.MaxAge = r.duration(n) },
		"max_count": func(n ast.Node) { c.MaxCount = r.number(n) },
	})
	return c
}

func (r *reader) after(n ast.Node) *After {
	a := &After{When: Always}
	fields := r.mapping(n, "after", map[string]func(ast.Node){
		"kind": func(n ast.Node) { a.Kind = r.text(n) },
		"when": func(n ast.Node) { a.When = When(r.oneOf(n, string(Always), string(Changed))) },
	})
	if !fields["kind"] {
		r.problem(n, "after: kind is missing")
	}
	return a
}

// args keeps the arguments as JSON; the kind checks what is in them.
func (r *reader) args(n ast.Node) json.RawMessage {
	var v map[string]any
	if err := yaml.NodeToValue(n, &v); err != nil {
		r.problem(n, "args must be names and values")
		return json.RawMessage("{}")
	}
	for name, value := range v {
		if t, ok := value.(time.Time); ok {
			v[name] = t.Format(time.RFC3339)
		}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		r.problem(n, "args: %s", err)
		return json.RawMessage("{}")
	}
	return raw
}
