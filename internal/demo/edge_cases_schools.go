package demo

import "strings"

func ofType(code int) func(*world, *School) {
	return func(_ *world, s *School) { s.setType(code) }
}

func withStatus(code int) func(*world, *School) {
	return func(w *world, s *School) {
		s.setStatus(code)
		if code == statusClosed {
			s.closed = w.daysAgo(100, 0, 0)
		}
	}
}

func inDistrict(code, name string) func(*world, *School) {
	return func(_ *world, s *School) { s.DistrictCode, s.DistrictName = code, name }
}

func inCardiff(s *School) { s.DistrictCode, s.DistrictName = "W06000015", "Cardiff" }

// populationCases are about who is in the report.
var populationCases = []edgeCase{
	{id: "P01", title: "plain open school"},
	{id: "P02", title: "open, but proposed to close", shape: withStatus(statusProposedClose)},
	{id: "P03", title: "closed", shape: withStatus(statusClosed)},
	{id: "P04", title: "proposed to open", shape: withStatus(statusProposedToOpen)},
	{id: "P05", title: "independent", shape: func(_ *world, s *School) {
		s.setType(11)
		s.Section41 = "Not approved"
	}},
	{id: "P06", title: "independent special, section 41", shape: func(_ *world, s *School) {
		s.setType(10)
		s.Section41 = section41Approved
	}},
	{id: "P07", title: "Welsh", shape: func(_ *world, s *School) {
		s.setType(30)
		inCardiff(s)
	}},
	{id: "P08", title: "British school overseas", shape: func(_ *world, s *School) {
		s.setType(37)
		s.DistrictCode, s.DistrictName = notRecorded, ""
	}},
	{id: "P09", title: "other-department institution", shape: ofType(56)},
	{id: "P10", title: "secure unit", shape: ofType(24)},
	{id: "P11", title: "secure academy", shape: ofType(57)},
	{id: "P12", title: "children's centre", shape: func(_ *world, s *School) {
		s.setType(47)
		s.setPhase(phaseNone)
	}},
	{id: "P13", title: "district not recorded", shape: inDistrict(notRecorded, "")},
	{id: "P14", title: "district NULL", odd: true, shape: inDistrict("", "")},
	{id: "P15", title: "not in England", shape: func(_ *world, s *School) { inCardiff(s) }},
	{id: "P16", title: "section 41, odd type", shape: func(_ *world, s *School) {
		s.setType(27)
		s.Section41 = section41Approved
	}},
	{id: "P17", title: "lower-case district", odd: true, keeps: true, shape: func(_ *world, s *School) {
		s.DistrictCode = strings.ToLower(s.DistrictCode)
	}},
	{id: "P18", title: "section 41 outside England", shape: func(_ *world, s *School) {
		s.setType(10)
		s.Section41 = section41Approved
		inCardiff(s)
	}},
	{id: "P19", title: "unknown status name", odd: true, keeps: true, shape: func(_ *world, s *School) { s.StatusName = "Opened" }},
	{id: "P20", title: "type NULL", odd: true, shape: func(_ *world, s *School) { s.TypeCode, s.TypeName = 0, "" }},
}

// upliftCases are about pupil premium and sparsity.
var upliftCases = []edgeCase{
	{id: "U01", title: "premium row true", build: func(b *builder) { b.premium(0, true, false) }},
	{id: "U02", title: "only last year's row", build: func(b *builder) { b.premium(-1, true, true) }},
	{id: "U03", title: "premium row false", build: func(b *builder) { b.premium(0, false, false) }},
	{id: "U04", title: "two rows, one year", build: func(b *builder) {
		b.premium(0, false, false)
		b.premium(0, true, false)
	}},
	sparsityCase("U05", "sparse, open-ended", sparseDistrict),
	sparsityCase("U06", "sparsity ended this year", endedDistrict),
	sparsityCase("U07", "sparsity ends next year", endsNextDistrict),
	sparsityCase("U08", "sparsity starts next year", startsNextDistrict),
	{id: "U09", title: "district text and link differ", shape: inDistrict(sparseDistrict, inventedDistricts[sparseDistrict]),
		build: func(b *builder) {
			b.p.districts = nil
			b.linkDistrict("E09000007", "Camden", b.firstYear(), 0)
		}},
	{id: "U10", title: "no current link", build: func(b *builder) {
		b.p.districts = nil
		b.linkDistrict(sparseDistrict, inventedDistricts[sparseDistrict], b.firstYear(), b.year)
	}},
	{id: "U11", title: "two current links", build: func(b *builder) {
		b.linkDistrict(sparseDistrict, inventedDistricts[sparseDistrict], b.year, 0)
	}},
	{id: "U12", title: "incentive without sparse district", build: func(b *builder) { b.premium(0, false, true) }},
	sparsityCase("U13", "abolished district", mergedDistrict),
}

func sparsityCase(id, title, district string) edgeCase {
	return edgeCase{id: id, title: title, shape: inDistrict(district, inventedDistricts[district]),
		build: func(b *builder) { b.moveTo(district) }}
}
