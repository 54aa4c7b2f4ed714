package cpd_test

import (
	"testing"
	"time"

	"cpd-jobs/internal/run"
	"cpd-jobs/jobs/cpd"
)

// Of a table that is half copied both bytes and rows are known.
func TestProgressOfATable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.block()
	var table *run.Step
	r := &run.Local{Now: time.Now, OnStep: func(s *run.Step, finished bool, _ time.Duration, _ error) {
		if s.Name == "copy induction_records" && !finished {
			table = s
		}
	}}
	w.deps.Workers = 1
	w.deps.Wait = w.soonStalled
	_, err := w.try(r, cpd.Args{})
	wantError(t, err, run.ClassUnreachable, "no data for too long")
	rows, _ := table.Rows()
	if table.Unit != "bytes" || table.Done() == 0 || rows == 0 || rows >= 3000 {
		t.Errorf("half-way: got %d %s, %d rows; want bytes of fewer than 3,000 rows", table.Done(), table.Unit, rows)
	}
}
