package schedule

import (
	"iter"
	"slices"
	"time"

	"cpd-jobs/queue/cron"
)

// Version is a version of a schedule and the time in which it is in force: its ticks are those in (After, Until].
type Version struct {
	Schedule Schedule
	Spec     cron.Spec
	After    time.Time
	Until    time.Time // zero: without end
}

// Ticks walks through the ticks of the version in (after, until], oldest first. Nothing is held in memory.
func (v Version) Ticks(after, until time.Time) iter.Seq[time.Time] {
	return v.walk(v.within(after, until))
}

func (v Version) within(after, until time.Time) (time.Time, time.Time) {
	if after.Before(v.After) {
		after = v.After
	}
	if !v.Until.IsZero() && v.Until.Before(until) {
		until = v.Until
	}
	return after, until
}

func (v Version) walk(after, until time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for t := v.Spec.Next(after); !t.IsZero() && !t.After(until); t = v.Spec.Next(t) {
			if !yield(t) {
				return
			}
		}
	}
}

// Conditions are what is known about a schedule at the moment of deciding.
type Conditions struct {
	// Paused says whether a tick falls into a pause; nil means that none does. [Schedule.Paused] is not looked at.
	Paused func(tick time.Time) bool
	// Running says that a job of this schedule is not finished.
	Running bool
	// RestoredAt, where set, is until when ticks are those of another database of which this is a copy.
	RestoredAt time.Time
}

func (c Conditions) prevent(tick time.Time) Reason {
	switch {
	case c.Paused != nil && c.Paused(tick):
		return Paused
	case !c.RestoredAt.IsZero() && !tick.After(c.RestoredAt):
		return Restored
	default:
		return ""
	}
}

// allow says that nothing but its time and other runs can keep a tick from running.
func (c Conditions) allow(tick time.Time) bool { return c.prevent(tick) == "" }

// Plan decides the ticks of a version that are due at one moment. It holds a few instants, however many ticks there
// are: each tick is decided by itself, so that the ledger may write them in as many transactions as it likes, and
// another worker may go on in between.
type Plan struct {
	version      Version
	conditions   Conditions
	after, until time.Time   // ticks in (after, until] are due
	due          []time.Time // the due ticks and the one after them, where they are few

	onTime time.Time // ticks from here on are on time
	makeUp time.Time // late ticks from here on are made up
	oldest time.Time // the oldest tick that could run, zero where none could
	newest time.Time // the newest tick that could run
}

// instant is the smallest step in time: it turns "from" into "after".
const instant = time.Nanosecond

// Plan looks at the ticks after `after`, which is how far the ledger has come, and up to now. All transactions that
// write one plan's ticks are as of its now: a later plan starts where the ledger has come by then.
func (v Version) Plan(after, now time.Time, c Conditions) Plan {
	p := Plan{version: v, conditions: c}
	p.after, p.until = v.within(after, now)
	p.list()

	p.onTime = p.until.Add(instant)
	from := now.Add(-onTimeAtMost - instant)
	if from.Before(p.after) {
		from = p.after
	}
	for t := range p.walk(from, p.until) {
		if onTime(t, p.next(t), now) {
			p.onTime = t
			break
		}
	}

	// The latest of the late ticks are made up. Under latest, a tick that is on time and may run is the latest.
	p.makeUp = p.onTime
	catchUp, beforeOnTime := v.Schedule.CatchUp, p.onTime.Add(-instant)
	n := catchUp.limit()
	if catchUp.Policy == Latest && !p.firstAllowed(p.onTime).IsZero() {
		n = 0
	}
	if n > 0 {
		from := p.after
		if oldest := now.Add(-time.Duration(catchUp.MaxAge) - instant); catchUp.MaxAge > 0 && oldest.After(from) {
			from = oldest
		}
		if t, ok := walk(p.walk).latest(n, from, beforeOnTime, c.allow); ok {
			p.makeUp = t
		}
	}

	if v.Schedule.Overlap != Queue {
		if p.oldest = p.firstAllowed(p.makeUp); !p.oldest.IsZero() {
			p.newest, _ = walk(p.walk).latest(1, p.oldest.Add(-instant), p.until, c.allow)
		}
	}
	return p
}

// firstAllowed is the first due tick from here on that could run; zero where none could.
func (p *Plan) firstAllowed(from time.Time) time.Time {
	for t := range p.walk(from.Add(-instant), p.until) {
		if p.conditions.allow(t) {
			return t
		}
	}
	return time.Time{}
}

// few is how many ticks are kept rather than computed again at each step of the plan. Nearly always there is one.
const few = 16

// list keeps the due ticks if they are few.
func (p *Plan) list() {
	due := make([]time.Time, 0, 2)
	for t := p.version.Spec.Next(p.after); ; t = p.version.Spec.Next(t) {
		due = append(due, t)
		if t.IsZero() || t.After(p.until) {
			p.due = due
			return
		}
		if len(due) > few {
			return
		}
	}
}

// walk is that of the version, from the list where there is one.
func (p *Plan) walk(after, until time.Time) iter.Seq[time.Time] {
	if p.due == nil {
		return p.version.walk(after, until)
	}
	return func(yield func(time.Time) bool) {
		for _, t := range p.due[:len(p.due)-1] {
			if t.After(after) && (t.After(until) || !yield(t)) {
				return
			}
		}
	}
}

// next is the tick after one that is due.
func (p *Plan) next(t time.Time) time.Time {
	if i := slices.IndexFunc(p.due, t.Equal); i >= 0 {
		return p.due[i+1]
	}
	return p.version.Spec.Next(t)
}

// Ticks decides the due ticks after `after`, oldest first.
func (p Plan) Ticks(after time.Time) iter.Seq[Tick] {
	return func(yield func(Tick) bool) {
		if after.Before(p.after) {
			after = p.after
		}
		for t := range p.walk(after, p.until) {
			if !yield(p.decide(t)) {
				return
			}
		}
	}
}

// Batch decides the first n due ticks after `after`; more says that there are others.
func (p Plan) Batch(after time.Time, n int) (ticks []Tick, more bool) {
	for t := range p.Ticks(after) {
		if len(ticks) == n {
			return ticks, true
		}
		ticks = append(ticks, t)
	}
	return ticks, false
}

// decide is the whole rule for one tick.
func (p Plan) decide(at time.Time) Tick {
	s, running := p.version.Schedule, p.conditions.Running
	late := at.Before(p.onTime)
	if reason := p.conditions.prevent(at); reason != "" {
		return Tick{At: at, State: Skipped, Reason: reason}
	}
	if late && s.CatchUp.Policy == None {
		return Tick{At: at, State: Missed, Reason: CatchUpNone}
	}
	if late && at.Before(p.makeUp) {
		return Tick{At: at, State: Missed, Reason: TooOld}
	}
	var overlaps bool // another run, or another tick that is due at the same moment, leaves no room for this one
	switch {
	case s.Overlap == Queue:
	case s.Overlap == CancelRunning: // only the newest is not cancelled by one after it
		overlaps = !at.Equal(p.newest)
	case s.CatchUp.Policy == All: // all run, one after the other; only the newest was noticed before the next was due
		overlaps = running && !late && at.Equal(p.newest)
	default:
		overlaps = running || !at.Equal(p.oldest)
	}
	if overlaps {
		return Tick{At: at, State: Skipped, Reason: Overlapped}
	}
	return Tick{At: at, State: Enqueued, MadeUp: late, CancelRunning: running && s.Overlap == CancelRunning}
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
	return age <= onTimeAtLeast || age <= onTimeAtMost && (next.IsZero() || age <= next.Sub(tick))
}

// limit is how many late ticks may be made up at once.
func (c CatchUp) limit() int {
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

// walk walks through ticks in (after, until], oldest first.
type walk func(after, until time.Time) iter.Seq[time.Time]

// century is further back than any ledger goes.
const century = 100 * 366 * 24 * time.Hour

// latest finds the n-th last tick in (after, until] for which keep holds, the first such tick where there are fewer,
// and false where there is none. It looks at ever longer stretches before until: what it costs depends on n, not on how
// long the worker was away.
func (w walk) latest(n int, after, until time.Time, keep func(time.Time) bool) (time.Time, bool) {
	for back := time.Minute; ; back *= 4 {
		from := after
		if back < century && until.Add(-back).After(after) {
			from = until.Add(-back)
		}
		var kept []time.Time // the last n at most
		for t := range w(from, until) {
			if keep(t) {
				if kept = append(kept, t); len(kept) > n {
					kept = kept[1:]
				}
			}
		}
		if len(kept) == n || !from.After(after) {
			if len(kept) == 0 {
				return time.Time{}, false
			}
			return kept[0], true
		}
	}
}
