package demo

import (
	"time"

	"cpd-jobs/internal/demo/pgcopy"
)

type (
	uuid   = pgcopy.UUID
	moment = pgcopy.Time
)

const (
	never = pgcopy.Never
	day   = 24 * time.Hour
	years = 5 // of cohorts with data, ending in the current one
)

// world is what is fixed for a whole source: its instant, cohorts and organisations.
type world struct {
	seed    uint64
	schools int // 0 where they come from a register
	asOf    moment
	year    int // the current cohort's
	cohorts []cohort
	places  *gazetteer
	cases   []edgeCase
}

// cohort is one academic year's intake.
type cohort struct {
	id           uuid
	year         int
	registration moment
	academic     moment
}

func newWorld(o Options) (*world, error) {
	places, err := readPlaces()
	if err != nil {
		return nil, err
	}
	w := &world{seed: o.Seed, schools: o.Schools, asOf: pgcopy.At(o.AsOf), year: CohortYear(o.AsOf), places: places}
	for y := w.year - years + 1; y <= w.year+1; y++ {
		c := cohort{id: w.id(cohorts, uint64(y), 0), year: y, registration: registrationStart(y), academic: midnight(y, time.September, 1)}
		if c.registration <= w.asOf {
			w.cohorts = append(w.cohorts, c)
		}
	}
	if o.Register != nil {
		w.schools = 0
	}
	w.cases = w.edgeCases(o.Register != nil)
	return w, nil
}

// CohortYear is the start year of the cohort that is current at asOf: the year of the last 1 September by London's
// calendar. British Summer Time is in force on that day, so one hour ahead of UTC is exact where it matters.
func CohortYear(asOf time.Time) int {
	london := asOf.UTC().Add(time.Hour)
	if london.Month() >= time.September {
		return london.Year()
	}
	return london.Year() - 1
}

// registrationStart is when schools could first register for a cohort; later cohorts follow the pattern of 2024.
func registrationStart(year int) moment {
	switch {
	case year <= 2022:
		return midnight(year, time.May, 10)
	case year == 2023:
		return midnight(year, time.June, 5)
	case year == 2025:
		return midnight(2024, time.December, 31)
	default:
		return midnight(year, time.April, 3)
	}
}

func midnight(year int, month time.Month, d int) moment {
	return pgcopy.At(time.Date(year, month, d, 0, 0, 0, 0, time.UTC))
}

// cohort finds the cohort of a year that the world has.
func (w *world) cohort(year int) cohort { return w.cohorts[year-w.firstYear()] }

func (w *world) firstYear() int { return w.cohorts[0].year }

// nextOpen says that registration for the cohort after the current one has begun.
func (w *world) nextOpen() bool { return w.cohorts[len(w.cohorts)-1].year > w.year }

// daysAgo is an instant some days before as-of, at the hour and minute; 0 days may lie in the future.
func (w *world) daysAgo(days, hour, minute int) moment {
	at := w.asOf.Add(-time.Duration(days) * day)
	at -= at % moment(day.Microseconds())
	return at.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// during is a random instant of [from, to), never after as-of nor before from.
func (w *world) during(d rng, from, to moment) moment {
	to = min(to, w.asOf)
	if to <= from {
		return min(from, w.asOf)
	}
	return from + moment(d.Int64N(int64(to-from)))
}

// after is a random instant within days of from, never after as-of.
func (w *world) after(d rng, from moment, days int) moment {
	return w.during(d, from, from.Add(time.Duration(days)*day))
}

// cohortWindow is when things happen for a cohort: from its registration to the end of its academic year.
func (w *world) cohortWindow(year int) (from, to moment) {
	c := w.cohort(year)
	return c.registration, min(c.academic.Add(300*day), w.asOf)
}
