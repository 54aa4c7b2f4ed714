package main

import (
	"context"
	"fmt"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/profile"
	"cpd-jobs/reports/inputs"
	"cpd-jobs/reports/table"
)

type sourcesProfileCommand struct {
	Source   string `arg:"" enum:"gias,uplift,cpd" help:"gias, uplift or cpd."`
	Column   string `help:"One column, such as open_date, or schools.urn."`
	Versions int    `default:"1" help:"How many versions, the newest first."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// Help is shown below the flags.
func (sourcesProfileCommand) Help() string {
	return "What the values of a source look like, by column: how many are filled, how many could not be read, how many different ones, " +
		"the shortest and longest, the smallest and largest, and the most frequent. Personal columns show no value. With several versions " +
		"a column that drifts can be seen."
}

func (c sourcesProfileCommand) Run(ctx context.Context, a *session) error {
	if c.Versions < 1 {
		return run.Invalid("give 1 or more", "--versions %d is not a number of versions", c.Versions)
	}
	list, err := profile.List(ctx, a.pool, inputs.Input(c.Source), profile.Filter{Column: c.Column, Versions: c.Versions})
	if err != nil {
		return err
	}
	if len(list) == 0 && c.Column != "" {
		return run.Invalid("leave --column out to see all", "%s has no profile of a column %q", c.Source, c.Column)
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"profiles": list})
	}
	t := newTable("version", "part", "column", "rows", "filled", "unreadable", "distinct", "length", "from", "to", "most frequent", "forms")
	for _, p := range list {
		length, frequent := "", ""
		if p.Shortest != nil {
			length = fmt.Sprintf("%d–%d", *p.Shortest, *p.Longest)
		}
		if len(p.Frequent) > 0 {
			frequent = fmt.Sprintf("%s (%s)", p.Frequent[0].Value, table.Thousands(p.Frequent[0].Rows))
		}
		t.row(p.Version, p.Part, p.Name, p.Rows, p.Filled, p.Unreadable, p.Distinct, length, orDash(p.Smallest), orDash(p.Largest), frequent, p.Forms)
	}
	return t.print(a.stdout)
}
