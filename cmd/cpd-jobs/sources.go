package main

import (
	"context"
	"slices"
	"time"

	"cpd-jobs/reports/inputs"
)

type sourcesCommand struct {
	List    sourcesListCommand    `cmd:"" help:"List the sources and the version of each that is live."`
	Check   sourcesCheckCommand   `cmd:"" help:"Try to reach each source: credentials, columns, age."`
	Profile sourcesProfileCommand `cmd:"" help:"Show what the values of a source look like, by column and version."`
	Rejects sourcesRejectsCommand `cmd:"" help:"List the rows and values that a sync could not use."`
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

func (c sourcesListCommand) Run(ctx context.Context, a *session) error {
	live, err := inputs.Live(ctx, a.pool)
	if err != nil {
		return err
	}
	sources := a.sources()
	list := make([]listedSource, len(sources))
	for i, s := range sources {
		list[i] = listedSource{Name: s.name, From: s.from.String()}
		if at := slices.IndexFunc(live, func(v inputs.Version) bool { return string(v.Input) == s.name }); at >= 0 {
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
