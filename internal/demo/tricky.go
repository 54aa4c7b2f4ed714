package demo

import "fmt"

// Case is a school of the source that carries one of the report's tricky cases.
type Case struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URN   int    `json:"urn"`
}

// trickyCase is a small shape of data in which the report's rules part ways. Its school has nothing but what the
// case gives it: type 1, open, in an English district, one contact address.
type trickyCase struct {
	id, title string
	// shape, where set, changes the school itself.
	shape func(w *world, s *School)
	// keeps says that the shape leaves the school in or out of the report, so that a real register's school may
	// take it too.
	keeps bool
	// odd says that the shape is the service's fault: the register has the school right.
	odd bool
	// build, where set, tells the school's story.
	build func(b *builder)
	// next says that the case needs the cohort after the current one to be there.
	next bool
}

// trickyCases lists the cases that a source can carry: with a real register's schools only those that leave the
// report's population as the register has it.
func (w *world) trickyCases(register bool) []trickyCase {
	var all []trickyCase
	for _, group := range [][]trickyCase{populationCases, emailCases, tutorCases, choiceCases, partnershipCases,
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

// trickySchool makes the school of the i-th case of a made-up country.
func (w *world) trickySchool(i int) School {
	s := w.plainSchool(i)
	if c := &w.cases[i]; c.shape != nil {
		c.shape(w, &s)
	}
	return s
}

// trickyInRegister is the same school as the register has it.
func (w *world) trickyInRegister(i int) School {
	if w.cases[i].odd {
		return w.plainSchool(i)
	}
	return w.trickySchool(i)
}

func (w *world) plainSchool(i int) School {
	c := &w.cases[i]
	urn := trickyURN + i
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

// caseFor is the tricky case of a school, nil for an ordinary one. A made-up tricky school has its own; a real
// register's cases go to schools here and there that could have any story.
func (g *generator) caseFor(s *School) *trickyCase {
	if i := s.URN - trickyURN; i >= 0 && i < len(g.cases) && g.schools > 0 {
		return &g.cases[i]
	}
	if len(g.pending) == 0 || !s.eligible() || s.childrensCentre() || s.DistrictCode == notRecorded || s.MainEmail == "" || s.OtherEmail != "" {
		return nil
	}
	if g.skipped++; g.skipped%trickyEvery != 0 {
		return nil
	}
	c := &g.pending[0]
	g.pending = g.pending[1:]
	if c.shape != nil && c.keeps {
		c.shape(g.world, s)
	}
	return c
}

// trickyEvery spreads the cases among a real register's schools: one in this many that could take one.
const trickyEvery = 7

// tell gives the plan of the case's school its story.
func (c *trickyCase) tell(g *generator, p *plan) {
	p.authorities = []membership{{p.LACode, p.LAName, g.firstYear(), 0, p.made}}
	b := &builder{g: g, world: g.world, p: p}
	if p.DistrictCode != "" && p.DistrictCode != notRecorded {
		b.linkDistrict(p.DistrictCode, p.DistrictName, g.firstYear(), 0)
	}
	if c.build != nil {
		c.build(b)
	}
}
