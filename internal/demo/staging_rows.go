package demo

import "strconv"

// writeStaging writes what the service's own register sync has of the school: for one in 250 something newer than
// the live row, as closures and changes wait there for somebody.
func (g *generator) writeStaging(p *plan) {
	s, how := g.inRegister(p.School)
	if how == lagGone {
		s = p.School // it keeps what it saw last
	}
	if !s.staged() {
		return
	}
	id := g.stageSchool(&s, p.made)
	if p.predecessor != 0 {
		g.stagedLink(id, p.key, p.predecessor, "Predecessor", p.made)
	}
	if s.StatusCode == p.StatusCode {
		return
	}
	b := g.row(dataStageSchoolChanges, g.id(dataStageSchoolChanges, p.key, 0), min(s.closed.Add(day), g.asOf))
	b.UUID(id)
	b.Text(`{"school_status_code":[1,2],"school_status_name":["Open","Closed"]}`)
	b.Text("changed")
	b.Bool(false)
	if how == lagReplaced {
		next := g.successorOf(s)
		g.stagedLink(id, p.key, next.URN, "Successor", next.opened)
		g.stagedLink(g.stageSchool(&next, next.opened), uint64(next.URN), s.URN, "Predecessor", next.opened)
	}
}

// stageSchool writes one staged school.
func (g *generator) stageSchool(s *School, made moment) uuid {
	id := g.id(dataStageSchools, uint64(s.URN), 0)
	b := g.row(dataStageSchools, id, made)
	b.Text(strconv.Itoa(s.URN))
	registerColumns(b, s)
	b.Bool(s.section41())
	contactColumns(b, s)
	b.TextOrNull(s.LACode)
	return id
}

func (g *generator) stagedLink(staged uuid, key uint64, urn int, kind string, made moment) {
	b := g.row(dataStageSchoolLinks, g.id(dataStageSchoolLinks, key, uint64(urn)), made)
	b.UUID(staged)
	b.Text(strconv.Itoa(urn))
	b.Text(kind)
}
