package cron

import "time"

// lookBack is how far before an instant the walk through a zone's offsets begins: more than any clock was ever set
// back, so that labels which come twice are known.
const lookBack = 72 * time.Hour

// horizon bounds the search: the longest wait is for a 29 February on a given weekday across a year like 2100.
const horizon = 50 * 366 * 24 * time.Hour

// Next is the first tick after t, in UTC; the zero time where none comes within fifty years.
//
// Where the hour field is `*`, ticks are the real instants whose label on the wall matches, through both clock
// changes. Otherwise each label counts once: of two the first, and labels that the clock skips become one tick at the
// first moment after the gap.
func (s Spec) Next(t time.Time) time.Time {
	if s.every > 0 {
		return s.nextEvery(t)
	}
	seen := noLabel // the highest label that the wall has shown before this stretch
	for st := s.stretchAt(t.Add(-lookBack)); st.start.Before(t.Add(horizon)); st = st.next() {
		if tick, ok := s.inStretch(st, seen, t); ok {
			return tick
		}
		seen = max(seen, st.lastLabel())
	}
	return time.Time{}
}

// nextEvery counts from midnight UTC of 1 January 1970, not from any process's start.
func (s Spec) nextEvery(t time.Time) time.Time {
	period := int64(s.every / time.Second)
	n := t.Unix() / period
	if t.Unix()%period < 0 {
		n--
	}
	return time.Unix((n+1)*period, 0).UTC()
}

const noLabel = label(-1 << 62)

// stretch is a time during which a zone's offset does not change.
type stretch struct {
	start, end time.Time // end is excluded
	offset     label
	zone       *time.Location
}

// The walk has bounds where the zone has none.
var (
	dawn = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	dusk = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

func (s Spec) stretchAt(t time.Time) stretch { return stretchAt(t, s.zone) }

func stretchAt(t time.Time, zone *time.Location) stretch {
	local := t.In(zone)
	start, end := local.ZoneBounds()
	_, offset := local.Zone()
	st := stretch{start: start, end: end, offset: label(offset), zone: zone}
	if start.IsZero() {
		st.start = dawn
	}
	switch {
	case end.IsZero():
		st.end = dusk
	case !end.After(t):
		st.end = boundAfter(local, offset)
	}
	return st
}

// boundAfter stands in for ZoneBounds where that gives an end that has passed: on 31 December of leap years, far in the
// future (Go 1.26 counts 365 days to every year). It looks one day ahead, by halving where the offset differs.
func boundAfter(t time.Time, offset int) time.Time {
	same, end := time.Duration(0), 24*time.Hour
	if _, o := t.Add(end).Zone(); o == offset {
		return t.Add(end)
	}
	for end-same > time.Second {
		middle := (same + end) / 2
		if _, o := t.Add(middle).Zone(); o == offset {
			same = middle
		} else {
			end = middle
		}
	}
	return t.Add(end).Truncate(time.Second)
}

func (st stretch) next() stretch {
	after := stretchAt(st.end, st.zone)
	after.start = st.end
	return after
}

func (st stretch) label(t time.Time) label   { return label(t.Unix()) + st.offset }
func (st stretch) instant(l label) time.Time { return time.Unix(int64(l-st.offset), 0).UTC() }
func (st stretch) lastLabel() label          { return st.label(st.end) }

// inStretch finds the first tick after t within a stretch; seen is how far the wall had come before it.
func (s Spec) inStretch(st stretch, seen label, t time.Time) (time.Time, bool) {
	first := st.label(st.start)
	from := max(first, label(t.Unix())+st.offset+1)
	if s.everyHour {
		l, ok := s.nextLabel(from, st.lastLabel())
		return st.instant(l), ok
	}
	if skipped := seen != noLabel && first > seen; skipped && st.start.After(t) {
		if _, ok := s.nextLabel(seen, first); ok {
			return st.start.UTC(), true
		}
	}
	l, ok := s.nextLabel(max(from, seen), st.lastLabel())
	return st.instant(l), ok
}
