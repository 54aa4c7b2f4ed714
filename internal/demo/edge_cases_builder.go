package demo

import "strings"

// builder has the words in which edge cases are written. Times are days before as-of; a case's own instants keep
// their order and distance.
type builder struct {
	*world
	g *generator
	p *plan
}

// Two providers and two partners that the cases play against each other.
const (
	firstProvider  = 0
	secondProvider = 1
)

// email adds an invitation made and sent some days ago.
func (b *builder) email(days int) *email {
	at := b.daysAgo(days, 9, 0)
	b.p.emails = append(b.p.emails, email{n: uint64(len(b.p.emails)), made: at, sent: at, opened: never})
	return &b.p.emails[len(b.p.emails)-1]
}

// opened adds an invitation that was opened later.
func (b *builder) opened(days, openedDays int) *email {
	e := b.email(days)
	e.opened = b.daysAgo(openedDays, 10, 0)
	return e
}

// tutor adds a tutor whose user was made and who was linked some days ago.
func (b *builder) tutor(userDays, linkedDays int) *tutor {
	linked := b.daysAgo(linkedDays, 11, 0)
	x := tutor{userMade: b.daysAgo(userDays, 0, 0), linked: linked, signedIn: never, discarded: never}
	x.profileMade = min(x.userMade.Add(31*day), linked)
	b.p.tutors = append(b.p.tutors, x)
	return &b.p.tutors[len(b.p.tutors)-1]
}

// signedInTutor is the usual one: a user far older than the nomination, who has signed in.
func (b *builder) signedInTutor() *tutor {
	x := b.tutor(928, 66)
	x.signedIn = b.daysAgo(64, 8, 0)
	return x
}

// choose adds the choice for a cohort some years from the current one.
func (b *builder) choose(years int, what string) *choice {
	b.p.choices = append(b.p.choices, choice{year: b.year + years, what: what, materials: none,
		made: min(b.cohort(b.year+years).registration.Add(40*day), b.asOf)})
	return &b.p.choices[len(b.p.choices)-1]
}

// materials is the choice of accredited materials for a cohort.
func (b *builder) materials(years int) { b.choose(years, cip).materials = 3 }

// partner adds an active partnership of a cohort, made some days ago.
func (b *builder) partner(years, provider, partner, days int) *partnership {
	b.p.partnerships = append(b.p.partnerships, partnership{year: b.year + years, provider: provider, partner: partner,
		made: b.daysAgo(days, 8, 30), challenged: never})
	return &b.p.partnerships[len(b.p.partnerships)-1]
}

func (x *partnership) challenge(at moment, reason string) { x.challenged, x.reason = at, reason }

// person adds an early career teacher who is active in a cohort.
func (b *builder) person(years int) *person {
	b.p.people = append(b.p.people, person{year: b.year + years, kind: ectType, status: active, training: active,
		joined: b.daysAgo(50, 9, 0)})
	return &b.p.people[len(b.p.people)-1]
}

// linkDistrict adds a link to a district.
func (b *builder) linkDistrict(code, name string, from, to int) {
	b.p.districts = append(b.p.districts, membership{strings.ToUpper(code), name, from, to, b.p.made})
}

// moveTo replaces the link to the district by one to an invented one.
func (b *builder) moveTo(code string) {
	b.p.districts = nil
	b.linkDistrict(code, inventedDistricts[code], b.firstYear(), 0)
}

func (b *builder) premium(years int, deprived, sparse bool) {
	b.p.premiums = append(b.p.premiums, premium{b.year + years, deprived, sparse})
}
