package demo

import (
	"fmt"
	"slices"
)

// profile is a participant while its rows are written.
type profile struct {
	*person
	plan                    *plan
	n                       uint64 // its place among the school's people
	id, user, teacher, self uuid   // self is the participant identity
	mentor                  uuid   // whom an early career teacher has
	tutor                   bool   // the school's tutor mentors too: the user is written already
	start, done             moment // of training; done never unless it is complete
	uplift                  premium
}

// writePeople writes everything that hangs on the school's participants.
func (g *generator) writePeople(p *plan) {
	if len(p.people) == 0 {
		return
	}
	d := newRNG(g.seed, "people", p.key)
	var mentors []uuid
	for i := range p.people {
		if p.people[i].kind == mentor {
			mentors = append(mentors, g.id(participantProfiles, p.key, uint64(i)))
		}
	}
	mentoring := g.mentoringTutor(p)
	for i := range p.people {
		x := g.profile(d, p, i, mentors)
		if i == mentoring {
			x.user, x.tutor = g.id(users, p.key, 0), true
		}
		g.writeTeacher(x)
		g.writeProfile(d, x)
		g.writeChecks(d, x)
		g.writeRecords(d, x)
		g.writeStates(d, x)
		g.writeDeclarations(d, x)
	}
	g.leaveTraces(p)
}

// mentoringTutor is the place among the people of the mentor who is the school's first tutor too, none at most schools.
func (g *generator) mentoringTutor(p *plan) int {
	if len(p.tutors) == 0 || p.edgeCase || p.key%4 != 0 {
		return none
	}
	if first := p.tutors[0]; first.orphan || first.shared != (tutorRef{}) {
		return none
	}
	return slices.IndexFunc(p.people, func(x person) bool {
		return x.kind == mentor && !x.noTeacher && x.joined >= p.tutors[0].userMade
	})
}

func (g *generator) profile(d rng, p *plan, i int, mentors []uuid) *profile {
	n := uint64(i)
	x := &profile{person: &p.people[i], plan: p, n: n, done: never, id: g.id(participantProfiles, p.key, n)}
	if !x.noTeacher {
		x.user = g.id(users, p.key, 1<<20|n) // tutors have the numbers below
		x.teacher = g.id(teacherProfiles, p.key, n)
		x.self = g.id(participantIdentities, p.key, n)
	}
	x.start = g.starts(x.person)
	if x.kind == ectType && len(mentors) > 0 && d.chance(0.92) {
		x.mentor = oneOf(d, mentors)
	}
	if end := x.start.Add(700 * day); end < g.asOf && x.status == active && x.training == active && d.chance(0.8) {
		x.done = g.after(d, end, 60)
	}
	for _, u := range p.premiums {
		if u.year == x.year && u.year <= 2024 {
			x.uplift = u
		}
	}
	return x
}

// number tells people apart: the school's URN and a serial.
func (x *profile) number() string { return fmt.Sprintf("%d-%d", x.plan.URN, x.n+1) }

// trn has nine digits where a real one has seven.
func (x *profile) trn() string { return fmt.Sprintf("%06d%03d", x.plan.URN, x.n%1000) }

func (g *generator) writeTeacher(x *profile) {
	if x.noTeacher {
		return
	}
	if !x.tutor {
		g.user(x.user, x.joined, x.number(), never)
	}
	b := g.row(teacherProfiles, x.teacher, x.joined)
	b.UUID(x.user)
	b.Text(x.trn())
	b.Null()
	b = g.row(participantIdentities, x.self, x.joined)
	b.UUID(x.user)
	b.Text("demo.person." + x.number() + "@example.com")
	b.UUID(x.user)
	b.Text("ecf")
}

func (g *generator) writeProfile(d rng, x *profile) {
	b := g.row(participantProfiles, x.id, x.joined)
	b.Text(x.kind)
	b.Text(x.status)
	b.Text(x.training)
	b.UUID(g.choiceID(x.plan, x.year))
	b.UUID(x.teacher)
	b.UUID(x.self)
	b.UUID(g.schedule(x))
	b.UUID(x.mentor)
	b.Bool(x.uplift.sparse)
	b.Bool(x.uplift.deprived)
	b.Text([]string{"single", "primary", "secondary"}[d.weighted(980, 10, 10)])
	ect := x.kind == ectType
	if ect && x.start <= g.asOf {
		b.Date(x.start)
	} else {
		b.Null()
	}
	if ect {
		b.Date(x.done)
		b.Null()
		b.Null()
	} else {
		b.Null()
		b.Date(x.done)
		if x.done == never {
			b.Null()
		} else {
			b.Text([]string{"completed_declaration_received", "completed_during_early_roll_out", "started_not_completed"}[d.weighted(90, 3, 7)])
		}
	}
	if x.kind == mentor && x.self != (uuid{}) {
		g.writeMentor(d, x)
	}
}

func (g *generator) writeMentor(d rng, x *profile) {
	b := g.row(schoolMentors, g.id(schoolMentors, x.plan.key, x.n), x.joined)
	b.UUID(x.id)
	b.UUID(x.plan.id)
	b.UUID(x.self)
	if d.chance(0.03) {
		b.Date(g.daysAgo(-d.between(1, 200), 0, 0))
	} else {
		b.Null()
	}
}

// schedule is the timetable by the term of starting.
func (g *generator) schedule(x *profile) uuid {
	switch x.start {
	case midnight(x.year, 9, 1):
		return g.scheduleID(x.year, 0)
	case midnight(x.year+1, 1, 4):
		return g.scheduleID(x.year, 1)
	}
	return g.scheduleID(x.year, 2)
}

// leaveTraces remembers the school's programmes for those who move to the next one.
func (g *generator) leaveTraces(p *plan) {
	for i := range p.choices {
		if c := &p.choices[i]; isProgramme(c.what) && !p.edgeCase {
			g.training[c.year] = g.programmeID(p, c.year)
		}
	}
}
