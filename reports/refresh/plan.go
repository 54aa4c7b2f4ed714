package refresh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports/inputs"
	"cpd-jobs/reports/schema"
	"cpd-jobs/reports/versions"
)

// plan is what a refresh knows before it computes.
type plan struct {
	asOf   time.Time
	inputs []versions.InputUsed
	// base is the version that is live, 0 before the first; baseRows is how many rows it has.
	base, baseRows int64
	// erasures is how many people had been erased from the report.
	erasures int64
	// current says that base was made of the same inputs by the same definition.
	current           bool
	definitionChanged bool
	// settings are the values that the SQL refers to by name.
	settings map[string]string
}

// makePlan locks the inputs until tx ends and finds out what there is to do. The lock comes before any statement whose
// snapshot matters: a snapshot from before a swap would find the new tables empty.
func (f *refresh) makePlan(ctx context.Context, tx pgx.Tx) (plan, error) {
	if err := SetSession(ctx, tx); err != nil {
		return plan{}, err
	}
	if err := inputs.Share(ctx, tx, f.def.Inputs...); err != nil {
		return plan{}, err
	}
	live, err := inputs.Live(ctx, tx)
	if err != nil {
		return plan{}, err
	}
	p := plan{inputs: used(live, f.def.Inputs)}
	asOf := slices.IndexFunc(p.inputs, func(u versions.InputUsed) bool { return u.Input == f.def.AsOf })
	if asOf < 0 {
		return plan{}, run.Blocked(fmt.Sprintf("run %s_sync first", f.def.AsOf), "refresh %s: %s was never synced", f.def.Name, f.def.AsOf)
	}
	p.asOf = p.inputs[asOf].AsAt
	err = f.compareWithLive(ctx, tx, &p)
	return p, err
}

// SetSession sets what the planner and the output of a report's SQL depend on, until tx ends.
func SetSession(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		SELECT set_config('timezone', 'UTC', true),
		       set_config('search_path', 'pg_catalog', true),
		       -- Hashes of national tables stay in memory; ten times that still fits a small server.
		       set_config('work_mem', '64MB', true),
		       -- Compiling the query takes longer than running it.
		       set_config('jit', 'off', true)`)
	return err
}

func used(live []inputs.Version, wanted []inputs.Input) []versions.InputUsed {
	var list []versions.InputUsed
	for _, v := range live {
		if slices.Contains(wanted, v.Input) {
			list = append(list, versions.InputUsed{
				Input: v.Input, Version: v.Version, AsAt: v.AsAt.UTC(), Rows: v.Rows, BehindSeconds: v.Behind().Seconds(),
			})
		}
	}
	return list
}

func (f *refresh) compareWithLive(ctx context.Context, tx pgx.Tx, p *plan) error {
	known, err := schema.ReadState(ctx, tx, f.def)
	switch {
	case err != nil:
		return fmt.Errorf("read what is live of %s: %w", f.def.Name, err)
	case known.Newer:
		return run.Blocked("use the newer program, or stop it", "report %s was made by version %s of its definition and this program has %s",
			f.def.Name, known.Version, f.def.Version)
	case known.LayoutHash != schema.LayoutHash(f.def):
		return run.Blocked("run `cpd-jobs migrate up`", "the tables of report %s were not made from this program's definition", f.def.Name)
	}
	if err := f.refuseWithdrawn(ctx, tx, p); err != nil {
		return err
	}
	p.base, p.erasures = known.LiveVersion, known.Erasures
	latest, err := versions.Get(ctx, tx, f.def.Name, p.base)
	if errors.Is(err, pgx.ErrNoRows) {
		p.definitionChanged = true
		return nil
	}
	if err != nil {
		return err
	}
	p.baseRows = latest.Rows
	p.definitionChanged = latest.DefinitionHash != f.def.Hash
	p.current = !p.definitionChanged && sameInputs(latest.Inputs, p.inputs)
	return nil
}

// refuseWithdrawn keeps a version that somebody withdrew from coming back: the same inputs and definition would make it
// again.
func (f *refresh) refuseWithdrawn(ctx context.Context, tx pgx.Tx, p *plan) error {
	list, err := versions.WithdrawnOf(ctx, tx, f.def.Name, f.def.Hash)
	if err != nil {
		return err
	}
	for _, w := range list {
		if sameInputs(w.Inputs, p.inputs) && !f.opts.Force {
			return run.Blocked("sync data that are right first; --arg force=true refreshes all the same",
				"version %d of %s was made of the same data and withdrawn: %s", w.Version, f.def.Name, *w.WithdrawnWhy)
		}
	}
	return nil
}

func sameInputs(a, b []versions.InputUsed) bool {
	return slices.EqualFunc(a, b, func(a, b versions.InputUsed) bool { return a.Input == b.Input && a.Version == b.Version })
}
