package demo

// scenarioBuilder makes up how one school came to its stage. It draws from one stream and writes into the plan; the stage
// itself is assigned, not drawn, so everything here must lead to it.
type scenarioBuilder struct {
	*world
	p        *plan
	d        rng
	stage    stage
	provider int    // the school's usual one
	route    string // and its usual way of training
	first    int    // cohort in which it first took part; after the current one if never before
}

// buildScenario fills in the plan of a school in the report.
func (g *generator) buildScenario(p *plan) {
	p.stage = g.stage(p)
	t := &scenarioBuilder{world: g.world, p: p, d: newRNG(g.world.seed, "story", p.key), stage: p.stage}
	home := newRNG(t.seed, "home provider", hash(p.LACode))
	t.provider = home.weighted(providerWeights...)
	if t.d.chance(0.4) {
		t.provider = t.d.weighted(providerWeights...)
	}
	t.route = t.drawRoute()
	t.first = t.firstPart()
	for y := t.first; y < t.year; y++ {
		t.pastYear(y)
	}
	t.thisYear()
	t.people()
	t.tutor(g)
	t.emails()
}

// chose says that the school has got as far as choosing.
func (t *scenarioBuilder) chose() bool {
	switch t.stage {
	case participantsRegistered, provisionInPlace, stageNoECTs, programmeChosen, partnershipChallenged:
		return true
	}
	return false
}

func (t *scenarioBuilder) hasTutor() bool {
	return t.chose() || t.stage == tutorSignedIn || t.stage == tutorNominated
}

func (t *scenarioBuilder) firstPart() int {
	odds := 0.12
	switch {
	case t.chose():
		odds = 0.9
	case t.stage == tutorSignedIn:
		odds = 0.65
	case t.stage == tutorNominated:
		odds = 0.3
	}
	if !t.d.chance(odds) {
		return t.year + 1
	}
	return t.year - years + 1 + t.d.weighted(50, 20, 15, 15)
}

func (t *scenarioBuilder) drawRoute() string {
	routes := []string{fip, cip, diy, funded}
	if t.p.cipOnly() {
		return routes[t.d.weighted(0, 35, 30, 35)]
	}
	return routes[t.d.weighted(82, 10, 7, 1)]
}

func (t *scenarioBuilder) pastYear(year int) {
	if t.d.chance(0.25) {
		t.route = t.drawRoute()
	}
	switch t.d.weighted(82, 12, 3, 3) {
	case 0:
		t.choose(year, t.route)
		if t.route == fip {
			t.settle(year)
		}
	case 1:
		t.choose(year, noECTs)
	case 2:
		t.choose(year, notKnown)
	}
}

// thisYear leads the current cohort to the school's stage.
func (t *scenarioBuilder) thisYear() {
	switch t.stage {
	case participantsRegistered:
		t.registered()
	case provisionInPlace:
		t.provided()
	case stageNoECTs:
		t.choose(t.year, noECTs)
		if t.d.chance(0.05) {
			t.challenge(t.year, t.provider, "no_ects")
		}
	case programmeChosen:
		t.choose(t.year, fip)
		t.wait()
	case partnershipChallenged:
		t.choose(t.year, []string{fip, notKnown}[t.d.weighted(96, 4)])
		t.challenge(t.year, t.provider, t.reason())
	case tutorSignedIn, tutorNominated:
		if t.d.chance(0.15) {
			t.choose(t.year, notKnown)
		}
		if t.d.chance(0.02) {
			t.relate(t.year)
		}
	}
}

func (t *scenarioBuilder) registered() {
	switch t.d.weighted(985, 9, 6) {
	case 1:
		t.choose(t.year, noECTs)
		return
	case 2:
		t.choose(t.year, notKnown)
		return
	}
	t.choose(t.year, t.route)
	if t.route == fip {
		t.settle(t.year)
	}
}

func (t *scenarioBuilder) provided() {
	if t.p.cipOnly() {
		t.choose(t.year, t.route)
		return
	}
	switch t.d.weighted(47, 3, 2, 27, 18, 3) {
	case 0:
		t.choose(t.year, fip)
		t.partner(t.year, t.provider)
	case 1: // reported by a provider before the school said anything
		t.partner(t.year, t.provider)
	case 2:
		t.choose(t.year, cip)
		t.partner(t.year, t.provider)
	case 3:
		t.choose(t.year, cip)
	case 4:
		t.choose(t.year, diy)
	case 5:
		t.choose(t.year, funded)
	}
}

// settle gives a school that chose a provider-led programme its partnership, mostly.
func (t *scenarioBuilder) settle(year int) {
	switch t.d.weighted(85, 6, 4, 2, 2, 1) {
	case 0:
		t.partner(year, t.provider)
	case 1: // challenged one provider, then took another
		t.challenge(year, t.other(), t.reason())
		t.partner(year, t.provider)
	case 3:
		t.challenge(year, t.provider, t.reason())
	case 4:
		t.relate(year)
	case 5:
		t.pend(year)
	}
	if t.d.chance(0.02) {
		t.relate(year)
	}
}

// wait is for a school that chose a provider-led programme and has no provider yet.
func (t *scenarioBuilder) wait() {
	switch t.d.weighted(86, 8, 6) {
	case 1:
		t.relate(t.year)
	case 2:
		t.pend(t.year)
	}
}

func (t *scenarioBuilder) reason() string {
	reasons := []string{"another_provider", "not_confirmed", "do_not_recognise", "no_ects", "mistake"}
	return reasons[t.d.weighted(30, 20, 15, 20, 15)]
}

// other is a provider that is not the school's usual one.
func (t *scenarioBuilder) other() int {
	return (t.provider + t.d.between(1, len(providerNames)-1)) % len(providerNames)
}
