// Package reports is the folder of the reports that this program knows. A report is a folder: definition.yml says what
// each column means and what must hold, query.sql computes it. What a definition is, is package definition's; package
// schema makes the tables, refresh fills them, versions says what was published.
//
// Adding a report is adding a folder: no Go. Its files are embedded, so a program and its definitions cannot part.
package reports

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/pg"
	"cpd-jobs/internal/run"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/schema"
	"cpd-jobs/reports/versions"
)

//go:embed */definition.yml */*.sql
var folders embed.FS

// embedded reads every embedded definition, once: they cannot change while the program runs.
var embedded = sync.OnceValues(func() ([]*definition.Definition, error) { return loadAll(folders) })

// All lists the reports that this program knows, by name. Callers must not change them. A definition that is not
// sound is left out; [EnsureTables], which runs at start, says what is wrong with it.
func All() []*definition.Definition {
	list, _ := embedded()
	return slices.Clone(list)
}

// Find finds a report by name. The error names the nearest one and is of class Invalid.
func Find(name string) (*definition.Definition, error) {
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
func loadAll(fsys fs.FS) ([]*definition.Definition, error) {
	files, err := fs.Glob(fsys, "*/"+definition.File)
	if err != nil {
		return nil, fmt.Errorf("list the reports: %w", err)
	}
	var list []*definition.Definition
	var problems []error
	addresses := map[string]string{}
	for _, file := range files {
		d, err := definition.Load(fsys, path.Dir(file))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if address := d.RowPage.Address; address != "" {
			if other := addresses[address]; other != "" {
				problems = append(problems, run.Invalid("", "reports %s and %s both have row_page: address %s", other, d.Name, address))
				continue
			}
			addresses[address] = d.Name
		}
		list = append(list, d)
	}
	return list, errors.Join(problems...)
}

// EnsureTables makes the tables of every report of this program, as package schema does. The error has also what is
// wrong with definitions that cannot be used.
func EnsureTables(ctx context.Context, pool *pgxpool.Pool) error {
	list, problem := embedded()
	return errors.Join(problem, schema.EnsureTables(ctx, pool, list...))
}

// Overview is one report and what is live of it.
type Overview struct {
	Name    string            `json:"name"`
	Title   string            `json:"title"`
	About   string            `json:"about"`
	Formats []string          `json:"formats"`
	Latest  *versions.Version `json:"latest"` // nil before the first refresh
	// Freshness is how old the latest's data may be before people should worry.
	Freshness time.Duration `json:"-"`
}

// Summaries lists every report of this program with what is live of it.
func Summaries(ctx context.Context, db pg.Querier) ([]Overview, error) {
	var list []Overview
	for _, d := range All() {
		o := Overview{Name: d.Name, Title: d.Title, About: d.About, Formats: d.Formats, Freshness: d.Freshness}
		latest, err := versions.List(ctx, db, d.Name, 1)
		if err != nil {
			return nil, err
		}
		if len(latest) > 0 {
			o.Latest = &latest[0]
		}
		list = append(list, o)
	}
	return list, nil
}
