package cron

import (
	"fmt"
	"strconv"
	"strings"
)

// plainWeekdays rewrites a day-of-week field without 7, which the library does not take for Sunday.
func plainWeekdays(field string) (string, error) {
	terms := strings.Split(field, ",")
	for i, term := range terms {
		base, step, stepped := strings.Cut(term, "/")
		if base == "7" && !stepped {
			terms[i] = "0"
			continue
		}
		from, ok := strings.CutSuffix(base, "-7")
		if !ok {
			continue
		}
		days, err := daysToSunday(from, step, stepped)
		if err != nil {
			return "", fmt.Errorf("day of week %q: %w", term, err)
		}
		terms[i] = days
	}
	return strings.Join(terms, ","), nil
}

var weekdays = map[string]int{"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}

// daysToSunday lists the days of a range that ends on Sunday as 7.
func daysToSunday(from, step string, stepped bool) (string, error) {
	first, known := weekdays[strings.ToLower(from)]
	if !known {
		var err error
		if first, err = strconv.Atoi(from); err != nil || first < 0 || first > 7 {
			return "", fmt.Errorf("no day of the week is called %q", from)
		}
	}
	by := 1
	if stepped {
		var err error
		if by, err = strconv.Atoi(step); err != nil || by < 1 {
			return "", fmt.Errorf("the step %q is no number above 0", step)
		}
	}
	var days []string
	for d := first; d <= 7; d += by {
		days = append(days, strconv.Itoa(d%7))
	}
	return strings.Join(days, ","), nil
}
