package demo

import "time"

// milestones are the declarations of a training and how many days after its start they fall due.
var milestones = []struct {
	name string
	days int
}{
	{"started", 60}, {"retained-1", 180}, {"retained-2", 300}, {"retained-3", 420}, {"retained-4", 540}, {"completed", 690},
}

var evidence = []string{"training-event-attended", "self-study-material-completed", "other"}

// writeDeclarations writes the provider's statements for participants on a provider-led programme.
func (g *generator) writeDeclarations(d rng, x *profile) {
	partnered := x.plan.activePartnership(x.year)
	if partnered == none || x.kind == npq || x.noTeacher {
		return
	}
	for k, m := range milestones {
		due := max(x.start, x.joined).Add(time.Duration(m.days) * day)
		if due > g.asOf || !d.chance(0.62) || x.training != active && k > 1 {
			return
		}
		g.writeDeclaration(d, x, uint64(k), m.name, due, &x.plan.partnerships[partnered])
	}
}

func (g *generator) writeDeclaration(d rng, x *profile, k uint64, kind string, at moment, with *partnership) {
	path := g.path(d, at)
	state := path[len(path)-1]
	made := g.after(d, at, 20)
	n := x.n<<3 | k
	id := g.id(participantDeclarations, x.plan.key, n)
	b := g.row(participantDeclarations, id, made)
	b.UUID(x.user)
	b.UUID(x.id)
	b.Text(kind)
	b.Time(at)
	if x.kind == mentor {
		b.Text("ecf-mentor")
	} else {
		b.Text("ecf-induction")
	}
	if kind == "started" {
		b.Null()
	} else {
		b.Text(oneOf(d, evidence))
	}
	b.Text(state)
	b.UUID(g.contractorID(with.provider))
	b.UUID(g.partnerID(with.partner))
	b.Null()
	b.Bool(x.uplift.sparse)
	b.Bool(x.uplift.deprived)
	b.UUID(g.world.cohort(x.year).id)
	if state == "voided" {
		b.Time(g.after(d, made, 60))
	} else {
		b.Null()
	}
	g.writeDeclarationStates(d, x, n, id, made, path)
}

// path is the states that a declaration went through.
func (g *generator) path(d rng, at moment) []string {
	if at > g.asOf.Add(-45*day) {
		return []string{"submitted", "eligible"}[:d.between(1, 2)]
	}
	switch d.weighted(85, 4, 4, 3, 2, 1, 1) {
	case 1:
		return []string{"submitted", "eligible", "payable"}
	case 2:
		return []string{"submitted", "voided"}
	case 3:
		return []string{"submitted", "ineligible"}
	case 4:
		return []string{"submitted", "eligible", "payable", "paid", "awaiting_clawback"}
	case 5:
		return []string{"submitted", "eligible", "payable", "paid", "awaiting_clawback", "clawed_back"}
	case 6: // back into a state that it had left
		return []string{"submitted", "ineligible", "submitted", "ineligible"}
	}
	return []string{"submitted", "eligible", "payable", "paid"}
}

func (g *generator) writeDeclarationStates(d rng, x *profile, n uint64, id uuid, at moment, path []string) {
	for k, state := range path {
		b := g.row(declarationStates, g.id(declarationStates, x.plan.key, n<<3|uint64(k)), at)
		b.UUID(id)
		b.Text(state)
		if state == "ineligible" {
			b.Text("duplicate")
		} else {
			b.Null()
		}
		at = g.after(d, at, 30)
	}
}
