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
