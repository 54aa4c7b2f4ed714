package demo

import "strings"

var (
	placeFirst = []string{"Ash", "Beech", "Birch", "Black", "Bram", "Brook", "Castle", "Clay", "Combe", "Crow", "Dun",
		"East", "Elm", "Fair", "Fen", "Green", "Hart", "Haw", "Hazel", "Holm", "King's", "Lang", "Lime", "Long", "Marsh",
		"Mill", "Moor", "New", "North", "Oak", "Penn", "Red", "Rye", "Sand", "South", "Stan", "Stoke", "Thorn", "Up",
		"West", "White", "Wind", "Wood", "Yew"}
	placeSecond = []string{"borough", "bourne", "bridge", "bury", "by", "cliffe", "combe", "cote", "croft", "dale", "den",
		"don", "field", "ford", "gate", "ham", "hill", "holme", "hurst", "ley", "low", "mere", "minster", "mouth", "stead",
		"stoke", "thorpe", "ton", "well", "wick", "wold", "worth"}
	placeThird = []string{"", "", "", "", " Green", " Park", " Hill", " Lane", " Road", " Grove", " Vale", " Heath",
		" Common", " Meadows", " Bank", " Rise"}
	saints   = []string{"St Mary's", "St Joseph's", "St Peter's", "St Paul's", "All Saints", "Holy Trinity", "St Anne's", "St Cuthbert's"}
	churches = []string{"Church of England", "Catholic", "C.E.", "CofE"}
	streets  = []string{"School Lane", "Church Road", "Mill Lane", "Station Road", "High Street", "The Green", "Park Avenue",
		"Chapel Street", "Orchard Way", "Manor Road"}
)

func placeName(d rng) string { return oneOf(d, placeFirst) + oneOf(d, placeSecond) }

// schoolName makes a name that sounds like the school's type and phase.
func schoolName(d rng, s *School) string {
	base := placeName(d) + oneOf(d, placeThird)
	church := s.TypeCode == 2 || s.TypeCode == 3
	if church || d.chance(0.06) {
		base = oneOf(d, []string{base + " ", "", ""}) + oneOf(d, saints) + " " + oneOf(d, churches)
		base = strings.TrimSpace(base)
	}
	return base + " " + schoolKind(d, s)
}

func schoolKind(d rng, s *School) string {
	switch {
	case s.TypeCode == 47 || s.TypeCode == 48:
		return "Children's Centre"
	case s.TypeCode == 14 || s.TypeCode == 42 || s.TypeCode == 43 || s.TypeCode == 38:
		return oneOf(d, []string{"Pupil Referral Unit", "Alternative Provision Academy", "Short Stay School"})
	case s.TypeCode == 40:
		return "University Technical College"
	case s.TypeCode == 41:
		return "Studio School"
	case s.TypeCode == 11:
		return oneOf(d, []string{"Preparatory School", "School for Girls", "House School", "College"})
	case s.TypeCode == 30:
		return "School, Wales"
	case s.TypeCode == 37:
		return "British International School"
	case s.TypeCode == 18 || s.TypeCode == 29 || s.PhaseCode == phase16Plus:
		return oneOf(d, []string{"College", "Sixth Form College"})
	case s.PhaseCode == phaseNursery:
		return "Nursery School"
	case s.PhaseCode == phasePrimary:
		return primaryKind(d, s)
	case s.PhaseCode == phaseMiddlePrimary || s.PhaseCode == phaseMiddle:
		return "Middle School"
	case s.PhaseCode == phaseSecondary || s.PhaseCode == phaseAllThrough:
		return secondaryKind(d, s)
	default:
		return oneOf(d, []string{"School", "Special School", "Academy"})
	}
}

func primaryKind(d rng, s *School) string {
	if s.academy() && d.chance(0.4) {
		return "Primary Academy"
	}
	return oneOf(d, []string{"Primary School", "Primary School", "Primary School", "Infant School", "Junior School",
		"Community Primary School"})
}

func secondaryKind(d rng, s *School) string {
	if s.academy() {
		return oneOf(d, []string{"Academy", "Academy", "School", "High School"})
	}
	return oneOf(d, []string{"School", "High School", "Community College", "Grammar School"})
}

// quirk puts some oddities of real registers into names: letters beyond ASCII, doubled and trailing spaces.
func quirk(d rng, name string) string {
	switch at := d.IntN(1000); {
	case at < 2:
		return name + " (à la Carte)"
	case at < 3:
		return strings.Replace(name, " ", " 90° ", 1)
	case at < 5:
		return strings.ReplaceAll(name, "'", "\u2019")
	case at < 6:
		return name + "\u00a0"
	case at < 7:
		return name + " "
	case at < 10:
		return strings.Replace(name, " ", "  ", 1)
	case at < 30:
		return name + ", " + placeName(d)
	default:
		return name
	}
}

// slug makes a name fit for an address.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == ' ' || r == '-':
			if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
				b.WriteByte('-')
			}
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}
