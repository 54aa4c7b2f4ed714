package demo

// notRecorded is the district code of a school whose district the register does not know.
const notRecorded = "9999"

// typeNames are the register's establishment types.
var typeNames = map[int]string{
	1: "Community school", 2: "Voluntary aided school", 3: "Voluntary controlled school", 5: "Foundation school",
	6: "City technology college", 7: "Community special school", 8: "Non-maintained special school",
	10: "Other independent special school", 11: "Other independent school", 12: "Foundation special school",
	14: "Pupil referral unit", 15: "Local authority nursery school", 18: "Further education", 24: "Secure units",
	25: "Offshore schools", 26: "Service children's education", 27: "Miscellaneous", 28: "Academy sponsor led",
	29: "Higher education institutions", 30: "Welsh establishment", 31: "Sixth form centres",
	32: "Special post 16 institution", 33: "Academy special sponsor led", 34: "Academy converter", 35: "Free schools",
	36: "Free schools special", 37: "British schools overseas", 38: "Free schools alternative provision",
	39: "Free schools 16 to 19", 40: "University technical college", 41: "Studio schools",
	42: "Academy alternative provision converter", 43: "Academy alternative provision sponsor led",
	44: "Academy special converter", 45: "Academy 16-19 converter", 46: "Academy 16 to 19 sponsor led",
	47: "Children's centre", 48: "Children's centre linked site", 49: "Online provider",
	56: "Institution funded by other government department", 57: "Academy secure 16 to 19",
}

var eligibleTypes = set(1, 2, 3, 5, 6, 7, 8, 12, 14, 15, 18, 28, 31, 32, 33, 34, 35, 36, 38, 39, 40, 41, 42, 43, 44,
	45, 46, 47, 48, 57)

var cipOnlyTypes = set(10, 11, 30, 37)

const (
	phaseNone          = 0
	phaseNursery       = 1
	phasePrimary       = 2
	phaseMiddlePrimary = 3
	phaseSecondary     = 4
	phaseMiddle        = 5
	phase16Plus        = 6
	phaseAllThrough    = 7
)

var phaseNames = map[int]string{
	phaseNone: "Not applicable", phaseNursery: "Nursery", phasePrimary: "Primary",
	phaseMiddlePrimary: "Middle deemed primary", phaseSecondary: "Secondary",
	phaseMiddle: "Middle deemed secondary", phase16Plus: "16 plus", phaseAllThrough: "All-through",
}

// kind is a type and phase with its share, in parts of 10,000 of all schools. The order of both tables matters to
// the random draw, not to meaning.
type kind struct{ typeCode, phase, weight int }

// kinds are the schools of the report; their shares are about those of the country, but for the rarest, which get
// enough for every stage of the funnel.
var kinds = []kind{
	{34, phasePrimary, 2390}, {1, phasePrimary, 2240}, {2, phasePrimary, 890}, {3, phasePrimary, 620},
	{28, phasePrimary, 480}, {5, phasePrimary, 170}, {35, phasePrimary, 100},
	{34, phaseSecondary, 690}, {28, phaseSecondary, 280}, {1, phaseSecondary, 105}, {2, phaseSecondary, 75},
	{35, phaseSecondary, 65}, {5, phaseSecondary, 55}, {40, phaseSecondary, 18}, {41, phaseSecondary, 10},
	{3, phaseSecondary, 8}, {6, phaseSecondary, 3},
	{7, phaseNone, 200}, {44, phaseNone, 138}, {14, phaseNone, 70}, {32, phaseNone, 46}, {42, phaseNone, 39},
	{12, phaseNone, 27}, {36, phaseNone, 24}, {8, phaseNone, 22}, {33, phaseNone, 21}, {38, phaseNone, 18},
	{43, phaseNone, 10}, {57, phaseNone, 3},
	{15, phaseNursery, 60}, {34, phaseMiddlePrimary, 24}, {1, phaseMiddlePrimary, 22}, {34, phaseMiddle, 28},
	{1, phaseMiddle, 18}, {5, phaseMiddle, 6}, {18, phase16Plus, 22}, {31, phase16Plus, 12}, {39, phase16Plus, 10},
	{45, phase16Plus, 8}, {46, phase16Plus, 3}, {28, phaseAllThrough, 30}, {34, phaseAllThrough, 28},
	{35, phaseAllThrough, 18}, {1, phaseAllThrough, 6},
	{47, phaseNone, 110}, {48, phaseNone, 40},
	{11, phaseNone, 190}, {10, phaseNone, 140}, {30, phaseNone, 12}, {37, phaseNone, 10},
}

// otherKinds are establishments that no report takes.
var otherKinds = []kind{
	{24, phaseNone, 3}, {25, phaseNone, 2}, {26, phaseNone, 3}, {27, phaseNone, 4}, {29, phaseNone, 4},
	{49, phaseNone, 2}, {56, phaseNone, 3},
}

func set(codes ...int) map[int]bool {
	m := make(map[int]bool, len(codes))
	for _, c := range codes {
		m[c] = true
	}
	return m
}
