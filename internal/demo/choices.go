package demo

// choose records the school's choice for a cohort.
func (t *scenarioBuilder) choose(year int, what string) {
	from, to := t.cohortWindow(year)
	c := choice{year: year, what: what, materials: none, made: t.during(t.d, from, min(to, from.Add(150*day))), body: t.appropriateBody(year)}
	switch what {
	case cip:
		c.materials = t.d.weighted(30, 20, 20, 15, 15)
	case fip:
		if t.d.chance(0.01) {
			c.materials = t.d.IntN(len(materialNames)) // left over from an earlier choice
		}
	case noECTs:
		c.optOut = t.d.chance(0.7)
	case diy, funded:
		c.optOut = t.d.chance(0.3)
	}
	t.p.choices = append(t.p.choices, c)
}

func (t *scenarioBuilder) appropriateBody(year int) uuid {
	switch {
	case t.d.chance(0.2):
		return uuid{}
	case t.p.TypeCode == 37:
		return t.hubBodyID(bodyCount + 1)
	case t.p.cipOnly():
		return t.hubBodyID(bodyCount)
	case year < 2024 && t.d.chance(0.5):
		return t.laBodyID(t.p.LACode)
	}
	return t.hubBodyID(int(hash(t.p.LACode) % bodyCount))
}

// report adds a partnership of the school with a provider, reported soon after registration or the school's choice.
func (t *scenarioBuilder) report(year, provider int) *partnership {
	from, to := t.cohortWindow(year)
	if c := t.p.choice(year); c != nil {
		from = c.made
	}
	x := partnership{year: year, provider: provider, partner: oneOf(t.d, partnersOf(provider)), challenged: never,
		made: t.during(t.d, from, min(to, from.Add(100*day)))}
	switch t.d.weighted(985, 10, 5) {
	case 1:
		x.partner = none
	case 2:
		x.partner = partnerCount + t.d.IntN(3)
	}
	for t.p.partnered(&x) {
		x.partner = (x.partner + 1) % partnerCount
	}
	t.p.partnerships = append(t.p.partnerships, x)
	return &t.p.partnerships[len(t.p.partnerships)-1]
}

// partner adds an active partnership.
func (t *scenarioBuilder) partner(year, provider int) { t.report(year, provider) }

// challenge adds a partnership that the school rejected.
func (t *scenarioBuilder) challenge(year, provider int, reason string) {
	x := t.report(year, provider)
	x.reason = reason
	if t.d.chance(0.98) {
		x.challenged = t.after(t.d, x.made, 40)
	}
}

// relate adds a partnership that the school made for a participant who came with another provider.
func (t *scenarioBuilder) relate(year int) { t.report(year, t.other()).relationship = true }

// pend adds a partnership that still waits out the challenge window.
func (t *scenarioBuilder) pend(year int) { t.report(year, t.provider).pending = true }
