package main

import (
	"context"
)

type reportsRefreshCommand struct {
	Name   string `arg:"" help:"The report's name."`
	DryRun bool   `help:"Say what would change, and change nothing."`
	Local  bool   `help:"Do it in this process, with no worker anywhere."`
	JSON   bool   `name:"json" help:"Print the finished job as JSON."`
}

func (c reportsRefreshCommand) Run(ctx context.Context, a *session) error {
	return runCommand{jobFlags: jobFlags{Kind: "report_refresh", Arg: map[string]string{"report": c.Name}}, DryRun: c.DryRun, Local: c.Local, JSON: c.JSON}.Run(ctx, a)
}
