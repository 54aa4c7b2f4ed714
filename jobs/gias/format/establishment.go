package format

import (
	"context"
	"iter"
	"strconv"

	"cpd-jobs/internal/source"
)

// Establishment is one row of the register for those who need it as a value. Text is "" where the register has none.
type Establishment struct {
	URN                 string
	Name                string
	UKPRN               string
	LACode, LAName      string
	TypeCode            int
	TypeName            string
	StatusCode          int
	StatusName          string
	PhaseCode           *int // nil where the register has none
	PhaseName           string
	DistrictCode        string
	DistrictName        string
	Section41Approved   bool // exactly "Approved"
	Street              string
	Locality            string
	Town                string
	Postcode            string
	Website             string
	MainEmail           string
	AlternativeEmail    string
	OpenDate, CloseDate string // YYYY-MM-DD
}

// All reads the establishments of a file, in its order, leaving out rows that cannot be believed. After an error, which
// comes with a zero value, nothing follows. A URN that stands twice comes twice.
func All(ctx context.Context, f *source.File) iter.Seq2[Establishment, error] {
	return func(yield func(Establishment, error) bool) {
		r, err := NewReader(ctx, &Establishments, f)
		if err != nil {
			yield(Establishment{}, err)
			return
		}
		defer func() { _ = r.Close() }()
		for r.Next() {
			if !yield(establishment(r.Row().Values), nil) {
				return
			}
		}
		if err := r.Err(); err != nil {
			yield(Establishment{}, err)
		}
	}
}

func establishment(v [][]byte) Establishment {
	text := func(name string) string { return string(v[places[name]]) }
	number := func(name string) int {
		n, _ := strconv.Atoi(text(name)) // the reader made sure, or it is missing
		return n
	}
	e := Establishment{
		URN: text("urn"), Name: text("establishment_name"), UKPRN: text("ukprn"),
		LACode: text("la_code"), LAName: text("la_name"),
		TypeCode: number("type_of_establishment_code"), TypeName: text("type_of_establishment_name"),
		StatusCode: number("establishment_status_code"), StatusName: text("establishment_status_name"),
		PhaseName:    text("phase_of_education_name"),
		DistrictCode: text("district_administrative_code"), DistrictName: text("district_administrative_name"),
		Section41Approved: text("section_41_approved_name") == "Approved",
		Street:            text("street"), Locality: text("locality"), Town: text("town"), Postcode: text("postcode"),
		Website: text("school_website"), MainEmail: text("main_email"), AlternativeEmail: text("alternative_email"),
		OpenDate: text("open_date"), CloseDate: text("close_date"),
	}
	if phase := text("phase_of_education_code"); phase != "" {
		n := number("phase_of_education_code")
		e.PhaseCode = &n
	}
	return e
}

// places finds a column of the establishments by its name here.
var places = func() map[string]int {
	m := make(map[string]int, len(Establishments.Columns))
	for i, c := range Establishments.Columns {
		m[c.Name] = i
	}
	return m
}()
