package schedule

import (
	"iter"
	"time"

	"cpd-jobs/queue/cron"
)

// Span is a stretch of time in which one version of a schedule decides: ticks in (After, Until].
type Span struct {
	Schedule Schedule
	Spec     cron.Spec
	After    time.Time
	Until    time.Time // zero: without end
}

// Ticks walks through the ticks of the span in (after, until], oldest first. Nothing is held in memory.
func (s Span) Ticks(after, until time.Time) iter.Seq[time.Time] {
	after, until = s.within(after, until)
	return s.walk(after, until)
}

func (s Span) within(after, until time.Time) (time.Time, time.Time) {
	if after.Before(s.After) {
		after = s.After
	}
	if !s.Until.IsZero() && s.Until.Before(until) {
		until = s.Until
	}
	return after, until
}

func (s Span) walk(after, until time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for t := s.Spec.Next(after); !t.IsZero() && !t.After(until); t = s.Spec.Next(t) {
			if !yield(t) {
				return
			}
		}
	}
}

// century is further back than any ledger goes.
const century = 100 * 366 * 24 * time.Hour

// latest finds the n-th last tick in (after, until] for which keep holds, the first such tick where there are fewer, and
// false where there is none. It looks at ever longer stretches before until: what it costs depends on n, not on
// how long the worker was away.
func (s Span) latest(n int, after, until time.Time, keep func(time.Time) bool) (time.Time, bool) {
	for back := time.Minute; ; back *= 4 {
		from := after
		if back < century && until.Add(-back).After(after) {
			from = until.Add(-back)
		}
		count := 0
		for t := range s.walk(from, until) {
			if keep(t) {
				count++
			}
		}
		if count < n && from.After(after) {
			continue
		}
		skip := count - n
		for t := range s.walk(from, until) {
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
