package demo

// The choices of a school for a cohort, as the service spells them.
const (
	fip       = "full_induction_programme"
	cip       = "core_induction_programme"
	diy       = "design_our_own"
	funded    = "school_funded_fip"
	noECTs    = "no_early_career_teachers"
	notKnown  = "not_yet_known"
	none      = -1 // no provider, partner or materials
	ectType   = "ParticipantProfile::ECT"
	mentor    = "ParticipantProfile::Mentor"
	npq       = "ParticipantProfile::NPQ"
	active    = "active"
	withdrawn = "withdrawn"
	deferred  = "deferred"
)

// plan is the scenario of one school, complete before any row of it is written. Rows get their ids when written, by
// their place in these lists.
type plan struct {
	School
	key   uint64 // the URN: names every id and random stream of the school
	id    uuid
	stage stage // of a school in the report that carries no edge case

	made         moment
	authorities  []membership
	districts    []membership
	premiums     []premium
	emails       []email
	tutors       []tutor
	choices      []choice
	partnerships []partnership
	people       []person
	predecessor  int  // URN, 0 none
	edgeCase     bool // no other school's scenario touches it
}

// membership is a spell in a local authority or district; to 0 is the present.
type membership struct {
	code, name string
	from, to   int
	since      moment
}

// premium is a row of uplift flags for a cohort's year.
type premium struct {
	year             int
	deprived, sparse bool
}

// email is an invitation to nominate a tutor.
type email struct {
	n                  uint64 // its place among the ids; equal times are told apart by it
	made, sent, opened moment
	status             string
}

// tutor is a link between the school and a tutor's profile.
type tutor struct {
	userMade, profileMade, linked, signedIn, discarded moment

	shared tutorRef // somebody else's profile and user, if set
	orphan bool     // the link names a profile that does not exist
}

// tutorRef names a tutor that another school has already.
type tutorRef struct{ user, profile uuid }

// choice is the school's choice for a cohort.
type choice struct {
	year      int
	what      string
	materials int
	optOut    bool
	made      moment
	body      uuid
}

// partnership is a lead provider's, delivery partner's and school's for a cohort.
type partnership struct {
	year, provider, partner int
	made, challenged        moment
	reason                  string
	pending, relationship   bool
}

func (p *partnership) active() bool {
	return p.challenged == never && p.reason == "" && !p.pending
}

// person is a participant's profile at the school.
type person struct {
	year             int
	kind             string
	status, training string
	joined           moment
	noTeacher        bool // a profile without teacher profile and user
}

// choice finds the school's choice for a cohort, nil if it made none.
func (p *plan) choice(year int) *choice {
	for i := range p.choices {
		if p.choices[i].year == year {
			return &p.choices[i]
		}
	}
	return nil
}

// activePartnership is the index of the school's own active partnership in a cohort, none without one.
func (p *plan) activePartnership(year int) int {
	for i := range p.partnerships {
		if x := &p.partnerships[i]; x.year == year && x.active() && !x.relationship {
			return i
		}
	}
	return none
}

// partnered says whether the school has a partnership like x already; only one is possible.
func (p *plan) partnered(x *partnership) bool {
	for i := range p.partnerships {
		if y := &p.partnerships[i]; y.year == x.year && y.provider == x.provider && y.partner == x.partner {
			return true
		}
	}
	return false
}

// isProgramme says whether a choice is a way of training.
func isProgramme(what string) bool {
	return what == fip || what == cip || what == diy || what == funded
}
