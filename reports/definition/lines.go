package definition

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// source knows where in a definition's file its parts are.
type source struct{ root ast.Node }

func newSource(text []byte) source {
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 {
		return source{}
	}
	return source{file.Docs[0].Body}
}

// line is where a part is, found by keys of mappings and places in lists; of one that is not there, the line of what it
// would be part of. It is 0 where nothing is known.
func (s source) line(path ...any) int {
	node, line := s.root, 0
	if node != nil {
		line = node.GetToken().Position.Line
	}
	for _, step := range path {
		next, at := child(node, step)
		if next == nil {
			break
		}
		node, line = next, at
	}
	return line
}

// child is a part of a node, and the line where it begins.
func child(node ast.Node, step any) (ast.Node, int) {
	if anchor, ok := node.(*ast.AnchorNode); ok {
		node = anchor.Value
	}
	switch step := step.(type) {
	case string:
		mapping, ok := node.(*ast.MappingNode)
		if !ok {
			return nil, 0
		}
		for _, pair := range mapping.Values {
			if key := pair.Key.GetToken(); key.Value == step {
				return pair.Value, key.Position.Line
			}
		}
	case int:
		if list, ok := node.(*ast.SequenceNode); ok && step < len(list.Values) {
			return list.Values[step], list.Values[step].GetToken().Position.Line
		}
	}
	return nil, 0
}
