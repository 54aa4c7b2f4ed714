package schedule

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"cpd-jobs/internal/run"
)

// maxFile bounds what is read: a thousand schedules take a tenth of it.
const maxFile = 2 << 20

// read turns the text into the library's nodes and reads those.
func (r *reader) read(raw []byte) (f File) {
	if len(raw) > maxFile {
		r.problem(1, "the file is larger than %d bytes", maxFile)
		return File{}
	}
	defer func() {
		if p := recover(); p != nil { // the library panics on some texts
			r.problem(1, "cannot be read as YAML")
		}
	}()
	text := []byte(r.quoteCron(string(raw)))
	if _, err := parser.ParseBytes(text, 0); err != nil {
		r.syntax(err)
	}
	tree, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey()) // what else is wrong beside a double key
	if err != nil {
		return File{}
	}
	bodies := slices.DeleteFunc(tree.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	switch len(bodies) {
	case 0:
		r.problem(1, "the file is empty; a list schedules: is expected")
		return File{}
	case 1:
		var whole any // makes the anchors known
		if err := r.yaml.DecodeFromNode(bodies[0].Body, &whole); err != nil {
			r.syntax(err)
			return File{}
		}
		return r.file(field{bodies[0].Body, lineOf(bodies[0].Body, 1)})
	}
	r.problem(lineOf(bodies[1].Body, 1), "a second document begins here, and the file must have one")
	return File{}
}

// bareCron is an expression without quotes that YAML takes for something else: `*` begins an alias there, `@` nothing.
var bareCron = regexp.MustCompile(`^(\s*(?:- +)*cron: +)(\*(?:[^A-Za-z_].*)?|@.*?)\s*$`)

// quoteCron reports expressions without quotes and puts the quotes there, so that the rest of the file is read too.
func (r *reader) quoteCron(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if m := bareCron.FindStringSubmatch(line); m != nil {
			expression, _, _ := strings.Cut(m[2], " #")
			expression = strings.TrimSpace(strings.ReplaceAll(expression, "'", ""))
			r.problem(i+1, "YAML cannot read a value that begins with %s: put quotes round it, cron: '%s'", expression[:1], expression)
			lines[i] = m[1] + "'" + expression + "'"
		}
	}
	return strings.Join(lines, "\n")
}

func (r *reader) syntax(err error) {
	if located, ok := errors.AsType[yaml.Error](err); ok && located.GetToken() != nil {
		r.problem(located.GetToken().Position.Line, "no YAML: %s", located.GetMessage())
		return
	}
	r.problem(1, "no YAML: %s", err)
}

// field is the value of a key or an item of a list, and the line of it; nil where no value is given.
type field struct {
	value ast.Node
	line  int
}

// node is a value as the library found it, its alias followed.
type node struct{ ast.Node }

// UnmarshalYAML is called by the library.
func (n *node) UnmarshalYAML(value ast.Node) error {
	n.Node = value
	return nil
}

func lineOf(n ast.Node, otherwise int) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return otherwise
	}
	return n.GetToken().Position.Line
}

// fields are the keys of a mapping, those that `<<` merges included; nil where the value is no mapping.
func (r *reader) fields(f field, what string) map[string]field {
	if m, ok := f.value.(*ast.MappingNode); ok { // what stands later wins for the library: that must not be a merge
		slices.SortStableFunc(m.Values, func(a, b *ast.MappingValueNode) int {
			return strings.Compare(strconv.FormatBool(b.Key.IsMergeKey()), strconv.FormatBool(a.Key.IsMergeKey()))
		})
	}
	var values map[string]node
	m, ok := f.value.(ast.MapNode)
	if !ok || r.yaml.DecodeFromNode(f.value, &values) != nil {
		r.problem(f.line, "%s must be keys and values", what)
		return nil
	}
	fields := make(map[string]field, len(values))
	for key, v := range values {
		fields[key] = field{v.Node, lineOf(v.Node, f.line)}
	}
	for pairs := m.MapRange(); pairs.Next(); {
		key := pairs.Key().GetToken().Value
		if at, has := fields[key]; has {
			fields[key] = field{at.value, lineOf(pairs.Key(), at.line)}
		}
	}
	return fields
}

// items are those of a list.
func (r *reader) items(f field, problem string) (items []field) {
	var values []node
	if _, ok := f.value.(*ast.SequenceNode); !ok || r.yaml.DecodeFromNode(f.value, &values) != nil {
		r.problem(f.line, "%s", problem)
	}
	for _, v := range values {
		items = append(items, field{v.Node, lineOf(v.Node, f.line)})
	}
	return items
}

// scalar is the text of a value that is neither a list nor a mapping, as it was typed.
func scalar(n ast.Node) (text string, ok bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(v.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return v.GetToken().Value, true
	}
	return "", false
}

// set gives each field to the reader of its key: a func(field), or a func(string) error for one plain value, quoted or
// not. Keys without a reader are refused.
func (r *reader) set(given map[string]field, readers map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(given)) {
		f := given[key]
		switch read := readers[key].(type) {
		case func(field):
			read(f)
		case func(string) error:
			text, plain := scalar(f.value)
			if !plain && f.value != nil {
				r.problem(f.line, "%s must be one plain value", key)
			} else if text == "" {
				r.problem(f.line, "%s has no value", key)
			} else if err := read(text); err != nil {
				r.problem(f.line, "%s: %s", key, err)
			}
		default:
			r.problem(f.line, "the key %s is not known; %s", key, suggest(key, slices.Sorted(maps.Keys(readers))))
		}
	}
}

func suggest(word string, known []string) string {
	if near := run.Nearest(strings.ToLower(word), known); near != "" {
		return "did you mean " + near + "?"
	}
	return "there are " + strings.Join(known, ", ")
}

func plain[T ~string](into *T) func(string) error {
	return func(text string) error { *into = T(text); return nil }
}

func oneOf[T ~string](into *T, values ...string) func(string) error {
	return func(text string) error {
		if !slices.Contains(values, text) {
			return fmt.Errorf("%q is not known; %s", text, suggest(text, values))
		}
		*into = T(text)
		return nil
	}
}

func whole[T ~int | ~int64](into *T, least, most int) func(string) error {
	return func(text string) error {
		i, err := strconv.Atoi(text)
		if err != nil || i < least || i > most {
			return fmt.Errorf("%q is no whole number from %d to %d", text, least, most)
		}
		*into = T(i)
		return nil
	}
}

func truth(into *bool) func(string) error {
	return func(text string) error {
		*into = strings.EqualFold(text, "true")
		if !*into && !strings.EqualFold(text, "false") {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		return nil
	}
}

func duration(into *Duration) func(string) error {
	return func(text string) error { return into.UnmarshalText([]byte(text)) }
}
