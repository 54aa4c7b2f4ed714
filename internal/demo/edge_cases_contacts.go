package demo

// emailCases are about invitations.
var emailCases = []edgeCase{
	{id: "N01", title: "newer email unopened", build: func(b *builder) {
		b.opened(75, 74)
		b.email(45)
	}},
	{id: "N02", title: "newer email opened", build: func(b *builder) {
		b.email(75)
		b.opened(45, 43)
	}},
	{id: "N03", title: "tie on created_at", build: tiedEmails},
	{id: "N04", title: "sent, not opened", build: func(b *builder) { b.email(75).status = "delivered" }},
	{id: "N05", title: "all sends failed", build: func(b *builder) { b.email(75).status = "permanent-failure" }},
	{id: "N06", title: "row without send", build: func(b *builder) { b.email(75).sent = never }},
}

// tiedEmails makes two e-mails of one instant, of which the one with the smaller id was opened.
func tiedEmails(b *builder) {
	b.email(75)
	b.email(75)
	e := b.p.emails
	first, second := b.id(nominationEmails, b.p.key, 0), b.id(nominationEmails, b.p.key, 1)
	if string(first[:]) > string(second[:]) {
		e[0].n, e[1].n = 1, 0
	}
	e[0].opened = b.daysAgo(74, 10, 0)
}

// tutorCases are about nominated tutors.
var tutorCases = []edgeCase{
	{id: "T01", title: "user older than nomination", build: func(b *builder) { b.tutor(928, 66) }},
	{id: "T02", title: "signed in", build: func(b *builder) { b.signedInTutor() }},
	{id: "T03", title: "two links", build: func(b *builder) {
		b.tutor(928, 897).signedIn = b.daysAgo(137, 8, 0)
		b.tutor(66, 66)
	}},
	{id: "T04", title: "one tutor, two schools", build: func(b *builder) {
		x := b.tutor(66, 66)
		x.signedIn = b.daysAgo(65, 8, 0)
		b.g.second = tutorRef{b.id(users, b.p.key, 0), b.id(inductionCoordinatorProfiles, b.p.key, 0)}
	}},
	{id: "T04", title: "one tutor, two schools: the other school", build: func(b *builder) {
		x := b.tutor(66, 66)
		x.signedIn = b.daysAgo(65, 8, 0)
		x.shared = b.g.second
	}},
	{id: "T05", title: "discarded profile", build: func(b *builder) { b.signedInTutor().discarded = b.daysAgo(45, 0, 0) }},
}

// choiceCases are about what a school chose.
var choiceCases = []edgeCase{
	{id: "G01", title: "provider-led, no partner", build: func(b *builder) { b.choose(0, fip) }},
	{id: "G02", title: "only last year's choice", build: func(b *builder) { b.materials(-1) }},
	{id: "G03", title: "school-led with materials", build: func(b *builder) { b.materials(0) }},
	{id: "G04", title: "stale materials", build: func(b *builder) { b.choose(0, fip).materials = 3 }},
	{id: "G05", title: "no ECTs", build: func(b *builder) { b.choose(0, noECTs).optOut = true }},
	{id: "G06", title: "not yet known, tutor signed in", build: func(b *builder) {
		b.choose(0, notKnown)
		b.signedInTutor()
	}},
	{id: "G07", title: "own design, opted out of updates", build: func(b *builder) { b.choose(0, diy).optOut = true }},
	{id: "K01", title: "the choice changed with the cohort", build: func(b *builder) {
		b.materials(-1)
		b.choose(0, fip)
	}},
	{id: "K06", title: "next registration open", next: true, build: func(b *builder) {
		b.choose(0, fip)
		b.materials(1)
	}},
}

// wholeCases go through the whole of onboarding.
var wholeCases = []edgeCase{
	{id: "F01", title: "full happy path", build: func(b *builder) {
		b.opened(167, 166).status = "delivered"
		b.tutor(165, 165).signedIn = b.daysAgo(164, 8, 0)
		b.choose(0, fip)
		b.partner(0, firstProvider, northHub, 64)
		b.person(0)
	}},
	{id: "F02", title: "partner reported before any tutor", build: func(b *builder) {
		b.choose(0, fip)
		b.partner(0, firstProvider, northHub, 64)
	}},
	{id: "F03", title: "no contact address", keeps: true, shape: func(_ *world, s *School) { s.MainEmail, s.OtherEmail = "", "" }},
}

// orphanCases are shapes that the service's missing foreign keys allow, beyond the reference's own cases.
var orphanCases = []edgeCase{
	{id: "X01", title: "tutor link without a profile", build: func(b *builder) { b.tutor(66, 66).orphan = true }},
	{id: "X02", title: "appropriate body that is gone", build: func(b *builder) {
		b.choose(0, fip).body = b.id(appropriateBodies, b.p.key, 0)
	}},
	{id: "X03", title: "contact address of spaces", odd: true, keeps: true, shape: func(_ *world, s *School) { s.MainEmail, s.OtherEmail = " ", " " }},
	{id: "X04", title: "two current authorities", build: func(b *builder) {
		b.p.authorities = append(b.p.authorities, membership{"203", "Greenwich", b.year, 0, b.p.made})
	}},
}
