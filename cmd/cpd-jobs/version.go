package main

import (
	"fmt"
	"runtime/debug"
)

// release is set by the Makefile from the repository's tags.
var release string

// version is the release, else the commit that Go built from.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "commit " + s.Value[:min(12, len(s.Value))]
		}
	}
	return "unreleased"
}

type versionCommand struct{}

func (versionCommand) Run(a *console) error {
	_, err := fmt.Fprintf(a.stdout, "cpd-jobs %s\n", version())
	return err
}
