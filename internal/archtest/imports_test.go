// Package archtest keeps the imports of this module pointing one way. It is tests alone.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "cpd-jobs/"

// room is a part of the house, with what it may import of the others. Rooms are matched in this order.
type room struct {
	path       string
	mayImport  []string
	everything bool
}

var rooms = []room{
	{path: "cmd", everything: true},
	{path: "web", mayImport: []string{"web", "jobs", "queue", "reports", "internal"}},
	{path: "queue", mayImport: []string{"queue", "internal"}},
	{path: "jobs", mayImport: []string{"jobs", "reports", "internal"}},
	{path: "reports/inputs", mayImport: []string{"internal"}},
	{path: "reports/format", mayImport: []string{"reports/csvfile", "reports/frontmatter", "reports/ods", "reports/parquet", "reports/table", "reports/xlsx", "reports/xmlscan", "internal"}},
	{path: "reports/definition", mayImport: []string{"reports/format", "reports/inputs", "internal"}},
	{path: "reports/selection", mayImport: []string{"reports/csvfile", "reports/definition", "reports/table", "internal"}},
	{path: "reports/versions", mayImport: []string{"reports/definition", "reports/inputs", "internal"}},
	{path: "reports/schema", mayImport: []string{"reports/definition", "reports/versions", "internal"}},
	{path: "reports/refresh", mayImport: []string{"reports/definition", "reports/inputs", "reports/schema", "reports/versions", "internal"}},
	{path: "reports/erasure", mayImport: []string{"reports/definition", "reports/inputs", "internal"}},
	{path: "reports", mayImport: []string{"reports", "internal"}},
	{path: "migrations", mayImport: []string{"migrations", "internal/pg"}},
	{path: "internal/pgtest", mayImport: []string{"migrations", "internal"}},
	{path: "internal/testing", everything: true},
	{path: "internal", mayImport: []string{"internal"}},
}

// listed is a package as go list describes it; Imports are those of the program, without its tests'.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	packages := ours(t)
	if len(packages) < 10 {
		t.Fatalf("go list knows %d packages of ours, which cannot be all", len(packages))
	}
	for _, wrong := range wrongArrows(packages) {
		t.Error(wrong)
	}
}

func TestTestHelpersStayOutOfTheProgram(t *testing.T) {
	t.Parallel()
	for _, wrong := range helpersInProgram(ours(t)) {
		t.Error(wrong)
	}
}

// TestRulesNotice shows that the rules above can fail.
func TestRulesNotice(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, to string
		allowed  bool
	}{
		{"cmd/cpd-jobs", "web", true},
		{"cmd/cpd-jobs", "queue", true},
		{"queue", "internal/run", true},
		{"queue", "jobs", false},
		{"queue", "reports", false},
		{"queue/cron", "queue", true},
		{"jobs/gias", "queue", false},
		{"jobs/gias", "reports/inputs", true},
		{"jobs/gias", "web", false},
		{"jobs", "jobs/gias", true},
		{"jobs", "migrations", false},
		{"reports/xlsx", "jobs", false},
		{"reports", "internal/run", true},
		{"reports/refresh", "reports/versions", true},
		{"reports/versions", "reports/refresh", false},
		{"reports/schema", "reports/refresh", false},
		{"reports/definition", "reports/versions", false},
		{"reports/definition", "reports", false},
		{"reports", "web", false},
		{"migrations", "internal/pg", true},
		{"migrations", "internal/run", false},
		{"web", "queue", true},
		{"web", "jobs/gias", true},
		{"web", "cmd/cpd-jobs", false},
		{"web", "migrations", false},
		{"webhook", "queue", false},
		{"internal/pgtest", "migrations", true},
		{"internal/pg", "migrations", false},
		{"internal/pg", "internal/run", true},
		{"internal/run", "web", false},
		{"internal/testing/storetest", "reports/store", true},
		{"attic", "internal/run", false},
		{"queue", "github.com/riverqueue/river", true},
	}
	for _, test := range tests {
		to := test.to
		if !strings.Contains(to, ".") {
			to = module + to
		}
		wrong := wrongArrows([]listed{{ImportPath: module + test.from, Imports: []string{to}}})
		if allowed := len(wrong) == 0; allowed != test.allowed {
			t.Errorf("%s -> %s: allowed %t, want %t", test.from, test.to, allowed, test.allowed)
		}
	}
	for _, helper := range []listed{
		{ImportPath: module + "internal/pgtest", Imports: []string{"testing"}},
		{ImportPath: module + "internal/testing/tabletest"},
	} {
		user := listed{ImportPath: module + "queue", Imports: []string{helper.ImportPath}}
		if wrong := helpersInProgram([]listed{helper, user}); len(wrong) != 1 {
			t.Errorf("%s in the program: noticed %v, want one line", helper.ImportPath, wrong)
		}
	}
}

// wrongArrows has a line for each import that no rule allows.
func wrongArrows(packages []listed) []string {
	var wrong []string
	for _, p := range packages {
		from := strings.TrimPrefix(p.ImportPath, module)
		i := slices.IndexFunc(rooms, func(r room) bool { return within(from, r.path) })
		for _, imported := range p.Imports {
			to, own := strings.CutPrefix(imported, module)
			if own && (i < 0 || !rooms[i].allows(to)) {
				wrong = append(wrong, from+" must not import "+to)
			}
		}
	}
	return wrong
}

func (r room) allows(to string) bool {
	is := func(path string) bool { return within(to, path) }
	return r.everything || slices.ContainsFunc(r.mayImport, is)
}

func within(path, room string) bool {
	return path == room || strings.HasPrefix(path, room+"/")
}

// helpersInProgram has a line for each package that imports, outside its tests, one that is for tests.
func helpersInProgram(packages []listed) []string {
	helpers := map[string]bool{}
	for _, p := range packages {
		path := strings.TrimPrefix(p.ImportPath, module)
		helpers[p.ImportPath] = within(path, "internal/testing") || slices.Contains(p.Imports, "testing")
	}
	var wrong []string
	for _, p := range packages {
		for _, imported := range p.Imports {
			if helpers[imported] && !helpers[p.ImportPath] {
				wrong = append(wrong, p.ImportPath+" must not import "+imported+" outside its tests")
			}
		}
	}
	return wrong
}

// ours are the packages of this module. One that does not build (-e) is for others to complain about.
func ours(t *testing.T) []listed {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports", "./...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr(err))
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		if !p.Standard && strings.HasPrefix(p.ImportPath, module) {
			packages = append(packages, p)
		}
	}
}

func stderr(err error) []byte {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Stderr
	}
	return nil
}
