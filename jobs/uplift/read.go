package uplift

import (
	"context"
	"errors"
	"strings"

	"cpd-jobs/internal/source"
	"cpd-jobs/jobs/gias/format"
)

// rules numbers the rules by which a file becomes rows; it goes up when the same file would be read otherwise.
const rules = 1

var errOther = errors.New("another kind of file")

// row is one line of a file: a school, or a district.
type row struct {
	line     int
	key      string // URN or district code
	name     string // of the district
	premium  bool
	sparsity *bool // nil: the file does not say
}

// reader reads one file.
type reader struct {
	layout  layout
	onIssue func(issue)

	in       *source.Table
	values   map[string]string // of the current record, by heading
	row      row
	rejected int64
}

// newReader reads the header and refuses a file that is no uplift file.
func newReader(ctx context.Context, f *source.File) (*reader, error) {
	in, err := source.OpenTable(ctx, f)
	if err != nil {
		return nil, err
	}
	r := &reader{in: in, values: map[string]string{}, onIssue: func(issue) {}}
	r.layout, err = layoutOf(f.Name, in.Header)
	if errors.Is(err, errOther) {
		err = in.NotThis(ctx, "an uplift file", func(headings []string) bool {
			_, err := layoutOf(f.Name, headings)
			return err == nil
		})
	}
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	return r, nil
}

// next reads the next row that can be used.
func (r *reader) next() bool {
	for r.in.Next() {
		if r.take(r.in.Record()) {
			return true
		}
		r.rejected++
	}
	return false
}

// take makes a row of a record, or rejects it.
func (r *reader) take(rec source.Record) bool {
	r.row = row{line: rec.Line}
	if rec.Fault != "" {
		return r.reject("", string(rec.Fault), "")
	}
	for i, heading := range r.layout.header {
		value, fault := r.in.Clean(rec.Fields[i])
		if fault != "" {
			return r.reject(heading, fault, "")
		}
		r.values[heading] = string(value)
	}
	switch r.layout.kind {
	case districts:
		return r.takeDistrict()
	case allocations:
		return r.takeURN() && r.takeAllocation()
	default:
		return r.takeURN() && r.takeIncentives(rec)
	}
}

func (r *reader) takeURN() bool {
	urn := r.values[headURN]
	if !format.IsURN([]byte(urn)) {
		return r.reject(headURN, "is no URN: 5 or 6 plain digits", urn)
	}
	r.row.key = urn
	return true
}

// takeIncentives reads the two flags: 1 is true, and everything else is not, blanks and NA included.
func (r *reader) takeIncentives(rec source.Record) bool {
	sparsity := r.flag(headSparsity)
	r.row.premium, r.row.sparsity = r.flag(headPremium), &sparsity
	r.in.Doubtful = rec.Unended && len(rec.Fields[len(rec.Fields)-1]) == 0
	return true
}

func (r *reader) flag(heading string) bool {
	value := r.values[heading]
	if value != "0" && value != "1" {
		r.issue("value", heading, "is neither 0 nor 1 and counts as 0", value)
	}
	return value == "1"
}

// takeAllocation works the premium out as it was done until August 2022.
func (r *reader) takeAllocation() bool {
	// A file that was cut and then closed properly shows only in its last amount. Row by row that is judged no further.
	last := strings.TrimSpace(r.values[r.layout.header[len(r.layout.header)-1]])
	r.in.Doubtful = !isAmount(last)
	pupils, ok := parseCount(r.values[headPupils])
	if !ok {
		return r.reject(headPupils, "is no number", r.values[headPupils])
	}
	eligible, ok := parseCount(r.values[headEligible])
	if !ok {
		return r.reject(headEligible, "is no number", r.values[headEligible])
	}
	if !isAmount(r.values[headAllocation]) {
		r.issue("value", headAllocation, "is no amount; it is not used", r.values[headAllocation])
	}
	r.row.premium = pupils > 0 && eligible*100 >= pupils*premiumShare
	return true
}

func (r *reader) takeDistrict() bool {
	code := r.values[headDistrictCode]
	if !isDistrict(code) {
		return r.reject(headDistrictCode, "is no district code: E and 8 digits", code)
	}
	r.row.key, r.row.name = code, r.values[headDistrictName]
	return true
}

func (r *reader) reject(heading, reason, value string) bool {
	r.issue("rejected", heading, reason, value)
	return false
}

func (r *reader) issue(kind, heading, reason, value string) {
	r.onIssue(issue{Kind: kind, Line: r.row.line, URN: r.row.key, Column: heading, Reason: reason, Value: source.Showable(value)})
}

func (r *reader) close() { _ = r.in.Close() }
