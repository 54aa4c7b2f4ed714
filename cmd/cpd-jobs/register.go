package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/gias"
)

type registerCommand struct {
	Show    registerShowCommand    `cmd:"" help:"Show an establishment: what the register says, its links, its history."`
	Changes registerChangesCommand `cmd:"" help:"List what syncs found changed, newest first."`
}

type registerShowCommand struct {
	URN  string `arg:"" help:"The establishment's URN."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c registerShowCommand) Run(ctx context.Context, a *session) error {
	e, err := gias.Find(ctx, a.pool, c.URN)
	if errors.Is(err, gias.ErrNoEstablishment) {
		return run.Invalid("", "no register that was synced has the URN %s", c.URN)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, e)
	}
	t := newTable("URN", e.URN)
	for _, v := range e.Values {
		if v.Value != nil && v.Heading != "URN" {
			t.row(v.Heading, *v.Value)
		}
	}
	t.row("first seen", e.FirstSeen)
	t.row("last changed", e.LastChanged)
	t.row("gone since", e.GoneSince)
	if e.Successor != nil {
		t.row("successor", e.Successor.Kind+" "+strings.Join(e.Successor.Path, " -> "))
	}
	if err := t.print(a.stdout); err != nil {
		return err
	}
	var said []string
	for _, l := range e.Links {
		said = append(said, fmt.Sprintf("%s: %s %s %s", l.Type, l.URN, l.LinkURN, orDash(l.Name)))
	}
	for _, i := range e.Issues {
		said = append(said, fmt.Sprintf("sync of %s, line %d: %s", cell(i.SyncedAt), i.Line, i.Reason))
	}
	if len(said) > 0 {
		fmt.Fprintf(a.stdout, "\n%s\n", strings.Join(said, "\n"))
	}
	if len(e.Changes) > 0 {
		fmt.Fprintln(a.stdout)
	}
	return printChanges(a, e.Changes)
}

type registerChangesCommand struct {
	Since time.Time `placeholder:"T" help:"From this moment on."`
	Field string    `help:"Only of this column, by the register's heading."`
	URN   string    `help:"Only of this establishment."`
	Limit int       `default:"50" help:"At most this many."`
	JSON  bool      `name:"json" help:"Print JSON."`
}

func (c registerChangesCommand) Run(ctx context.Context, a *session) error {
	if err := knownHeading(c.Field); err != nil {
		return err
	}
	list, err := gias.Changes(ctx, a.pool, gias.ChangeFilter{Since: c.Since, Field: c.Field, URN: c.URN, Limit: c.Limit})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"changes": list})
	}
	return printChanges(a, list)
}

// knownHeading refuses a misspelt one, of which there would be no changes.
func knownHeading(field string) error {
	headings := gias.Headings()
	if field == "" || slices.Contains(headings, field) {
		return nil
	}
	hint := "the headings are those of the register's files, such as EstablishmentName or LinkType"
	if near := run.Nearest(field, headings); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return run.Invalid(hint, "the register has no column %q", field)
}

func printChanges(a *session, list []gias.Change) error {
	if len(list) == 0 {
		return nil
	}
	t := newTable("changed at", "run", "urn", "event", "field", "old", "new")
	for _, c := range list {
		t.row(c.ChangedAt, c.RunID, strings.TrimSpace(c.URN+" "+c.LinkURN), c.Event, c.Field, orDash(c.Old), orDash(c.New))
	}
	return t.print(a.stdout)
}
