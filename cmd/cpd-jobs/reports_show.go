package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

type reportsShowCommand struct {
	Name string `arg:"" help:"The report's name."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c reportsShowCommand) Run(ctx context.Context, a *session) error {
	d, err := reports.Find(c.Name)
	if err != nil {
		return err
	}
	list, err := versions.List(ctx, a.pool, d.Name, 10)
	if err != nil {
		return err
	}
	s := shownReport{
		Name: d.Name, Title: d.Title, About: d.About, Version: d.Version, Schema: d.Schema, Columns: d.Columns,
		Lineage: d.Lineage(), Freshness: freshness{Target: d.Freshness.Seconds()}, Refreshes: list, Warnings: []versions.CheckResult{},
	}
	if len(list) > 0 {
		s.Freshness.measure(d, list[0].AsOf)
		if s.Warnings, err = versions.Warnings(ctx, a.pool, d.Name, list[0].Version); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"reports": []any{s}})
	}
	return s.print(a)
}

// shownReport is all that is said of one report.
type shownReport struct {
	Name      string                 `json:"name"`
	Title     string                 `json:"title"`
	About     string                 `json:"about"`
	Version   string                 `json:"version"`
	Schema    string                 `json:"schema"`
	Columns   []definition.Column    `json:"columns"`
	Lineage   []definition.Lineage   `json:"lineage"`
	Freshness freshness              `json:"freshness"`
	Warnings  []versions.CheckResult `json:"warnings"`
	Refreshes []versions.Version     `json:"refreshes"`
}

// freshness is how old a report's data are beside how old they may be.
type freshness struct {
	Target float64  `json:"target_seconds"`
	Age    *float64 `json:"age_seconds"` // null before the first refresh
	Stale  bool     `json:"stale"`
}

func (f *freshness) measure(d *definition.Definition, asOf time.Time) {
	age := clock.System().Sub(asOf)
	seconds := age.Round(time.Second).Seconds()
	f.Age, f.Stale = &seconds, age > d.Freshness
}

func (f freshness) String() string {
	target := time.Duration(f.Target) * time.Second
	if f.Age == nil {
		return fmt.Sprintf("never refreshed; its data may be %s old", target)
	}
	state := "fresh"
	if f.Stale {
		state = "stale"
	}
	return fmt.Sprintf("%s: its data are %s old and may be %s", state, time.Duration(*f.Age)*time.Second, target)
}

func (s shownReport) print(a *session) error {
	fmt.Fprintf(a.stdout, "%s, definition %s. %s\n%s\n\n", s.Title, s.Version, s.About, s.Freshness)
	if len(s.Refreshes) > 0 {
		s.printLatest(a)
	}
	if err := refreshTable(s.Refreshes).print(a.stdout); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	t := newTable("column", "heading in files", "made from")
	for _, l := range s.Lineage {
		t.row(l.Column, l.Heading, strings.Join(l.Sources, ", "))
	}
	return t.print(a.stdout)
}

// printLatest says what the live version was made of, and in spite of what.
func (s shownReport) printLatest(a *session) {
	live := s.Refreshes[0]
	fmt.Fprintf(a.stdout, "version %d by definition %s (%.12s) and program %s\n", live.Version, live.DefinitionVersion, live.DefinitionHash, live.ProgramVersion)
	for _, in := range live.Inputs {
		fmt.Fprintf(a.stdout, "made of %s version %d, as at %s, %d rows\n", in.Input, in.Version, cell(in.AsAt), in.Rows)
	}
	for _, step := range live.Steps {
		fmt.Fprintf(a.stdout, "%s took %.3f s\n", step.Step, step.Seconds)
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(a.stdout, "%s: %s: %d of %d. %s\n", w.Level, w.Name, w.Offending, w.Of, w.About)
	}
	fmt.Fprintln(a.stdout)
}

// refreshTable lists versions, newest first.
func refreshTable(list []versions.Version) *textTable {
	t := newTable("version", "as of", "published", "rows", "added", "removed", "changed", "definition", "run", "remark")
	for _, r := range list {
		t.row(r.Version, r.AsOf, r.PublishedAt, r.Rows, r.Added, r.Removed, r.Changed, r.DefinitionVersion, r.RunID, standingText(r))
	}
	return t
}

// standingText says what has become of a version.
func standingText(r versions.Version) string {
	switch {
	case r.WithdrawnWhy != nil:
		return "withdrawn: " + *r.WithdrawnWhy
	case r.Restores != nil:
		return fmt.Sprintf("version %d again", *r.Restores)
	default:
		return ""
	}
}
