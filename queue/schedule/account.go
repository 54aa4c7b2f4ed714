package schedule

import (
	"time"

	"cpd-jobs/queue/cron"
)

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
	Paused      Reason = "paused"
	Overlapped  Reason = "overlap"
	TooOld      Reason = "too_old"
	CatchUpNone Reason = "catch_up_none"
	Restored    Reason = "restored"
)

// OnTime is how late a tick may be noticed and still count as on time: a database that restarts, a deploy.
const OnTime = time.Minute

// Tick is a tick and what became of it.
type Tick struct {
	At     time.Time
	State  State
	Reason Reason
	// CancelRunning says that what still runs of this schedule must be cancelled first.
	CancelRunning bool
}

// Situation is what the ledger knows about a schedule at the moment of accounting.
type Situation struct {
	// Paused says whether a tick falls into a pause; nil means that none does.
	Paused func(tick time.Time) bool
	// Running says that a job of this schedule is not finished.
	Running bool
	// RestoredAt, where set, is until when ticks are those of another database of which this is a copy.
	RestoredAt time.Time
}

// Span is a stretch of time in which one version of a schedule decides: ticks in (After, Until].
type Span struct {
	Schedule Schedule
	Spec     cron.Spec
	After    time.Time
	Until    time.Time // zero: without end
}

// Due lists the ticks of a span after `after` and up to now, oldest first, at most limit of the latest. A schedule that
// was due each second for two weeks would else fill the memory: older ones are counted, not listed.
func (s Span) Due(after, now time.Time, limit int) (ticks []time.Time, more int) {
	if after.Before(s.After) {
		after = s.After
	}
	if !s.Until.IsZero() && s.Until.Before(now) {
		now = s.Until
	}
	for t := s.Spec.Next(after); !t.IsZero() && !t.After(now); t = s.Spec.Next(t) {
		if len(ticks) == limit {
			ticks, more = ticks[1:], more+1
		}
		ticks = append(ticks, t)
	}
	return ticks, more
}

// Account decides what becomes of due ticks, given oldest first.
func Account(s Schedule, due []time.Time, now time.Time, in Situation) []Tick {
	ticks := make([]Tick, len(due))
	makeUp := s.CatchUp.allowance()
	running := in.Running
	for i := len(due) - 1; i >= 0; i-- { // the latest first: allowances go to them
		t := Tick{At: due[i], State: Enqueued}
		late := now.Sub(t.At) > OnTime
		switch {
		case in.Paused != nil && in.Paused(t.At):
			t.State, t.Reason = Skipped, Paused
		case !in.RestoredAt.IsZero() && !t.At.After(in.RestoredAt):
			t.State, t.Reason = Skipped, Restored
		case late && s.CatchUp.Policy == None:
			t.State, t.Reason = Missed, CatchUpNone
		case late && !s.CatchUp.reaches(now.Sub(t.At)), late && makeUp == 0:
			t.State, t.Reason = Missed, TooOld
		case late:
			makeUp--
		}
		ticks[i] = t
	}
	for i := range ticks { // in order: an earlier one runs when a later one comes
		t := &ticks[i]
		if t.State != Enqueued {
			continue
		}
		late := now.Sub(t.At) > OnTime
		if running && s.Overlap == Skip && !(late && s.CatchUp.Policy == All) {
			t.State, t.Reason = Skipped, Overlapped
			continue
		}
		t.CancelRunning = running && s.Overlap == CancelRunning
		running = true
	}
	return ticks
}

// allowance is how many late ticks may be made up at once.
func (c CatchUp) allowance() int {
	switch {
	case c.Policy == Latest:
		return 1
	case c.MaxCount > 0:
		return c.MaxCount
	default:
		return defaultMaxCount
	}
}

func (c CatchUp) reaches(age time.Duration) bool {
	return c.MaxAge == 0 || age <= time.Duration(c.MaxAge)
}
