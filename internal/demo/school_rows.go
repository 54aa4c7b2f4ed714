package demo

import (
	"fmt"
	"strconv"

	"cpd-jobs/internal/demo/pgcopy"
)

const trustsPerAuthority = 6

// write writes every row of a school's scenario.
func (g *generator) write(p *plan) {
	g.writeSchool(p)
	g.memberships(p)
	for i, x := range p.premiums {
		b := g.row(pupilPremiums, g.id(pupilPremiums, p.key, uint64(i)), midnight(x.year, 5, 1))
		b.UUID(p.id)
		b.Int2(x.year)
		b.Bool(x.deprived)
		b.Bool(x.sparse)
	}
	g.writeEmails(p)
	g.writeTutors(p)
	g.writePartnerships(p)
	g.writeChoices(p)
	g.writePeople(p)
	g.writeStaging(p)
}

func (g *generator) writeSchool(p *plan) {
	b := g.row(schools, p.id, p.made)
	b.Text(strconv.Itoa(p.URN))
	registerColumns(b, &p.School)
	b.Bool(p.section41())
	contactColumns(b, &p.School)
	b.Text(strconv.Itoa(p.URN) + "-" + slug(p.Name))
	if d := newRNG(g.seed, "trust", p.key); p.academy() && d.chance(0.85) {
		b.UUID(g.trustID(p.LACode, d.IntN(trustsPerAuthority)))
	} else {
		b.Null()
	}
	if d := newRNG(g.seed, "more addresses", p.key); d.chance(0.05) {
		b := g.row(additionalSchoolEmails, g.id(additionalSchoolEmails, p.key, 0), p.made)
		b.UUID(p.id)
		b.Text(fmt.Sprintf("more%d@example.org", p.URN))
	}
	if p.predecessor != 0 {
		b := g.row(schoolLinks, g.id(schoolLinks, p.key, 0), p.made)
		b.UUID(p.id)
		b.Text(strconv.Itoa(p.predecessor))
		b.Text("predecessor")
		b.Text("simple")
	}
}

// registerColumns writes the columns from name to the district's, which schools and staged schools share.
func registerColumns(b *pgcopy.Buffer, s *School) {
	b.Text(s.Name)
	b.TextOrNull(s.UKPRN)
	b.Int4OrNull(s.TypeCode)
	b.TextOrNull(s.TypeName)
	b.Int4(s.PhaseCode)
	b.TextOrNull(s.PhaseName)
	b.Int4OrNull(s.StatusCode)
	b.TextOrNull(s.StatusName)
	b.Text(s.Street)
	b.TextOrNull(s.Locality)
	b.TextOrNull(s.Town)
	b.Text(s.Postcode)
	b.TextOrNull(s.DistrictCode)
	b.TextOrNull(s.DistrictName)
}

func contactColumns(b *pgcopy.Buffer, s *School) {
	b.TextOrNull(s.MainEmail)
	b.TextOrNull(s.OtherEmail)
	b.TextOrNull(s.Website)
}

func (g *generator) memberships(p *plan) {
	for i, m := range p.authorities {
		g.authorities[m.code] = m.name
		b := g.row(schoolLocalAuthorities, g.id(schoolLocalAuthorities, p.key, uint64(i)), m.since)
		b.UUID(p.id)
		b.UUID(g.idOf(localAuthorities, m.code))
		b.Int2(m.from)
		b.Int2OrNull(m.to)
	}
	for i, m := range p.districts {
		g.districts[m.code] = m.name
		b := g.row(schoolLocalAuthorityDistricts, g.id(schoolLocalAuthorityDistricts, p.key, uint64(i)), m.since)
		b.UUID(p.id)
		b.UUID(g.idOf(localAuthorityDistricts, m.code))
		b.Int2(m.from)
		b.Int2OrNull(m.to)
	}
}

func (w *world) trustID(laCode string, n int) uuid {
	return w.id(networks, hash(laCode)&0xffffff, uint64(n))
}

// trusts writes the academy trusts of an authority.
func (g *generator) trusts(laCode string, made moment) {
	d := newRNG(g.seed, "trusts", hash(laCode))
	for n := range trustsPerAuthority {
		b := g.row(networks, g.trustID(laCode, n), made)
		b.Text(placeName(d) + " Learning Trust")
		b.Text("Multi-academy trust")
		b.Text("06")
		b.Text(fmt.Sprintf("TR9%s%d", laCode, n))
		b.Text(fmt.Sprintf("9%s%d", laCode, n))
	}
}
