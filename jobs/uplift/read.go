package uplift

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"cpd-jobs/internal/run"
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

	file     *source.File
	src      io.Closer
	records  *source.Records
	scratch  []byte
	values   map[string]string // of the current record, by heading
	line     int
	row      row
	read     int64
	rejected int64
	doubtful bool // the latest record may be half of one
	err      error
}

// newReader reads the header and refuses a file that is no uplift file.
func newReader(ctx context.Context, f *source.File) (*reader, error) {
	src, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	r := &reader{file: f, src: src, records: source.NewRecords(src), values: map[string]string{}, onIssue: func(issue) {}}
	err = r.readHeader()
	if errors.Is(err, errOther) {
		err = f.NotThis(ctx, "an uplift file")
	}
	if err != nil {
		_ = src.Close()
		return nil, err
	}
	return r, nil
}

func (r *reader) readHeader() error {
	if !r.records.Next() {
		if err := r.records.Err(); err != nil {
			return r.ended(err)
		}
		return run.Invalid("fetch it again", "%s is empty", r.file.Name)
	}
	var header []string
	for _, field := range r.records.Record().Fields {
		header = append(header, source.Showable(string(field)))
	}
	var err error
	r.layout, err = layoutOf(r.file.Name, header)
	return err
}

// next reads the next row that can be used.
func (r *reader) next() bool {
	for r.err == nil && r.records.Next() {
		rec := r.records.Record()
		r.read++
		r.line, r.doubtful = rec.Line, false
		if rec.Unended && (rec.Fault != "" || len(rec.Fields) != len(r.layout.header)) {
			r.err = r.ended(source.ErrCut)
			return false
		}
		if r.take(rec) {
			return true
		}
		r.rejected++
	}
	if r.err == nil {
		r.err = r.ended(r.records.Err())
	}
	return false
}

func (r *reader) ended(err error) error {
	switch {
	case errors.Is(err, source.ErrCut), err == nil && r.doubtful:
		return run.Invalid("any number of rows may be missing; fetch it again", "%s is cut off: it ends in the middle of row %d", r.file.Name, r.read)
	case err != nil:
		return fmt.Errorf("read %s: %w", r.file.Name, err)
	case r.read == 0:
		return run.Invalid("fetch it again", "%s has a header and no rows", r.file.Name)
	}
	return nil
}

// take makes a row of a record, or rejects it.
func (r *reader) take(rec source.Record) bool {
	r.row = row{line: rec.Line}
	if rec.Fault != "" {
		return r.reject("", string(rec.Fault), "")
	}
	if len(rec.Fields) != len(r.layout.header) {
		return r.reject("", fmt.Sprintf("has %d fields where the header has %d", len(rec.Fields), len(r.layout.header)), "")
	}
	r.scratch = r.scratch[:0]
	for i, heading := range r.layout.header {
		value, scratch, fault := r.file.Encoding.Clean(r.scratch, rec.Fields[i])
		r.scratch = scratch
		if fault != "" {
			return r.reject(heading, fault, "")
		}
		r.values[heading] = string(value)
	}
	switch r.layout.kind {
	case districts:
		return r.takeDistrict()
	case allocations:
		return r.takeURN() && r.takeAllocation(rec)
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
	r.doubtful = rec.Unended && len(rec.Fields[len(rec.Fields)-1]) == 0
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
func (r *reader) takeAllocation(rec source.Record) bool {
	// A file that was cut and then closed properly shows only in its last amount. Row by row that is judged no further.
	last := strings.TrimSpace(r.values[r.layout.header[len(r.layout.header)-1]])
	r.doubtful = !isAmount(last)
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
	r.onIssue(issue{Kind: kind, Line: r.line, URN: r.row.key, Column: heading, Reason: reason, Value: source.Showable(value)})
}

func (r *reader) close() { _ = r.src.Close() }
