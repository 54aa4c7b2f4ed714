package run

import "sync/atomic"

// Step counts what a step has done so far. The job writes, the runner samples: adding is cheap enough for every row.
type Step struct {
	Name string
	// Unit is what Done and Total count: "rows" unless the job says otherwise ("bytes").
	Unit string

	done, total, rowsIn, rowsOut atomic.Int64
}

// NewStep starts counting at nothing done of an unknown total.
func NewStep(name string) *Step { return &Step{Name: name, Unit: "rows"} }

// SetTotal says how many units there are to do; 0 means unknown.
func (s *Step) SetTotal(n int64) { s.total.Store(n) }

// Add counts n more units done.
func (s *Step) Add(n int64) { s.done.Add(n) }

// SetRows records how many rows the step read and how many it left.
func (s *Step) SetRows(in, out int64) { s.rowsIn.Store(in); s.rowsOut.Store(out) }

// Done is how many units are done, Total how many there are, 0 when unknown.
func (s *Step) Done() int64  { return s.done.Load() }
func (s *Step) Total() int64 { return s.total.Load() }

// Rows is what SetRows recorded last.
func (s *Step) Rows() (in, out int64) { return s.rowsIn.Load(), s.rowsOut.Load() }
