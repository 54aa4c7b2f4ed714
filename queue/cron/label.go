package cron

import "time"

// label is what a clock on the wall shows: a moment without a zone, in seconds since 1970 by the wall's own count.
type label int64

const day = 24 * 60 * 60

// date is a day on the calendar.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(l label) (date, int) {
	days := int64(l) / day
	second := int64(l) % day
	if second < 0 {
		days, second = days-1, second+day
	}
	y, m, d := time.Unix(days*day, 0).UTC().Date()
	return date{y, m, d}, int(second)
}

func (d date) label() label {
	return label(time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Unix())
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func (d date) weekday() time.Weekday {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Weekday()
}

// next is the day after; past the end of a month that does not match, it is the first of the next one.
func (d date) next() date {
	if d.day++; d.day > daysIn(d.year, d.month) {
		return d.nextMonth()
	}
	return d
}

func (d date) nextMonth() date {
	if d.month++; d.month > time.December {
		return date{d.year + 1, time.January, 1}
	}
	return date{d.year, d.month, 1}
}

// dayMatches follows Vixie cron: with both days restricted either will do; where one begins with a star, both must
// match.
func (s Spec) dayMatches(d date) bool {
	if s.month&(1<<d.month) == 0 {
		return false
	}
	dom := s.dom&(1<<d.day) != 0
	dow := s.dow&(1<<d.weekday()) != 0
	if s.bothDays {
		return dom && dow
	}
	return dom || dow
}

// nextLabel finds the first matching label in [from, until).
func (s Spec) nextLabel(from, until label) (label, bool) {
	d, second := dateOf(from)
	for {
		start := d.label()
		if start >= until {
			return 0, false
		}
		if s.month&(1<<d.month) == 0 {
			d, second = d.nextMonth(), 0
			continue
		}
		if s.dayMatches(d) {
			if at, ok := s.nextInDay(second); ok {
				l := start + label(at)
				return l, l < until
			}
		}
		d, second = d.next(), 0
	}
}

// nextInDay finds the first matching second of a day at or after the given one.
func (s Spec) nextInDay(from int) (int, bool) {
	h, m, sec := from/3600, from/60%60, from%60
	for ; h < 24; h, m, sec = h+1, 0, 0 {
		if s.hour&(1<<h) == 0 {
			continue
		}
		for ; m < 60; m, sec = m+1, 0 {
			if s.minute&(1<<m) == 0 {
				continue
			}
			for ; sec < 60; sec++ {
				if s.second&(1<<sec) != 0 {
					return h*3600 + m*60 + sec, true
				}
			}
		}
	}
	return 0, false
}
