package main

import (
	"fmt"

	"cpd-jobs/reports"
	"cpd-jobs/reports/definition"
)

type reportsDocsCommand struct {
	Dir string `default:"docs/reports" type:"path" help:"Where to write it."`
}

func (c reportsDocsCommand) Run(a *console) error {
	files, err := definition.WriteDictionary(c.Dir, reports.All())
	for _, f := range files {
		fmt.Fprintln(a.stdout, f)
	}
	return err
}
