package main

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/config"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/jobs/uplift"
	"cpd-jobs/reports/table"
)

type sourcesCheckCommand struct {
	Name string `arg:"" optional:"" enum:"gias,uplift,cpd," default:"" help:"gias, uplift or cpd; all that are set, if none is named."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// look is what came of a look at one source. Found, for JSON, may say more of an error than its line does.
type look struct {
	found any
	lines []string
	err   error
}

// add puts it with the others.
func (l look) add(name string, found map[string]any, shown *textTable) {
	for _, line := range l.lines {
		shown.row(name, line)
	}
	if l.err != nil {
		shown.row(name, l.err.Error())
	}
	if l.found == nil {
		l.found = map[string]string{"error": l.err.Error()}
	}
	found[name] = l.found
}

// Run looks at every source before it fails by the worst.
func (c sourcesCheckCommand) Run(ctx context.Context, a *app) error {
	settings, err := a.config()
	if err != nil {
		return err
	}
	cpdURL, err := a.sourceURL(ctx)
	if err != nil {
		return err
	}
	fetch := source.Options{Credentials: registerLogin(settings)}
	looks := map[string]func() look{
		"gias":   func() look { return lookAtRegister(ctx, settings.GIAS.Source, fetch) },
		"uplift": func() look { return lookAtUplift(ctx, settings.UpliftSource, fetch) },
		"cpd":    func() look { return lookAtCPD(ctx, cpdURL) },
	}
	unset := map[string]bool{"gias": settings.GIAS.Source == "", "uplift": settings.UpliftSource == "", "cpd": cpdURL == ""}
	found, shown := map[string]any{}, newTable("source", "found")
	var failed error
	for _, name := range []string{"gias", "uplift", "cpd"} {
		switch {
		case c.Name != "" && c.Name != name:
			continue
		case c.Name == "" && unset[name]:
			shown.row(name, "not set")
			continue
		}
		l := looks[name]()
		failed = worse(failed, l.err)
		l.add(name, found, shown)
	}
	if c.JSON {
		err = printJSON(a.stdout, map[string]any{"sources": found})
	} else {
		err = shown.print(a.stdout)
	}
	return worse(err, failed)
}

// worse keeps the failure with the higher exit status.
func worse(a, b error) error {
	if run.ExitStatus(b) > run.ExitStatus(a) {
		return b
	}
	return a
}

func lookAtRegister(ctx context.Context, from config.Address, fetch source.Options) look {
	checked, err := gias.Check(ctx, from.Reveal(), fetch)
	if err != nil {
		return look{err: err}
	}
	l := look{found: checked}
	for _, f := range checked.Files {
		l.lines = append(l.lines, fmt.Sprintf("%s: %s, %s, %s bytes%s%s", f.Name, f.Layout, f.Encoding, table.Thousands(f.SizeBytes),
			asAt(checked.AsAt), without("; lacks ", f.Missing)))
	}
	return l
}

func lookAtUplift(ctx context.Context, from config.Address, fetch source.Options) look {
	checked, err := uplift.Check(ctx, from.Reveal(), fetch)
	if err != nil {
		return look{err: err}
	}
	year := "; its name says no year"
	if checked.Year != 0 {
		year = fmt.Sprintf("; for %d", checked.Year)
	}
	return look{found: checked, lines: []string{fmt.Sprintf("%s: %s, %s, %s bytes%s%s", checked.Name, checked.Layout,
		checked.Encoding, table.Thousands(checked.SizeBytes), asAt(checked.AsAt), year)}}
}

func lookAtCPD(ctx context.Context, url string) look {
	if url == "" {
		return look{err: run.Invalid("set CPD_DATABASE_URL", "no CPD source is configured")}
	}
	checked, err := cpd.Check(ctx, url)
	if err != nil {
		return look{err: err}
	}
	l := look{found: checked, lines: []string{fmt.Sprintf("its clock says %s; %d tables, about %s rows%s",
		cell(checked.AsOf), len(checked.Rows), table.Thousands(sum(checked.Rows)), without("; new columns ", checked.NewColumns))}}
	if r := checked.Replica; r != nil && r.CaughtUp {
		l.lines = append(l.lines, "a replica that has caught up")
	} else if r != nil {
		l.lines = append(l.lines, fmt.Sprintf("a replica, %.0f s behind", r.LagSeconds))
	}
	if len(checked.Problems) > 0 {
		l.err = run.Invalid("a sync would refuse", "the CPD source has changed: %s", strings.Join(checked.Problems, "; "))
	}
	return l
}

// asAt says how old a source says that it is, nothing where it does not say.
func asAt(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("; as at %s, %d days ago", cell(t), int(clock.System().Sub(t).Hours()/24))
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
