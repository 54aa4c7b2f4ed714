package demo

import (
	"fmt"
	"strconv"
	"time"
)

// URNs of the made-up schools begin far above those that the register has given out.
const (
	centreURN      = 20001  // children's centres have five digits
	predecessorURN = 300001 // closed schools that became made-up ones; in the register only
	schoolURN      = 600001
	successorURN   = 900001 // opened so lately that only the register has them
	edgeCaseURN    = 990001

	maxCentres = 75000
)

// ordinary is how many of the made-up schools carry no edge case.
func (w *world) ordinary() int { return w.schools - len(w.cases) }

// eachSchool yields every made-up school that the service has, ordinary ones first, then the edge cases.
func (w *world) eachSchool(yield func(School) error) error {
	for i := range w.ordinary() {
		if err := yield(w.school(i)); err != nil {
			return err
		}
	}
	for i := range w.cases {
		if err := yield(w.edgeCaseSchool(i)); err != nil {
			return err
		}
	}
	return nil
}

// school makes up the i-th ordinary school. It is a function of the options and i alone.
func (w *world) school(i int) School {
	d := newRNG(w.seed, "school", uint64(i))
	at := w.places.share(i, w.ordinary())
	s := School{URN: schoolURN + i, LACode: at.laCode, LAName: at.laName,
		DistrictCode: at.districtCode, DistrictName: at.districtName, Section41: "Not applicable"}
	s.setStatus(w.status(d))
	k := w.kind(d)
	s.setType(k.typeCode)
	s.setPhase(k.phase)
	w.standing(d, &s)
	s.Name = quirk(d, schoolName(d, &s))
	w.details(d, &s)
	if s.TypeCode == 47 && i < maxCentres {
		s.URN = centreURN + i
	}
	return s
}

func (w *world) status(d rng) int {
	return []int{statusOpen, statusProposedClose, statusClosed, statusProposedToOpen}[d.weighted(970, 6, 18, 6)]
}

func (w *world) kind(d rng) kind {
	if d.chance(0.002) {
		return otherKinds[weightedKind(d, otherKinds)]
	}
	return kinds[weightedKind(d, kinds)]
}

func weightedKind(d rng, from []kind) int {
	weights := make([]int, len(from))
	for i, k := range from {
		weights[i] = k.weight
	}
	return d.weighted(weights...)
}

// standing settles what follows from the type: section 41, and where a school outside England lies.
func (w *world) standing(d rng, s *School) {
	switch s.TypeCode {
	case 10, 11, 32:
		s.Section41 = "Not approved"
		if s.TypeCode == 32 && d.chance(0.7) || s.TypeCode == 10 && d.chance(0.45) {
			s.Section41 = section41Approved
		}
	case 30:
		s.LACode, s.LAName, s.DistrictCode, s.DistrictName = "681", "Cardiff", "W06000015", "Cardiff"
	case 37:
		s.LACode, s.LAName, s.DistrictCode, s.DistrictName = "000", "Does not apply", notRecorded, ""
	default:
		if d.chance(0.004) {
			s.DistrictCode, s.DistrictName = notRecorded, ""
		}
	}
}

// details fills in what the register says of a school besides: address, numbers, contacts. All of it is invented:
// no postcode area is called ZZ, and example.com is reserved for examples.
func (w *world) details(d rng, s *School) {
	s.Number = strconv.Itoa(d.between(1000, 9999))
	s.Street = fmt.Sprintf("%d %s", d.between(1, 240), oneOf(d, streets))
	if d.chance(0.25) {
		s.Locality = placeName(d)
	}
	s.Town = placeName(d)
	s.Postcode = fmt.Sprintf("ZZ%d %d%c%c", d.between(1, 99), d.between(1, 9), 'A'+rune(d.IntN(26)), 'A'+rune(d.IntN(26)))
	if d.chance(0.8) {
		s.UKPRN = fmt.Sprintf("99%06d", s.URN)
	}
	if d.chance(0.6) {
		s.Website = oneOf(d, []string{"", "http://", "https://"}) + fmt.Sprintf("www.school%d.example.org", s.URN)
	}
	if d.chance(0.97) {
		s.MainEmail = fmt.Sprintf("urn%d@example.com", s.URN)
	}
	if d.chance(0.25) {
		s.OtherEmail = fmt.Sprintf("office%d@example.org", s.URN)
	}
	s.opened = midnight(d.between(1900, w.year-years-1), time.Month(d.between(1, 12)), 1)
	s.closed = never
	if s.academy() {
		s.opened = midnight(d.between(2010, w.year-years), time.Month(d.between(1, 12)), 1)
	}
	if d.chance(0.01) && !s.academy() {
		s.opened = midnight(1900, time.January, 1) // the register's "not known"
	}
	switch s.StatusCode {
	case statusClosed:
		s.closed = w.daysAgo(d.between(30, 900), 0, 0)
	case statusProposedClose:
		s.closed = w.daysAgo(-d.between(20, 200), 0, 0)
	case statusProposedToOpen:
		s.opened = w.daysAgo(-d.between(20, 200), 0, 0)
	}
}
