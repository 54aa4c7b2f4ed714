package demo

import "time"

// writeRecords writes the spells of a participant's time in training. Each change, of mentor mostly, ends a spell
// and begins another; a few came from another school, whose programme their first spell names.
func (g *generator) writeRecords(d rng, x *profile) {
	changes := g.changes(d, x)
	programme := g.programmeID(x.plan, x.year)
	first := programme
	other, known := g.training[x.year]
	moved := changes > 0 && d.chance(0.05) && known && !x.plan.edgeCase
	if moved {
		first = other
	}
	start := x.start
	for k := range changes {
		end := g.between(start, x.done, k, changes)
		r := record{n: uint64(k), programme: first, start: start, end: end, status: "changed", training: active}
		if moved && k == 0 {
			r.status = "leaving"
		}
		g.writeRecord(d, x, r)
		first, start = programme, end
	}
	last := record{n: uint64(changes), programme: programme, start: start, end: never, status: active, training: x.training,
		transfer: moved}
	g.close(d, x, &last)
	g.writeRecord(d, x, last)
}

type record struct {
	n                uint64
	programme        uuid
	start, end       moment
	status, training string
	transfer         bool
}

// changes is how often the participant's training changed: more for those who began long ago.
func (g *generator) changes(d rng, x *profile) int {
	switch age := g.year - x.year; {
	case x.start >= g.asOf.Add(-60*day):
		return 0
	case age <= 0:
		return d.weighted(54, 46)
	case age == 1:
		return d.weighted(20, 51, 29)
	default:
		return d.weighted(12, 46, 36, 6)
	}
}

// between is when the k-th of several changes comes, evenly spread over the training so far.
func (g *generator) between(start, done moment, k, changes int) moment {
	until := g.asOf
	if done != never {
		until = done
	}
	at := start + (until-start)/moment(changes-k+1)
	return at - at%moment(time.Minute.Microseconds())
}

// close settles how the last spell stands.
func (g *generator) close(d rng, x *profile, r *record) {
	switch {
	case x.done != never:
		r.status = "completed"
	case x.status == withdrawn:
		r.status, r.end = withdrawn, g.after(d, max(r.start, x.joined), 200)
	case d.chance(0.01):
		r.status, r.end = "leaving", g.daysAgo(d.between(-60, 60), 0, 0)
		r.end = max(r.end, r.start)
	}
}

func (g *generator) writeRecord(d rng, x *profile, r record) {
	made := min(max(x.joined, r.start), g.asOf)
	b := g.row(inductionRecords, g.id(inductionRecords, x.plan.key, x.n<<3|r.n), made)
	b.UUID(r.programme)
	b.UUID(x.id)
	b.UUID(g.schedule(x))
	b.Time(r.start)
	b.Time(r.end)
	b.Text(r.status)
	b.Text(r.training)
	b.Bool(r.transfer)
	b.UUID(x.mentor)
	if c := x.plan.choice(x.year); c != nil && d.chance(0.8) {
		b.UUID(c.body)
	} else {
		b.Null()
	}
	b.UUID(x.self)
}

// writeStates writes the log of the provider's record.
func (g *generator) writeStates(d rng, x *profile) {
	contractor := uuid{}
	if i := x.plan.activePartnership(x.year); i != none {
		contractor = g.contractorID(x.plan.partnerships[i].provider)
	}
	states := []string{active}
	if x.training != active {
		states = append(states, x.training)
	}
	at := x.joined
	for k, state := range states {
		b := g.row(participantProfileStates, g.id(participantProfileStates, x.plan.key, x.n<<3|uint64(k)), at)
		b.UUID(x.id)
		b.Text(state)
		switch state {
		case active:
			b.Null()
		case deferred:
			b.Text(oneOf(d, []string{"parental-leave", "long-term-sickness", "career-break", "other"}))
		default:
			b.Text(oneOf(d, []string{"left-teaching-profession", "moved-school", "mentor-no-longer-being-mentor", "other"}))
		}
		b.UUID(contractor)
		at = g.after(d, max(x.start, at), 200)
	}
}
