package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/config"
	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/jobs/gias/received"
	"cpd-jobs/reports/inputs"
)

type sourcesCommand struct {
	List  sourcesListCommand  `cmd:"" help:"List the sources and the version of each that is live."`
	Check sourcesCheckCommand `cmd:"" help:"Try to reach each source: credentials, columns, age."`
}

// sourceNames are the inputs in the order in which the main job syncs them, with where each comes from.
func (a *app) sourceNames(ctx context.Context) (names []string, from map[string]string, err error) {
	c, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	cpdSource, err := a.sourceURL(ctx)
	if err != nil {
		return nil, nil, err
	}
	return []string{"gias", "uplift", "cpd"}, map[string]string{
		"gias": c.GIAS.Source.String(), "uplift": c.UpliftSource.String(), "cpd": config.Address(cpdSource).String(),
	}, nil
}

type sourcesListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// listedSource is a source as it is listed.
type listedSource struct {
	Name string          `json:"name"`
	From string          `json:"from"` // without passwords; "" where it is not set
	Live *inputs.Version `json:"live"`
}

func (c sourcesListCommand) Run(ctx context.Context, a *app) error {
	_, pool, err := a.client(ctx)
	if err != nil {
		return err
	}
	live, err := inputs.Live(ctx, pool)
	if err != nil {
		return err
	}
	names, from, err := a.sourceNames(ctx)
	if err != nil {
		return err
	}
	list := make([]listedSource, len(names))
	for i, name := range names {
		list[i] = listedSource{Name: name, From: from[name]}
		if at := slices.IndexFunc(live, func(v inputs.Version) bool { return string(v.Input) == name }); at >= 0 {
			list[i].Live = &live[at]
		}
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"sources": list})
	}
	t := newTable("source", "from", "version", "as at", "replica", "rows", "run")
	for _, s := range list {
		if s.Live == nil {
			t.row(s.Name, s.From, "", "", "", "", "")
			continue
		}
		t.row(s.Name, s.From, s.Live.Version, s.Live.AsAt, behind(s.Live.Behind()), s.Live.Rows, s.Live.RunID)
	}
	return t.print(a.stdout)
}

// behind says how far a replica was behind its primary, nothing where there is nothing to say.
func behind(lag time.Duration) string {
	if lag == 0 {
		return ""
	}
	return max(lag.Round(time.Second), time.Second).String() + " behind"
}

type sourcesCheckCommand struct {
	Name string `arg:"" optional:"" enum:"gias,cpd," default:"" help:"gias or cpd (both)."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c sourcesCheckCommand) Run(ctx context.Context, a *app) error {
	found := map[string]any{}
	var failed error
	if c.Name != "cpd" {
		failed = worse(failed, a.checkGIAS(ctx, found))
	}
	if c.Name != "gias" {
		failed = worse(failed, a.checkCPD(ctx, found))
	}
	if c.JSON {
		if err := printJSON(a.stdout, map[string]any{"sources": found}); err != nil {
			return err
		}
	}
	return failed
}

// worse keeps the failure with the higher exit status.
func worse(a, b error) error {
	if run.ExitStatus(b) > run.ExitStatus(a) {
		return b
	}
	return a
}

func (a *app) checkGIAS(ctx context.Context, found map[string]any) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	checked, err := gias.Check(ctx, c.GIAS.Source.Reveal(), received.Options{Credentials: registerLogin(c)})
	if err != nil {
		found["gias"] = map[string]string{"error": err.Error()}
		fmt.Fprintf(a.stderr, "gias: %s\n", err)
		return err
	}
	found["gias"] = checked
	for _, f := range checked.Files {
		fmt.Fprintf(a.stderr, "gias: %s (%s, %s, %s bytes)%s\n", f.Name, f.Layout, f.Encoding, thousands(f.SizeBytes), without("; lacks ", f.Missing))
	}
	return nil
}

func (a *app) checkCPD(ctx context.Context, found map[string]any) error {
	url, err := a.sourceURL(ctx)
	if err == nil && url == "" {
		err = run.Reject("set CPD_DATABASE_URL", "no CPD source is configured")
	}
	if err != nil {
		return err
	}
	checked, err := cpd.Check(ctx, url)
	if err != nil {
		found["cpd"] = map[string]string{"error": err.Error()}
		fmt.Fprintf(a.stderr, "cpd: %s\n", err)
		return err
	}
	found["cpd"] = checked
	fmt.Fprintf(a.stderr, "cpd: its clock says %s; %d tables, about %s rows%s\n", cell(checked.AsOf), len(checked.Rows),
		thousands(sum(checked.Rows)), without("; new columns ", checked.NewColumns))
	if r := checked.Replica; r != nil && r.CaughtUp {
		fmt.Fprintln(a.stderr, "cpd: a replica that has caught up")
	} else if r != nil {
		fmt.Fprintf(a.stderr, "cpd: a replica, %.0f s behind\n", r.LagSeconds)
	}
	if len(checked.Problems) > 0 {
		return run.Reject("a sync would refuse", "the CPD source has changed: %s", strings.Join(checked.Problems, "; "))
	}
	return nil
}

func sum(counts map[string]int64) (total int64) {
	for n := range maps.Values(counts) {
		total += n
	}
	return total
}

func without(intro string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return intro + strings.Join(names, ", ")
}

func registerLogin(c *config.Config) received.Credentials {
	return received.Credentials{User: c.GIAS.User, Password: c.GIAS.Password.Reveal(), ExtractID: c.GIAS.ExtractID}
}
