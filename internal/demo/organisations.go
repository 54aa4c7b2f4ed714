package demo

import "fmt"

// The providers are invented: the demo tells made-up scenarios about them.
var (
	providerNames = []string{"Harbour Teacher Development", "Beacon Learning Institute", "Fernhill Education Trust",
		"Lantern Professional Learning", "Meridian School Partners", "Quarry Bank Training", "Rowan Teaching Alliance"}
	providerWeights = []int{24, 22, 17, 14, 11, 8, 4}
	materialNames   = []string{"Harbour Teacher Development", "Fernhill Education Trust", "Beacon Learning Institute",
		"Saltmarsh Institute of Education", "National School of Teaching Practice"}
	hubFirst = []string{"Alder", "Bramble", "Cedar", "Dunlin", "Elder", "Finch", "Gorse", "Heron", "Ivy", "Juniper",
		"Kestrel", "Linnet", "Maple", "Nightjar", "Osprey", "Plover", "Quince", "Redwing", "Swift", "Thistle", "Willow"}
	hubSecond = []string{"North", "South", "East", "West"}
)

const (
	bodyCount = 50 // teaching school hubs that assure induction
	// Delivery partners with a part in the edge cases; the rest are drawn.
	northHub = 0
	southHub = 1
	oldHub   = 84 // discarded
)

var partnerCount = len(hubFirst) * len(hubSecond) // and three discarded ones after them

func partnerName(i int) string {
	if i >= partnerCount {
		return fmt.Sprintf("%s Former Teaching School Hub", hubFirst[i-partnerCount])
	}
	return fmt.Sprintf("%s %s Teaching School Hub", hubFirst[i/len(hubSecond)], hubSecond[i%len(hubSecond)])
}

// partnersOf lists the delivery partners that a lead provider works with: about two in seven of them.
func partnersOf(provider int) []int {
	var found []int
	for i := range partnerCount {
		if i%len(providerNames) == provider || (3*i+1)%len(providerNames) == provider {
			found = append(found, i)
		}
	}
	return found
}

func (w *world) providerID(i int) uuid     { return w.id(leadProviders, 0, uint64(i)) }
func (w *world) contractorID(i int) uuid   { return w.id(cpdLeadProviders, 0, uint64(i)) }
func (w *world) materialsID(i int) uuid    { return w.id(coreInductionProgrammes, 0, uint64(i)) }
func (w *world) hubBodyID(i int) uuid      { return w.id(appropriateBodies, 0, uint64(i)) }
func (w *world) laBodyID(code string) uuid { return w.idOf(appropriateBodies, code) }

// partnerID is NULL for none, which is -1.
func (w *world) partnerID(i int) uuid {
	if i < 0 {
		return uuid{}
	}
	return w.id(deliveryPartners, 0, uint64(i))
}

// writeOrganisations writes the rows that do not depend on any school.
func (g *generator) writeOrganisations() {
	w := g.world
	made := w.cohorts[0].registration.Add(-30 * day)
	for i, name := range providerNames {
		g.row(cpdLeadProviders, w.contractorID(i), made).Text(name)
		b := g.row(leadProviders, w.providerID(i), made)
		b.Text(name)
		b.UUID(w.contractorID(i))
	}
	for i := range partnerCount + 3 {
		b := g.row(deliveryPartners, w.partnerID(i), made)
		b.Text(partnerName(i))
		if i >= partnerCount {
			b.Time(w.daysAgo(100+i-partnerCount, 9, 0))
		} else {
			b.Null()
		}
	}
	for i, name := range materialNames {
		g.row(coreInductionProgrammes, w.materialsID(i), made).Text(name)
	}
	g.bodies(made)
	for _, c := range w.cohorts {
		g.writeCohort(c)
	}
}

func (g *generator) bodies(made moment) {
	for i := range bodyCount {
		name := fmt.Sprintf("%s %s Induction Hub", hubFirst[i%len(hubFirst)], hubSecond[i/len(hubFirst)])
		g.body(g.world.hubBodyID(i), made, name, "teaching_school_hub", nil)
	}
	g.body(g.world.hubBodyID(bodyCount), made, "Independent Schools Induction Panel (demo)", "national", []int{10, 11})
	g.body(g.world.hubBodyID(bodyCount+1), made, "Overseas Schools Induction Panel (demo)", "national", []int{37})
}

func (g *generator) body(id uuid, made moment, name, bodyType string, listedFor []int) {
	b := g.row(appropriateBodies, id, made)
	b.Text(name)
	b.Text(bodyType)
	if bodyType == "local_authority" {
		b.Int4(2024)
	} else {
		b.Null()
	}
	b.Bool(len(listedFor) > 0)
	b.Int4s(listedFor)
}
