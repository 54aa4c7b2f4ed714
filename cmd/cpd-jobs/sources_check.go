package main

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"cpd-jobs/internal/clock"
	"cpd-jobs/internal/config"
	"cpd-jobs/internal/doctor"
	"cpd-jobs/internal/run"
	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/cpd"
	"cpd-jobs/jobs/gias"
	"cpd-jobs/jobs/uplift"
	"cpd-jobs/reports/table"
)

// checkedSource is a source and how it is checked: what was found, for JSON and in lines. An error may come with both.
type checkedSource struct {
	name  string
	from  config.Address // "" where it is not set
	check func(ctx context.Context) (found any, lines []string, err error)
}

// sources are in the order in which the main job syncs them.
func (a *app) sources() []checkedSource {
	fetch := source.Options{Credentials: a.registerLogin()}
	register, uplifts, service := a.settings.GIAS.Source, a.settings.UpliftSource, config.Address(a.sourceURL)
	return []checkedSource{
		{"gias", register, func(ctx context.Context) (any, []string, error) { return checkRegister(ctx, register, fetch) }},
		{"uplift", uplifts, func(ctx context.Context) (any, []string, error) { return checkUplift(ctx, uplifts, fetch) }},
		{"cpd", service, func(ctx context.Context) (any, []string, error) { return checkCPD(ctx, service) }},
	}
}

type sourcesCheckCommand struct {
	Name string `arg:"" optional:"" enum:"gias,uplift,cpd," default:"" help:"gias, uplift or cpd; all that are set, if none is named."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run checks every source before it fails by the worst.
func (c sourcesCheckCommand) Run(ctx context.Context, a *app) error {
	results, t := map[string]any{}, newTable("source", "found")
	var failed error
	for _, s := range a.sources() {
		if c.Name != "" && c.Name != s.name {
			continue
		}
		if c.Name == "" && s.from == "" {
			t.row(s.name, "not set")
			continue
		}
		found, lines, err := s.check(ctx)
		for _, line := range lines {
			t.row(s.name, line)
		}
		if err != nil {
			t.row(s.name, err.Error())
			failed = worse(failed, err)
		}
		if found == nil {
			found = map[string]string{"error": err.Error()}
		}
		results[s.name] = found
	}
	var err error
	if c.JSON {
		err = printJSON(a.stdout, map[string]any{"sources": results})
	} else {
		err = t.print(a.stdout)
	}
	return worse(err, failed)
}

// sourceTimeout bounds the doctor's check of one source.
const sourceTimeout = 2 * time.Minute

// examine checks the source for the doctor.
func (s checkedSource) examine(ctx context.Context, f *doctor.Findings) {
	ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
	defer cancel()
	switch {
	case s.name == "gias" && s.from == "":
		f.Note("sources", s.name, doctor.Warning, "set GIAS_SOURCE", "the register has no source: its schedule waits")
		return
	case s.name == "uplift" && s.from == "":
		f.Note("sources", s.name, doctor.OK, "", "not set; uplift_sync takes its file as an argument")
		return
	case s.name == "uplift":
		f.Note("sources", s.name, doctor.OK, "", "%s; not tried, since it is fetched only when a person loads one", s.from)
		return
	}
	found, lines, err := s.check(ctx)
	checked, _ := found.(cpd.Checked)
	switch {
	case err != nil:
		f.Failed("sources", s.name, err)
	case checked.Replica != nil && checked.Replica.LagSeconds > 900 && !checked.Replica.CaughtUp:
		f.Note("sources", s.name, doctor.Warning, "tell those who run the replica", "the replica is %.0f minutes behind", checked.Replica.LagSeconds/60)
	default:
		f.Note("sources", s.name, doctor.OK, "", "%s", strings.Join(lines, "; "))
	}
}

// worse keeps the failure with the higher exit status.
func worse(a, b error) error {
	if run.ExitStatus(b) > run.ExitStatus(a) {
		return b
	}
	return a
}

func checkRegister(ctx context.Context, from config.Address, fetch source.Options) (any, []string, error) {
	checked, err := gias.Check(ctx, from.Reveal(), fetch)
	if err != nil {
		return nil, nil, err
	}
	var lines []string
	for _, f := range checked.Files {
		lines = append(lines, fmt.Sprintf("%s: %s, %s, %s bytes%s%s", f.Name, f.Layout, f.Encoding, table.Thousands(f.SizeBytes),
			asAt(checked.AsAt), without("; lacks ", f.Missing)))
	}
	return checked, lines, nil
}

func checkUplift(ctx context.Context, from config.Address, fetch source.Options) (any, []string, error) {
	checked, err := uplift.Check(ctx, from.Reveal(), fetch)
	if err != nil {
		return nil, nil, err
	}
	year := "; its name says no year"
	if checked.Year != 0 {
		year = fmt.Sprintf("; for %d", checked.Year)
	}
	return checked, []string{fmt.Sprintf("%s: %s, %s, %s bytes%s%s", checked.Name, checked.Layout,
		checked.Encoding, table.Thousands(checked.SizeBytes), asAt(checked.AsAt), year)}, nil
}

func checkCPD(ctx context.Context, from config.Address) (any, []string, error) {
	if from == "" {
		return nil, nil, run.Invalid("set CPD_DATABASE_URL", "no CPD source is configured")
	}
	checked, err := cpd.Check(ctx, from.Reveal())
	if err != nil {
		return nil, nil, err
	}
	rows := int64(0)
	for n := range maps.Values(checked.Rows) {
		rows += n
	}
	lines := []string{fmt.Sprintf("its clock says %s; %d tables, about %s rows%s",
		cell(checked.AsOf), len(checked.Rows), table.Thousands(rows), without("; new columns ", checked.NewColumns))}
	if r := checked.Replica; r != nil && r.CaughtUp {
		lines = append(lines, "a replica that has caught up")
	} else if r != nil {
		lines = append(lines, fmt.Sprintf("a replica, %.0f s behind", r.LagSeconds))
	}
	if len(checked.Problems) > 0 {
		err = run.Invalid("ask the CPD service's developers about it; a sync refuses until this program knows the new tables",
			"the CPD source has changed: %s", strings.Join(checked.Problems, "; "))
	}
	return checked, lines, err
}

// asAt says how old a source says that it is, nothing where it does not say.
func asAt(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("; as at %s, %d days ago", cell(t), int(clock.System().Sub(t).Hours()/24))
}

func without(intro string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return intro + strings.Join(names, ", ")
}
