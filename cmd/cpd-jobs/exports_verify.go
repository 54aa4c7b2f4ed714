package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/run"
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
