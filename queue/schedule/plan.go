package schedule

import (
	"iter"
	"slices"
	"time"
)

// Plan says what becomes of the ticks of a span that are due at one moment. It holds a few instants, however many
// ticks there are: each tick is decided by itself, so that the ledger may write them in as many transactions as it likes,
// and another worker may go on in between.
type Plan struct {
	span         Span
	in           Situation
	after, until time.Time   // ticks in (after, until] are due
	due          []time.Time // the due ticks and the one after them, where they are few

	onTime time.Time // ticks from here on are on time
	makeUp time.Time // late ticks from here on are made up
	oldest time.Time // the oldest tick that could run, zero where none could
	newest time.Time // the newest tick that could run
}

// Plan looks at the ticks after `after`, which is how far the ledger has come, and up to now. All transactions that
// write one plan's ticks are as of its now: a later plan starts where the ledger has come by then.
func (s Span) Plan(after, now time.Time, in Situation) Plan {
	p := Plan{span: s, in: in}
	p.after, p.until = s.within(after, now)
	p.list()
	p.findOnTime(now)
	p.findMakeUp(now)
	p.findEnds()
	return p
}

// few is how many ticks are kept rather than computed again at each step of the plan. Nearly always there is one.
const few = 16

// list keeps the due ticks if they are few.
func (p *Plan) list() {
	due := make([]time.Time, 0, 2)
	for t := p.span.Spec.Next(p.after); ; t = p.span.Spec.Next(t) {
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

// walk is that of the span, from the list where there is one.
func (p *Plan) walk(after, until time.Time) iter.Seq[time.Time] {
	if p.due == nil {
		return p.span.walk(after, until)
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
	return p.span.Spec.Next(t)
}

// instant is the smallest step in time: it turns "from" into "after".
const instant = time.Nanosecond

func (p *Plan) findOnTime(now time.Time) {
	p.onTime = p.until.Add(instant)
	from := now.Add(-onTimeAtMost - instant)
	if from.Before(p.after) {
		from = p.after
	}
	for t := range p.walk(from, p.until) {
		if onTime(t, p.next(t), now) {
			p.onTime = t
			return
		}
	}
}

// findMakeUp gives the allowance to the latest of the late ticks. Under latest, a tick that is on time is the latest.
func (p *Plan) findMakeUp(now time.Time) {
	p.makeUp = p.onTime
	c := p.span.Schedule.CatchUp
	n := c.allowance()
	if n == 0 || c.Policy == Latest && p.any(p.onTime) {
		return
	}
	from := p.after
	if oldest := now.Add(-time.Duration(c.MaxAge) - instant); c.MaxAge > 0 && oldest.After(from) {
		from = oldest
	}
	if t, ok := walk(p.walk).latest(n, from, p.onTime.Add(-instant), p.in.free); ok {
		p.makeUp = t
	}
}

// any says whether a tick from here on could run.
func (p *Plan) any(from time.Time) bool {
	for t := range p.walk(from.Add(-instant), p.until) {
		if p.in.free(t) {
			return true
		}
	}
	return false
}

func (p *Plan) findEnds() {
	if p.span.Schedule.Overlap == Queue {
		return
	}
	for t := range p.walk(p.makeUp.Add(-instant), p.until) {
		if p.in.free(t) {
			p.oldest = t
			break
		}
	}
	if !p.oldest.IsZero() {
		p.newest, _ = walk(p.walk).latest(1, p.oldest.Add(-instant), p.until, p.in.free)
	}
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
	reason := p.in.against(at)
	late := at.Before(p.onTime)
	switch {
	case reason != "":
		return Tick{At: at, State: Skipped, Reason: reason}
	case late && p.span.Schedule.CatchUp.Policy == None:
		return Tick{At: at, State: Missed, Reason: CatchUpNone}
	case late && at.Before(p.makeUp):
		return Tick{At: at, State: Missed, Reason: TooOld}
	case p.overlaps(at, late):
		return Tick{At: at, State: Skipped, Reason: Overlapped}
	}
	cancel := p.in.Running && p.span.Schedule.Overlap == CancelRunning
	return Tick{At: at, State: Enqueued, MadeUp: late, CancelRunning: cancel}
}

// overlaps says whether another run, or another tick that is due at the same moment, leaves no room for this one.
func (p Plan) overlaps(at time.Time, late bool) bool {
	switch s := p.span.Schedule; {
	case s.Overlap == Queue:
		return false
	case s.Overlap == CancelRunning: // only the newest is not cancelled by one after it
		return !at.Equal(p.newest)
	case s.CatchUp.Policy == All: // all run, one after the other; only the newest was noticed before the next was due
		return p.in.Running && !late && at.Equal(p.newest)
	default:
		return p.in.Running || !at.Equal(p.oldest)
	}
}
