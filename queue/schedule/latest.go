package schedule

import (
	"iter"
	"time"
)

// walk walks through ticks in (after, until], oldest first.
type walk func(after, until time.Time) iter.Seq[time.Time]

// century is further back than any ledger goes.
const century = 100 * 366 * 24 * time.Hour

// latest finds the n-th last tick in (after, until] for which keep holds, the first such tick where there are fewer, and
// false where there is none. It looks at ever longer stretches before until: what it costs depends on n, not on
// how long the worker was away.
func (w walk) latest(n int, after, until time.Time, keep func(time.Time) bool) (time.Time, bool) {
	for back := time.Minute; ; back *= 4 {
		from := after
		if back < century && until.Add(-back).After(after) {
			from = until.Add(-back)
		}
		count := 0
		for t := range w(from, until) {
			if keep(t) {
				count++
			}
		}
		if count < n && from.After(after) {
			continue
		}
		skip := count - n
		for t := range w(from, until) {
			if keep(t) {
				if skip <= 0 {
					return t, true
				}
				skip--
			}
		}
		return time.Time{}, false
	}
}
