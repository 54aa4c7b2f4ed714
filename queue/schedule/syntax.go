package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// read turns the text into nodes and reads those.
func (r *reader) read(raw []byte) (f File) {
	if len(raw) > maxFile {
		r.problems = append(r.problems, Problem{Line: 1, Text: fmt.Sprintf("the file is larger than %d bytes", maxFile)})
		return File{}
	}
	defer func() {
		if p := recover(); p != nil { // the library does, on some nonsense
			r.problems = append(r.problems, Problem{Line: 1, Text: "cannot be read as YAML"})
		}
	}()
	text := r.quoteCron(string(raw))
	tree, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.problems = append(r.problems, syntaxProblem(err))
		return File{}
	}
	var bodies []ast.Node
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		r.problems = append(r.problems, Problem{Line: 1, Text: "the file is empty; a list schedules: is expected"})
		return File{}
	case 1:
		r.collectAliases(bodies[0])
		return r.file(bodies[0])
	}
	r.problem(bodies[1], "a second document begins here, and the file must have one")
	return File{}
}

// bareCron is an expression without quotes that YAML takes for something else: `*` begins an alias there, `@` nothing.
var bareCron = regexp.MustCompile(`^(\s*(?:- +)*cron: +)(\*(?:[^A-Za-z_].*)?|@.*?)\s*$`)

// quoteCron reports expressions without quotes and puts the quotes there, so that the rest of the file is read too.
func (r *reader) quoteCron(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		m := bareCron.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		expression, _, _ := strings.Cut(m[2], " #")
		expression = strings.TrimSpace(strings.ReplaceAll(expression, "'", ""))
		r.problems = append(r.problems, Problem{Line: i + 1,
			Text: fmt.Sprintf("YAML cannot read a value that begins with %s: put quotes round it, cron: '%s'", expression[:1], expression)})
		lines[i] = m[1] + "'" + expression + "'"
	}
	return strings.Join(lines, "\n")
}

func syntaxProblem(err error) Problem {
	p := Problem{Line: 1, Text: "no YAML: " + firstLine(err)}
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		p.Text = "no YAML: " + syntax.GetMessage()
		if token := syntax.GetToken(); token != nil && token.Position != nil {
			p.Line = token.Position.Line
		}
	}
	return p
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// collectAliases finds what each alias stands for: what was last anchored under its name before it.
func (r *reader) collectAliases(body ast.Node) {
	ast.Walk(&aliases{anchors: map[string]ast.Node{}, of: r.aliases}, body)
}

type aliases struct {
	anchors map[string]ast.Node
	of      map[*ast.AliasNode]ast.Node
}

// Visit is called by [ast.Walk].
func (a *aliases) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.AnchorNode:
		a.anchors[n.Name.GetToken().Value] = n.Value
	case *ast.AliasNode:
		a.of[n] = a.anchors[n.Value.GetToken().Value]
		return nil
	}
	return a
}
