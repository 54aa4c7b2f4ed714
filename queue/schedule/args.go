package schedule

import (
	"encoding/json"

	"github.com/goccy/go-yaml/ast"

	"cpd-jobs/internal/run"
)

// args reads a schedule's arguments as JSON, each by the type that its kind declares: `year: 2025` and `year: "2025"`
// mean the same, and a list may be written with commas as on the command line.
func (r *reader) args(kind run.Kind, n ast.Node) json.RawMessage {
	empty := json.RawMessage("{}")
	if n == nil {
		return empty
	}
	if _, null := r.resolve(n).(*ast.NullNode); null {
		return empty
	}
	values := map[string]json.RawMessage{}
	for _, p := range r.pairs(n, "args", 0) {
		param, err := kind.Param(p.key)
		if err != nil {
			r.problem(p.node, "%s", err)
			continue
		}
		if _, twice := values[p.key]; twice {
			r.problem(p.node, "the argument %s stands twice", p.key)
		}
		values[p.key] = r.arg(param, p.value)
	}
	raw, err := json.Marshal(values)
	if err != nil {
		r.problem(n, "args: %s", err)
		return empty
	}
	return raw
}

func (r *reader) arg(p run.Param, n ast.Node) json.RawMessage {
	text, scalar := r.scalar(n)
	if !scalar {
		budget := maxNodes
		return r.marshal(p, n, r.value(n, &budget))
	}
	if number, ok := r.resolve(n).(*ast.IntegerNode); ok && p.Type == "number" {
		return r.marshal(p, n, number.Value) // 0x10 and 1_000 too
	}
	raw, err := p.Parse(text)
	if err != nil {
		r.problem(n, "%s", err)
		return json.RawMessage("null")
	}
	return raw
}

func (r *reader) marshal(p run.Param, n ast.Node, value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		r.problem(n, "argument %s: %s", p.Name, err)
		return json.RawMessage("null")
	}
	return raw
}

// maxNodes bounds what one argument may unfold to: aliases of aliases would fill the memory.
const maxNodes = 10_000

// value is a list or mapping as JSON knows it.
func (r *reader) value(n ast.Node, budget *int) any {
	if *budget--; *budget == 0 {
		r.problem(n, "args hold more than %d values", maxNodes)
	}
	if *budget <= 0 {
		return nil
	}
	switch v := r.resolve(n).(type) {
	case *ast.SequenceNode:
		list := make([]any, len(v.Values))
		for i, item := range v.Values {
			list[i] = r.value(item, budget)
		}
		return list
	case *ast.MappingNode, *ast.MappingValueNode:
		m := map[string]any{}
		for _, p := range r.pairs(v, "args", 0) {
			m[p.key] = r.value(p.value, budget)
		}
		return m
	case *ast.IntegerNode:
		return v.Value
	case *ast.FloatNode:
		return v.Value
	case *ast.BoolNode:
		return v.Value
	case *ast.NullNode:
		return nil
	}
	text, ok := r.scalar(n)
	if !ok {
		r.problem(n, "args: no value can be read here%s", whyNot(n, r.resolve(n)))
	}
	return text
}
