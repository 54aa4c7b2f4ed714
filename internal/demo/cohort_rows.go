package demo

import (
	"strings"
	"time"
)

// scheduleNames are the planned timetables of a cohort; the first three are by the term of starting.
var scheduleNames = []string{"ECF Standard September", "ECF Standard January", "ECF Standard April",
	"ECF Extended September", "ECF Reduced September", "ECF Replacement September"}

func (w *world) scheduleID(year, i int) uuid { return w.id(schedules, uint64(year), uint64(i)) }

// writeCohort writes a cohort with its schedules and the permissions of providers to work with partners in it.
func (g *generator) writeCohort(c cohort) {
	w := g.world
	made := c.registration.Add(-60 * day)
	b := g.row(cohorts, c.id, made)
	b.Int2(c.year)
	b.Time(c.registration)
	b.Time(c.academic)
	b.Date(midnight(c.year+1, time.March, 31))
	if frozen := midnight(c.year+3, time.April, 3); frozen < w.asOf {
		b.Time(frozen)
	} else {
		b.Null()
	}
	b.Bool(c.year >= 2025)
	b.Bool(c.year >= 2025)
	for i, name := range scheduleNames {
		b := g.row(schedules, w.scheduleID(c.year, i), made)
		b.Text(name)
		b.Text(strings.ReplaceAll(strings.ToLower(name), " ", "-"))
		b.Text("Finance::Schedule::ECF")
		b.UUID(c.id)
	}
	n := uint64(0)
	for p := range providerNames {
		for _, partner := range partnersOf(p) {
			b := g.row(providerRelationships, w.id(providerRelationships, uint64(c.year), n), made)
			b.UUID(w.providerID(p))
			b.UUID(w.partnerID(partner))
			b.UUID(c.id)
			n++
		}
	}
}
