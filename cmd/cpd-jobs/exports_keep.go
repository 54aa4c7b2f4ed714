package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/encryptedzip"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/housekeeping"
	"cpd-jobs/reports/exports"
	"cpd-jobs/reports/store"
)

type exportsVerifyCommand struct {
	ID   []int64 `arg:"" optional:"" help:"Ids of exports, from exports list."`
	All  bool    `help:"Every export, and what lies in the store without one."`
	JSON bool    `name:"json" help:"Print JSON."`
}

// verified is what was found out of an export.
type verified struct {
	ID      int64  `json:"id"`
	Report  string `json:"report"`
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Problem string `json:"problem,omitempty"`
}

func (c exportsVerifyCommand) Run(ctx context.Context, a *session) error {
	if c.All == (len(c.ID) > 0) {
		return run.Invalid("cpd-jobs exports list shows ids", "say which exports to verify: ids, or --all")
	}
	list, unreferenced, err := c.choose(ctx, a.pool, a.files)
	if err != nil {
		return err
	}
	results := []verified{}
	wrong := 0
	for _, e := range list {
		v, err := verify(ctx, a.pool, a.files, e)
		if err != nil {
			return err
		}
		if !v.OK {
			wrong++
		}
		results = append(results, v)
	}
	if err := c.print(a, results, unreferenced); err != nil {
		return err
	}
	if wrong > 0 {
		return run.Blocked("cpd-jobs run housekeeping forgets what is gone; then export again", "%d of %d exported files are not as they were published", wrong, len(list))
	}
	return nil
}

// choose finds the exports that are meant, and the files that belong to none.
func (c exportsVerifyCommand) choose(ctx context.Context, pool *pgxpool.Pool, files store.Store) (list []exports.Export, unreferenced []store.Info, err error) {
	for _, id := range c.ID {
		e, err := findExport(ctx, pool, id)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, e)
	}
	if !c.All {
		return list, nil, nil
	}
	found, err := exports.Audit(ctx, pool, files, clock.System())
	if err != nil {
		return nil, nil, err
	}
	list, err = exports.List(ctx, pool, "", found.Exports)
	return list, found.Unreferenced, err
}

// verify tells a file that is wrong from a store that cannot be asked.
func verify(ctx context.Context, pool *pgxpool.Pool, files store.Store, e exports.Export) (verified, error) {
	v := verified{ID: e.ID, Report: e.Report, Name: e.Name, OK: true}
	_, err := exports.Verify(ctx, pool, files, e.ID)
	switch {
	case errors.Is(err, exports.ErrNone):
		v.Problem = "deleted meanwhile" // by housekeeping: nothing is wrong
	case err != nil && run.ClassOf(err) == run.ClassBlocked:
		v.OK, v.Problem = false, err.Error()
	case err != nil:
		return v, err
	}
	return v, nil
}

func (c exportsVerifyCommand) print(a *session, results []verified, unreferenced []store.Info) error {
	if c.JSON {
		names := []string{}
		for _, s := range unreferenced {
			names = append(names, s.Key)
		}
		return printJSON(a.stdout, map[string]any{"exports": results, "strays": names})
	}
	t := newTable("id", "report", "name", "is")
	for _, v := range results {
		t.row(v.ID, v.Report, v.Name, cmp.Or(v.Problem, "as it was published"))
	}
	for _, s := range unreferenced {
		fmt.Fprintf(a.stderr, "%s lies in the store and belongs to no export; housekeeping deletes it\n", s.Key)
	}
	return t.print(a.stdout)
}

type exportsPruneCommand struct {
	Keep      int    `default:"${housekeeping_keep}" help:"Files of each report and format that stay whatever their age."`
	OlderThan string `default:"${housekeeping_older_than}" placeholder:"AGE" help:"Age from which others go, such as 30d or 12h (${default})."`
	DryRun    bool   `help:"Say what would go, and delete nothing."`
	JSON      bool   `name:"json" help:"Print JSON."`
}

func (c exportsPruneCommand) Run(ctx context.Context, a *session) error {
	retention, err := housekeeping.Args{Keep: c.Keep, OlderThan: c.OlderThan}.Retention()
	if err != nil {
		return run.Invalid("such as --keep 20 --older-than 30d", "%w", err)
	}
	list, err := c.prune(ctx, a, a.pool, retention)
	if printed := c.print(a, list); err == nil {
		err = printed
	}
	return err
}

func (c exportsPruneCommand) prune(ctx context.Context, a *session, pool *pgxpool.Pool, r exports.Retention) (list []exports.Export, err error) {
	if c.DryRun {
		return exports.Prunable(ctx, pool, r)
	}
	err = a.audited(ctx, "prune", "exports", c, func() (err error) {
		list, err = exports.Prune(ctx, pool, a.files, r, nil)
		return err
	})
	return list, err
}

func (c exportsPruneCommand) print(a *session, list []exports.Export) error {
	if c.JSON {
		if list == nil {
			list = []exports.Export{}
		}
		return printJSON(a.stdout, map[string]any{"exports": list})
	}
	t := newTable("id", "report", "version", "name", "size", "created")
	for _, e := range list {
		t.row(e.ID, e.Report, e.Version, e.Name, e.Size, e.CreatedAt)
	}
	what := "deleted"
	if c.DryRun {
		what = "would be deleted"
	}
	fmt.Fprintf(a.stderr, "%d files %s\n", len(list), what)
	return t.print(a.stdout)
}

type exportsPassphraseCommand struct{}

func (exportsPassphraseCommand) Run(a *console) error {
	fmt.Fprintln(a.stderr, "keep it in the team's password manager, and set it as EXPORT_PASSPHRASE where jobs run; it is not shown again")
	_, err := fmt.Fprintln(a.stdout, encryptedzip.NewPassphrase())
	return err
}
