package main

import (
	"context"
	"fmt"

	"cpd-jobs/internal/run"
	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
	"cpd-jobs/reports/refresh"
)

type reportsCheckCommand struct {
	Name string `arg:"" optional:"" help:"One report (all)."`
	JSON bool   `name:"json" help:"Print JSON."`
}

func (c reportsCheckCommand) Run(ctx context.Context, a *session) error {
	list := reports.All()
	if c.Name != "" {
		d, err := reports.Find(c.Name)
		if err != nil {
			return err
		}
		list = []*definition.Definition{d}
	}
	tried := make([]refresh.Validation, len(list))
	wrong := 0
	for i, d := range list {
		var err error
		if tried[i], err = refresh.Validate(ctx, a.pool, d, refresh.ValidateOptions{}); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
		wrong += len(tried[i].Problems)
		if !c.JSON {
			fmt.Fprintf(a.stdout, "%s: %d rows in %.1f s, %d problems\n", d.Name, tried[i].Rows, tried[i].Seconds, len(tried[i].Problems))
			for _, p := range tried[i].Problems {
				fmt.Fprintf(a.stdout, "  %s\n", p)
			}
		}
	}
	if c.JSON {
		if err := printJSON(a.stdout, map[string]any{"reports": tried}); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return run.Blocked("correct the definition and check again", "%d problems found", wrong)
	}
	return nil
}
