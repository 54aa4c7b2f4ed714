package cpd

import (
	"fmt"
	"slices"
)

// Args are the arguments of cpd_sync.
type Args struct {
	Allow []string `json:"allow,omitempty" help:"tables that may lose more rows than usual, this once"`
}

// Validate knows the tables.
func (a Args) Validate() error {
	for _, name := range a.Allow {
		if !slices.ContainsFunc(Tables(), func(t Table) bool { return t.Name == name }) {
			return fmt.Errorf("allow: no table %q is copied", name)
		}
	}
	return nil
}
