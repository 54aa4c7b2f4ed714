// Package cron computes the ticks of schedules. robfig/cron reads the expressions; when the next tick falls is worked
// out here, because clock changes decide whether a night run is lost, doubled or right. It knows nothing of databases.
package cron

import (
	"fmt"
	"strings"
	"time"

	robfig "github.com/robfig/cron/v3"
)

// Spec is a cron expression in a time zone. The zero value is not usable; [Parse] makes one.
type Spec struct {
	expression string
	zone       *time.Location

	every time.Duration // of @every; the rest is unused then

	second, minute, hour, dom, month, dow uint64 // a bit for each value
	// everyHour says that the hour field is `*`: ticks are then real instants, not labels on the wall.
	everyHour bool
	// bothDays says that the day of month and the day of week must both match.
	bothDays bool
}

// Parse reads an expression of five fields, of six where seconds is true, or a descriptor (@hourly, @every 90m).
// It refuses what names a zone by itself and what never comes; the error is one line without the expression.
func Parse(expression string, zone *time.Location, seconds bool) (Spec, error) {
	s := Spec{expression: strings.Join(strings.Fields(expression), " "), zone: zone}
	switch {
	case s.expression == "":
		return s, fmt.Errorf("the expression is empty")
	case strings.Contains(s.expression, "TZ="):
		return s, fmt.Errorf("the zone goes into timezone, not into the expression")
	case strings.HasPrefix(s.expression, "@every"):
		return s, s.parseEvery()
	case strings.HasPrefix(s.expression, "@"):
		fields, ok := descriptors[strings.ToLower(s.expression)]
		if !ok {
			return s, fmt.Errorf("%s is not known; @yearly, @monthly, @weekly, @daily, @hourly and @every are", s.expression)
		}
		return s, s.parseFields(strings.Fields("0 " + fields))
	}
	fields := strings.Fields(s.expression)
	if want := fieldCount(seconds); len(fields) != want {
		return s, fmt.Errorf("%d fields found and %d expected (%s)", len(fields), want, fieldNames(seconds))
	}
	if !seconds {
		fields = append([]string{"0"}, fields...)
	}
	return s, s.parseFields(fields)
}

var descriptors = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

func fieldCount(seconds bool) int {
	if seconds {
		return 6
	}
	return 5
}

func fieldNames(seconds bool) string {
	names := "minute, hour, day of month, month, day of week"
	if seconds {
		return "second, " + names
	}
	return names
}

func (s *Spec) parseEvery() error {
	text := strings.TrimSpace(strings.TrimPrefix(s.expression, "@every"))
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("@every %s: no duration such as 90m or 1h30m", text)
	}
	if d < time.Second || d%time.Second != 0 {
		return fmt.Errorf("@every %s: must be whole seconds, one at least", text)
	}
	s.every = d
	return nil
}

// parseFields takes six fields, seconds first.
func (s *Spec) parseFields(fields []string) (err error) {
	if fields[5], err = plainWeekdays(fields[5]); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil { // the library panics on some nonsense
			err = fmt.Errorf("cannot be read: %v", r)
		}
	}()
	parser := robfig.NewParser(robfig.Second | robfig.Minute | robfig.Hour | robfig.Dom | robfig.Month | robfig.Dow)
	parsed, err := parser.Parse(strings.Join(fields, " "))
	if err != nil {
		return err
	}
	p, ok := parsed.(*robfig.SpecSchedule)
	if !ok {
		return fmt.Errorf("cannot be read as fields")
	}
	s.second, s.minute, s.hour, s.dom, s.month, s.dow = p.Second, p.Minute, p.Hour, p.Dom, p.Month, p.Dow
	s.everyHour = fields[2] == "*" || fields[2] == "?"
	s.bothDays = startsWithStar(fields[3]) || startsWithStar(fields[5])
	if !s.everComes() {
		return fmt.Errorf("never comes: no year has such a day")
	}
	return nil
}

func startsWithStar(field string) bool { return field[0] == '*' || field[0] == '?' }

// String is the expression as it was given, white space apart.
func (s Spec) String() string { return s.expression }

// Zone is where the expression is read.
func (s Spec) Zone() *time.Location { return s.zone }

// EitherDay says that day of month and day of week are both restricted, so that either will do: rarely what was meant.
func (s Spec) EitherDay() bool { return s.every == 0 && !s.bothDays }

// everComes looks through one whole cycle of the calendar, 400 years.
func (s Spec) everComes() bool {
	for y := 2000; y < 2400; y++ {
		for m := time.January; m <= time.December; m++ {
			if s.month&(1<<m) == 0 {
				continue
			}
			for d := 1; d <= daysIn(y, m); d++ {
				if s.dayMatches(date{y, m, d}) {
					return true
				}
			}
		}
	}
	return false
}
