package main

import (
	"fmt"

	"cpd-jobs/reports/definition"
)

type reportsNewCommand struct {
	Name string `arg:"" help:"The report's name: small letters, digits and _."`
	Dir  string `default:"reports" type:"path" help:"The checkout's folder of reports."`
}

func (c reportsNewCommand) Run(a *console) error {
	files, err := definition.New(c.Dir, c.Name)
	for _, f := range files {
		fmt.Fprintln(a.stdout, f)
	}
	return err
}
