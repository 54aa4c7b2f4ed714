package demo

import "time"

func (g *generator) partnershipID(p *plan, i int) uuid { return g.id(partnerships, p.key, uint64(i)) }

func (g *generator) choiceID(p *plan, year int) uuid { return g.id(schoolCohorts, p.key, uint64(year)) }

func (g *generator) programmeID(p *plan, year int) uuid {
	return g.id(inductionProgrammes, p.key, uint64(year))
}

func (g *generator) writePartnerships(p *plan) {
	d := newRNG(g.seed, "notices", p.key)
	for i := range p.partnerships {
		x := &p.partnerships[i]
		b := g.row(partnerships, g.partnershipID(p, i), x.made)
		b.UUID(p.id)
		b.UUID(g.providerID(x.provider))
		b.UUID(g.cohort(x.year).id)
		b.UUID(g.partnerID(x.partner))
		b.Time(x.challenged)
		b.TextOrNull(x.reason)
		b.Time(max(x.made.Add(14*day), midnight(x.year, time.October, 31)))
		b.Bool(x.pending)
		b.UUID(g.id(partnerships, p.key, uint64(i)<<20|1))
		b.Bool(x.relationship)
		if !x.relationship {
			g.notice(d, p, i)
		}
	}
}

// notice writes the e-mail that told the school of a reported partnership.
func (g *generator) notice(d rng, p *plan, i int) {
	if !d.chance(0.7) {
		return
	}
	kind := "induction_coordinator_email"
	if len(p.tutors) == 0 {
		kind = oneOf(d, []string{"school_email", "nominate_sit_email"})
	}
	made := p.partnerships[i].made
	b := g.row(partnershipNotificationEmails, g.id(partnershipNotificationEmails, p.key, uint64(i)), made)
	b.UUID(g.partnershipID(p, i))
	b.Text(kind)
	b.Null()
	b.Text(p.address())
	b.Null()
	b.Text("delivered")
	b.Time(made)
}

// writeChoices writes the school's cohorts, each with the programme that its participants are on.
func (g *generator) writeChoices(p *plan) {
	for i := range p.choices {
		c := &p.choices[i]
		trains := isProgramme(c.what) || p.trained(c.year)
		b := g.row(schoolCohorts, g.choiceID(p, c.year), c.made)
		b.UUID(p.id)
		b.UUID(g.cohort(c.year).id)
		b.Text(c.what)
		b.UUID(g.materials(c))
		if trains {
			b.UUID(g.programmeID(p, c.year))
		} else {
			b.Null()
		}
		b.UUID(c.body)
		b.Bool(c.optOut)
		b.Int4OrNull(int(p.key) % 4)
		b.Int4OrNull(int(p.key) % 3)
		if trains {
			g.writeProgramme(p, c)
		}
	}
}

func (g *generator) materials(c *choice) uuid {
	if c.materials == none {
		return uuid{}
	}
	return g.materialsID(c.materials)
}

func (p *plan) trained(year int) bool {
	for i := range p.people {
		if p.people[i].year == year {
			return true
		}
	}
	return false
}

func (g *generator) writeProgramme(p *plan, c *choice) {
	what := c.what
	if !isProgramme(what) {
		what = fip
	}
	b := g.row(inductionProgrammes, g.programmeID(p, c.year), c.made)
	b.UUID(g.choiceID(p, c.year))
	b.Text(what)
	partnered := p.activePartnership(c.year)
	if what == fip && partnered != none {
		b.UUID(g.partnershipID(p, partnered))
	} else {
		b.Null()
	}
	if what == cip {
		b.UUID(g.materials(c))
	} else {
		b.Null()
	}
	b.Bool(what == fip && partnered != none && p.partnerships[partnered].partner == none)
}
