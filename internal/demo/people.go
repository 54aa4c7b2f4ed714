package demo

import "time"

// people registers participants for every cohort in which the school trained: in the current one only where its
// stage says so, and then at least one who is active.
func (t *scenarioBuilder) people() {
	for i := range t.p.choices {
		c := &t.p.choices[i]
		switch {
		case c.year == t.year && t.stage == participantsRegistered:
			t.intake(c)
			t.p.people = append(t.p.people, t.person(c, ectType, active))
		case c.year == t.year && isProgramme(c.what) && t.d.chance(0.02):
			t.p.people = append(t.p.people, t.person(c, ectType, withdrawn))
		case c.year < t.year && isProgramme(c.what) && t.d.chance(0.91):
			t.intake(c)
		}
	}
}

// intakeSize is about how many start at a school in a year.
func (t *scenarioBuilder) intakeSize() int {
	switch t.p.PhaseCode {
	case phaseSecondary, phaseAllThrough:
		return 4 + t.d.weighted(1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1)
	case phaseMiddle, phaseMiddlePrimary, phase16Plus:
		return t.d.between(2, 9)
	default:
		return 1 + t.d.weighted(5, 7, 7, 5, 4, 3, 2, 1)
	}
}

func (t *scenarioBuilder) intake(c *choice) {
	for range t.intakeSize() {
		kind := []string{ectType, mentor, npq}[t.d.weighted(630, 368, 2)]
		status := []string{active, withdrawn}[t.d.weighted(94, 6)]
		t.p.people = append(t.p.people, t.person(c, kind, status))
	}
}

func (t *scenarioBuilder) person(c *choice, kind, status string) person {
	x := person{year: c.year, kind: kind, status: status, training: active}
	x.joined = t.during(t.d, c.made, c.made.Add(240*day))
	switch {
	case status == withdrawn:
		x.training = []string{withdrawn, active}[t.d.weighted(4, 1)]
	default:
		x.training = []string{active, deferred, withdrawn}[t.d.weighted(955, 25, 20)]
	}
	return x
}

// starts is the first day of training: the first of September of the cohort, or of the term after joining.
func (w *world) starts(x *person) moment {
	for _, term := range []moment{
		midnight(x.year, time.September, 1), midnight(x.year+1, time.January, 4), midnight(x.year+1, time.April, 15),
	} {
		if x.joined <= term {
			return term
		}
	}
	return x.joined - x.joined%moment(day.Microseconds())
}
