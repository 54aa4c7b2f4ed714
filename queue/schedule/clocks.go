package schedule

import (
	"fmt"
	"strings"
	"time"

	"cpd-jobs/queue/cron"
)

// ChangeKind is what a change of the clocks does to a tick.
type ChangeKind string

const (
	// Moved: the clocks skip the tick's time, or several of them, and it comes at the first moment after the gap.
	Moved ChangeKind = "moved"
	// FirstOfTwo: the tick's time comes twice and the first one counts.
	FirstOfTwo ChangeKind = "first_of_two"
)

// Change is a change of the clocks that touches a tick.
type Change struct {
	Kind ChangeKind
	// At is the tick as the wall there shows it.
	At time.Time
	// Skipped are the times, on a wall whose clock was not put forward, that do not come and for which the tick stands;
	// of a Moved tick only.
	Skipped []time.Time
}

// String is for a person, with the date.
func (c Change) String() string {
	const date = "2 January 2006"
	if c.Kind == FirstOfTwo {
		return fmt.Sprintf("%s comes twice on %s, the first one counts", wall(c.At), c.At.Format(date))
	}
	day, at := c.Skipped[0].Format(date), wall(c.At)
	if c.At.Format(date) != day {
		at += " on " + c.At.Format(date)
	}
	if len(c.Skipped) == 1 {
		return fmt.Sprintf("%s does not come on %s, its tick moves to %s", wall(c.Skipped[0]), day, at)
	}
	return fmt.Sprintf("%s do not come on %s, one tick at %s stands for them", c.skipped(), day, at)
}

func (c Change) skipped() string {
	shown := make([]string, 0, 4)
	for _, t := range c.Skipped[:min(cap(shown), len(c.Skipped))] {
		shown = append(shown, wall(t))
	}
	list := strings.Join(shown, ", ")
	if more := len(c.Skipped) - len(shown); more > 0 {
		return fmt.Sprintf("%s and %d more", list, more)
	}
	return list
}

// MarshalText is String.
func (c Change) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func wall(t time.Time) string {
	if t.Second() != 0 {
		return t.Format(time.TimeOnly)
	}
	return t.Format("15:04")
}

// change says what a change of the clocks does to a tick; nil where none touches it.
func change(s Schedule, spec cron.Spec, tick time.Time) *Change {
	if everyHour(s) {
		return nil
	}
	local := tick.In(spec.Zone())
	start, end := local.ZoneBounds()
	_, offset := local.Zone()
	if !end.IsZero() && end.After(tick) {
		_, after := end.In(spec.Zone()).Zone()
		if back := time.Duration(offset-after) * time.Second; tick.Add(back).Compare(end) >= 0 && back > 0 {
			return &Change{Kind: FirstOfTwo, At: local}
		}
	}
	if !start.Equal(tick) {
		return nil
	}
	_, before := start.Add(-time.Second).In(spec.Zone()).Zone()
	skipped := labels(s, tick, time.FixedZone("", before), time.Duration(offset-before)*time.Second)
	if len(skipped) == 0 {
		return nil
	}
	return &Change{Kind: Moved, At: local, Skipped: skipped}
}

// labels are the times of the schedule on a wall whose clock was not put forward.
func labels(s Schedule, from time.Time, zone *time.Location, gap time.Duration) (list []time.Time) {
	spec, err := cron.Parse(s.Cron, zone, s.Seconds)
	if err != nil || gap <= 0 {
		return nil
	}
	for t := range (Version{Spec: spec}).walk(from.Add(-instant), from.Add(gap-instant)) {
		list = append(list, t.In(zone))
	}
	return list
}

// everyHour says that ticks are real instants, which no change of the clocks moves.
func everyHour(s Schedule) bool {
	fields := strings.Fields(strings.ToLower(s.Cron))
	switch {
	case len(fields) == 0:
		return true
	case strings.HasPrefix(fields[0], "@"):
		return fields[0] == "@hourly" || fields[0] == "@every"
	case s.Seconds && len(fields) == 6:
		fields = fields[1:]
	}
	return len(fields) > 1 && (fields[1] == "*" || fields[1] == "?")
}

// Note is a tick that a change of the clocks touches.
type Note struct {
	Schedule string    `json:"schedule"`
	Tick     time.Time `json:"tick"`
	Change   Change    `json:"change"`
}

// clockChanges finds the ticks in (from, to] that a change of the clocks touches. It looks only around the changes.
func clockChanges(s Schedule, spec cron.Spec, from, to time.Time) (notes []Note) {
	if everyHour(s) {
		return nil
	}
	last := from
	for _, c := range offsetChanges(spec.Zone(), from, to) {
		begin, end := c.at.Add(-max(0, -c.by)-instant), c.at
		if begin.Before(last) {
			begin = last
		}
		if end.After(to) {
			end = to
		}
		for t := range (Version{Spec: spec}).walk(begin, end) {
			if ch := change(s, spec, t); ch != nil {
				notes = append(notes, Note{Schedule: s.Name, Tick: t, Change: *ch})
			}
			last = t
		}
	}
	return notes
}

// offsetChange is a moment at which a zone's clocks are put forward by so much, or back where by is negative.
type offsetChange struct {
	at time.Time
	by time.Duration
}

// offsetChanges lists the changes of a zone that may touch ticks in (from, to].
func offsetChanges(zone *time.Location, from, to time.Time) (list []offsetChange) {
	for t := from.Add(-instant); ; {
		_, end := t.In(zone).ZoneBounds()
		if end.IsZero() || end.After(to.Add(48*time.Hour)) { // no clock was ever put back by more
			return list
		}
		if !end.After(t) { // as Go 1.26 gives on 31 December of far leap years
			t = t.Add(24 * time.Hour)
			continue
		}
		_, before := end.Add(-time.Second).In(zone).Zone()
		_, after := end.In(zone).Zone()
		if before != after {
			list = append(list, offsetChange{at: end, by: time.Duration(after-before) * time.Second})
		}
		t = end
	}
}
