package schedule

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"cpd-jobs/internal/run"
)

// reader reads YAML nodes and collects what is wrong with them. It never asks a node for its String: that panics on
// some texts of several lines.
type reader struct {
	kinds    Kinds
	now      time.Time
	aliases  map[*ast.AliasNode]ast.Node
	problems []Problem
	warnings []Problem
	current  string // the schedule that is read
}

func (r *reader) problem(n ast.Node, format string, args ...any) {
	r.problems = append(r.problems, r.found(n, format, args))
}

func (r *reader) warn(n ast.Node, format string, args ...any) {
	r.warnings = append(r.warnings, r.found(n, format, args))
}

func (r *reader) found(n ast.Node, format string, args []any) Problem {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ") // one line each, even of joined errors
	return Problem{Line: lineOf(n), Schedule: r.current, Text: text}
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1
	}
	return n.GetToken().Position.Line
}

func or(n, otherwise ast.Node) ast.Node {
	if n == nil {
		return otherwise
	}
	return n
}

// resolve follows anchors and aliases to the value itself; nil where an alias stands for nothing.
func (r *reader) resolve(n ast.Node) ast.Node {
	for range 100 { // more is a circle
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.AliasNode:
			n = r.aliases[v]
		default:
			return n
		}
	}
	return nil
}

func isMapping(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// pair is a key and its value.
type pair struct {
	key   string
	node  ast.Node // of the key
	value ast.Node
}

// pairs lists what is in a mapping, merges (`<<`) included; what stands in the mapping itself goes before what is merged.
func (r *reader) pairs(n ast.Node, what string, depth int) (list []pair) {
	var values []*ast.MappingValueNode
	switch m := r.resolve(n).(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		r.problem(n, "%s must be keys and values%s", what, whyNot(n, m))
		return nil
	}
	var merged []pair
	for _, v := range values {
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			if depth < 10 { // more is a circle
				merged = append(merged, r.pairs(v.Value, "what << merges", depth+1)...)
			}
			continue
		}
		list = append(list, pair{v.Key.GetToken().Value, v.Key, v.Value})
	}
	for _, m := range merged {
		if !slices.ContainsFunc(list, func(p pair) bool { return p.key == m.key }) {
			list = append(list, m)
		}
	}
	return list
}

// whyNot says what is wrong with a node where that is its alias.
func whyNot(n, resolved ast.Node) string {
	if alias, ok := n.(*ast.AliasNode); ok && resolved == nil {
		return ": nothing is anchored as &" + alias.Value.GetToken().Value + " before"
	}
	return ""
}

// mapping reads the keys of a mapping, refuses those that are not known or stand twice, and says which were there.
func (r *reader) mapping(n ast.Node, what string, read map[string]func(ast.Node)) map[string]bool {
	seen := map[string]bool{}
	for _, p := range r.pairs(n, what, 0) {
		f, known := read[p.key]
		switch {
		case !known:
			r.problem(p.node, "%s", unknownKey(p.key, slices.Sorted(maps.Keys(read))))
		case seen[p.key]:
			r.problem(p.node, "the key %s stands twice", p.key)
		default:
			f(p.value)
		}
		seen[p.key] = true
	}
	return seen
}

func unknownKey(key string, known []string) string {
	if near := run.Nearest(strings.ToLower(key), known); near != "" {
		return fmt.Sprintf("the key %s is not known; did you mean %s?", key, near)
	}
	return fmt.Sprintf("the key %s is not known; there are %s", key, strings.Join(known, ", "))
}

// scalar is the text of a value that is neither a list nor a mapping, as it was typed.
func (r *reader) scalar(n ast.Node) (string, bool) {
	switch v := r.resolve(n).(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(v.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return v.GetToken().Value, true
	default:
		return "", false
	}
}

// text reads a value of a key.
func (r *reader) text(key string, n ast.Node) string {
	s, ok := r.scalar(n)
	if ok && s != "" {
		return s
	}
	v := r.resolve(n)
	switch v.(type) {
	case *ast.StringNode, *ast.LiteralNode, *ast.NullNode:
		r.problem(n, "%s has no value", key)
	default:
		r.problem(n, "%s must be one plain value%s", key, whyNot(n, v))
	}
	return ""
}

// number reads a whole number; quotes round it do not matter.
func (r *reader) number(key string, n ast.Node, least, most int) int {
	s := r.text(key, n)
	i, err := strconv.Atoi(s)
	if s != "" && (err != nil || i < least || i > most) {
		r.problem(n, "%s: %q is no whole number from %d to %d", key, s, least, most)
	}
	return i
}

// truth reads true or false; quotes round it do not matter.
func (r *reader) truth(key string, n ast.Node) bool {
	s := r.text(key, n)
	b := strings.EqualFold(s, "true")
	if s != "" && !b && !strings.EqualFold(s, "false") {
		r.problem(n, "%s: %q is neither true nor false", key, s)
	}
	return b
}

func (r *reader) oneOf(key string, n ast.Node, values ...string) string {
	s := r.text(key, n)
	if s == "" || slices.Contains(values, s) {
		return s
	}
	if near := run.Nearest(s, values); near != "" {
		r.problem(n, "%s: %q is not known; did you mean %s?", key, s, near)
	} else {
		r.problem(n, "%s: %q is not known; there are %s", key, s, strings.Join(values, ", "))
	}
	return s
}

func (r *reader) duration(key string, n ast.Node) Duration {
	s := r.text(key, n)
	if s == "" {
		return 0
	}
	d, err := ParseDuration(s)
	if err != nil {
		r.problem(n, "%s: %s", key, err)
	}
	return d
}
