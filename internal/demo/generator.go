package demo

import (
	"maps"
	"slices"

	"cpd-jobs/internal/demo/pgcopy"
)

// chunkBytes is how much of a table is gathered before it is sent: enough that a COPY's fixed cost vanishes, little
// enough that forty tables' worth stay small.
const chunkBytes = 256 << 10

// generator walks through the schools once and writes every table's rows as it goes. What it keeps does not grow
// with the schools.
type generator struct {
	*world
	// send takes a full buffer over and gives an empty one back.
	send func(tableID, *pgcopy.Buffer) (*pgcopy.Buffer, error)

	buffers  [tableCount]*pgcopy.Buffer
	rows     [tableCount]int64
	assigned stageAssigner
	pending  []edgeCase // still to be given to a school of the register
	skipped  int        // suitable schools since the last was given
	built    []Case

	neighbour   map[string]tutorRef // the last tutor of each authority, who may serve another school
	training    map[int]uuid        // the last school's programme by cohort, for people who move
	second      tutorRef            // the tutor of case T04
	authorities map[string]string
	districts   map[string]string
}

func newGenerator(w *world, send func(tableID, *pgcopy.Buffer) (*pgcopy.Buffer, error)) *generator {
	g := &generator{world: w, send: send, assigned: stageAssigner{}, neighbour: map[string]tutorRef{}, training: map[int]uuid{},
		authorities: map[string]string{}, districts: map[string]string{}}
	for t := range g.buffers {
		g.buffers[t] = &pgcopy.Buffer{}
	}
	if w.schools == 0 {
		g.pending = w.cases
	}
	return g
}

// row begins a row: its id and stamps. The caller appends the table's columns in their order.
func (g *generator) row(t tableID, id uuid, made moment) *pgcopy.Buffer {
	b := g.buffers[t]
	b.Row(3 + len(tables[t].columns))
	b.UUID(id)
	b.Time(made)
	b.Time(made)
	g.rows[t]++
	return b
}

// flush sends the buffers that are full, or all that hold anything.
func (g *generator) flush(all bool) error {
	for t, b := range g.buffers {
		if b.Len() < chunkBytes && (!all || b.Len() == 0) {
			continue
		}
		next, err := g.send(tableID(t), b)
		if err != nil {
			return err
		}
		g.buffers[t] = next
	}
	return nil
}

// run writes the whole source: what stands by itself, each school, then the places that the schools named.
func (g *generator) run(each func(func(School) error) error, progress func(done int64)) error {
	g.writeOrganisations()
	done := int64(0)
	err := each(func(s School) error {
		g.write(g.plan(s))
		if done++; done%256 == 0 {
			progress(done)
		}
		return g.flush(false)
	})
	if err != nil {
		return err
	}
	progress(done)
	g.writePlaces()
	return g.flush(true)
}

// plan makes up the scenario of a school: an edge case where it is its turn.
func (g *generator) plan(s School) *plan {
	p := &plan{School: s, key: uint64(s.URN)}
	p.id = g.id(schools, p.key, 0)
	p.masked()
	p.made = g.cohorts[0].registration.Add(-80 * day)
	if c := g.caseFor(&p.School); c != nil {
		p.edgeCase = true
		c.apply(g, p)
		g.built = append(g.built, Case{ID: c.id, Title: c.title, URN: p.URN})
		return p
	}
	if g.schools > 0 && g.hasPredecessor(&p.School) {
		p.predecessor = predecessorURN + p.index()
	}
	g.settleIn(p)
	p.premiums = g.premiums(&p.School)
	if p.inPopulation() {
		g.buildScenario(p)
	} else {
		g.bystander(p)
	}
	return p
}

// bystander is a school outside the report: what it had, it had before it closed.
func (g *generator) bystander(p *plan) {
	if p.StatusCode != statusClosed || !eligibleTypes[p.TypeCode] || p.childrensCentre() {
		return
	}
	t := &scenarioBuilder{world: g.world, p: p, d: newRNG(g.seed, "story", p.key), stage: notContacted}
	if t.d.chance(0.4) {
		return
	}
	t.route = t.drawRoute()
	for y := t.firstYear(); y < t.year-1; y++ {
		t.pastYear(y)
	}
	t.people()
}

// writePlaces writes the authorities and districts that anything named, and the spells of sparsity.
func (g *generator) writePlaces() {
	made := g.cohorts[0].registration.Add(-100 * day)
	for i := range g.places.places {
		p := &g.places.places[i]
		g.authorities[p.laCode], g.districts[p.districtCode] = p.laName, p.districtName
	}
	for _, a := range abolishedDistricts {
		g.districts[a.code] = a.name
	}
	maps.Copy(g.districts, inventedDistricts)
	bodies := map[string]bool{}
	for _, code := range slices.Sorted(maps.Keys(g.authorities)) {
		b := g.row(localAuthorities, g.idOf(localAuthorities, code), made)
		b.Text(code)
		b.Text(g.authorities[code])
		body := g.authorities[code]
		if bodies[body] { // the register has former authorities under the names of today's
			body += " (" + code + ")"
		}
		bodies[body] = true
		g.body(g.laBodyID(code), made, body, "local_authority", nil)
		g.trusts(code, made)
	}
	for _, code := range slices.Sorted(maps.Keys(g.districts)) {
		b := g.row(localAuthorityDistricts, g.idOf(localAuthorityDistricts, code), made)
		b.Text(code)
		b.TextOrNull(g.districts[code])
	}
	g.spells(made)
}

func (g *generator) spells(made moment) {
	spells := g.inventedSpells()
	for i := range g.places.places {
		if p := &g.places.places[i]; p.sparse {
			spells[p.districtCode] = [2]int{g.firstYear(), 0}
		}
	}
	for _, a := range abolishedDistricts {
		spells[a.code] = [2]int{g.firstYear(), 0}
	}
	for _, code := range slices.Sorted(maps.Keys(spells)) {
		b := g.row(districtSparsities, g.idOf(districtSparsities, code), made)
		b.UUID(g.idOf(localAuthorityDistricts, code))
		b.Int2(spells[code][0])
		b.Int2OrNull(spells[code][1])
	}
}
