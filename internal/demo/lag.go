package demo

// lag is how the register differs from what the service has of a school.
type lag int

const (
	inStep lag = iota
	lagClosed
	lagReplaced // closed, and a new school took its place
	lagRenamed
	lagRetyped
	lagMoved
	lagGone // no longer in the register at all
	lagSection41

	lagEvery  = 250 // one school in this many, but for section 41
	lagOffset = 57
)

// lagOf is the difference of the i-th made-up school: all kinds in turn, one school in 250.
func (w *world) lagOf(i int, s *School) lag {
	if !s.eligible() || s.StatusCode != statusOpen || s.childrensCentre() {
		return inStep
	}
	if s.TypeCode == 10 || s.TypeCode == 32 {
		if newRNG(w.seed, "section 41", uint64(i)).chance(0.03) {
			return lagSection41
		}
	}
	if i%lagEvery != lagOffset || s.Section41 != "Not applicable" {
		return inStep
	}
	return []lag{lagClosed, lagReplaced, lagRenamed, lagRetyped, lagMoved, lagGone}[i/lagEvery%6]
}

// inRegister is a made-up school as the register has it, and how that differs. The register knew nothing of edge
// schools that the service does not.
func (w *world) inRegister(s School) (School, lag) {
	i := s.index()
	if i < 0 || w.schools == 0 {
		return s, inStep
	}
	how := w.lagOf(i, &s)
	d := newRNG(w.seed, "lag", uint64(i))
	switch how {
	case lagClosed, lagReplaced:
		s.setStatus(statusClosed)
		s.closed = w.daysAgo(d.between(5, 60), 0, 0)
	case lagRenamed:
		s.Name = schoolName(d, &s)
	case lagRetyped:
		s.setType(map[bool]int{true: 5, false: 1}[s.TypeCode == 1])
	case lagMoved:
		other := oneOf(d, w.places.places)
		s.DistrictCode, s.DistrictName = other.districtCode, other.districtName
	case lagSection41:
		s.Section41 = map[bool]string{true: "Not approved", false: section41Approved}[s.section41()]
	}
	return s, how
}

// index is the number of an ordinary made-up school, -1 for any other.
func (s *School) index() int {
	switch {
	case s.URN >= schoolURN && s.URN < successorURN:
		return s.URN - schoolURN
	case s.URN >= centreURN && s.URN < centreURN+maxCentres:
		return s.URN - centreURN
	}
	return -1
}

// hasPredecessor says that the made-up school came from another, which the register has as closed.
func (w *world) hasPredecessor(s *School) bool {
	return s.academy() && s.index() >= 0 && newRNG(w.seed, "predecessor", uint64(s.URN)).chance(0.8)
}

// predecessorOf is the closed school that became s.
func (w *world) predecessorOf(s School) School {
	d := newRNG(w.seed, "predecessor", uint64(s.URN))
	d.chance(0.8)
	p := s
	p.URN = predecessorURN + s.index()
	p.setType([]int{1, 2, 3, 5}[d.weighted(60, 20, 12, 8)])
	if s.PhaseCode == phaseNone {
		p.setType(7)
	}
	p.setStatus(statusClosed)
	p.Name = schoolName(d, &p)
	p.opened, p.closed = midnight(d.between(1880, 1990), 9, 1), s.opened.Add(-day)
	p.UKPRN, p.Website, p.MainEmail, p.OtherEmail, p.Section41 = "", "", "", "", "Not applicable"
	return p
}

// successorOf is the new school that took the place of s so lately that the service does not have it.
func (w *world) successorOf(s School) School {
	n := s
	n.URN = successorURN + s.index()/lagEvery
	n.setStatus(statusOpen)
	n.setType(28)
	n.Name = s.Name + " Academy"
	n.opened, n.closed = s.closed.Add(day), never
	n.Number, n.UKPRN, n.Website = "", "", ""
	n.MainEmail, n.OtherEmail = maskedAddress("new", "urn", n.URN), ""
	return n
}
