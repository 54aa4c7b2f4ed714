package schedule

import "time"

// State of a tick in the ledger.
type State string

const (
	Enqueued State = "enqueued"
	Skipped  State = "skipped"
	Missed   State = "missed" // nobody was there, and no policy makes it up
)

// Reason why a tick was not enqueued.
type Reason string

const (
	Paused     Reason = "paused"
	Overlapped Reason = "overlap"
	// TooOld is a late tick beyond max_age or max_count, or one in whose place a later one runs.
	TooOld      Reason = "too_old"
	CatchUpNone Reason = "catch_up_none"
	Restored    Reason = "restored"
)

// Tick is a tick and what became of it.
type Tick struct {
	At     time.Time
	State  State
	Reason Reason // "" where it was enqueued
	// MadeUp says that it was enqueued although nobody was there at its time.
	MadeUp bool
	// CancelRunning says that what still runs of this schedule must be cancelled first.
	CancelRunning bool
}

// Situation is what the ledger knows about a schedule at the moment of accounting.
type Situation struct {
	// Paused says whether a tick falls into a pause; nil means that none does. [Schedule.Paused] is not looked at.
	Paused func(tick time.Time) bool
	// Running says that a job of this schedule is not finished.
	Running bool
	// RestoredAt, where set, is until when ticks are those of another database of which this is a copy.
	RestoredAt time.Time
}

// free says that nothing but its time stands against a tick.
func (in Situation) free(tick time.Time) bool { return in.against(tick) == "" }

func (in Situation) against(tick time.Time) Reason {
	switch {
	case in.Paused != nil && in.Paused(tick):
		return Paused
	case !in.RestoredAt.IsZero() && !tick.After(in.RestoredAt):
		return Restored
	default:
		return ""
	}
}

// A tick is on time while the next one is not due yet, but at least for as long as it may take to notice one while
// machines come and go, and at most for as long as a deploy or a restart of the database takes. Were the most longer, a
// night run would start in the morning under catch_up none; were it shorter, a deploy would lose one.
const (
	onTimeAtLeast = 10 * time.Second
	onTimeAtMost  = time.Minute
)

// onTime says whether a tick is noticed in time at now; next is the tick after it, zero where none comes.
func onTime(tick, next, now time.Time) bool {
	age := now.Sub(tick)
	switch {
	case age <= onTimeAtLeast:
		return true
	case age > onTimeAtMost:
		return false
	default:
		return next.IsZero() || age <= next.Sub(tick)
	}
}

// allowance is how many late ticks may be made up at once.
func (c CatchUp) allowance() int {
	switch {
	case c.Policy == None:
		return 0
	case c.Policy == Latest:
		return 1
	case c.MaxCount > 0:
		return c.MaxCount
	default:
		return defaultMaxCount
	}
}
