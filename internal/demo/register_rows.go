package demo

import (
	"fmt"
	"strconv"
)

// eachInRegister yields the register's rows for a made-up country in the order of their URNs: closed predecessors
// too, new successors, and the service's schools as the register has them by now.
func (w *world) eachInRegister(yield func(School) error) error {
	passes := []func(int, func(School) error) error{w.registerCentre, w.registerPredecessor, w.registerSchool, w.registerSuccessor}
	for _, pass := range passes {
		for i := range w.ordinary() {
			if err := pass(i, yield); err != nil {
				return err
			}
		}
	}
	for i := range w.cases {
		if err := yield(w.edgeCaseInRegister(i)); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) registerCentre(i int, yield func(School) error) error {
	if s := w.school(i); s.URN < predecessorURN {
		return yield(s)
	}
	return nil
}

func (w *world) registerPredecessor(i int, yield func(School) error) error {
	if s := w.school(i); w.hasPredecessor(&s) {
		return yield(w.predecessorOf(s))
	}
	return nil
}

func (w *world) registerSchool(i int, yield func(School) error) error {
	s := w.school(i)
	if s.URN < predecessorURN {
		return nil
	}
	if s, how := w.inRegister(s); how != lagGone {
		return yield(s)
	}
	return nil
}

func (w *world) registerSuccessor(i int, yield func(School) error) error {
	if i%lagEvery != lagOffset {
		return nil
	}
	if s, how := w.inRegister(w.school(i)); how == lagReplaced {
		return yield(w.successorOf(s))
	}
	return nil
}

// registerHeader is the extract's 32 columns.
var registerHeader = []string{"URN", "LA (code)", "LA (name)", "EstablishmentNumber", "EstablishmentName",
	"TypeOfEstablishment (code)", "TypeOfEstablishment (name)", "EstablishmentStatus (code)",
	"EstablishmentStatus (name)", "OpenDate", "CloseDate", "PhaseOfEducation (code)", "PhaseOfEducation (name)", "UKPRN",
	"LastChangedDate", "Street", "Locality", "Address3", "Town", "Postcode", "SchoolWebsite", "MainEmail",
	"AlternativeEmail", "Section41Approved (name)", "DistrictAdministrative (code)", "DistrictAdministrative (name)",
	"Easting", "Northing", "PreviousLA (code)", "PreviousLA (name)", "OfstedRating (code)", "OfstedRating (name)"}

// registerRow is a school's 32 fields in a dialect.
func (w *world) registerRow(s *School, l *Dialect) []string {
	d := newRNG(w.seed, "register", uint64(s.URN))
	changed := w.daysAgo(d.between(0, 1000), 0, 0)
	if s.closed != never && s.closed <= w.asOf {
		changed = s.closed
	}
	easting, northing := strconv.Itoa(d.between(200000, 600000)), strconv.Itoa(d.between(100000, 500000))
	if s.DistrictCode == notRecorded || d.chance(0.02) {
		easting, northing = "", ""
	}
	return []string{
		strconv.Itoa(s.URN), s.LACode, s.LAName, s.Number, s.Name,
		l.code(s.TypeCode, 2), s.TypeName, strconv.Itoa(s.StatusCode), s.StatusName,
		l.date(s.opened), l.date(s.closed), l.code(s.PhaseCode, 4), s.PhaseName, s.UKPRN,
		l.date(changed), s.Street, s.Locality, "", s.Town, s.Postcode, s.Website, s.MainEmail,
		s.OtherEmail, l.section41(s.Section41), s.DistrictCode, s.DistrictName,
		easting, northing, "999", "", "99", "",
	}
}

var linksHeader = []string{"URN", "LinkURN", "LinkName", "LinkType", "LinkEstablishedDate"}

// eachLink yields the links of a row of the register: to predecessors and successors, seldom of another kind,
// one-sided now and then, a quarter without a date.
func (w *world) eachLink(s *School, l *Dialect, yield func([]string) error) error {
	link := func(other *School, kind string, at moment) error {
		return yield([]string{strconv.Itoa(s.URN), strconv.Itoa(other.URN), other.Name, kind, l.date(at)})
	}
	if s.URN >= predecessorURN && s.URN < schoolURN {
		next := w.school(s.URN - predecessorURN)
		kind, at, sides := w.linkOf(&next)
		if sides == onlyBack {
			return nil
		}
		return link(&next, "Successor"+kind, at)
	}
	if s.URN >= successorURN && s.URN < edgeCaseURN {
		before, _ := w.inRegister(w.school((s.URN-successorURN)*lagEvery + lagOffset))
		return link(&before, "Predecessor", s.opened)
	}
	if w.hasPredecessor(s) {
		before := w.predecessorOf(w.school(s.index()))
		if kind, at, sides := w.linkOf(s); sides != onlyForth {
			if err := link(&before, "Predecessor"+kind, at); err != nil {
				return err
			}
		}
	}
	if s.StatusCode == statusClosed && s.index() >= 0 && w.lagged(s.index()) == lagReplaced {
		next := w.successorOf(*s)
		return link(&next, "Successor", next.opened)
	}
	return nil
}

// lagged is the lag of the i-th school.
func (w *world) lagged(i int) lag {
	_, how := w.inRegister(w.school(i))
	return how
}

type sides int

const (
	both sides = iota
	onlyForth
	onlyBack
)

// linkOf is what both ends of a link from predecessor to school s agree on: the rest of its type, its date, and
// which ends the register has.
func (w *world) linkOf(s *School) (kind string, at moment, which sides) {
	d := newRNG(w.seed, "link", uint64(s.index()))
	kind = []string{"", " - merged", " - amalgamated", " - Split School"}[d.weighted(970, 14, 10, 6)]
	at = s.opened
	if d.chance(0.25) {
		at = never
	}
	return kind, at, []sides{both, onlyForth, onlyBack}[d.weighted(985, 5, 10)]
}

func (l *Dialect) code(code, width int) string {
	if l.padded {
		return fmt.Sprintf("%0*d", width, code)
	}
	return strconv.Itoa(code)
}

func (l *Dialect) date(t moment) string {
	if t == never {
		return ""
	}
	return t.Go().Format(l.dates)
}

func (l *Dialect) section41(name string) string {
	if l.padded && name == "Not approved" {
		return "Not Approved"
	}
	return name
}
