package cpd

import "cpd-jobs/jobs/guard"

// Args are the arguments of cpd_sync.
type Args struct {
	Allow guard.Allow `json:"allow,omitempty" help:"guards to pass this once: a table that may lose rows, column:TABLE.COLUMN, as_of, or all"`
}

// Validate knows the tables and their columns.
func (a Args) Validate() error {
	known := []string{guardAsOf}
	for _, t := range Tables() {
		known = append(known, t.Name)
		for _, c := range t.all() {
			known = append(known, guard.ColumnPrefix+t.String()+"."+c.Name)
		}
	}
	return a.Allow.Validate(known...)
}
