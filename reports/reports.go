// Package reports holds what is reported. A report is a folder: definition.yml says what each column means and what must
// hold, query.sql computes it. [Ensure] makes its tables from that, [Refresh] fills them, [Refreshes] and [Summaries]
// say what is live. Writing files of a report, and serving them, is left to others.
//
// Adding a report is adding a folder: no Go. Its files are embedded, so a program and its definitions cannot part.
package reports

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"cpd-jobs/internal/run"
)

//go:embed */definition.yml */*.sql
var folders embed.FS

// embedded reads every embedded definition, once: they cannot change while the program runs.
var embedded = sync.OnceValues(func() ([]*Definition, error) { return loadAll(folders) })

// All lists the reports that this program knows, by name. Callers must not change them. A definition that is not
// sound is left out; [Ensure], which runs at start, says what is wrong with it.
func All() []*Definition {
	list, _ := embedded()
	return slices.Clone(list)
}

// Find finds a report by name. The error names the nearest one and is of class Invalid.
func Find(name string) (*Definition, error) {
	list := All()
	names := make([]string, len(list))
	for i, d := range list {
		if d.Name == name {
			return d, nil
		}
		names[i] = d.Name
	}
	hint := "there are: " + strings.Join(names, ", ")
	if near := run.Nearest(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return nil, run.Invalid(hint, "no report is called %q", name)
}

// loadAll reads every folder that has a definition. The sound ones are returned beside the errors of the others.
func loadAll(fsys fs.FS) ([]*Definition, error) {
	files, err := fs.Glob(fsys, "*/"+definitionFile)
	if err != nil {
		return nil, fmt.Errorf("list the reports: %w", err)
	}
	var list []*Definition
	var problems []error
	for _, file := range files {
		d, err := Load(fsys, path.Dir(file))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		list = append(list, d)
	}
	return list, errors.Join(problems...)
}
