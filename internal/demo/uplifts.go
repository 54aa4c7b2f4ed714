package demo

import "strings"

// premiums are the uplift flags that the service has for a school: a row for each cohort for nearly every
// state-funded school. They depend on nothing but the options and the school.
func (w *world) premiums(s *School) []premium {
	d := newRNG(w.seed, "uplift", uint64(s.URN))
	if !eligibleTypes[s.TypeCode] || s.childrensCentre() || s.StatusCode == statusProposedToOpen || !d.chance(0.95) {
		return nil
	}
	deprived := d.chance(0.25)
	sparse := d.chance(0.05)
	if w.places.sparse(s.DistrictCode) {
		sparse = d.chance(0.75)
	}
	rows := make([]premium, 0, years)
	for y := w.year - years + 1; y <= w.year; y++ {
		if d.chance(0.06) {
			deprived = !deprived
		}
		rows = append(rows, premium{year: y, deprived: deprived, sparse: sparse})
	}
	return rows
}

// sparse says whether a district was on the service's list.
func (g *gazetteer) sparse(code string) bool {
	for i := range g.places {
		if g.places[i].districtCode == code {
			return g.places[i].sparse
		}
	}
	return false
}

// settleIn places the school in its authority and district. As in the service, the link to the district does not
// always follow the register: schools of abolished districts stay behind, and a few links never moved.
func (w *world) settleIn(p *plan) {
	d := newRNG(w.seed, "place", p.key)
	since := p.made
	from := w.firstYear()
	if d.chance(0.02) && from < w.year {
		before := oneOf(d, w.places.places)
		p.authorities = append(p.authorities, membership{before.laCode, before.laName, from, from + 1, since})
		from++
	}
	p.authorities = append(p.authorities, membership{p.LACode, p.LAName, from, 0, since})
	code, name := strings.ToUpper(p.DistrictCode), p.DistrictName
	if code == "" || code == notRecorded {
		return
	}
	gone := abolishedIn(p.LACode)
	switch {
	case len(gone) > 0 && d.chance(0.6):
		old := oneOf(d, gone)
		code, name = old.code, old.name
	case d.chance(0.004):
		other := &w.places.places[d.IntN(len(w.places.places))]
		code, name = other.districtCode, other.districtName
	}
	p.districts = append(p.districts, membership{code, name, w.firstYear(), 0, since})
}
