package main

import (
	"context"
	"slices"
	"time"

	"cpd-jobs/internal/config"
	"cpd-jobs/internal/source"
	"cpd-jobs/reports/inputs"
)

type sourcesCommand struct {
	List    sourcesListCommand    `cmd:"" help:"List the sources and the version of each that is live."`
	Check   sourcesCheckCommand   `cmd:"" help:"Try to reach each source: credentials, columns, age."`
	Profile sourcesProfileCommand `cmd:"" help:"Show what the values of a source look like, by column and version."`
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

func registerLogin(c *config.Config) source.Credentials {
	return source.Credentials{User: c.GIAS.User, Password: c.GIAS.Password.Reveal(), ExtractID: c.GIAS.ExtractID}
}
