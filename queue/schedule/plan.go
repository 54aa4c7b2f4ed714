package schedule

import (
	"iter"
	"time"
)

// Plan says what becomes of the ticks of a span that are due at one moment. It holds a few instants, however many
// ticks there are: each tick is decided by itself, so that the ledger may write them in as many transactions as it likes,
// and another worker may go on in between.
type Plan struct {
	span         Span
	in           Situation
	after, until time.Time // ticks in (after, until] are due

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
	first := s.Spec.Next(p.after)
	if first.IsZero() || first.After(p.until) {
		p.until = p.after
		return p
	}
	p.findOnTime(now)
	p.findMakeUp(first, now)
	p.findEnds()
	return p
}

// instant is the smallest step in time: it turns "from" into "after".
const instant = time.Nanosecond

func (p *Plan) findOnTime(now time.Time) {
	p.onTime = p.until.Add(instant)
	from := now.Add(-onTimeAtMost - instant)
	if from.Before(p.after) {
		from = p.after
	}
	for t := range p.span.walk(from, p.until) {
		if onTime(t, p.span.Spec.Next(t), now) {
			p.onTime = t
			return
		}
	}
}

// findMakeUp gives the allowance to the latest of the late ticks. Under latest, a tick that is on time is the latest.
func (p *Plan) findMakeUp(first, now time.Time) {
	p.makeUp = p.onTime
	c := p.span.Schedule.CatchUp
	n := c.allowance()
	if n == 0 || !first.Before(p.onTime) {
		return
	}
	if c.Policy == Latest && p.any(p.onTime) {
		return
	}
	from := p.after
	if oldest := now.Add(-time.Duration(c.MaxAge) - instant); c.MaxAge > 0 && oldest.After(from) {
		from = oldest
	}
	if t, ok := p.span.latest(n, from, p.onTime.Add(-instant), p.in.free); ok {
		p.makeUp = t
	}
}

// any says whether a tick from here on could run.
func (p *Plan) any(from time.Time) bool {
	for t := range p.span.walk(from.Add(-instant), p.until) {
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
	for t := range p.span.walk(p.makeUp.Add(-instant), p.until) {
		if p.in.free(t) {
			p.oldest = t
			break
		}
	}
	if !p.oldest.IsZero() {
		p.newest, _ = p.span.latest(1, p.oldest.Add(-instant), p.until, p.in.free)
	}
}

// Ticks decides the due ticks after `after`, oldest first.
func (p Plan) Ticks(after time.Time) iter.Seq[Tick] {
	return func(yield func(Tick) bool) {
		if after.Before(p.after) {
			after = p.after
		}
		for t := range p.span.walk(after, p.until) {
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
