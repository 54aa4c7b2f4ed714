package demo

import "fmt"

// Case is a school of the source that carries one of the report's edge cases.
type Case struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URN   int    `json:"urn"`
}

// edgeCase is a small shape of data in which the report's rules part ways. Its school has nothing but what the
// case gives it: type 1, open, in an English district, one contact address.
type edgeCase struct {
	id, title string
	// shape, where set, changes the school itself.
	shape func(w *world, s *School)
	// keeps says that the shape leaves the school in or out of the report, so that a real register's school may
	// take it too.
	keeps bool
	// odd says that the shape is the service's fault: the register has the school right.
	odd bool
	// build, where set, tells the school's scenario.
	build func(b *builder)
	// next says that the case needs the cohort after the current one to be there.
	next bool
}

// edgeCases lists the cases that a source can carry: with a real register's schools only those that leave the
// report's population as the register has it.
func (w *world) edgeCases(register bool) []edgeCase {
	var all []edgeCase
	for _, group := range [][]edgeCase{populationCases, emailCases, tutorCases, choiceCases, partnershipCases,
		challengeCases, participantCases, upliftCases, wholeCases, orphanCases} {
		for _, c := range group {
			needless := c.next && !w.nextOpen()
			moves := register && c.shape != nil && !c.keeps && c.build == nil
			if !needless && !moves {
				all = append(all, c)
			}
		}
	}
	return all
}

// edgeSchool makes the school of the i-th case of a made-up country.
func (w *world) edgeCaseSchool(i int) School {
	s := w.plainSchool(i)
	if c := &w.cases[i]; c.shape != nil {
		c.shape(w, &s)
	}
	return s
}

// edgeInRegister is the same school as the register has it.
func (w *world) edgeCaseInRegister(i int) School {
	if w.cases[i].odd {
		return w.plainSchool(i)
	}
	return w.edgeCaseSchool(i)
}

func (w *world) plainSchool(i int) School {
	c := &w.cases[i]
	urn := edgeCaseURN + i
	s := School{
		URN: urn, Name: fmt.Sprintf("Trickford %s School", c.id), LACode: "202", LAName: "Camden", Number: "9999",
		Street: "1 School Lane", Town: "Trickford", Postcode: "ZZ1 1AA", MainEmail: fmt.Sprintf("urn%d@example.com", urn),
		Section41: "Not applicable", DistrictCode: "E09000007", DistrictName: "Camden",
		opened: midnight(w.firstYear()-6, 9, 1), closed: never,
	}
	s.setType(1)
	s.setStatus(statusOpen)
	s.setPhase(phasePrimary)
	return s
}

// caseFor is the edge case of a school, nil for an ordinary one. A made-up edge case has its own; a real
// register's cases go to schools here and there that could have any scenario.
func (g *generator) caseFor(s *School) *edgeCase {
	if i := s.URN - edgeCaseURN; i >= 0 && i < len(g.cases) && g.schools > 0 {
		return &g.cases[i]
	}
	if len(g.pending) == 0 || !s.eligible() || s.childrensCentre() || s.DistrictCode == notRecorded || s.MainEmail == "" || s.OtherEmail != "" {
		return nil
	}
	if g.skipped++; g.skipped%edgeCaseEvery != 0 {
		return nil
	}
	c := &g.pending[0]
	g.pending = g.pending[1:]
	if c.shape != nil && c.keeps {
		c.shape(g.world, s)
	}
	return c
}

// edgeEvery spreads the cases among a real register's schools: one in this many that could take one.
const edgeCaseEvery = 7

// apply gives the plan of the case's school its scenario.
func (c *edgeCase) apply(g *generator, p *plan) {
	p.authorities = []membership{{p.LACode, p.LAName, g.firstYear(), 0, p.made}}
	b := &builder{g: g, world: g.world, p: p}
	if p.DistrictCode != "" && p.DistrictCode != notRecorded {
		b.linkDistrict(p.DistrictCode, p.DistrictName, g.firstYear(), 0)
	}
	if c.build != nil {
		c.build(b)
	}
}
