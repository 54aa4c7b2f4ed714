package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/versions"
)

// rowFlags choose one row of a report, or those of one school.
type rowFlags struct {
	URN string `name:"urn" help:"Only of the school with this URN."`
	Key string `help:"Only of the row with this key."`
}

// keys are what the flags choose; none is every row.
func (f rowFlags) keys(ctx context.Context, pool *pgxpool.Pool, d *definition.Definition) ([]string, error) {
	if f.Key != "" {
		return []string{f.Key}, nil
	}
	if f.URN == "" {
		return nil, nil
	}
	keys, err := versions.KeysOf(ctx, pool, d, f.URN)
	if err == nil && len(keys) == 0 {
		err = run.Invalid("", "report %s has no row of school %s, now or in what is kept", d.Name, f.URN)
	}
	return keys, err
}

type reportsDiffCommand struct {
	Name     string `arg:"" help:"The report's name."`
	From     string `placeholder:"T" help:"A version's number, or an instant (RFC 3339) that it was live at (the version before)."`
	To       string `placeholder:"T" help:"The same of the later version (the live one)."`
	rowFlags `embed:""`
	JSON     bool `name:"json" help:"Print JSON."`
}

func (c reportsDiffCommand) Run(ctx context.Context, a *session) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	d, err := reports.Find(c.Name)
	if err != nil {
		return err
	}
	keys, err := c.keys(ctx, a.pool, d)
	if err != nil {
		return err
	}
	if len(keys) == 1 {
		o.Key = keys[0]
	}
	diff, err := versions.Diff(ctx, a.pool, d, o)
	if err != nil {
		return err
	}
	if len(keys) > 1 {
		diff = diff.Only(keys)
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"differences": []any{diff}})
	}
	fmt.Fprintf(a.stderr, "%s: version %d (%s) to %d (%s): %d added, %d removed, %d changed\n", d.Name,
		diff.From.Version, cell(diff.From.AsOf), diff.To.Version, cell(diff.To.AsOf), diff.Added, diff.Removed, diff.Changed)
	t := newTable(d.Key, "what", "column", "before", "after")
	for _, r := range diff.Rows {
		t.changes([]any{r.Key}, r.Action, r.Reason, r.Cells)
	}
	return t.print(a.stdout)
}

func (c reportsDiffCommand) options() (o versions.DiffOptions, err error) {
	if o.From, o.FromTime, err = versionOrTime("--from", c.From); err != nil {
		return o, err
	}
	o.To, o.ToTime, err = versionOrTime("--to", c.To)
	return o, err
}

// versionOrTime reads what names a version.
func versionOrTime(flag, text string) (int64, time.Time, error) {
	if text == "" {
		return 0, time.Time{}, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		return n, time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, time.Time{}, run.Invalid("such as 17 or 2026-11-22T06:10:00Z", "%s %q is neither a version nor an instant", flag, text)
	}
	return 0, at, nil
}

// changes adds a line for each cell, or one for a row that came or left.
func (t *textTable) changes(before []any, action, reason string, cells []versions.Cell) {
	action = strings.TrimSpace(action + " " + reason)
	if len(cells) == 0 {
		t.row(append(slices.Clone(before), action, "", "", "")...)
	}
	for _, c := range cells {
		t.row(append(slices.Clone(before), action, c.Column, plainValue(c.Old), plainValue(c.New))...)
	}
}

// plainValue is a value without JSON's quotes, on one line.
func plainValue(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	if text == "null" {
		return ""
	}
	return strings.Join(strings.Fields(text), " ")
}

type reportsHistoryCommand struct {
	Name     string `arg:"" help:"The report's name."`
	rowFlags `embed:""`
	Limit    int  `default:"50" help:"Without a row: at most this many refreshes, newest first."`
	JSON     bool `name:"json" help:"Print JSON."`
}

func (c reportsHistoryCommand) Run(ctx context.Context, a *session) error {
	d, err := reports.Find(c.Name)
	if err != nil {
		return err
	}
	keys, err := c.keys(ctx, a.pool, d)
	if err != nil {
		return err
	}
	if keys == nil {
		return c.refreshes(ctx, a, d)
	}
	events := []event{}
	for _, key := range keys {
		list, err := versions.History(ctx, a.pool, d, key)
		if err != nil {
			return err
		}
		for _, e := range list {
			events = append(events, event{key, e})
		}
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"events": events})
	}
	t := newTable(d.Key, "version", "published", "what", "column", "before", "after")
	for _, e := range events {
		t.changes([]any{e.Key, e.Version, e.PublishedAt}, e.Action, e.Reason, e.Cells)
	}
	return t.print(a.stdout)
}

// event is what a refresh did to the row of a key.
type event struct {
	Key string `json:"key"`
	versions.Event
}

// refreshes lists what each refresh did to the report, without its rows.
func (c reportsHistoryCommand) refreshes(ctx context.Context, a *session, d *definition.Definition) error {
	list, err := versions.List(ctx, a.pool, d.Name, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, map[string]any{"refreshes": list})
	}
	return refreshTable(list).print(a.stdout)
}
