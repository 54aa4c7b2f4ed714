package demo

import "cpd-jobs/internal/demo/pgcopy"

// tutor links the school to a tutor, if it came that far; a school that took part before has had one for long.
func (t *scenarioBuilder) tutor(g *generator) {
	if !t.hasTutor() || t.chose() && t.d.chance(0.03) {
		return
	}
	from, to := t.tutorWindow()
	linked := t.during(t.d, from, to)
	x := tutor{linked: linked, userMade: linked, profileMade: linked, signedIn: never, discarded: never}
	if t.d.chance(0.2) {
		x.userMade = t.during(t.d, from.Add(-400*day), linked)
		x.profileMade = t.during(t.d, x.userMade, linked)
	}
	if t.stage == tutorSignedIn || t.chose() && t.d.chance(0.97) {
		x.signedIn = t.during(t.d, linked, t.asOf)
	}
	if x.signedIn != never && t.d.chance(0.04) {
		x.shared = g.neighbour[t.p.LACode]
	}
	if t.d.chance(0.03) {
		t.p.tutors = append(t.p.tutors, t.earlierTutor(linked))
	}
	if t.d.chance(0.01) {
		x.discarded = t.after(t.d, linked, 300)
	}
	t.p.tutors = append(t.p.tutors, x)
}

func (t *scenarioBuilder) tutorWindow() (from, to pgcopy.Time) {
	if t.first < t.year {
		return t.cohortWindow(t.first)
	}
	from, to = t.cohortWindow(t.year)
	if c := t.p.choice(t.year); c != nil {
		to = c.made
	}
	return from, to
}

func (t *scenarioBuilder) earlierTutor(linked moment) tutor {
	at := linked.Add(-day * 200)
	return tutor{linked: at, userMade: at, profileMade: at, signedIn: t.after(t.d, at, 100), discarded: never}
}

// emails sends the school its invitations. One is opened where the stage is about that; for schools that went on,
// mostly; for schools that did not, never.
func (t *scenarioBuilder) emails() {
	if t.stage == notContacted {
		if t.d.chance(0.05) {
			t.p.emails = append(t.p.emails, email{sent: never, opened: never, made: t.during(t.d, t.asOf.Add(-100*day), t.asOf)})
		}
		return
	}
	if t.hasTutor() && t.d.chance(0.06) {
		return
	}
	count := 1 + t.d.weighted(40, 30, 20, 10)
	opened := none
	if t.stage == emailOpened || t.hasTutor() && t.d.chance(0.8) {
		opened = count - 1
		if t.d.chance(0.3) {
			opened = t.d.IntN(count)
		}
	}
	failing := t.stage == contacted && t.d.chance(0.12)
	for i, at := range t.mailings(count) {
		t.p.emails = append(t.p.emails, t.email(uint64(i), at, i == opened, failing))
	}
}

// mailings are the times of a number of emails, in order.
func (t *scenarioBuilder) mailings(count int) []moment {
	from, to := t.tutorWindow()
	if t.first < t.year && !t.hasTutor() {
		from, to = t.cohortWindow(t.year)
	}
	at := make([]moment, count)
	step := (to - from) / moment(count)
	for i := range at {
		at[i] = t.during(t.d, from+step*moment(i), from+step*moment(i+1))
	}
	return at
}

func (t *scenarioBuilder) email(n uint64, at moment, opened, failing bool) email {
	e := email{n: n, made: at, sent: at, opened: never}
	switch {
	case failing:
		e.status = oneOf(t.d, []string{"permanent-failure", "temporary-failure", "technical-failure"})
	case opened:
		e.status = "delivered"
		e.opened = t.after(t.d, at, 20)
	default:
		e.status = []string{"delivered", "", "permanent-failure", "temporary-failure"}[t.d.weighted(60, 34, 3, 3)]
	}
	return e
}
