package demo

// partnershipCases are about which partnership counts.
var partnershipCases = []edgeCase{
	{id: "R01", title: "one active, current cohort", build: partnered},
	{id: "R02", title: "only last year's partnership", build: func(b *builder) { b.partner(-1, firstProvider, northHub, 440) }},
	{id: "R03", title: "one per cohort", build: func(b *builder) {
		b.partner(-1, firstProvider, northHub, 440)
		b.choose(0, fip)
		b.partner(0, secondProvider, southHub, 64)
	}},
	{id: "R06", title: "pending", build: func(b *builder) {
		b.choose(0, fip)
		b.partner(0, firstProvider, northHub, 64).pending = true
	}},
	{id: "R08", title: "relationship only", build: func(b *builder) {
		b.choose(0, fip)
		b.partner(0, firstProvider, northHub, 64).relationship = true
	}},
	{id: "R09", title: "default beats relationship", build: func(b *builder) {
		partnered(b)
		b.partner(0, secondProvider, southHub, 26).relationship = true
	}},
	{id: "R10", title: "active without delivery partner", build: func(b *builder) {
		b.choose(0, fip)
		b.partner(0, firstProvider, none, 64)
		b.partner(0, secondProvider, southHub, 60).challenge(b.daysAgo(41, 14, 0), "not_confirmed")
	}},
	{id: "R11", title: "discarded delivery partner", build: func(b *builder) {
		b.choose(0, fip)
		b.partner(0, firstProvider, oldHub, 64)
	}},
	{id: "R12", title: "two active defaults", build: func(b *builder) {
		partnered(b)
		b.partner(0, secondProvider, southHub, 26)
	}},
	{id: "R15", title: "re-reported after challenge", build: func(b *builder) {
		b.choose(0, fip)
		b.partner(0, firstProvider, northHub, 137)
	}},
	{id: "R16", title: "school-led chosen, partnership left", build: func(b *builder) {
		b.materials(0)
		b.partner(0, firstProvider, northHub, 64)
	}},
	{id: "R17", title: "next cohort only", next: true, build: func(b *builder) { b.partner(1, firstProvider, northHub, 11) }},
}

// challengeCases are about partnerships that schools rejected.
var challengeCases = []edgeCase{
	{id: "R04", title: "challenged, none active", build: challenged},
	{id: "R05", title: "challenged plus active", build: func(b *builder) {
		challenged(b)
		b.partner(0, secondProvider, southHub, 26)
	}},
	{id: "R07", title: "reason without time", build: func(b *builder) {
		b.choose(0, fip)
		b.partner(0, firstProvider, northHub, 64).challenge(never, "mistake")
	}},
	{id: "R13", title: "challenged in two cohorts", build: func(b *builder) {
		b.choose(0, fip)
		b.partner(-1, firstProvider, northHub, 440).challenge(b.daysAgo(400, 8, 0), "not_confirmed")
		b.partner(0, secondProvider, southHub, 64).challenge(b.daysAgo(45, 8, 0), "do_not_recognise")
	}},
	{id: "R14", title: "challenged as no ECTs", build: func(b *builder) {
		b.choose(0, noECTs).optOut = true
		b.partner(0, firstProvider, northHub, 64).challenge(b.daysAgo(41, 14, 0), "no_ects")
	}},
	{id: "R18", title: "two challenged, same cohort", build: func(b *builder) {
		challenged(b)
		b.partner(0, secondProvider, southHub, 36).challenge(b.daysAgo(26, 8, 30), "mistake")
	}},
}

func partnered(b *builder) {
	b.choose(0, fip)
	b.partner(0, firstProvider, northHub, 64)
}

func challenged(b *builder) {
	b.choose(0, fip)
	b.partner(0, firstProvider, northHub, 64).challenge(b.daysAgo(41, 14, 0), "another_provider")
}

// participantCases are about who counts as an active participant.
var participantCases = []edgeCase{
	{id: "A01", title: "one active ECT", build: func(b *builder) { registered(b) }},
	{id: "A02", title: "withdrawn only", build: func(b *builder) { registered(b).status = withdrawn }},
	{id: "A03", title: "last year's ECT", build: func(b *builder) {
		b.choose(-1, fip)
		b.choose(0, fip)
		b.person(-1).joined = b.daysAgo(400, 9, 0)
	}},
	{id: "A04", title: "mentor only", build: func(b *builder) { registered(b).kind = mentor }},
	{id: "A05", title: "other profile type", build: func(b *builder) { registered(b).kind = npq }},
	{id: "A06", title: "provider withdrew training", build: func(b *builder) { registered(b).training = withdrawn }},
	{id: "A07", title: "profile without teacher profile", build: func(b *builder) { registered(b).noTeacher = true }},
	{id: "A08", title: "participant though no ECTs said", build: func(b *builder) {
		b.choose(0, noECTs).optOut = true
		b.person(0)
	}},
	{id: "A09", title: "challenged but participants exist", build: func(b *builder) {
		challenged(b)
		b.person(0)
	}},
}

func registered(b *builder) *person {
	b.choose(0, fip)
	return b.person(0)
}
