package uplift

import (
	"fmt"
	"path"
	"regexp"
	"strconv"

	"cpd-jobs/internal/run"
)

// kind is what a file tells of.
type kind int

const (
	incentives  kind = iota // flags by school, as policy decided them
	allocations             // pupils by school, from which the premium of 2021 was worked out
	districts               // sparse districts
)

// The columns that are used. Case and spacing are exact, as in the service's own importer.
const (
	headURN          = "URN"
	headPremium      = "Pupil Premium Incentive"
	headSparsity     = "Sparsity Incentive"
	headPupils       = "Number of pupils on roll (7)"
	headEligible     = "Total number of pupils eligible for the Deprivation Pupil Premium"
	headAllocation   = "Total allocation for the Deprivation Pupil Premium"
	headDistrictCode = "LAD_CODE"
	headDistrictName = "LAD_NAME"
)

var required = map[kind][]string{
	incentives:  {headURN, headPremium, headSparsity},
	allocations: {headURN, headPupils, headEligible, headAllocation},
	districts:   {headDistrictCode, headDistrictName},
}

// layout is how one file arranges its columns.
type layout struct {
	kind   kind
	header []string
	at     map[string]int
}

// layoutOf knows a file by its header.
func layoutOf(file string, header []string) (layout, error) {
	l := layout{header: header, at: map[string]int{}}
	for i, heading := range header {
		if _, twice := l.at[heading]; twice && heading != "" {
			return l, run.Invalid("which one is meant cannot be known; fetch it again", "%s has the column %q twice", file, heading)
		}
		l.at[heading] = i
	}
	for _, k := range []kind{incentives, allocations, districts} {
		if len(l.lacks(k)) == 0 {
			l.kind = k
			return l, nil
		}
	}
	for _, k := range []kind{incentives, allocations, districts} {
		if missing := l.lacks(k); len(missing) < len(required[k]) && l.has(required[k][0]) {
			return l, run.Invalid("fetch a file that has it", "%s lacks the column %q", file, missing[0])
		}
	}
	return l, errOther
}

func (l layout) has(heading string) bool { _, ok := l.at[heading]; return ok }

func (l layout) lacks(k kind) []string {
	var missing []string
	for _, heading := range required[k] {
		if !l.has(heading) {
			missing = append(missing, heading)
		}
	}
	return missing
}

func (l layout) String() string {
	switch {
	case l.kind == allocations:
		return fmt.Sprintf("allocations, %d columns", len(l.header))
	case l.kind == districts:
		return "sparse districts"
	case len(l.header) > len(required[incentives]):
		return fmt.Sprintf("incentives wide, %d columns", len(l.header))
	default:
		return "incentives"
	}
}

var yearInName = regexp.MustCompile(`\d+`)

// yearOf is the year that a job names, or the only one in the file's name.
func yearOf(args Args, file string) (int, error) {
	if args.Year != 0 {
		return args.Year, nil
	}
	var years []int
	for _, digits := range yearInName.FindAllString(path.Base(file), -1) {
		if n, err := strconv.Atoi(digits); err == nil && n >= firstYear && n <= lastYear {
			years = append(years, n)
		}
	}
	if len(years) != 1 {
		return 0, run.Invalid("say it with --arg year=2023", "%s does not say which year it is for", file)
	}
	return years[0], nil
}
