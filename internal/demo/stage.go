package demo

import "math"

// stage is how far a school has come with the current cohort, by the report's own names.
type stage int

const (
	participantsRegistered stage = iota
	provisionInPlace
	stageNoECTs
	programmeChosen
	tutorSignedIn
	contacted
	emailOpened
	tutorNominated
	partnershipChallenged
	notContacted
	stageCount
)

var stageNames = [stageCount]string{"participants_registered", "provision_in_place", "no_ects", "programme_chosen",
	"tutor_signed_in", "contacted", "email_opened", "tutor_nominated", "partnership_challenged", "not_contacted"}

// stageShares are parts of 1,000. None is under 37: assigning stages by the golden ratio leaves no gap wider than that
// after 34 schools, so every authority gets every stage.
var stageShares = [stageCount]int{430, 130, 90, 75, 60, 53, 44, 42, 38, 38}

// stageAssigner assigns stages to schools so that each local authority, and each small phase, gets every stage in about the
// shares above whatever its size, where random draws would leave gaps.
type stageAssigner map[string]int

// deal is the stage of the next school of a group. The tilt, from -1 to 1, moves schools between the furthest stage and
// the next.
func (d stageAssigner) assign(group string, tilt float64) stage {
	n := d[group]
	d[group]++
	start := float64(hash(group)%1000) / 1000
	_, u := math.Modf(start + float64(n)*goldenRatio)
	return stageAt(u, tilt)
}

// goldenRatio is its fractional part.
const goldenRatio = math.Phi - 1

func stageAt(u, tilt float64) stage {
	at, shares := int(u*1000), stageShares
	moved := int(tilt * 70)
	shares[participantsRegistered] += moved
	shares[provisionInPlace] -= moved
	for s, share := range shares {
		if at < share {
			return stage(s)
		}
		at -= share
	}
	return notContacted
}

// group is what a school's stage is assigned by: its authority, but for kinds too few to fill one.
func (s *School) group() string {
	switch {
	case s.childrensCentre():
		return "centres"
	case s.cipOnly():
		return "CIP only"
	case s.PhaseCode == phaseNone, s.PhaseCode == phasePrimary, s.PhaseCode == phaseSecondary:
		return s.LACode
	default:
		return s.PhaseName
	}
}

// tilt is a local authority's leaning, from -1 to 1: some are ahead, some behind.
func (w *world) tilt(laCode string) float64 {
	return float64((hash(laCode)^w.seed)%2001)/1000 - 1
}

// stage deals the school its stage. Children's centres and schools outside England hardly ever take part, and
// schools that may not have funded training have no lead provider to wait for.
func (g *generator) stage(p *plan) stage {
	s := g.assigned.assign(p.group(), g.world.tilt(p.LACode))
	d := newRNG(g.world.seed, "stage", p.key)
	switch {
	case p.childrensCentre() && d.chance(0.9):
		return notContacted
	case p.cipOnly() && (s == programmeChosen || s == partnershipChallenged):
		return []stage{provisionInPlace, participantsRegistered, notContacted}[d.weighted(1, 1, 3)]
	}
	return s
}
